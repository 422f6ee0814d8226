//! Time as one number, so that it fits an atomic.

use std::time::{Duration, Instant};

/// Nanoseconds since the pool was made.
pub(crate) type Nanos = u64;

/// Later than everything.
pub(crate) const NEVER: Nanos = u64::MAX;

/// Turns instants into numbers and back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    epoch: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { epoch: Instant::now() }
    }

    /// The present.
    pub(crate) fn now(self) -> Nanos {
        nanos(self.epoch.elapsed())
    }

    /// An instant as a number. What lies before the pool is 0.
    pub(crate) fn stamp(self, at: Instant) -> Nanos {
        nanos(at.saturating_duration_since(self.epoch))
    }

    /// A number as an instant.
    pub(crate) fn instant(self, at: Nanos) -> Instant {
        self.epoch + Duration::from_nanos(at)
    }
}

/// A duration as a number; saturates after 584 years.
pub(crate) fn nanos(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).unwrap_or(NEVER)
}
