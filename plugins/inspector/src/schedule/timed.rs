//! A system that is timed while somebody looks, and runs as before.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use bevy::ecs::schedule::SystemWithAccess;
use bevy::ecs::system::{Adapt, AdapterSystem, RunSystemError, ScheduleSystem, System};

/// Whether systems are timed now. Clones share one switch, which starts off.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timing(Arc<AtomicBool>);

impl Timing {
    /// Turns it on or off. It takes effect with the next system that starts.
    pub(crate) fn set(&self, on: bool) {
        self.0.store(on, Relaxed);
    }

    /// Whether it is on.
    pub(crate) fn is_on(&self) -> bool {
        self.0.load(Relaxed)
    }
}

/// What one system has taken while timing was on. Written by the system, read from anywhere; nothing waits.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    runs: AtomicU64,
    nanos: AtomicU64,
    /// The longest run since the last reading, in nanoseconds.
    longest: AtomicU64,
}

/// What a meter showed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Runs so far.
    pub(crate) runs: u64,
    /// All of them together.
    pub(crate) total: Duration,
    /// The longest one since the reading before.
    pub(crate) longest: Duration,
}

impl Meter {
    /// Books one run.
    pub(crate) fn add(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.runs.fetch_add(1, Relaxed);
        self.nanos.fetch_add(nanos, Relaxed);
        self.longest.fetch_max(nanos, Relaxed);
    }

    /// Reads it. A run that ends meanwhile may be counted now and timed in the next reading.
    pub(crate) fn read(&self) -> Reading {
        Reading {
            runs: self.runs.load(Relaxed),
            total: Duration::from_nanos(self.nanos.load(Relaxed)),
            longest: Duration::from_nanos(self.longest.swap(0, Relaxed)),
        }
    }
}

/// Runs a system, with a stopwatch while timing is on. Off, it costs one relaxed load.
struct Stopwatch {
    meter: Arc<Meter>,
    timing: Timing,
}

impl Adapt<SystemWithAccess> for Stopwatch {
    type In = ();
    type Out = ();

    fn adapt(&mut self, (): (), run: impl FnOnce(()) -> Result<(), RunSystemError>) -> Result<(), RunSystemError> {
        if !self.timing.is_on() {
            return run(());
        }
        let start = Instant::now();
        let result = run(());
        // A system that lacks what it asks for has not run.
        if !matches!(result, Err(RunSystemError::Skipped(_))) {
            self.meter.add(start.elapsed());
        }
        result
    }
}

/// The same system under the same name with the same access, flags, sets, ticks and deferred buffers, and its meter.
///
/// It must be initialised (again), as [`bevy::ecs::schedule::Systems::insert`] sees to.
pub(crate) fn timed(system: SystemWithAccess, timing: &Timing) -> (ScheduleSystem, Arc<Meter>) {
    let meter = Arc::new(Meter::default());
    let stopwatch = Stopwatch { meter: Arc::clone(&meter), timing: timing.clone() };
    let name = system.name();
    (Box::new(AdapterSystem::new(stopwatch, system, name)), meter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_takes_the_longest_run_with_it() {
        let meter = Meter::default();
        meter.add(Duration::from_micros(30));
        meter.add(Duration::from_micros(10));
        let total = Duration::from_micros(40);
        assert_eq!(meter.read(), Reading { runs: 2, total, longest: Duration::from_micros(30) });
        assert_eq!(meter.read(), Reading { runs: 2, total, longest: Duration::ZERO });
        meter.add(Duration::MAX);
        assert_eq!(meter.read().runs, 3);
    }
}
