//! What can be set.

use std::time::Duration;

use freshet_base::Priority;

/// How a [`WorkerPool`](crate::pool::WorkerPool) is built. Everything is read once, when the pool is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolSettings {
    /// Threads at normal OS priority for Critical, High, Normal and aged work. More run more at once, and compete with
    /// the app's own threads. 0 to 30; with 0 the background workers run everything. Default: cores less one, 1 to 8.
    pub foreground: usize,
    /// Threads at the lowest OS priority for Low and Idle work. More use idle cores better and cost memory for their
    /// stacks. 1 to 30. Default: cores, at most 16.
    pub background: usize,
    /// Tasks of each level, Critical first, that may be alive at once (waiting, running, or waiting for something
    /// else). Higher takes longer bursts, lower refuses sooner. 1 to 65,536. Default 1,024 each.
    pub capacity: [usize; 5],
    /// How long a task may take to complete, waiting included, before it goes first among High work.
    pub aging: AgingBounds,
    /// How long a task may stay away from its checkpoints before it counts as stalled.
    pub stall_limit: StallLimits,
    /// Threads that may take the place of stalled ones at once. Higher keeps service up with more stalled tasks, at the
    /// price of a thread each. 0 to 64. Default 4.
    pub substitutes: usize,
    /// Finished tasks remembered for [`reports`](crate::pool::WorkerPool::reports) until somebody drains them; what
    /// comes on top is counted and forgotten. 1 to 1,048,576. Default 4,096.
    pub reports: usize,
    /// Different workloads whose level [`set_level`](crate::pool::WorkerPool::set_level) can change. Tasks of further
    /// ones keep the level that they were spawned with. 8 bytes each, rounded up to a power of two. Default 1,024.
    pub workloads: usize,
    /// How long dropping the pool waits for its threads; a stalled one is left behind. Default 200 ms.
    pub shutdown_grace: Duration,
    /// First part of the threads' names. Default `freshet`.
    pub thread_name: String,
}

/// Time to completion that aging works towards, from when a task became ready. Lower serves old work sooner and
/// disturbs High work more; [`Duration::MAX`] switches aging off for that level. Critical and High do not age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgingBounds {
    /// For Normal. Default 2 s.
    pub normal: Duration,
    /// For Low. Default 5 s.
    pub low: Duration,
    /// For Idle. Default 10 s.
    pub idle: Duration,
}

/// Longest time between two checkpoints of a task. Lower finds a stalled task sooner, and may name one that was only
/// slow or got no CPU time. At least 2 ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StallLimits {
    /// On foreground workers. Default 250 ms.
    pub foreground: Duration,
    /// On background workers, which may have to wait for a core. Default 2 s.
    pub background: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            foreground: (cores - 1).clamp(1, 8),
            background: cores.clamp(1, 16),
            capacity: [1024; 5],
            aging: AgingBounds::default(),
            stall_limit: StallLimits::default(),
            substitutes: 4,
            reports: 4096,
            workloads: 1024,
            shutdown_grace: Duration::from_millis(200),
            thread_name: "freshet".to_owned(),
        }
    }
}

impl Default for AgingBounds {
    fn default() -> Self {
        Self { normal: Duration::from_secs(2), low: Duration::from_secs(5), idle: Duration::from_secs(10) }
    }
}

impl Default for StallLimits {
    fn default() -> Self {
        Self { foreground: Duration::from_millis(250), background: Duration::from_secs(2) }
    }
}

impl AgingBounds {
    /// Nothing ages.
    pub const OFF: Self = Self { normal: Duration::MAX, low: Duration::MAX, idle: Duration::MAX };

    /// The bound of a level; `None` where tasks do not age.
    pub const fn of(&self, level: Priority) -> Option<Duration> {
        match level {
            Priority::Critical | Priority::High => None,
            Priority::Normal => Some(self.normal),
            Priority::Low => Some(self.low),
            Priority::Idle => Some(self.idle),
        }
    }

    /// The shortest of them.
    pub(crate) fn shortest(&self) -> Duration {
        self.normal.min(self.low).min(self.idle)
    }
}

/// Seats of one class at most: both classes and the warden share the 64 bits of the sleepers.
const MOST_SEATS: usize = 30;

impl PoolSettings {
    /// The same settings, each within its range.
    #[must_use]
    pub fn clamped(mut self) -> Self {
        self.foreground = self.foreground.min(MOST_SEATS);
        self.background = self.background.clamp(1, MOST_SEATS);
        self.capacity = self.capacity.map(|tasks| tasks.clamp(1, 65_536));
        self.substitutes = self.substitutes.min(64);
        self.reports = self.reports.clamp(1, 1 << 20);
        self.workloads = self.workloads.clamp(1, 1 << 20);
        let least = Duration::from_millis(2);
        self.stall_limit.foreground = self.stall_limit.foreground.max(least);
        self.stall_limit.background = self.stall_limit.background.max(least);
        self
    }

    /// Tasks of all levels that may be alive at once.
    pub(crate) fn total_capacity(&self) -> usize {
        self.capacity.iter().sum()
    }
}
