//! Counters.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::pool::report::Outcome;
use freshet_base::Priority;

/// What the pool has counted since it was made. Figures of one moment, though not all of the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PoolStatistics {
    /// By level at spawn, Critical first.
    pub levels: [LevelStatistics; 5],
    /// Tasks found away from their checkpoints for too long.
    pub stalls: u64,
    /// Threads that took the place of stalled ones, over time.
    pub substitutions: u64,
    /// Task reports that found no room.
    pub reports_lost: u64,
    /// Stall reports that found no room.
    pub stall_reports_lost: u64,
}

impl PoolStatistics {
    /// Those of one level.
    pub const fn level(&self, level: Priority) -> &LevelStatistics {
        &self.levels[level.index()]
    }
}

/// What the pool has counted for one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LevelStatistics {
    /// Ready and not running now.
    pub waiting: u64,
    /// Running now.
    pub running: u64,
    /// Taken in.
    pub spawned: u64,
    /// Ended with a result.
    pub finished: u64,
    /// Ended because their deadline passed.
    pub expired: u64,
    /// Ended because they were cancelled.
    pub cancelled: u64,
    /// Ended by a panic.
    pub panicked: u64,
    /// Ended after their deadline, whatever the outcome.
    pub missed_deadlines: u64,
    /// Not taken in, because as many were alive as may be.
    pub refused: u64,
    /// Times a worker took one from another's queue.
    pub stolen: u64,
    /// Tasks that ran higher because they had waited long.
    pub aged: u64,
    /// Times one made room at a checkpoint.
    pub yields: u64,
}

/// The live counters of one level, on cache lines of their own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct LevelCounters {
    /// Taken in and not ended.
    pub(crate) alive: AtomicU64,
    pub(crate) waiting: AtomicU64,
    pub(crate) running: AtomicU64,
    pub(crate) spawned: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) stolen: AtomicU64,
    pub(crate) aged: AtomicU64,
    pub(crate) yields: AtomicU64,
    pub(crate) missed: AtomicU64,
    outcomes: [AtomicU64; 4],
}

impl LevelCounters {
    /// Takes one of `capacity` places.
    pub(crate) fn admit(&self, capacity: usize) -> bool {
        let one_more = |alive| (alive < capacity as u64).then_some(alive + 1);
        let admitted = self.alive.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok();
        add(if admitted { &self.spawned } else { &self.refused });
        admitted
    }

    /// A task ended: books how, and gives its place back.
    pub(crate) fn end(&self, outcome: Outcome, missed: bool) {
        add(&self.outcomes[outcome as usize]);
        if missed {
            add(&self.missed);
        }
        self.alive.fetch_sub(1, Ordering::Release);
    }

    pub(crate) fn snapshot(&self) -> LevelStatistics {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let outcome = |outcome: Outcome| read(&self.outcomes[outcome as usize]);
        LevelStatistics {
            waiting: read(&self.waiting),
            running: read(&self.running),
            spawned: read(&self.spawned),
            finished: outcome(Outcome::Finished),
            expired: outcome(Outcome::Expired),
            cancelled: outcome(Outcome::Cancelled),
            panicked: outcome(Outcome::Panicked),
            missed_deadlines: read(&self.missed),
            refused: read(&self.refused),
            stolen: read(&self.stolen),
            aged: read(&self.aged),
            yields: read(&self.yields),
        }
    }
}

pub(crate) fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
