//! The thread that writes.

use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError, bounded};

/// How often the thread looks for lines. It is not woken, so that sending a line takes no lock.
const LOOK_PERIOD: Duration = Duration::from_millis(10);

/// Lines handed to the system at once.
const MOST_UNFLUSHED: u64 = 64;

/// One line of the file.
pub(super) type Line = Vec<u8>;

/// A file that is written by a thread of its own, and the buffers that go to it and come back.
#[derive(Debug)]
pub(super) struct Writer {
    lines: Sender<Line>,
    buffers: Receiver<Line>,
    /// Buffers in the world; no more than places in the queue.
    made: usize,
    most: usize,
    thread: JoinHandle<io::Result<()>>,
}

/// Whether the disk may hold somebody up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WhenFull {
    /// While the app runs.
    Drop,
    /// When it is over.
    Wait,
}

impl Writer {
    pub(super) fn start(file: impl Write + Send + 'static, most: usize, written: Arc<AtomicU64>) -> io::Result<Self> {
        let (lines, queue) = bounded(most);
        let (empty, buffers) = bounded(most);
        let work = move || write_lines(&queue, &empty, file, &written);
        let thread = std::thread::Builder::new().name("freshet recorder".into()).spawn(work)?;
        Ok(Self { lines, buffers, made: 0, most, thread })
    }

    /// An empty buffer, if the disk keeps up. When the app is over there is always one.
    pub(super) fn buffer(&mut self, when_full: WhenFull) -> Option<Line> {
        if let Ok(mut buffer) = self.buffers.try_recv() {
            buffer.clear();
            return Some(buffer);
        }
        if self.made >= self.most && when_full == WhenFull::Drop {
            return None;
        }
        self.made += 1;
        Some(Line::new())
    }

    /// Sends a line on its way. `false` when it cannot be written.
    pub(super) fn send(&self, line: Line, when_full: WhenFull) -> bool {
        match self.lines.try_send(line) {
            Ok(()) => true,
            // There are more buffers than places only when the app is over.
            Err(TrySendError::Full(line)) if when_full == WhenFull::Wait => self.lines.send(line).is_ok(),
            Err(_) => false,
        }
    }

    /// Whether the thread has ended by itself, because the file cannot be written.
    pub(super) fn is_broken(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for everything sent to be in the file.
    pub(super) fn finish(self) -> io::Result<()> {
        drop(self.lines);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the writing thread panicked")))
    }
}

fn write_lines(queue: &Receiver<Line>, empty: &Sender<Line>, file: impl Write, written: &AtomicU64) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    loop {
        let mut lines = 0;
        let ended = loop {
            match queue.try_recv() {
                Ok(line) => {
                    out.write_all(&line)?;
                    lines += 1;
                    // When the app is over nobody takes buffers back.
                    drop(empty.try_send(line));
                }
                Err(reason) => break reason == TryRecvError::Disconnected,
            }
            if lines == MOST_UNFLUSHED {
                break false;
            }
        };
        // Whoever follows the file sees whole lines, and what is counted is in it.
        out.flush()?;
        written.fetch_add(lines, Ordering::Relaxed);
        if ended {
            return Ok(());
        }
        if lines < MOST_UNFLUSHED {
            std::thread::sleep(LOOK_PERIOD);
        }
    }
}
