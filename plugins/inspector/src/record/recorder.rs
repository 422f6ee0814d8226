//! What is recorded, and what is missing.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bevy::ecs::prelude::*;
use bevy::log::{error, warn};

use super::order::SeqOrder;
use super::writer::{Line, WhenFull, Writer};
use crate::error::RecordError;

/// Writes one JSON object per frame to a file, when the frame is recycled and at the end.
///
/// ```json
/// {"stream":"camera:0","seq":7,"captured_ns":233000000,"attachments":{"frame_code":{"seq":7,"whole":true}},"skipped":{}}
/// ```
///
/// Lines of a stream stand in the order of `seq`. A line is what was on the frame when it was recycled; a result that
/// came later is not in it. The disk never holds a frame up: when too many lines are on their way, the next is dropped
/// and counted.
#[derive(Resource, Debug)]
pub struct Recorder {
    path: PathBuf,
    /// `None` once the recording has ended or broken off.
    writer: Option<Writer>,
    ended: bool,
    failure: Option<RecordError>,
    streams: Vec<(Entity, SeqOrder<Line>)>,
    sent: u64,
    written: Arc<AtomicU64>,
    dropped: u64,
}

/// What became of the frames that were to be recorded.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// Lines in the file.
    pub written: u64,
    /// Lines that are missing, because the disk was too slow or the file could no longer be written.
    pub dropped: u64,
}

impl Recorder {
    /// Lines that may be on their way to the disk.
    pub const QUEUE_LINES: usize = 1024;

    /// Makes the file, or empties it, and starts the thread that writes it.
    ///
    /// # Errors
    ///
    /// When the file cannot be made.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, RecordError> {
        let path = path.into();
        match File::create(&path) {
            Ok(file) => Self::start(path, file, Self::QUEUE_LINES),
            Err(source) => Err(RecordError::Create { path, source }),
        }
    }

    pub(super) fn start(
        path: PathBuf,
        file: impl Write + Send + 'static,
        queue_lines: usize,
    ) -> Result<Self, RecordError> {
        let written = Arc::new(AtomicU64::new(0));
        match Writer::start(file, queue_lines, Arc::clone(&written)) {
            Ok(writer) => Ok(Self {
                path,
                writer: Some(writer),
                ended: false,
                failure: None,
                streams: Vec::new(),
                sent: 0,
                written,
                dropped: 0,
            }),
            Err(source) => Err(RecordError::Thread { path, source }),
        }
    }

    /// What has become of the frames so far.
    pub fn recorded(&self) -> Recorded {
        Recorded { written: self.written.load(Ordering::Relaxed), dropped: self.dropped }
    }

    /// Whether frames are to be recorded.
    pub(super) const fn is_recording(&self) -> bool {
        !self.ended
    }

    /// The lines of a stream that wait for their turn.
    pub(super) fn order(&mut self, stream: Entity) -> &mut SeqOrder<Line> {
        let place = self.streams.iter().position(|&(known, _)| known == stream).unwrap_or_else(|| {
            self.streams.push((stream, SeqOrder::default()));
            self.streams.len() - 1
        });
        &mut self.streams[place].1
    }

    /// A buffer for a line, if there is one. That there is none is counted.
    pub(super) fn buffer(&mut self, when_full: WhenFull) -> Option<Line> {
        let buffer = self.writer.as_mut().and_then(|writer| writer.buffer(when_full));
        self.dropped += u64::from(buffer.is_none());
        buffer
    }

    /// Takes in a frame's line, written into `buffer`, to wait for its turn.
    pub(super) fn hold(&mut self, stream: Entity, seq: u64, buffer: Line) {
        self.order(stream).insert(seq, buffer);
    }

    /// Sends a stream's lines with numbers below `end` on their way.
    pub(super) fn release(&mut self, stream: Entity, end: Option<u64>, when_full: WhenFull) {
        while let Some(line) = self.order(stream).pop_below(end) {
            let sent = self.writer.as_ref().is_some_and(|writer| writer.send(line, when_full));
            self.sent += u64::from(sent);
            self.dropped += u64::from(!sent);
        }
        if self.writer.as_ref().is_some_and(Writer::is_broken) {
            self.stop();
        }
    }

    /// Sends all lines of a stream on their way and forgets it.
    pub(super) fn end_stream(&mut self, stream: Entity, when_full: WhenFull) {
        self.release(stream, None, when_full);
        self.streams.retain(|&(known, _)| known != stream);
    }

    /// Ends the recording: waits until everything taken in is in the file, and says what is missing.
    ///
    /// # Errors
    ///
    /// When the file could not be written; once.
    pub(super) fn finish(&mut self) -> Result<Recorded, RecordError> {
        let was_recording = self.is_recording();
        self.ended = true;
        while let Some(&(stream, _)) = self.streams.first() {
            self.end_stream(stream, WhenFull::Wait);
        }
        self.stop();
        let recorded = self.recorded();
        if was_recording && recorded.dropped > 0 {
            warn!("the recording {:?} lacks {} frames that were not written in time", self.path, recorded.dropped);
        }
        self.failure.take().map_or(Ok(recorded), Err)
    }

    fn stop(&mut self) {
        let Some(Err(source)) = self.writer.take().map(Writer::finish) else { return };
        self.dropped += self.sent - self.written.load(Ordering::Relaxed);
        let failure = RecordError::Write { path: self.path.clone(), source };
        error!("{}", failure.one_line());
        self.failure = Some(failure);
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // What goes wrong is logged.
        drop(self.finish());
    }
}
