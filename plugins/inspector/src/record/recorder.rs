//! The queue and the thread behind it.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use bevy::ecs::prelude::*;
use bevy::log::{error, warn};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use super::line::FrameLine;
use super::order::SeqOrder;
use crate::error::RecordError;

/// Writes one JSON object per frame to a file, when the frame is recycled and at the end.
///
/// ```json
/// {"stream":"camera:0","seq":7,"captured_ns":233000000,"attachments":{"frame_code":{"seq":7,"whole":true}},"skipped":{}}
/// ```
///
/// Lines of a stream stand in the order of `seq`. A line is what was on the frame when it was recycled; a result that
/// came later is not in it. The disk never holds a frame up: when the queue is full, the line is dropped and counted.
#[derive(Resource, Debug)]
pub struct Recorder {
    path: PathBuf,
    /// `None` once the recording has ended.
    writer: Option<Writer>,
    failure: Option<RecordError>,
    streams: Vec<(Entity, SeqOrder<FrameLine>)>,
    written: Arc<AtomicU64>,
    dropped: u64,
}

#[derive(Debug)]
struct Writer {
    lines: Sender<FrameLine>,
    thread: JoinHandle<io::Result<()>>,
}

/// What became of the frames that were to be recorded.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// Lines in the file.
    pub written: u64,
    /// Lines that are missing, because the disk was too slow or the file could no longer be written.
    pub dropped: u64,
}

/// Whether a line may hold its sender up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WhenFull {
    /// While the app runs.
    Drop,
    /// When it is over.
    Wait,
}

impl Recorder {
    /// Lines on their way to the disk, at most.
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
        let (lines, queue) = bounded(queue_lines);
        let written = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&written);
        let work = move || write_lines(&queue, file, &counted);
        match std::thread::Builder::new().name("freshet recorder".into()).spawn(work) {
            Ok(thread) => {
                let writer = Some(Writer { lines, thread });
                Ok(Self { path, writer, failure: None, streams: Vec::new(), written, dropped: 0 })
            }
            Err(source) => Err(RecordError::Thread { path, source }),
        }
    }

    /// What has become of the frames so far.
    pub fn recorded(&self) -> Recorded {
        Recorded { written: self.written.load(Ordering::Relaxed), dropped: self.dropped }
    }

    /// Whether frames are still taken in.
    pub(super) const fn is_recording(&self) -> bool {
        self.writer.is_some()
    }

    pub(super) fn order(&mut self, stream: Entity) -> &mut SeqOrder<FrameLine> {
        let place = self.streams.iter().position(|&(known, _)| known == stream).unwrap_or_else(|| {
            self.streams.push((stream, SeqOrder::default()));
            self.streams.len() - 1
        });
        &mut self.streams[place].1
    }

    /// Sends a stream's lines with numbers below `end` on their way.
    pub(super) fn release(&mut self, stream: Entity, end: Option<u64>, when_full: WhenFull) {
        while let Some(line) = self.order(stream).pop_below(end) {
            self.send(line, when_full);
        }
    }

    /// Sends all lines of a stream on their way and forgets it.
    pub(super) fn end_stream(&mut self, stream: Entity, when_full: WhenFull) {
        self.release(stream, None, when_full);
        self.streams.retain(|&(known, _)| known != stream);
    }

    fn send(&mut self, line: FrameLine, when_full: WhenFull) {
        let Some(writer) = &self.writer else {
            self.dropped += 1;
            return;
        };
        let sent = match when_full {
            WhenFull::Drop => writer.lines.try_send(line),
            WhenFull::Wait => writer.lines.send(line).map_err(|error| TrySendError::Disconnected(error.0)),
        };
        match sent {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.dropped += 1,
            Err(TrySendError::Disconnected(_)) => {
                self.dropped += 1;
                // The thread has gone, so this does not wait.
                self.stop();
            }
        }
    }

    /// Closes the queue and waits for the thread to write what is in it.
    fn stop(&mut self) {
        let Some(Writer { lines, thread }) = self.writer.take() else { return };
        drop(lines);
        let result = thread.join().unwrap_or_else(|_| Err(io::Error::other("the writing thread panicked")));
        if let Err(source) = result {
            let failure = RecordError::Write { path: self.path.clone(), source };
            error!("{}", failure.one_line());
            self.failure = Some(failure);
        }
    }

    /// Ends the recording: waits until everything taken in is in the file, and says what is missing.
    ///
    /// # Errors
    ///
    /// When the file could not be written; once.
    pub(super) fn finish(&mut self) -> Result<Recorded, RecordError> {
        let was_recording = self.is_recording();
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
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if self.is_recording() {
            // What went wrong has been logged.
            drop(self.finish());
        }
    }
}

fn write_lines(queue: &Receiver<FrameLine>, file: impl Write, written: &AtomicU64) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    while let Ok(line) = queue.recv() {
        serde_json::to_writer(&mut out, &line)?;
        out.write_all(b"\n")?;
        written.fetch_add(1, Ordering::Relaxed);
        if queue.is_empty() {
            // Whoever follows the file sees whole lines.
            out.flush()?;
        }
    }
    out.flush()
}
