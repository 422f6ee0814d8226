//! The future around a task's own: starts it, contains its panics, and books its end whichever way it comes.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;

use crate::pool::clock::NEVER;
use crate::pool::context::TaskContext;
use crate::pool::error::TaskFailure;
use crate::pool::report::{Outcome, TaskReport};
use crate::pool::shared::Shared;
use crate::pool::task::TaskState;
use freshet_base::Priority;

/// Runs `make`'s future as the task of `ending`.
pub(crate) async fn contain<T, F, Fut>(ending: Ending, make: F) -> Result<T, TaskFailure>
where
    F: FnOnce(TaskContext) -> Fut,
    Fut: Future<Output = Result<T, TaskFailure>>,
{
    let mut ending = ending;
    let result = drive(&ending.state, &ending.shared, make).await;
    ending.outcome = match &result {
        Ok(_) => Outcome::Finished,
        Err(TaskFailure::Cancelled) => Outcome::Cancelled,
        Err(TaskFailure::Expired) => Outcome::Expired,
        Err(TaskFailure::Panicked(_)) => Outcome::Panicked,
    };
    result
}

async fn drive<T, F, Fut>(state: &Arc<TaskState>, shared: &Arc<Shared>, make: F) -> Result<T, TaskFailure>
where
    F: FnOnce(TaskContext) -> Fut,
    Fut: Future<Output = Result<T, TaskFailure>>,
{
    match state.should_stop(|| shared.clock.now()) {
        Some(TaskFailure::Expired) if state.run_expired => {}
        Some(failure) => return Err(failure),
        None => {}
    }
    state.slice_begins(shared.clock.now());
    let context = TaskContext { state: Arc::clone(state), shared: Arc::clone(shared) };
    let body = catch_unwind(AssertUnwindSafe(|| make(context))).map_err(|panic| panicked(&*panic))?;
    let mut body = pin!(body);
    poll_fn(|cx| {
        if state.is_cancelled() && !state.at_checkpoint.load(Relaxed) {
            return Poll::Ready(Err(TaskFailure::Cancelled));
        }
        if state.slice_at.load(Relaxed) == NEVER {
            state.slice_begins(shared.clock.now());
        }
        let polled = catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(cx)));
        state.slice_ends(shared.clock.now());
        polled.unwrap_or_else(|panic| Poll::Ready(Err(panicked(&*panic))))
    })
    .await
}

fn panicked(panic: &(dyn Any + Send)) -> TaskFailure {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    TaskFailure::Panicked(text.unwrap_or("no message").to_owned())
}

/// Lives inside a task's future. Its drop books the end: every task that was taken in ends exactly once, also when its
/// handle or the whole pool is dropped.
pub(crate) struct Ending {
    pub(crate) state: Arc<TaskState>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) outcome: Outcome,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let (state, shared) = (&self.state, &self.shared);
        let now = shared.clock.now();
        state.slice_ends(now);
        let missed = state.deadline().is_some_and(|deadline| now > deadline);
        let outcome = if std::thread::panicking() { Outcome::Panicked } else { self.outcome };
        let duration = |nanos: u64| std::time::Duration::from_nanos(nanos);
        let started = state.started_at.load(Relaxed);
        let report = TaskReport {
            workload: state.workload,
            name: Arc::clone(&state.name),
            level: state.base,
            ran_as: Priority::from_index(state.ran_as.load(Relaxed).into()),
            queued_for: duration(state.queued.load(Relaxed)),
            ran_for: duration(state.ran.load(Relaxed)),
            started_at: (started != NEVER).then(|| shared.clock.instant(started)),
            finished_at: shared.clock.instant(now),
            worker: state.worker.load(Relaxed),
            stolen: state.stolen.load(Relaxed),
            aged: state.aged.load(Relaxed),
            yields: state.yields.load(Relaxed),
            outcome,
            missed_deadline: missed,
        };
        shared.book(report);
    }
}
