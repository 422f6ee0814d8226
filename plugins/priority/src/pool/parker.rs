//! The protocol by which workers fall asleep and are woken. Checked by a loom model.
//!
//! ```text
//!  sleeper                                   submitter
//!  ───────                                   ─────────
//!  1  set its bit                            a  publish the task
//!  2  fence                                  b  fence
//!  3  look once more for work;               c  find a bit, clear it;
//!     found: clear its bit, go on               who cleared it unparks that thread
//!  4  park until its bit is clear
//! ```
//!
//! The two fences are sequentially consistent, so one of them comes first. If b does, step 3 finds the task. If 2
//! does, step c finds the bit. Either way nobody sleeps on a task. Each submission wakes one sleeper, and whoever is
//! awake looks before it sleeps, so a submission that finds no bit needs nobody.

use crate::sync::{AtomicU64, Ordering, fence};

/// Who sleeps: a bit for each of up to 64 threads.
#[derive(Debug)]
pub(crate) struct Sleepers {
    asleep: AtomicU64,
}

impl Sleepers {
    pub(crate) fn new() -> Self {
        Self { asleep: AtomicU64::new(0) }
    }

    /// Steps 1 and 2. Afterwards look for work, then either [`rise`](Self::rise) or park while
    /// [`is_asleep`](Self::is_asleep).
    pub(crate) fn lie_down(&self, bit: u32) {
        self.asleep.fetch_or(1 << bit, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    /// Found work, or had enough: clears the bit.
    pub(crate) fn rise(&self, bit: u32) {
        self.asleep.fetch_and(!(1 << bit), Ordering::Relaxed);
    }

    /// Whether nobody has cleared the bit yet.
    pub(crate) fn is_asleep(&self, bit: u32) -> bool {
        self.asleep.load(Ordering::Acquire) & 1 << bit != 0
    }

    /// The sleeper of `mask` that a claim would find now, if any. A hint.
    pub(crate) fn first(&self, mask: u64) -> Option<u32> {
        let candidates = self.asleep.load(Ordering::Relaxed) & mask;
        (candidates != 0).then(|| candidates.trailing_zeros())
    }

    /// Steps b and c: claims one sleeper of `mask`, the lowest bit first. The caller unparks its thread.
    pub(crate) fn claim(&self, mask: u64) -> Option<u32> {
        fence(Ordering::SeqCst);
        loop {
            let candidates = self.asleep.load(Ordering::Relaxed) & mask;
            if candidates == 0 {
                return None;
            }
            let bit = candidates.trailing_zeros();
            if self.asleep.fetch_and(!(1 << bit), Ordering::AcqRel) & 1 << bit != 0 {
                return Some(bit);
            }
        }
    }
}
