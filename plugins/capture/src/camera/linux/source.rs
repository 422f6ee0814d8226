//! A V4L2 camera as a source.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use freshet_base::{FrameFormat, Timestamp};
use freshet_frame::FrameWriter;
use v4l::video::Capture as _;

use super::buffers::Buffers;
use super::color::declared;
use super::device::{Device, Settled};
use super::list::{formats, list, path};
use super::sequence::Sequence;
use crate::camera::choose::{Choice, Wish, choose};
use crate::camera::describe::Coding;
use crate::camera::{CameraFormat, FourCc};
use crate::capture::Capture;
use crate::error::{FrameFault, SourceError};
use crate::jpeg::{JpegDecoder, JpegHeader};
use crate::source::{FrameSource, Next, NextFrame, SourceInfo, Timing};
use crate::spec::CameraAddress;

/// Buffers that the driver fills in turn. One is ours while it is read.
const BUFFERS: u32 = 4;
/// How long a wait for a frame may take before closing is looked for.
const PATIENCE: Duration = Duration::from_millis(200);

/// A camera that streams. Frames that are dropped are not touched.
struct CameraSource {
    input: String,
    device: Device,
    buffers: Buffers,
    format: FrameFormat,
    coding: Coding,
    stride: usize,
    rate_hz: Option<f64>,
    sequence: Sequence,
    seq: u64,
    jpeg: Option<JpegHeader>,
    decoder: JpegDecoder,
}

/// Opens a camera in the format nearest to the wish.
pub(in crate::camera) fn open(address: &CameraAddress, capture: &Capture) -> Result<Box<dyn FrameSource>, SourceError> {
    let input = capture.source.to_string();
    let path = match address {
        CameraAddress::Index(index) => path(*index),
        CameraAddress::Path(path) => path.clone(),
    };
    let device = open_device(&input, path)?;
    let refused = |action| {
        let input = input.clone();
        move |error| fault(input, action, error)
    };
    let offered = formats(&device).map_err(refused("list its formats"))?;
    let choice = choose(&offered, &Wish::of(capture)).ok_or_else(|| nothing_fits(&input, &offered, capture))?;
    let settled = device.set_format(choice.fourcc, choice.width, choice.height);
    let settled = settled.map_err(refused("set its format"))?;
    let coding = settled.fourcc.coding().ok_or_else(|| nothing_fits(&input, &offered, capture))?;
    let rate_hz = set_rate(&device, &choice);
    let format = format(&input, &settled, coding)?;
    let buffers = Buffers::start(device.handle(), BUFFERS).map_err(refused("stream"))?;
    Ok(Box::new(CameraSource {
        input,
        device,
        buffers,
        format,
        coding,
        stride: settled.stride as usize,
        rate_hz,
        sequence: Sequence::default(),
        seq: 0,
        jpeg: None,
        decoder: JpegDecoder::default(),
    }))
}

fn open_device(input: &str, path: PathBuf) -> Result<Device, SourceError> {
    let device = Device::open(&path).map_err(|source| match source.raw_os_error() {
        Some(libc::ENOENT | libc::ENODEV | libc::ENXIO) => {
            SourceError::NoCamera { input: input.to_owned(), found: found() }
        }
        Some(libc::EBUSY) => SourceError::Busy { input: input.to_owned() },
        _ => SourceError::Open { input: input.to_owned(), source },
    })?;
    let refuse = |cause: &'static str| SourceError::Unsupported { input: input.to_owned(), cause: cause.into() };
    match device.capabilities() {
        Ok(capabilities) if capabilities.streams => Ok(device),
        Ok(capabilities) if capabilities.only_planes => {
            Err(refuse("the camera delivers each plane into a buffer of its own, which is not supported"))
        }
        Ok(_) => Err(refuse("the device delivers no video")),
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOTTY | libc::EINVAL)) => {
            Err(refuse("it is no camera"))
        }
        Err(error) => Err(fault(input.to_owned(), "tell what it can do", error)),
    }
}

/// The cameras that there are, in words.
fn found() -> String {
    let cameras = list().unwrap_or_default();
    let names: Vec<_> = cameras.iter().map(|camera| format!("camera:{} is {}", camera.index, camera.name)).collect();
    if names.is_empty() { "no camera was found".to_owned() } else { names.join(", ") }
}

/// An error of the driver, in our words.
fn fault(input: String, action: &'static str, source: io::Error) -> SourceError {
    match source.raw_os_error() {
        Some(libc::EBUSY) => SourceError::Busy { input },
        Some(libc::ENODEV | libc::ENXIO) => SourceError::Unplugged { input },
        _ => SourceError::Camera { input, action, source },
    }
}

/// Codings that an error lists.
const MAX_LISTED: usize = 12;

fn nothing_fits(input: &str, offered: &[CameraFormat], capture: &Capture) -> SourceError {
    let mut names: Vec<FourCc> = Vec::new();
    for format in offered {
        if !names.contains(&format.fourcc) {
            names.push(format.fourcc);
        }
    }
    let listed: Vec<_> = names.iter().take(MAX_LISTED).map(ToString::to_string).collect();
    let more = if names.len() > MAX_LISTED { ", …" } else { "" };
    let wished = capture.pixels.map_or("that is read".to_owned(), |pixels| format!("that delivers {}", pixels.name()));
    let cause = format!("the camera has no format {wished} (it has: {}{more})", listed.join(", "));
    SourceError::Unsupported { input: input.to_owned(), cause: cause.into() }
}

/// Asks for the rate that was chosen; answers the one that the driver settled on, where it says.
fn set_rate(device: &Device, choice: &Choice) -> Option<f64> {
    let settled = match choice.rate_hz {
        Some(rate_hz) => {
            let interval = v4l::Fraction::new(1000, (rate_hz * 1000.0).round() as u32);
            device.listing.set_params(&v4l::video::capture::Parameters::new(interval))
        }
        None => device.listing.params(),
    };
    let interval = settled.ok()?.interval;
    let rate = f64::from(interval.denominator) / f64::from(interval.numerator);
    Some(rate).filter(|&rate| crate::spec::is_rate(rate)).or(choice.rate_hz)
}

fn format(input: &str, settled: &Settled, coding: Coding) -> Result<FrameFormat, SourceError> {
    let pixels = match coding {
        Coding::Raw(pixels) => pixels,
        // The pictures themselves tell; colour is likely.
        Coding::Jpeg => freshet_base::PixelFormat::Yuv24,
    };
    let format = FrameFormat::new(settled.width, settled.height, pixels);
    let format = format.map_err(|source| SourceError::Format { input: input.to_owned(), source })?;
    let declared = declared(settled, !pixels.is_rgb() && !pixels.is_gray()).filter(|_| coding != Coding::Jpeg);
    Ok(declared.map_or(format, |color| format.with_color(color)))
}

impl CameraSource {
    fn fault(&self, error: io::Error) -> SourceError {
        // A camera that was pulled out fails in several ways; asked who it is, it does not answer.
        if self.device.capabilities().is_err() {
            return SourceError::Unplugged { input: self.input.clone() };
        }
        fault(self.input.clone(), "deliver frames", error)
    }

    fn corrupt(&self, fault: impl Into<FrameFault>) -> SourceError {
        SourceError::Frame { input: self.input.clone(), seq: self.seq, source: fault.into() }
    }

    /// Writes the planes as they lie in the driver's buffer, row by row.
    fn write_planes(&self, bytes: &[u8], out: &mut FrameWriter<'_>) -> Result<(), FrameFault> {
        let planes = self.format.planes();
        let mut start = 0;
        for (number, plane) in planes.iter().enumerate() {
            // The driver tells the stride of the first plane; the others' are in proportion to their rows.
            let stride = (self.stride * plane.row_bytes / planes[0].row_bytes).max(plane.row_bytes);
            out.write_plane(number, bytes.get(start..).unwrap_or_default(), stride)?;
            start += stride * plane.rows;
        }
        Ok(())
    }
}

impl FrameSource for CameraSource {
    fn info(&self) -> SourceInfo {
        SourceInfo { name: self.input.clone(), format: Some(self.format), rate_hz: self.rate_hz, timing: Timing::Live }
    }

    fn next(&mut self) -> Result<Next, SourceError> {
        let filled = self.buffers.next(PATIENCE).map_err(|error| self.fault(error))?;
        let Some(filled) = filled else { return Ok(Next::Waiting) };
        let (seq, lost_before) = self.sequence.advance(filled.sequence);
        self.seq = seq;
        if filled.is_damaged {
            return Err(self.corrupt("the driver marked it as damaged"));
        }
        if self.coding == Coding::Jpeg {
            let header = JpegHeader::read(self.buffers.bytes()).map_err(|fault| self.corrupt(fault))?;
            self.jpeg = Some(header);
            self.format = header.format;
        }
        let captured = filled.monotonic.and_then(Timestamp::from_system_monotonic);
        Ok(Next::Frame(NextFrame { captured, lost_before, ..NextFrame::new(seq, self.format) }))
    }

    fn write(&mut self, out: &mut FrameWriter<'_>) -> Result<(), SourceError> {
        let bytes = self.buffers.bytes();
        let written = match self.jpeg {
            Some(header) => self.decoder.write(bytes, header, out),
            None => self.write_planes(bytes, out),
        };
        written.map_err(|fault| self.corrupt(fault))
    }

    fn rewind(&mut self) -> Result<(), SourceError> {
        Ok(())
    }
}
