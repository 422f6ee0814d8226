//! The protocol by which a seat publishes its most urgent waiting task. Checked by a loom model.
//!
//! ```text
//!  submitter (any thread)             worker, holding the seat's queue
//!  ──────────────────────             ────────────────────────────────
//!  1  push to the inbox               a  waiting := min(waiting, arriving)
//!  2  arriving := min(arriving, key)  b  arriving := nothing, if still what a read; else again from a
//!  3  wake a worker                   c  move the inbox into the queue, take what it wants
//!                                     d  waiting := best key left in the queue
//! ```
//!
//! Invariant: for every task whose submitter is past step 2, and that no worker has taken, at least one of the two
//! words is at most its key. Why: if 2 comes before b in the word's order, then b reads it (acquire, release), so the
//! push of step 1 is visible to c, and a has lowered `waiting` before b cleared `arriving`. If 2 comes after b,
//! `arriving` keeps the key until the next b. A reader reads `arriving` first: if it finds it cleared, it also finds
//! `waiting` lowered.
//!
//! Either word may be too small for a moment; then a worker looks in vain, and its look repairs the word.

use crate::sync::{AtomicU64, Ordering};

/// The two published words of one seat. Smaller is more urgent, [`NOTHING`] is nothing.
#[derive(Debug)]
pub(crate) struct Heads {
    /// At most the smallest key that was pushed to the inbox and not collected yet.
    arriving: AtomicU64,
    /// At most the smallest key in the queue. Raised only by who holds the queue.
    waiting: AtomicU64,
}

/// No task.
pub(crate) const NOTHING: u64 = u64::MAX;

impl Heads {
    pub(crate) fn new() -> Self {
        Self { arriving: AtomicU64::new(NOTHING), waiting: AtomicU64::new(NOTHING) }
    }

    /// Step 2, by any thread, after its push to the inbox.
    pub(crate) fn announce(&self, key: u64) {
        self.arriving.fetch_min(key, Ordering::Release);
    }

    /// Steps a and b, by who holds the queue, before it empties the inbox.
    pub(crate) fn collect(&self) {
        let mut arriving = self.arriving.load(Ordering::Relaxed);
        while arriving != NOTHING {
            self.waiting.fetch_min(arriving, Ordering::Relaxed);
            match self.arriving.compare_exchange(arriving, NOTHING, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => break,
                Err(newer) => arriving = newer,
            }
        }
    }

    /// Step d, by who holds the queue.
    pub(crate) fn settle(&self, best: u64) {
        self.waiting.store(best, Ordering::Release);
    }

    /// The smallest key published here, by any thread.
    pub(crate) fn best(&self) -> u64 {
        let arriving = self.arriving.load(Ordering::Acquire);
        arriving.min(self.waiting.load(Ordering::Acquire))
    }
}
