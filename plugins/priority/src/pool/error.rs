//! What can go wrong, for who spawns and for who waits.

use std::error::Error;
use std::fmt;

use freshet_base::Priority;

/// Why a task was not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpawnError {
    /// As many tasks of this level are alive as may be.
    Full {
        /// The level.
        level: Priority,
        /// Most tasks of it.
        capacity: usize,
    },
    /// The pool is being dropped.
    Closed,
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { level, capacity } => {
                write!(f, "{capacity} tasks of level {} are alive, as many as may be", level.name())
            }
            Self::Closed => f.write_str("the worker pool is closed"),
        }
    }
}

impl Error for SpawnError {}

/// Why a task has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskFailure {
    /// Somebody cancelled it, or the pool was dropped.
    Cancelled,
    /// Its deadline passed.
    Expired,
    /// It panicked, with this message.
    Panicked(String),
}

impl fmt::Display for TaskFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the task was cancelled"),
            Self::Expired => f.write_str("the task's deadline passed"),
            Self::Panicked(message) => write!(f, "the task panicked: {message}"),
        }
    }
}

impl Error for TaskFailure {}
