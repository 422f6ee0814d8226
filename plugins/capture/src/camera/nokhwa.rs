//! Cameras through nokhwa: everywhere but on Linux.
//!
//! nokhwa hands out each frame in memory of its own, so there is one allocation and one more copy a frame; both are
//! booked. It waits for a frame without end, so a stream is closed when the next one comes.

use std::path::PathBuf;

use freshet_base::{FrameFormat, PixelFormat};
use freshet_frame::FrameWriter;
use freshet_ledger::foreign;
use nokhwa::utils::{
    ApiBackend, CameraIndex, FrameFormat as NokhwaCoding, RequestedFormat, RequestedFormatType, Resolution,
};
use nokhwa::{Buffer, Camera, NokhwaError};

use super::choose::{Wish, choose};
use super::describe::Coding;
use super::{CameraDescription, CameraFormat, CameraSize, FourCc};
use crate::capture::Capture;
use crate::error::{FrameFault, SourceError};
use crate::jpeg::{JpegDecoder, JpegHeader};
use crate::scratch::book_copy;
use crate::source::{FrameSource, Next, NextFrame, SourceInfo, Timing};
use crate::spec::CameraAddress;

/// nokhwa's codings and their names.
const CODINGS: [(NokhwaCoding, FourCc); 6] = [
    (NokhwaCoding::MJPEG, FourCc(*b"MJPG")),
    (NokhwaCoding::YUYV, FourCc(*b"YUYV")),
    (NokhwaCoding::NV12, FourCc(*b"NV12")),
    (NokhwaCoding::GRAY, FourCc(*b"GREY")),
    (NokhwaCoding::RAWRGB, FourCc(*b"RGB3")),
    (NokhwaCoding::RAWBGR, FourCc(*b"BGR3")),
];

/// The cameras of this machine.
pub(super) fn list() -> Result<Vec<CameraDescription>, SourceError> {
    let found = nokhwa::query(ApiBackend::Auto).map_err(|fault| camera_error("list", "list cameras", &fault))?;
    let describe = |(info, number): (&nokhwa::utils::CameraInfo, u32)| {
        let index = info.index().as_index().unwrap_or(number);
        let (formats, fault) = match open_camera(index).and_then(|mut camera| formats(&mut camera)) {
            Ok(formats) => (formats, None),
            Err(fault) => (Vec::new(), Some(fault.to_string())),
        };
        CameraDescription { index, name: info.human_name(), path: PathBuf::new(), formats, fault }
    };
    Ok(found.iter().zip(0..).map(describe).collect())
}

fn open_camera(index: u32) -> Result<Camera, NokhwaError> {
    let codings = &CODINGS.map(|(coding, _)| coding);
    Camera::new(CameraIndex::Index(index), RequestedFormat::with_formats(RequestedFormatType::None, codings))
}

fn formats(camera: &mut Camera) -> Result<Vec<CameraFormat>, NokhwaError> {
    let mut formats: Vec<CameraFormat> = Vec::new();
    for offered in camera.compatible_camera_formats()? {
        let Some((_, fourcc)) = CODINGS.iter().find(|(coding, _)| *coding == offered.format()) else { continue };
        let size = CameraSize::Exactly { width: offered.width(), height: offered.height() };
        let rate_hz = f64::from(offered.frame_rate());
        match formats.iter_mut().find(|format| format.fourcc == *fourcc && format.size == size) {
            Some(format) => format.rates_hz.push(rate_hz),
            None => formats.push(CameraFormat { fourcc: *fourcc, size, rates_hz: vec![rate_hz] }),
        }
    }
    formats.iter_mut().for_each(|format| format.rates_hz.sort_by(|a, b| b.total_cmp(a)));
    Ok(formats)
}

fn camera_error(input: &str, action: &'static str, fault: &NokhwaError) -> SourceError {
    SourceError::Camera { input: input.to_owned(), action, source: std::io::Error::other(fault.to_string()) }
}

/// A camera that streams.
struct NokhwaSource {
    input: String,
    camera: Camera,
    format: FrameFormat,
    coding: Coding,
    rate_hz: f64,
    seq: u64,
    frame: Option<Buffer>,
    jpeg: Option<JpegHeader>,
    decoder: JpegDecoder,
}

/// Opens a camera in the format nearest to the wish.
pub(super) fn open(address: &CameraAddress, capture: &Capture) -> Result<Box<dyn FrameSource>, SourceError> {
    let input = capture.source.to_string();
    let CameraAddress::Index(index) = address else {
        let cause = "on this system a camera is named by its number, such as camera:0";
        return Err(SourceError::Unsupported { input, cause: cause.into() });
    };
    let fault = |action| {
        let input = input.clone();
        move |fault: NokhwaError| camera_error(&input, action, &fault)
    };
    let mut camera = open_camera(*index).map_err(fault("be opened"))?;
    let offered = formats(&mut camera).map_err(fault("list its formats"))?;
    let choice = choose(&offered, &Wish::of(capture));
    let taken = choice.and_then(|choice| {
        let (coding, _) = CODINGS.iter().find(|(_, fourcc)| *fourcc == choice.fourcc)?;
        Some((choice, *coding, choice.fourcc.coding()?))
    });
    let Some((choice, wire, coding)) = taken else {
        let cause = "the camera has no format that fits the wish";
        return Err(SourceError::Unsupported { input, cause: cause.into() });
    };
    let rate_hz = choice.rate_hz.unwrap_or(30.0);
    let resolution = Resolution::new(choice.width, choice.height);
    let wanted = nokhwa::utils::CameraFormat::new(resolution, wire, rate_hz as u32);
    let codings = [wire];
    let request = RequestedFormat::with_formats(RequestedFormatType::Exact(wanted), &codings);
    camera.set_camera_requset(request).map_err(fault("set its format"))?;
    camera.open_stream().map_err(fault("stream"))?;
    let pixels = match coding {
        Coding::Raw(pixels) => pixels,
        Coding::Jpeg => PixelFormat::Yuv24,
    };
    let format = FrameFormat::new(choice.width, choice.height, pixels)
        .map_err(|source| SourceError::Format { input: input.clone(), source })?;
    let decoder = JpegDecoder::default();
    Ok(Box::new(NokhwaSource { input, camera, format, coding, rate_hz, seq: 0, frame: None, jpeg: None, decoder }))
}

impl NokhwaSource {
    fn corrupt(&self, fault: impl Into<FrameFault>) -> SourceError {
        SourceError::Frame { input: self.input.clone(), seq: self.seq.saturating_sub(1), source: fault.into() }
    }
}

impl FrameSource for NokhwaSource {
    fn info(&self) -> SourceInfo {
        SourceInfo {
            name: self.input.clone(),
            format: Some(self.format),
            rate_hz: Some(self.rate_hz),
            timing: Timing::Live,
        }
    }

    fn next(&mut self) -> Result<Next, SourceError> {
        let frame = foreign(|| self.camera.frame());
        let frame = frame.map_err(|fault| camera_error(&self.input, "deliver frames", &fault))?;
        let seq = self.seq;
        self.seq += 1;
        if self.coding == Coding::Jpeg {
            let header = JpegHeader::read(frame.buffer()).map_err(|fault| self.corrupt(fault))?;
            self.jpeg = Some(header);
            self.format = header.format;
        }
        self.frame = Some(frame);
        Ok(Next::Frame(NextFrame::new(seq, self.format)))
    }

    fn write(&mut self, out: &mut FrameWriter<'_>) -> Result<(), SourceError> {
        let Some(frame) = self.frame.take() else { return Ok(()) };
        book_copy(frame.buffer().len());
        let written = match self.jpeg {
            Some(header) => self.decoder.write(frame.buffer(), header, out),
            None => out.write_frame(frame.buffer()).map_err(FrameFault::from),
        };
        written.map_err(|fault| self.corrupt(fault))
    }

    fn rewind(&mut self) -> Result<(), SourceError> {
        Ok(())
    }
}
