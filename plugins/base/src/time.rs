//! Time on the one clock that all frames share.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde::Serialize;

/// A moment on the process's monotonic clock, in nanoseconds since the clock was first read.
///
/// Capture threads stamp frames with it, results carry it, ages are differences of it. It never goes back and knows
/// no date.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Timestamp {
    nanos: u64,
}

impl Timestamp {
    /// The present moment.
    pub fn now() -> Self {
        static START: OnceLock<Instant> = OnceLock::new();
        Self::from_nanos(START.get_or_init(Instant::now).elapsed().as_nanos() as u64)
    }

    /// The moment `nanos` nanoseconds after the start of the clock.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self { nanos }
    }

    /// Nanoseconds since the start of the clock.
    pub const fn as_nanos(self) -> u64 {
        self.nanos
    }

    /// Time passed since `earlier`; zero when `earlier` is in fact later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.nanos.saturating_sub(earlier.nanos))
    }

    /// Time passed from this moment until now.
    pub fn age(self) -> Duration {
        Self::now().since(self)
    }

    /// The moment `duration` before this one; the start of the clock when there is no such moment.
    #[must_use]
    pub const fn before(self, duration: Duration) -> Self {
        Self { nanos: self.nanos.saturating_sub(duration.as_nanos() as u64) }
    }

    /// The moment `duration` after this one.
    #[must_use]
    pub const fn after(self, duration: Duration) -> Self {
        Self { nanos: self.nanos.saturating_add(duration.as_nanos() as u64) }
    }

    /// A moment read from the system's `CLOCK_MONOTONIC`, as V4L2 stamps its buffers, on this clock.
    ///
    /// `None` where the system has no such clock.
    #[cfg_attr(not(target_os = "linux"), expect(unused_variables, reason = "the clock is Linux's own"))]
    pub fn from_system_monotonic(time: Duration) -> Option<Self> {
        #[cfg(target_os = "linux")]
        {
            let system_now = linux::monotonic()?;
            Some(Self::now().before(system_now.saturating_sub(time)))
        }
        #[cfg(not(target_os = "linux"))]
        None
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::time::Duration;

    /// The system's monotonic clock. The standard library reads the same one, but keeps its value to itself.
    pub(super) fn monotonic() -> Option<Duration> {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        Some(Duration::new(u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_runs_backwards() {
        let first = Timestamp::now();
        let second = Timestamp::now();
        assert!(second >= first);
        assert_eq!(first.since(second.after(Duration::from_secs(1))), Duration::ZERO);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn maps_the_system_clock_to_within_a_millisecond() {
        let system = linux::monotonic().unwrap();
        let mapped = Timestamp::from_system_monotonic(system).unwrap();
        assert!(mapped.age() < Duration::from_millis(1), "{:?}", mapped.age());
    }
}
