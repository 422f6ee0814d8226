//! What a source of frames can do.

use std::time::Duration;

use freshet_base::{FrameFormat, Timestamp};
use freshet_frame::FrameWriter;

use crate::error::SourceError;

/// Whose clock a source follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timing {
    /// The capture thread's: files and patterns, which could deliver at any rate.
    Paced,
    /// Its own: cameras.
    Live,
}

/// What is known of a source before its first frame.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceInfo {
    /// The input, as messages name it.
    pub name: String,
    /// The format of its first frame, where that is known.
    pub format: Option<FrameFormat>,
    /// Its nominal rate in frames per second, where it has one.
    pub rate_hz: Option<f64>,
    /// Whose clock it follows.
    pub timing: Timing,
}

/// A frame that is announced; its pixels are not yet written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NextFrame {
    /// Its number, counted at the source from 0; a gap says that the source lost frames.
    pub seq: u64,
    /// Its shape, which may differ from the frame before.
    pub format: FrameFormat,
    /// When it was captured, where the source knows better than "now".
    pub captured: Option<Timestamp>,
    /// When it is to be shown, counted from the source's first frame, where the source has times of its own.
    pub due: Option<Duration>,
    /// Frames that the driver or the file lost just before this one.
    pub lost_before: u64,
}

impl NextFrame {
    /// A frame without times of its own.
    pub const fn new(seq: u64, format: FrameFormat) -> Self {
        Self { seq, format, captured: None, due: None, lost_before: 0 }
    }
}

/// What [`FrameSource::next`] found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Next {
    /// A frame.
    Frame(NextFrame),
    /// Nothing yet; ask again. A source answers so after a fifth of a second at most, so that closing is noticed.
    Waiting,
    /// The last frame was the last.
    End,
}

/// A source of frames. It is opened, used and dropped on its own capture thread, and may block there.
///
/// ```text
/// next ─► Frame ─┬─► write ─┐
///   ▲            └─ dropped ┤
///   └───────────────────────┘       End ─► rewind ─► next …
/// ```
pub trait FrameSource {
    /// What is known before the first frame.
    fn info(&self) -> SourceInfo;

    /// Moves to the next frame and says what it is.
    ///
    /// # Errors
    ///
    /// [`SourceError::Frame`] when only this frame is lost; anything else ends the source.
    fn next(&mut self) -> Result<Next, SourceError>;

    /// Writes the pixels of the frame that was announced last. Not called when that frame is dropped: decoding that
    /// no other frame depends on belongs here, so that dropped frames cost nothing.
    ///
    /// # Errors
    ///
    /// [`SourceError::Frame`] when only this frame is lost; anything else ends the source.
    fn write(&mut self, out: &mut FrameWriter<'_>) -> Result<(), SourceError>;

    /// Starts again from the first frame; numbers and times go on counting.
    ///
    /// # Errors
    ///
    /// When the source cannot start again.
    fn rewind(&mut self) -> Result<(), SourceError>;
}
