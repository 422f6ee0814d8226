//! How frames go from a source to its stream.
//!
//! ```text
//! open ─► next ─► pace ─► offer ─► next …          End ─► rewind, or Ended
//!   │       │               └─ write               Closed: whoever owns the stream dropped it
//!   └───────┴─ error ─► Failed, or Lost
//! ```

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use freshet_base::{DropReason, Timestamp};
use freshet_frame::{FrameStamp, Offer, Pace, StreamState};
use freshet_ledger::{Scope, scoped};

use crate::capture::Capture;
use crate::clock::PaceClock;
use crate::error::SourceError;
use crate::open::open;
use crate::outlet::Outlet;
use crate::source::{FrameSource, Next, NextFrame, SourceInfo, Timing};

/// Corrupt frames in a row after which a source is given up.
const MAX_CORRUPT: u32 = 30;
/// How often and after what pause a busy camera is asked again: its last user may just be leaving.
const BUSY_TRIES: u32 = 10;
const BUSY_PAUSE: Duration = Duration::from_millis(100);
/// How long a live source may be silent before it counts as lost.
const SILENCE: Duration = Duration::from_secs(5);

/// Why a delivery ended without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The source came to its end.
    Ended,
    /// Nobody is there any more.
    Closed,
}

/// Opens the source and delivers its frames to the end, reporting the stream's state. The body of a capture thread.
pub(crate) fn run(outlet: &impl Outlet, capture: &Capture) {
    outlet.report(StreamState::Opening);
    match guarded(outlet, capture) {
        Ok(End::Ended) => outlet.report(StreamState::Ended),
        Ok(End::Closed) => {}
        Err(error) if error.is_loss() => outlet.report(StreamState::Lost { reason: error.one_line() }),
        Err(error) => outlet.report(StreamState::Failed { reason: error.one_line() }),
    }
}

/// Delivers; a decoder that breaks down becomes an error.
pub(crate) fn guarded(outlet: &impl Outlet, capture: &Capture) -> Result<End, SourceError> {
    let delivered = catch_unwind(AssertUnwindSafe(|| deliver(outlet, capture)));
    delivered.unwrap_or_else(|panic| {
        Err(SourceError::Panicked { input: capture.source.to_string(), message: message(&*panic).to_owned() })
    })
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no reason given")
}

fn deliver(outlet: &impl Outlet, capture: &Capture) -> Result<End, SourceError> {
    let Some(source) = open_patiently(outlet, capture)? else { return Ok(End::Closed) };
    let info = source.info();
    let clock = PaceClock::new(info.rate_hz, capture.rate_hz);
    let silence = Silence::SinceOpened(Timestamp::now());
    Delivery { outlet, capture, source, info, clock, pass: Pass::default(), silence }.run()
}

/// Opens the source; asks a busy camera again for a second. `None` when the stream was closed meanwhile.
fn open_patiently(outlet: &impl Outlet, capture: &Capture) -> Result<Option<Box<dyn FrameSource>>, SourceError> {
    for _ in 1..BUSY_TRIES {
        match open(capture) {
            Err(SourceError::Busy { .. }) => {
                if !outlet.rest_until(Timestamp::now().after(BUSY_PAUSE)) {
                    return Ok(None);
                }
            }
            opened => return opened.map(Some),
        }
    }
    open(capture).map(Some)
}

/// What happened since the source was opened or started again.
#[derive(Debug, Default)]
struct Pass {
    announced: u64,
    corrupt: u64,
    corrupt_in_a_row: u32,
    last_fault: Option<SourceError>,
}

/// How a live source's silence is told.
#[derive(Debug, Clone, Copy)]
enum Silence {
    /// No frame has come since the source was opened, then.
    SinceOpened(Timestamp),
    /// Frames came, the last one then.
    Since(Timestamp),
    /// It was told that none come.
    Told,
}

struct Delivery<'a, O> {
    outlet: &'a O,
    capture: &'a Capture,
    source: Box<dyn FrameSource>,
    info: SourceInfo,
    clock: PaceClock,
    pass: Pass,
    silence: Silence,
}

impl<O: Outlet> Delivery<'_, O> {
    fn run(mut self) -> Result<End, SourceError> {
        loop {
            if self.outlet.is_closing() {
                return Ok(End::Closed);
            }
            // Our own code must not allocate here; what decoders allocate is booked apart.
            match scoped(Scope::Hot, || self.source.next()) {
                Ok(Next::Frame(frame)) => {
                    self.tell_streaming();
                    self.pass.announced += 1;
                    if frame.lost_before > 0 {
                        self.outlet.count_drop(DropReason::Driver, frame.lost_before);
                    }
                    if !self.pace(&frame) || self.offer(&frame)? == Offer::Closed {
                        return Ok(End::Closed);
                    }
                }
                Ok(Next::Waiting) => self.tell_silence(),
                Ok(Next::End) => {
                    self.end_pass()?;
                    if !self.capture.repeat {
                        return Ok(End::Ended);
                    }
                    self.source.rewind()?;
                }
                Err(error) => self.excuse(error)?,
            }
        }
    }

    /// Waits until the frame is due, and, for sources that can stand still, until somebody wants it. Answers whether
    /// the stream is still open.
    fn pace(&mut self, frame: &NextFrame) -> bool {
        if self.info.timing == Timing::Live {
            return true;
        }
        if self.outlet.pace() == Pace::Every {
            self.clock.reset();
            return true;
        }
        while !self.outlet.is_wanted() && !self.outlet.is_closing() {
            self.clock.reset();
            self.outlet.rest();
        }
        let due = self.clock.due(frame, Timestamp::now());
        self.outlet.rest_until(due)
    }

    fn offer(&mut self, frame: &NextFrame) -> Result<Offer, SourceError> {
        let captured = frame.captured.unwrap_or_else(Timestamp::now);
        let stamp = FrameStamp { seq: frame.seq, captured, format: frame.format };
        let (outlet, source) = (self.outlet, &mut self.source);
        match outlet.offer(stamp, |out| scoped(Scope::Hot, || source.write(out))) {
            Ok(offer) => {
                if offer == Offer::Taken {
                    self.pass.corrupt_in_a_row = 0;
                }
                Ok(offer)
            }
            Err(error) => {
                self.excuse(error)?;
                Ok(Offer::Dropped(DropReason::Corrupt))
            }
        }
    }

    /// Lets one corrupt frame pass, and counts it; too many in a row end the source, as any other error does.
    fn excuse(&mut self, error: SourceError) -> Result<(), SourceError> {
        if !error.is_one_frame() {
            return Err(error);
        }
        self.outlet.count_drop(DropReason::Corrupt, 1);
        self.pass.corrupt += 1;
        self.pass.corrupt_in_a_row += 1;
        if self.pass.corrupt_in_a_row >= MAX_CORRUPT {
            return Err(self.all_corrupt(error));
        }
        self.pass.last_fault = Some(error);
        Ok(())
    }

    fn all_corrupt(&self, error: SourceError) -> SourceError {
        SourceError::AllCorrupt {
            input: self.info.name.clone(),
            frames: self.pass.corrupt_in_a_row,
            source: Box::new(error),
        }
    }

    /// At the end of the source: a pass without one intact frame is an error, or a file that repeats would never end.
    fn end_pass(&mut self) -> Result<(), SourceError> {
        let pass = std::mem::take(&mut self.pass);
        match pass.last_fault {
            Some(fault) if pass.corrupt >= pass.announced => {
                self.pass.corrupt_in_a_row = pass.corrupt_in_a_row;
                Err(self.all_corrupt(fault))
            }
            None if pass.announced == 0 => Err(SourceError::NoFrames { input: self.info.name.clone(), what: "frames" }),
            _ => Ok(()),
        }
    }

    fn tell_streaming(&mut self) {
        if !matches!(self.silence, Silence::Since(_)) {
            self.outlet.report(StreamState::Streaming);
        }
        self.silence = Silence::Since(Timestamp::now());
    }

    fn tell_silence(&mut self) {
        if let Silence::Since(last) | Silence::SinceOpened(last) = self.silence
            && last.age() > SILENCE
        {
            let reason = format!("{:?} has delivered no frame for {} seconds", self.info.name, SILENCE.as_secs());
            self.outlet.report(StreamState::Lost { reason });
            self.silence = Silence::Told;
        }
    }
}

#[cfg(test)]
mod tests;
