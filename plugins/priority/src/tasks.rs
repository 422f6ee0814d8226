//! Long work of workloads, on the worker pools.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use bevy::ecs::prelude::*;
use bevy::ecs::system::SystemParam;
use bevy::log::{info, warn};

use crate::pool::{
    self, Controlled, OsPriority, SpawnError, Task, TaskContext, TaskFailure, TaskSpec, WorkerClass, WorkerPool,
    WorkloadKey,
};
use crate::timeline::{Lane, Span, Timeline};
use crate::workload::{Deed, StageWorkload, Workload};

/// Spawns tasks of workloads on the worker pools, at the workload's level and with its deadline.
///
/// ```
/// # use bevy::prelude::*;
/// # use bevy::tasks::{Task, futures::check_ready};
/// # use freshet_base::Role;
/// # use freshet_priority::{AddWorkload, TaskFailure, Tasks, Workload};
/// /// An answer on its way.
/// #[derive(Resource)]
/// struct Pending(Task<Result<u64, TaskFailure>>);
///
/// fn ask(tasks: Tasks, mut commands: Commands) {
///     let task = tasks.spawn("sum", |context| async move {
///         let mut sum = 0;
///         for number in 0..1_000_000_u64 {
///             sum += number;
///             if number % 4096 == 0 {
///                 // Lets more urgent work pass, and ends the task when nobody wants it any more.
///                 context.checkpoint().await?;
///             }
///         }
///         Ok(sum)
///     });
///     if let Ok(task) = task {
///         commands.insert_resource(Pending(task));
///     }
/// }
///
/// fn take(mut pending: ResMut<Pending>) {
///     if let Some(answer) = check_ready(&mut pending.0) {
///         println!("{answer:?}");
///     }
/// }
/// ```
#[derive(SystemParam)]
pub struct Tasks<'w, 's> {
    pool: Res<'w, WorkerPool>,
    workloads: Query<'w, 's, (&'static Workload, &'static TaskName), Without<StageWorkload>>,
}

/// What tasks carry of their workload: its name, shared, and a key that no other workload ever has.
#[derive(Component, Debug, Clone)]
pub(crate) struct TaskName {
    name: Arc<str>,
    pub(crate) key: WorkloadKey,
}

impl TaskName {
    pub(crate) fn new(name: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(WorkloadKey::OF_WORKLOADS);
        Self { name: name.into(), key: WorkloadKey(NEXT.fetch_add(1, Ordering::Relaxed)) }
    }
}

/// Why a task was not spawned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// There is no workload of this name.
    #[error("there is no workload `{name}`")]
    Unknown {
        /// The name asked for.
        name: String,
    },
    /// The workload panicked again and again, and is not run any more until it is reinstated.
    #[error("workload `{name}` is suspended after panics")]
    Suspended {
        /// Its name.
        name: &'static str,
    },
    /// The pool did not take it in.
    #[error("workload `{name}` cannot spawn a task")]
    Refused {
        /// Its name.
        name: &'static str,
        /// Why.
        source: SpawnError,
    },
}

impl Tasks<'_, '_> {
    /// Spawns a task of the workload of this name. It never waits.
    ///
    /// Dropping the task ends it where it awaits something that is not ready. One that only has checkpoints goes on:
    /// [`Self::spawn_controlled`] gives a hand that cancels it at the next one. `detach` lets it go on by itself.
    ///
    /// # Errors
    ///
    /// When there is no such workload, when it is suspended, or when the queue of its level is full.
    pub fn spawn<T, F, Fut>(&self, workload: &str, make: F) -> Result<Task<Result<T, TaskFailure>>, TaskError>
    where
        T: Send + 'static,
        F: FnOnce(TaskContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, TaskFailure>> + Send + 'static,
    {
        self.spawn_controlled(workload, make).map(|(task, _)| task)
    }

    /// Spawns a task as [`spawn`](Self::spawn) does, and returns what steers it as well.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    pub fn spawn_controlled<T, F, Fut>(&self, workload: &str, make: F) -> Result<Controlled<T>, TaskError>
    where
        T: Send + 'static,
        F: FnOnce(TaskContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<T, TaskFailure>> + Send + 'static,
    {
        let found = self.workloads.iter().find(|(known, _)| known.name() == workload);
        let Some((workload, name)) = found else {
            return Err(TaskError::Unknown { name: workload.to_owned() });
        };
        if workload.why() == crate::workload::Why::Suspended {
            return Err(TaskError::Suspended { name: workload.name() });
        }
        let mut spec = TaskSpec::new(name.key, Arc::clone(&name.name), workload.level());
        spec.deadline = workload.deadline().map(|within| Instant::now() + within);
        self.pool.spawn_controlled(spec, make).map_err(|source| TaskError::Refused { name: workload.name(), source })
    }

    /// The pool, for tasks that belong to no workload.
    pub fn pool(&self) -> &WorkerPool {
        &self.pool
    }
}

/// Takes note of the tasks that ended and of those that do not.
pub(crate) fn collect_reports(
    pool: Res<WorkerPool>,
    mut workloads: Query<(Entity, &mut Workload, &TaskName)>,
    mut timeline: ResMut<Timeline>,
) {
    pool.tend();
    let now = Instant::now();
    for report in pool.reports() {
        let found = workloads.iter_mut().find(|(.., name)| name.key == report.workload);
        let Some((entity, mut workload, _)) = found else { continue };
        let workload = workload.bypass_change_detection();
        if report.outcome == pool::Outcome::Finished {
            workload.task_cost.record(report.ran_for);
        }
        let deed = count(workload, &report);
        if let Some(why) = deed.and_then(|deed| workload.conduct.note(deed, now)) {
            warn!("a task of workload `{}` {why}; the workload is demoted", workload.name());
        }
        if let Some(start) = report.started_at {
            timeline.push(Span {
                workload: entity,
                name: workload.name(),
                level: report.ran_as,
                lane: Lane::Worker(report.worker),
                start,
                end: report.finished_at,
                outcome: report.outcome,
                missed: report.missed_deadline,
            });
        }
    }
    for stall in pool.stalls() {
        warn!(
            "a task of workload `{}` has not reached a checkpoint for {:.0} ms{}{}",
            stall.name,
            stall.stalled_for.as_secs_f64() * 1e3,
            if matches!(stall.lowered, Some(OsPriority::Applied(_))) { "; its thread is lowered" } else { "" },
            if stall.substituted { "; another thread has taken its place" } else { "" },
        );
        if let Some((_, mut workload, _)) = workloads.iter_mut().find(|(.., name)| name.key == stall.workload) {
            workload.counters.stalls += 1;
            // In the background it may only have got no processor.
            if stall.class == WorkerClass::Foreground {
                workload.conduct.note(Deed::Stuck, now);
            }
        }
    }
}

/// Counts a task, and says how that reflects on its workload; nothing, if it was cancelled.
fn count(workload: &mut Workload, report: &pool::TaskReport) -> Option<Deed> {
    let counters = &mut workload.counters;
    counters.stolen += u64::from(report.stolen);
    counters.missed += u64::from(report.missed_deadline);
    match report.outcome {
        pool::Outcome::Finished => {
            counters.tasks += 1;
            Some(judge(workload, report))
        }
        pool::Outcome::Expired => Some(judge(workload, report)),
        pool::Outcome::Panicked => {
            counters.panics += 1;
            Some(Deed::Panicked)
        }
        pool::Outcome::Cancelled => None,
    }
}

/// In the background a task may only have got no processor: its time is no evidence.
fn judge(workload: &Workload, report: &pool::TaskReport) -> Deed {
    if report.ran_as.is_background() { Deed::InTime } else { workload.deed_of(report.ran_for) }
}

/// Says once what asking the system for thread priorities came to.
pub(crate) fn say_os_priorities(pool: Res<WorkerPool>, mut said: Local<[bool; 2]>) {
    for (class, said) in [WorkerClass::Foreground, WorkerClass::Background].into_iter().zip(said.iter_mut()) {
        let Some(priority) = pool.os_priority(class).filter(|_| !*said) else { continue };
        *said = true;
        match priority {
            OsPriority::Applied(what) => info!("priority of {class:?} workers: {what}"),
            OsPriority::Refused(why) => warn!("{class:?} workers run at the priority of the app: {why}"),
        }
    }
}
