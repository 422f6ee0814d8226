//! What lies in queues and inboxes, and locks that nobody can poison.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use async_task::Runnable;
use crossbeam_queue::ArrayQueue;

use crate::pool::task::TaskState;

/// A task that is ready to run.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Polls it once.
    pub(crate) runnable: Runnable,
    /// What is known of it.
    pub(crate) state: Arc<TaskState>,
}

/// Where any thread leaves ready tasks without waiting. All inboxes of a class together have room for every task that
/// may be alive, so a push that tries one after the other ends.
pub(crate) type Inbox = ArrayQueue<Entry>;

/// Locks. No task runs under any lock here, so a panic inside one is a defect of the pool; the data stays usable.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks, if nobody else holds it.
pub(crate) fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}
