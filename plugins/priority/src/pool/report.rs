//! What is known of a task afterwards, and of those that are at it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::pool::choose::WorkerClass;
use crate::pool::task::WorkloadKey;
use freshet_base::Priority;

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// With a result.
    Finished,
    /// Cancelled, by its handle, its control, or the end of the pool.
    Cancelled,
    /// Its deadline passed, before it started or at a checkpoint.
    Expired,
    /// It panicked.
    Panicked,
}

/// One task that ended.
#[derive(Debug, Clone)]
pub struct TaskReport {
    /// Whose task it was.
    pub workload: WorkloadKey,
    /// Its name.
    pub name: Arc<str>,
    /// Its level at spawn.
    pub level: Priority,
    /// The level it ran at last, promotion and aging included; `level` if it never ran.
    pub ran_as: Priority,
    /// Time ready but not running, all waits together.
    pub queued_for: Duration,
    /// Time on workers, all slices together. Wall time: the system may have taken the core away in between.
    pub ran_for: Duration,
    /// When it first ran.
    pub started_at: Option<Instant>,
    /// When it ended.
    pub finished_at: Instant,
    /// Index of the worker that ran it last: foreground first, then background.
    pub worker: u16,
    /// Whether a worker took it from another's queue.
    pub stolen: bool,
    /// Whether it ran higher because it had waited long.
    pub aged: bool,
    /// How often it made room at a checkpoint.
    pub yields: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether it ended after its deadline.
    pub missed_deadline: bool,
}

/// A task that is running.
#[derive(Debug, Clone)]
pub struct RunningTask {
    /// Index of the worker: foreground first, then background.
    pub worker: u16,
    /// Whose task it is.
    pub workload: WorkloadKey,
    /// Its name.
    pub name: Arc<str>,
    /// Its level now, without aging.
    pub level: Priority,
    /// Since when, without a break.
    pub since: Instant,
}

/// A task that stayed away from its checkpoints for too long.
#[derive(Debug, Clone)]
pub struct StallReport {
    /// Whose task it is.
    pub workload: WorkloadKey,
    /// Its name.
    pub name: Arc<str>,
    /// Its level when it was found.
    pub level: Priority,
    /// Index of the worker it holds.
    pub worker: u16,
    /// Class of that worker.
    pub class: WorkerClass,
    /// For how long it had not reached a checkpoint. It may still be at it.
    pub stalled_for: Duration,
    /// Whether another thread took the worker's place.
    pub substituted: bool,
    /// What lowering its thread's OS priority came to; `None` where it was lowest already.
    pub lowered: Option<crate::pool::OsPriority>,
}
