//! What a task sees of the pool.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;
use std::time::Instant;

use crate::pool::aging::{Facts, standing};
use crate::pool::choose::{WorkerClass, makes_room};
use crate::pool::clock::Nanos;
use crate::pool::error::TaskFailure;
use crate::pool::shared::Shared;
use crate::pool::task::{TaskControl, TaskState};
use crate::pool::urgency::Urgency;
use freshet_base::Priority;

/// Handed to a task when it starts.
///
/// ```text
///  checkpoint().await ──► cancelled or expired?        ──► Err, the task returns early
///                     ──► more urgent work waits here, ──► back to the queue with its age, resumed later,
///                         or the level moved class         maybe on another worker
///                     ──► otherwise                    ──► goes on, after a few atomic loads
/// ```
#[derive(Clone)]
pub struct TaskContext {
    pub(crate) state: Arc<TaskState>,
    pub(crate) shared: Arc<Shared>,
}

impl TaskContext {
    /// A point where the task may be interrupted. Have one at least every few milliseconds.
    ///
    /// # Errors
    ///
    /// [`TaskFailure::Cancelled`] or [`TaskFailure::Expired`]: return it, `?` does.
    pub async fn checkpoint(&self) -> Result<(), TaskFailure> {
        self.beat();
        if let Some(failure) = self.should_stop() {
            return Err(failure);
        }
        if !self.must_make_room() {
            return Ok(());
        }
        let suspended = Suspended::new(&self.state);
        let mut resumed = false;
        poll_fn(|cx| {
            if std::mem::replace(&mut resumed, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        drop(suspended);
        self.should_stop().map_or(Ok(()), Err)
    }

    /// For deep code that cannot await: why it should return now, if it should. Counts as a sign of life.
    pub fn should_stop(&self) -> Option<TaskFailure> {
        self.beat();
        self.state.should_stop(|| self.shared.clock.now())
    }

    /// Whether more urgent work waits for a worker of this class.
    pub fn is_urgent_waiting(&self) -> bool {
        let best = self.shared.best(self.class());
        let facts = self.facts();
        best < Urgency::of(facts.level, facts.deadline, facts.since)
            && best < standing(&facts, self.aged_until(), &self.shared.settings.aging).urgency
    }

    /// The task's level now: as spawned, or as [`set_level`](crate::pool::WorkerPool::set_level) said since. Without
    /// aging.
    pub fn level(&self) -> Priority {
        self.state.level(&self.shared.levels)
    }

    /// When it should be done.
    pub fn deadline(&self) -> Option<Instant> {
        self.state.deadline().map(|deadline| self.shared.clock.instant(deadline))
    }

    /// Whether somebody cancelled it.
    pub fn cancelled(&self) -> bool {
        self.state.is_cancelled()
    }

    /// Class of the worker that it runs on.
    pub fn class(&self) -> WorkerClass {
        self.shared.class_of_worker(self.state.worker.load(Relaxed))
    }

    /// A hand on this task, to give to somebody else.
    pub fn control(&self) -> TaskControl {
        TaskControl { state: Arc::clone(&self.state), shared: Arc::clone(&self.shared) }
    }

    fn facts(&self) -> Facts {
        self.state.facts(&self.shared.levels)
    }

    fn aged_until(&self) -> Nanos {
        self.state.aged_until(self.shared.clock.now())
    }

    fn beat(&self) {
        self.state.beats.store(self.state.beats.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// Aging only ever raises, so a task that need not make room at its plain level need not at its aged one: the
    /// clock is asked only when something waits, or when aging might take the task to the foreground.
    fn must_make_room(&self) -> bool {
        if self.state.evicted.load(Relaxed) {
            return true;
        }
        let here = self.class();
        let best = self.shared.best(here);
        let facts = self.facts();
        let plain = Urgency::of(facts.level, facts.deadline, facts.since);
        let belongs = self.shared.class_of(facts.level);
        if belongs == WorkerClass::Foreground && !makes_room(plain, best, here, belongs) {
            return false;
        }
        let aged = standing(&facts, self.aged_until(), &self.shared.settings.aging).urgency;
        makes_room(aged, best, here, self.shared.class_of(aged.level()))
    }
}

/// Marks a task as suspended in a checkpoint, for as long as that checkpoint exists.
struct Suspended<'a>(&'a TaskState);

impl<'a> Suspended<'a> {
    fn new(state: &'a TaskState) -> Self {
        state.at_checkpoint.store(true, Relaxed);
        Self(state)
    }
}

impl Drop for Suspended<'_> {
    fn drop(&mut self) {
        self.0.at_checkpoint.store(false, Relaxed);
    }
}

impl fmt::Debug for TaskContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskContext").field("name", &self.state.name).finish_non_exhaustive()
    }
}
