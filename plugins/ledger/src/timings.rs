//! How long things took, in histograms of fixed size.

use bevy::ecs::resource::Resource;
use hdrhistogram::Histogram;
use std::time::Duration;

/// What a timing is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimedKind {
    /// One turn of the app.
    AppFrame,
    /// A stage's work on the GPU, per run.
    StageGpu,
    /// Recording a stage's work on the CPU, per run.
    StageCpu,
    /// From the capture of a frame until the attachment was on it.
    Age,
    /// This suite's systems in the main world, per app frame.
    OwnSystems,
}

/// How long things took since warm-up.
///
/// A histogram has a relative error of 1 % and a range from 100 ns to 10 minutes. It is made when its name is first
/// seen; recording does not allocate.
#[derive(Resource, Debug, Default)]
pub struct Timings {
    entries: Vec<Timing>,
}

#[derive(Debug)]
struct Timing {
    kind: TimedKind,
    name: &'static str,
    histogram: Histogram<u64>,
    /// Nanoseconds, as of late.
    recent: f32,
}

const LOWEST_NANOS: u64 = 100;
const HIGHEST_NANOS: u64 = 600_000_000_000;
/// How much of the newest time goes into what is "of late".
const RECENT_SHARE: f32 = 0.125;

impl Timings {
    /// Records one duration. Longer ones than the range count as its end.
    pub fn record(&mut self, kind: TimedKind, name: &'static str, time: Duration) {
        let nanos = (time.as_nanos() as u64).clamp(LOWEST_NANOS, HIGHEST_NANOS);
        if let Some(timing) = self.entries.iter_mut().find(|timing| timing.kind == kind && timing.name == name) {
            timing.histogram.saturating_record(nanos);
            timing.recent += (nanos as f32 - timing.recent) * RECENT_SHARE;
            return;
        }
        // Bounds and precision are constants that the histogram accepts.
        if let Ok(mut histogram) = Histogram::new_with_bounds(LOWEST_NANOS, HIGHEST_NANOS, 2) {
            histogram.saturating_record(nanos);
            self.entries.push(Timing { kind, name, histogram, recent: nanos as f32 });
        }
    }

    /// Forgets all durations and keeps the histograms.
    pub fn clear(&mut self) {
        for timing in &mut self.entries {
            timing.histogram.reset();
        }
    }

    /// What was recorded under this name of late, a moving average over some eight durations; and how many durations
    /// were recorded, so that one can tell whether there is a new one.
    pub fn recent(&self, kind: TimedKind, name: &str) -> Option<(Duration, u64)> {
        let timing = self.entries.iter().find(|timing| timing.kind == kind && timing.name == name)?;
        Some((Duration::from_nanos(timing.recent as u64), timing.histogram.len()))
    }

    /// The histogram of this name, if anything was recorded under it.
    pub fn get(&self, kind: TimedKind, name: &str) -> Option<&Histogram<u64>> {
        let timing = self.entries.iter().find(|timing| timing.kind == kind && timing.name == name)?;
        (!timing.histogram.is_empty()).then_some(&timing.histogram)
    }

    /// The names under which durations of this kind were recorded, with their histograms.
    pub fn of(&self, kind: TimedKind) -> impl Iterator<Item = (&'static str, &Histogram<u64>)> {
        self.entries
            .iter()
            .filter(move |timing| timing.kind == kind && !timing.histogram.is_empty())
            .map(|timing| (timing.name, &timing.histogram))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_percentiles_within_a_hundredth() {
        let mut timings = Timings::default();
        for millis in 1..=100 {
            timings.record(TimedKind::StageGpu, "convert", Duration::from_millis(millis));
        }
        let histogram = timings.get(TimedKind::StageGpu, "convert").unwrap();
        let median = histogram.value_at_quantile(0.5) as f64;
        assert!((median - 50e6).abs() < 1e6, "{median}");
        let (recent, recorded) = timings.recent(TimedKind::StageGpu, "convert").unwrap();
        assert!((91..95).contains(&recent.as_millis()) && recorded == 100, "{recent:?}");
        timings.clear();
        assert!(timings.get(TimedKind::StageGpu, "convert").is_none());
    }
}
