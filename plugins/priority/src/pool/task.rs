//! A task: what is asked for, what is known of it, and the hand that steers it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicU16, AtomicU32, AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release,
};
use std::time::Instant;

use crate::pool::aging::Facts;
use crate::pool::clock::{NEVER, Nanos};
use crate::pool::error::TaskFailure;
use crate::pool::levels::{LevelRef, Levels};
use crate::pool::shared::Shared;
use freshet_base::Priority;

/// Names the workload that a task belongs to: what [`set_level`](crate::pool::WorkerPool::set_level) changes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadKey(pub u32);

impl WorkloadKey {
    /// Keys from here on are those of workloads of the app; a task that belongs to none has one below.
    pub const OF_WORKLOADS: u32 = 1 << 31;
}

/// A task to be spawned.
#[derive(Debug, Clone)]
pub struct TaskSpec {
    /// Whose task it is.
    pub workload: WorkloadKey,
    /// Its name, for reports. Keep the `Arc` and clone it: that allocates nothing.
    pub name: Arc<str>,
    /// How urgent it is.
    pub level: Priority,
    /// When it should be done. Within a level the earliest goes first; those without one come last, in the order in
    /// which they became ready.
    pub deadline: Option<Instant>,
    /// Whether it runs even if its deadline passed before it started. Default `false`: it ends as expired.
    pub run_expired: bool,
}

impl TaskSpec {
    /// A task without a deadline.
    pub fn new(workload: WorkloadKey, name: impl Into<Arc<str>>, level: Priority) -> Self {
        Self { workload, name: name.into(), level, deadline: None, run_expired: false }
    }

    /// The same task, to be done by `deadline`.
    #[must_use]
    pub fn by(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }
}

/// What is known of one task. Shared by its future, its queue entry, its context and its control.
///
/// `worker` to `aged` are written by the worker that holds the task's runnable, of which there is one at a time.
#[derive(Debug)]
pub(crate) struct TaskState {
    pub(crate) workload: WorkloadKey,
    pub(crate) name: Arc<str>,
    pub(crate) base: Priority,
    pub(crate) run_expired: bool,
    level: LevelRef,
    ticket: u64,
    /// [`NEVER`] is none.
    deadline: AtomicU64,
    cancelled: AtomicBool,
    /// Its thread has been written off: make room at the next checkpoint.
    pub(crate) evicted: AtomicBool,
    /// It is suspended in a checkpoint.
    pub(crate) at_checkpoint: AtomicBool,
    /// Since when it waits, yields left out: its place among those without a deadline.
    since: AtomicU64,
    /// For how long it has run since then: that does not make it older.
    excused: AtomicU64,
    /// Since when it is in a queue.
    queued_at: AtomicU64,
    pub(crate) worker: AtomicU16,
    pub(crate) ran_as: AtomicU16,
    pub(crate) stolen: AtomicBool,
    pub(crate) aged: AtomicBool,
    /// [`NEVER`] before it starts.
    pub(crate) started_at: AtomicU64,
    /// [`NEVER`] while it does not run.
    pub(crate) slice_at: AtomicU64,
    pub(crate) ran: AtomicU64,
    pub(crate) queued: AtomicU64,
    pub(crate) yields: AtomicU32,
    /// Checkpoints reached; the warden watches it move.
    pub(crate) beats: AtomicU32,
}

impl TaskState {
    pub(crate) fn new(spec: TaskSpec, level: LevelRef, deadline: Option<Nanos>, ticket: u64) -> Self {
        Self {
            workload: spec.workload,
            name: spec.name,
            base: spec.level,
            run_expired: spec.run_expired,
            level,
            ticket,
            deadline: AtomicU64::new(deadline.unwrap_or(NEVER)),
            cancelled: AtomicBool::new(false),
            evicted: AtomicBool::new(false),
            at_checkpoint: AtomicBool::new(false),
            since: AtomicU64::new(0),
            excused: AtomicU64::new(0),
            queued_at: AtomicU64::new(0),
            worker: AtomicU16::new(0),
            ran_as: AtomicU16::new(spec.level.index() as u16),
            stolen: AtomicBool::new(false),
            aged: AtomicBool::new(false),
            started_at: AtomicU64::new(NEVER),
            slice_at: AtomicU64::new(NEVER),
            ran: AtomicU64::new(0),
            queued: AtomicU64::new(0),
            yields: AtomicU32::new(0),
            beats: AtomicU32::new(0),
        }
    }

    /// Its level now, without aging.
    pub(crate) fn level(&self, levels: &Levels) -> Priority {
        levels.level(self.level)
    }

    /// What decides its place now. A cancelled task goes before everything: ending it takes no time and frees a place.
    pub(crate) fn facts(&self, levels: &Levels) -> Facts {
        let (level, deadline) = match self.is_cancelled() {
            true => (Priority::Critical, Some(0)),
            false => (self.level(levels), self.deadline()),
        };
        let since = self.since.load(Relaxed);
        let age_from = since.saturating_add(self.excused.load(Relaxed));
        Facts { level, deadline, since, age_from, ticket: self.ticket }
    }

    pub(crate) fn deadline(&self) -> Option<Nanos> {
        Some(self.deadline.load(Acquire)).filter(|&deadline| deadline != NEVER)
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Acquire)
    }

    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Release);
    }

    /// Why it should stop, if it should. `now` is asked for only when there is a deadline.
    pub(crate) fn should_stop(&self, now: impl FnOnce() -> Nanos) -> Option<TaskFailure> {
        if self.is_cancelled() {
            return Some(TaskFailure::Cancelled);
        }
        self.deadline().filter(|&deadline| now() > deadline).map(|_| TaskFailure::Expired)
    }

    /// It goes into a queue: as what it was if it made room there, with a new age otherwise.
    pub(crate) fn becomes_ready(&self, now: Nanos) -> bool {
        let made_room = self.at_checkpoint.load(Relaxed);
        if made_room {
            self.yields.fetch_add(1, Relaxed);
        } else {
            self.since.store(now, Relaxed);
            self.excused.store(0, Relaxed);
        }
        self.queued_at.store(now, Relaxed);
        made_room
    }

    /// A worker took it out of a queue.
    pub(crate) fn leaves_queue(&self, now: Nanos) {
        self.queued.fetch_add(now.saturating_sub(self.queued_at.load(Relaxed)), Relaxed);
        self.evicted.store(false, Relaxed);
    }

    /// The moment up to which it has aged: while it runs, it does not.
    pub(crate) fn aged_until(&self, now: Nanos) -> Nanos {
        now.min(self.slice_at.load(Relaxed))
    }

    /// A slice begins.
    pub(crate) fn slice_begins(&self, now: Nanos) {
        if self.started_at.load(Relaxed) == NEVER {
            self.started_at.store(now, Relaxed);
        }
        self.slice_at.store(now, Relaxed);
    }

    /// A slice ends, if one is on.
    pub(crate) fn slice_ends(&self, now: Nanos) {
        let began = self.slice_at.swap(NEVER, Relaxed);
        if began != NEVER {
            let slice = now.saturating_sub(began);
            self.ran.fetch_add(slice, Relaxed);
            // Its age is what it has waited, not what it has run.
            self.excused.fetch_add(slice, Relaxed);
        }
    }
}

/// Steers a task from outside, whether or not its handle is at hand.
#[derive(Clone)]
pub struct TaskControl {
    pub(crate) state: Arc<TaskState>,
    pub(crate) shared: Arc<Shared>,
}

impl TaskControl {
    /// Ends the task with [`TaskFailure::Cancelled`]: at once if it has not started, at its next checkpoint or await if
    /// it runs. One that waits for something else notices when that wakes it; dropping the task's handle is quicker.
    pub fn cancel(&self) {
        self.state.cancel();
        self.shared.facts_changed();
    }

    /// Changes its deadline, and so its place in the queue.
    pub fn set_deadline(&self, deadline: Option<Instant>) {
        let deadline = deadline.map_or(NEVER, |deadline| self.shared.clock.stamp(deadline));
        self.state.deadline.store(deadline, Release);
        self.shared.facts_changed();
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.state.name
    }
}

impl fmt::Debug for TaskControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskControl").field("name", &self.state.name).finish_non_exhaustive()
    }
}
