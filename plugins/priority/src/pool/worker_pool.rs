//! The pool, as its users see it.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

use async_task::Task;
use bevy::ecs::resource::Resource;

use crate::pool::choose::WorkerClass;
use crate::pool::context::TaskContext;
use crate::pool::crew::seat_worker;
use crate::pool::error::{SpawnError, TaskFailure};
use crate::pool::future::{Ending, contain};
use crate::pool::inbox::try_lock;
use crate::pool::os_priority::OsPriority;
use crate::pool::report::{Outcome, RunningTask, StallReport, TaskReport};
use crate::pool::settings::PoolSettings;
use crate::pool::shared::{Shared, WARDEN_NAPS};
use crate::pool::statistics::PoolStatistics;
use crate::pool::task::{TaskControl, TaskSpec, TaskState, WorkloadKey};
use crate::pool::warden;
use freshet_base::Priority;

/// Threads that run tasks in the order of their levels and deadlines. Clones share them.
///
/// Dropping the last clone ends the pool: what waits is cancelled, what runs is asked to stop at its next checkpoint,
/// and a task that does neither within the grace period keeps its thread, which nobody waits for.
#[derive(Resource, Clone)]
pub struct WorkerPool {
    owner: Arc<Owner>,
}

/// A task that was spawned, and the hand that steers it.
pub type Controlled<T> = (Task<Result<T, TaskFailure>>, TaskControl);

impl WorkerPool {
    /// Starts the threads.
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn new(settings: PoolSettings) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(settings.clamped()));
        // Owned from here on, so that threads end again when a later one cannot be started.
        let owner = Arc::new(Owner { shared });
        for class in WorkerClass::ALL {
            for seat in 0..owner.shared.seats(class).len() {
                seat_worker(&owner.shared, class, seat)?;
            }
        }
        warden::start(&owner.shared)?;
        Ok(Self { owner })
    }

    /// Spawns a task: `make` is called on a worker, when it starts. Never waits.
    ///
    /// Dropping the returned task cancels it at its next await; [`Task::detach`] lets it run on its own.
    ///
    /// # Errors
    ///
    /// When as many tasks of this level are alive as may be, or the pool is being dropped.
    pub fn spawn<T, F, Fut>(&self, spec: TaskSpec, make: F) -> Result<Task<Result<T, TaskFailure>>, SpawnError>
    where
        T: Send + 'static,
        F: FnOnce(TaskContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, TaskFailure>> + Send + 'static,
    {
        self.spawn_controlled(spec, make).map(|(task, _)| task)
    }

    /// Spawns a task and returns what steers it as well.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    pub fn spawn_controlled<T, F, Fut>(&self, spec: TaskSpec, make: F) -> Result<Controlled<T>, SpawnError>
    where
        T: Send + 'static,
        F: FnOnce(TaskContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, TaskFailure>> + Send + 'static,
    {
        let shared = &self.owner.shared;
        let level = spec.level;
        let capacity = shared.settings.capacity[level.index()];
        if shared.is_closed() {
            return Err(SpawnError::Closed);
        }
        if !shared.counters[level.index()].admit(capacity) {
            return Err(SpawnError::Full { level, capacity });
        }
        let reference = shared.levels.reference(spec.workload, level);
        let deadline = spec.deadline.map(|deadline| shared.clock.stamp(deadline));
        let ticket = shared.tickets.fetch_add(1, Relaxed);
        let state = Arc::new(TaskState::new(spec, reference, deadline, ticket));
        let ending = Ending { state: Arc::clone(&state), shared: Arc::clone(shared), outcome: Outcome::Cancelled };
        let (queue, queued) = (Arc::clone(shared), Arc::clone(&state));
        let (runnable, task) =
            async_task::spawn(contain(ending, make), move |runnable| queue.submit(runnable, &queued));
        runnable.schedule();
        Ok((task, TaskControl { state, shared: Arc::clone(shared) }))
    }

    /// Changes the level of a workload's tasks that are alive. Waiting ones move in their queues at once, running ones
    /// at their next checkpoint, to the other class of workers if need be. Tasks spawned later have the level that they
    /// are spawned with. Never waits.
    ///
    /// `false` when more workloads were named than [`PoolSettings::workloads`]; then nothing changes.
    pub fn set_level(&self, workload: WorkloadKey, level: Priority) -> bool {
        let changed = self.owner.shared.levels.set(workload, level);
        if changed {
            self.owner.shared.facts_changed();
        }
        changed
    }

    /// Has the warden look now rather than at the end of its nap. Once per app frame is fine; wakes nobody while
    /// nothing runs.
    pub fn tend(&self) {
        self.owner.shared.wake_warden(1 << WARDEN_NAPS);
    }

    /// Takes out the reports of tasks that ended, oldest first.
    pub fn reports(&self) -> impl Iterator<Item = TaskReport> + '_ {
        let reports = &self.owner.shared.reports;
        (0..reports.capacity()).map_while(|_| reports.pop())
    }

    /// Takes out the reports of stalled tasks, oldest first.
    pub fn stalls(&self) -> impl Iterator<Item = StallReport> + '_ {
        let stalls = &self.owner.shared.stalls;
        (0..stalls.capacity()).map_while(|_| stalls.pop())
    }

    /// What was counted so far.
    pub fn statistics(&self) -> PoolStatistics {
        let shared = &self.owner.shared;
        PoolStatistics {
            levels: std::array::from_fn(|level| shared.counters[level].snapshot()),
            stalls: shared.stalls_seen.load(Relaxed),
            substitutions: shared.substitutions.load(Relaxed),
            reports_lost: shared.reports_lost.load(Relaxed),
            stall_reports_lost: shared.stall_reports_lost.load(Relaxed),
        }
    }

    /// What runs now. For inspectors: it allocates, and leaves out what changes at this moment. Never waits.
    pub fn running(&self) -> impl Iterator<Item = RunningTask> {
        let shared = Arc::clone(&self.owner.shared);
        let posts = try_lock(&shared.crew.posts).map(|posts| posts.clone()).unwrap_or_default();
        posts.into_iter().filter_map(move |post| {
            let state = try_lock(&post.running)?.clone()?;
            let since = state.slice_at.load(Relaxed);
            Some(RunningTask {
                worker: shared.worker(post.class, post.seat),
                workload: state.workload,
                name: Arc::clone(&state.name),
                level: state.level(&shared.levels),
                since: shared.clock.instant(since.min(shared.clock.now())),
            })
        })
    }

    /// What asking the system for this class's thread priority came to; `None` until its first thread has asked.
    pub fn os_priority(&self, class: WorkerClass) -> Option<&OsPriority> {
        self.owner.shared.os_priority[class.index()].get()
    }

    /// Stalled threads whose place another has taken and that have not left yet.
    #[cfg(test)]
    pub(crate) fn owner_replaced(&self) -> u64 {
        self.owner.shared.crew.replaced.load(SeqCst)
    }

    /// The settings in force, within their ranges.
    pub fn settings(&self) -> &PoolSettings {
        &self.owner.shared.settings
    }
}

impl fmt::Debug for WorkerPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerPool").field("settings", self.settings()).finish_non_exhaustive()
    }
}

/// Ends the pool when the last clone is dropped. Tasks and threads hold the shared part, never this.
struct Owner {
    shared: Arc<Shared>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl Shared {
    /// Wakes everybody to leave, waits for at most the grace period, and ends what still waits.
    fn close(&self) {
        self.closed.store(true, SeqCst);
        for post in try_lock(&self.crew.posts).iter().flat_map(|posts| posts.iter()) {
            for state in try_lock(&post.running).iter().flat_map(|running| running.iter()) {
                state.cancel();
            }
        }
        for class in WorkerClass::ALL {
            for seat in 0..self.seats(class).len() {
                if self.sleepers.claim(1 << Self::bit(class, seat)).is_some() {
                    self.seats(class)[seat].unpark();
                }
            }
        }
        self.wake_warden(1 << WARDEN_NAPS);
        self.wake_warden(1 << crate::pool::shared::WARDEN_SLEEPS);
        self.crew.wait(self.settings.shutdown_grace);
        for class in WorkerClass::ALL {
            for seat in self.seats(class) {
                self.cancel_seat(seat);
            }
        }
    }
}
