//! A source tried out on the calling thread, without an app and without a GPU.

use std::cell::RefCell;
use std::fmt;
use std::time::{Duration, Instant};

use freshet_base::{Bytes, DropReason, FrameFormat, Timestamp};
use freshet_frame::{FrameStamp, FrameWriter, Offer, Pace, StreamState};

use crate::capture::Capture;
use crate::deliver::guarded;
use crate::error::SourceError;
use crate::outlet::Outlet;

/// What a source delivered.
#[derive(Debug, Default)]
pub struct ProbeReport {
    /// The frames, in order.
    pub frames: Vec<ProbeFrame>,
    /// Frames lost by driver or file, as told by gaps in their numbers.
    pub lost: u64,
    /// Frames that were corrupt.
    pub corrupt: u64,
    /// Why the source ended before it had delivered all that was asked for, when it was an error.
    pub fault: Option<SourceError>,
}

/// One frame of a probe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProbeFrame {
    /// Its number.
    pub seq: u64,
    /// When it was captured.
    pub captured: Timestamp,
    /// How long after its capture its pixels were there.
    pub age: Duration,
    /// How long the source took to write its pixels.
    pub write_time: Duration,
    /// Its shape.
    pub format: FrameFormat,
    /// Bytes of its pixels.
    pub bytes: Bytes,
}

impl ProbeReport {
    /// Frames per second by the times of capture; `None` for fewer than two frames.
    pub fn rate_hz(&self) -> Option<f64> {
        let (first, last) = (self.frames.first()?, self.frames.last()?);
        let seconds = last.captured.since(first.captured).as_secs_f64();
        (seconds > 0.0).then(|| (last.seq - first.seq) as f64 / seconds)
    }
}

impl fmt::Display for ProbeReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.frames.first() else { return write!(out, "no frames") };
        write!(out, "{} frames of {}", self.frames.len(), first.format)?;
        if let Some(rate) = self.rate_hz() {
            write!(out, ", {rate:.2} Hz")?;
        }
        write!(out, ", {} lost, {} corrupt", self.lost, self.corrupt)?;
        self.fault.as_ref().map_or(Ok(()), |fault| write!(out, "; {}", fault.one_line()))
    }
}

/// Opens a source on the calling thread and takes `frames` frames of it, or as many as there are. Files and scenes
/// deliver as fast as they can, cameras at their own rate.
///
/// # Errors
///
/// When it delivers no frame at all; later errors are in the report.
pub fn probe(capture: &Capture, frames: usize) -> Result<ProbeReport, SourceError> {
    let outlet = MemoryOutlet { wanted: frames, state: RefCell::default() };
    let ended = guarded(&outlet, capture);
    let mut report = outlet.state.into_inner().report;
    match ended {
        Err(error) if report.frames.is_empty() => Err(error),
        Ok(_) if report.frames.is_empty() && frames > 0 => {
            Err(SourceError::NoFrames { input: capture.source.to_string(), what: "frames" })
        }
        ended => {
            report.fault = ended.err();
            Ok(report)
        }
    }
}

/// An outlet that writes each frame into the same memory.
struct MemoryOutlet {
    wanted: usize,
    state: RefCell<ProbeState>,
}

#[derive(Default)]
struct ProbeState {
    report: ProbeReport,
    /// The source fell silent; a probe does not wait for it to come back.
    silent: bool,
    memory: Vec<u8>,
}

impl Outlet for MemoryOutlet {
    fn offer<E>(
        &self,
        stamp: FrameStamp,
        write: impl FnOnce(&mut FrameWriter<'_>) -> Result<(), E>,
    ) -> Result<Offer, E> {
        if self.is_closing() {
            return Ok(Offer::Closed);
        }
        let ProbeState { report, memory, .. } = &mut *self.state.borrow_mut();
        let FrameStamp { seq, captured, format } = stamp;
        let bytes = format.bytes();
        memory.resize(memory.len().max(bytes.0 as usize), 0);
        let Ok(mut writer) = FrameWriter::memory(format, memory) else {
            return Ok(Offer::Dropped(DropReason::NotReady));
        };
        let start = Instant::now();
        write(&mut writer)?;
        let (write_time, age) = (start.elapsed(), captured.age());
        report.frames.push(ProbeFrame { seq, captured, age, write_time, format, bytes });
        Ok(Offer::Taken)
    }

    fn report(&self, state: StreamState) {
        self.state.borrow_mut().silent = matches!(state, StreamState::Lost { .. });
    }

    fn count_drop(&self, reason: DropReason, frames: u64) {
        let report = &mut self.state.borrow_mut().report;
        match reason {
            DropReason::Corrupt => report.corrupt += frames,
            _ => report.lost += frames,
        }
    }

    fn pace(&self) -> Pace {
        Pace::Every
    }

    fn is_wanted(&self) -> bool {
        true
    }

    fn is_closing(&self) -> bool {
        let state = self.state.borrow();
        state.silent || state.report.frames.len() >= self.wanted
    }

    fn rest_until(&self, until: Timestamp) -> bool {
        std::thread::sleep(until.since(Timestamp::now()));
        true
    }

    fn rest(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_as_many_frames_as_asked_for() {
        let report = probe(&Capture::parse("synthetic:checker").unwrap().with_size(96, 64), 5).unwrap();
        assert_eq!(report.frames.iter().map(|frame| frame.seq).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        assert!(report.to_string().starts_with("5 frames of 96x64 YUYV"), "{report}");
    }

    #[test]
    fn what_delivers_nothing_is_an_error() {
        let error = probe(&Capture::file("no such file"), 5).unwrap_err();
        assert_eq!(error.one_line(), r#"cannot open "no such file": there is no such file or folder"#);
    }
}
