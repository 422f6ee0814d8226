//! Thread priorities of the operating system.

use std::fmt;

/// What asking the system for a thread priority came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OsPriority {
    /// It is in force: what it is.
    Applied(String),
    /// The system refused, or has none: why. The threads run at the priority they had.
    Refused(String),
}

impl fmt::Display for OsPriority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Applied(what) => f.write_str(what),
            Self::Refused(why) => write!(f, "refused: {why}"),
        }
    }
}

/// Names a thread to the system. It must not outlive the thread: whoever stores one clears it before the thread ends.
#[cfg(any(all(target_os = "linux", target_env = "gnu"), target_os = "macos"))]
mod other {
    use super::{OsPriority, lower};

    pub(crate) type NativeId = thread_priority::ThreadId;

    /// The calling thread.
    pub(crate) fn current() -> NativeId {
        thread_priority::thread_native_id()
    }

    /// Gives another thread the lowest priority there is. Call it from a thread that ends soon: the underlying calls
    /// set the niceness of the caller along with it.
    pub(crate) fn lower_other(thread: NativeId) -> OsPriority {
        lower(thread)
    }
}

/// Systems whose names for threads mean nothing, or cannot be sent, to other threads.
#[cfg(not(any(all(target_os = "linux", target_env = "gnu"), target_os = "macos")))]
mod other {
    use super::OsPriority;

    pub(crate) type NativeId = ();

    pub(crate) fn current() -> NativeId {}

    pub(crate) fn lower_other(_thread: NativeId) -> OsPriority {
        OsPriority::Refused("this system cannot lower another thread".to_owned())
    }
}

pub(crate) use other::{NativeId, current, lower_other};

/// Gives the calling thread the lowest priority there is.
#[cfg(unix)]
pub(crate) fn lower_current() -> OsPriority {
    lower(thread_priority::thread_native_id())
}

/// Gives the calling thread the lowest priority there is.
#[cfg(not(unix))]
pub(crate) fn lower_current() -> OsPriority {
    outcome(thread_priority::ThreadPriority::Min.set_for_current(), "lowest thread priority")
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn lower(thread: thread_priority::ThreadId) -> OsPriority {
    use thread_priority::{
        NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
    };
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    outcome(set_thread_priority_and_policy(thread, ThreadPriority::Min, idle), "SCHED_IDLE")
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn lower(thread: thread_priority::ThreadId) -> OsPriority {
    use thread_priority::{
        NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
    };
    let other = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Other);
    outcome(set_thread_priority_and_policy(thread, ThreadPriority::Min, other), "lowest of SCHED_OTHER")
}

fn outcome(result: Result<(), thread_priority::Error>, applied: &str) -> OsPriority {
    match result {
        Ok(()) => OsPriority::Applied(applied.to_owned()),
        Err(error) => OsPriority::Refused(error.to_string()),
    }
}
