//! What a recurring piece of work costs: mean, p95, last, greatest.
//!
//! ```text
//!  record(run) ─┬─► mean   exponentially weighted, half of it from the last `half_life` runs
//!               ├─► older   seven greatest ─► p95()       runs  ├──────64──────┼──────64──────┤
//!               └─► younger seven greatest ─► takes over        older: answers ▲      restarts ▲
//! ```
//!
//! The p95 is exact (nearest rank) over the last 64 to 127 runs: of so few, it is one of the seven greatest, so these are
//! all that is kept. To forget, two copies run 64 runs apart and restart in turn, the idea of MP² (A. Akinshin, "MP²
//! quantile estimator: estimating the moving median without storing values", 2021). Four estimators of the same size were
//! measured against it: P² (R. Jain, I. Chlamtac, CACM 28(10), 1985) in such a pair, P² on logarithms, stochastic
//! approximation and a decayed histogram of log buckets. P² fell below the median at times on long tails.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Runs after which the older window hands over to the younger one: between one and two of these are remembered.
const WINDOW: u16 = 64;
/// The rank from above of the p95 of two windows less one run.
const KEPT: usize = 7;

/// The measured cost of a recurring piece of work: 96 bytes, no allocation.
///
/// The p95 remembers the last 64 to 127 runs: after a step of the cost it has settled within 7 runs when the cost rose, and
/// within 125 runs when it fell.
///
/// ```
/// # use std::time::Duration;
/// # use freshet_priority::CostEstimate;
/// let mut cost = CostEstimate::default();
/// assert_eq!(cost.mean(), None);
/// cost.record(Duration::from_millis(2));
/// assert_eq!(cost.p95(), Some(Duration::from_millis(2)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CostEstimate {
    last: u64,
    max: u64,
    runs: u64,
    mean: f32,
    /// Weight of a new run.
    weight: f32,
    older: Window,
    younger: Window,
}

impl Default for CostEstimate {
    fn default() -> Self {
        Self::with_half_life(Self::HALF_LIFE)
    }
}

impl CostEstimate {
    /// Half-life of the mean, in runs, where none is set.
    pub const HALF_LIFE: f32 = 16.0;

    /// Nothing recorded yet. A run's weight in the mean halves with every `half_life` further runs: higher is steadier,
    /// lower follows faster. Below 0.1, or not a number: 0.1, which is close to "the last run".
    pub fn with_half_life(half_life: f32) -> Self {
        let weight = 1.0 - 0.5f32.powf(1.0 / half_life.max(0.1));
        Self { last: 0, max: 0, runs: 0, mean: 0.0, weight, older: Window::EMPTY, younger: Window::EMPTY }
    }

    /// Takes one run in. Longer than 584 years counts as that.
    pub fn record(&mut self, cost: Duration) {
        let nanos = u64::try_from(cost.as_nanos()).unwrap_or(u64::MAX);
        let sample = nanos as f32;
        self.last = nanos;
        self.max = self.max.max(nanos);
        self.runs = self.runs.saturating_add(1);
        // Until there are enough runs it is their plain mean: the first one has no more weight than the second.
        let weight = self.weight.max(1.0 / self.runs as f32);
        self.mean += (sample - self.mean) * weight;
        self.older.push(sample);
        if self.older.runs > WINDOW {
            self.younger.push(sample);
        }
        if self.older.runs >= 2 * WINDOW {
            self.older = self.younger;
            self.younger = Window::EMPTY;
        }
    }

    /// Exponentially weighted mean. `None` before the first run.
    pub fn mean(&self) -> Option<Duration> {
        (self.runs > 0).then(|| nanos(self.mean))
    }

    /// 95 of 100 recent runs cost no more, by nearest rank. `None` before the first run.
    pub fn p95(&self) -> Option<Duration> {
        (self.runs > 0).then(|| nanos(self.older.p95()))
    }

    /// The last run. `None` before the first.
    pub fn last(&self) -> Option<Duration> {
        (self.runs > 0).then(|| Duration::from_nanos(self.last))
    }

    /// The greatest run ever. `None` before the first.
    pub fn max(&self) -> Option<Duration> {
        (self.runs > 0).then(|| Duration::from_nanos(self.max))
    }

    /// Runs recorded.
    pub const fn runs(&self) -> u64 {
        self.runs
    }
}

/// A float's whole nanoseconds; `as` saturates and takes what is not a number as zero.
const fn nanos(value: f32) -> Duration {
    Duration::from_nanos(value as u64)
}

/// The greatest runs of a window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Window {
    /// Falling; zero where there were fewer runs.
    greatest: [f32; KEPT],
    runs: u16,
}

impl Window {
    const EMPTY: Self = Self { greatest: [0.0; KEPT], runs: 0 };

    fn push(&mut self, sample: f32) {
        self.runs += 1;
        let mut carried = sample;
        if carried <= self.greatest[KEPT - 1] {
            return;
        }
        for kept in &mut self.greatest {
            if carried > *kept {
                std::mem::swap(&mut carried, kept);
            }
        }
    }

    fn p95(&self) -> f32 {
        // Nearest rank is `ceil(0.95 runs)` from below, which is this from above, counted from 0.
        let above = usize::from(self.runs / 20).min(KEPT - 1);
        self.greatest[above]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn exact_p95(runs: &[u64]) -> f64 {
        let mut sorted = runs.to_vec();
        sorted.sort_unstable();
        sorted[(sorted.len() * 95).div_ceil(100) - 1] as f64
    }

    fn recorded(runs: impl IntoIterator<Item = u64>) -> CostEstimate {
        let mut cost = CostEstimate::default();
        runs.into_iter().for_each(|nanos| cost.record(Duration::from_nanos(nanos)));
        cost
    }

    fn p95_nanos(cost: &CostEstimate) -> f64 {
        cost.p95().unwrap().as_nanos() as f64
    }

    #[test]
    fn is_small_and_starts_empty() {
        assert_eq!(size_of::<CostEstimate>(), 96);
        let cost = CostEstimate::default();
        assert_eq!((cost.mean(), cost.p95(), cost.last(), cost.max(), cost.runs()), (None, None, None, None, 0));
    }

    #[test]
    fn a_constant_cost_is_its_own_mean_and_p95() {
        let cost = recorded([1 << 20; 1000]);
        let same = Some(Duration::from_nanos(1 << 20));
        assert_eq!((cost.mean(), cost.p95(), cost.last(), cost.max(), cost.runs()), (same, same, same, same, 1000));
    }

    #[test]
    fn the_mean_is_half_way_after_one_half_life() {
        let mut cost = CostEstimate::with_half_life(10.0);
        (0..1000).for_each(|_| cost.record(Duration::from_micros(1000)));
        (0..10).for_each(|_| cost.record(Duration::from_micros(2000)));
        let mean = cost.mean().unwrap().as_secs_f64();
        assert!((mean - 1.5e-3).abs() < 2e-6, "{mean}");
    }

    #[test]
    fn odd_settings_and_lengths_are_survived() {
        for half_life in [f32::NAN, 0.0, -1.0, f32::INFINITY] {
            let mut cost = CostEstimate::with_half_life(half_life);
            for run in [Duration::ZERO, Duration::MAX, Duration::ZERO] {
                (0..200).for_each(|_| cost.record(run));
                assert!(cost.mean().is_some() && cost.p95().is_some());
            }
        }
    }

    #[test]
    fn a_step_settles_within_the_stated_runs() {
        let noisy = |level: u64, run: u64| level + level * (run * 7919 % 101) / 1000;
        let mut cost = CostEstimate::default();
        (0..1000).for_each(|run| cost.record(Duration::from_nanos(noisy(1_000_000, run))));
        for start in 0..128 {
            let mut cost = cost;
            (0..start).for_each(|run| cost.record(Duration::from_nanos(noisy(1_000_000, run))));
            (0..7).for_each(|run| cost.record(Duration::from_nanos(noisy(3_000_000, run))));
            let risen = p95_nanos(&cost) / 3_285_000.0;
            assert!((0.9..1.1).contains(&risen), "up, at {start}: {risen}");
            (0..200).for_each(|run| cost.record(Duration::from_nanos(noisy(3_000_000, run))));
            (0..125).for_each(|run| cost.record(Duration::from_nanos(noisy(1_000_000, run))));
            let fallen = p95_nanos(&cost) / 1_095_000.0;
            assert!((0.9..1.1).contains(&fallen), "down, at {start}: {fallen}");
        }
    }

    /// Made-up costs of several shapes from uniform numbers in 0..1.
    fn shaped(shape: usize, even: f64) -> u64 {
        (1e6 * match shape {
            0 => 0.9 + 0.2 * even,
            1 => (0.6 * even).exp(),
            2 if even < 0.8 => 1.0 + 0.1 * even,
            2 => 4.0 + 0.4 * even,
            _ => (1.0 - even).powf(-1.0 / 1.5),
        }) as u64
    }

    /// An even number in 0..1 (`SplitMix64`).
    fn even(seed: u64, run: u64) -> f64 {
        let mut bits = seed.wrapping_add(run.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    proptest! {
        /// For any shape, heavy tails and two humps included, after every run: the exact p95 of the last 64 to 127 runs, but
        /// for the rounding of a float.
        #[test]
        fn p95_is_the_exact_one(shape in 0usize..4, seed: u64, length in 1usize..600) {
            let runs: Vec<u64> = (0..length as u64).map(|run| shaped(shape, even(seed, run))).collect();
            let mut cost = CostEstimate::default();
            for (index, &nanos) in runs.iter().enumerate() {
                cost.record(Duration::from_nanos(nanos));
                let count = index + 1;
                let window = if count < 128 { count } else { 64 + count % 64 };
                let exact = exact_p95(&runs[count - window..count]);
                let estimate = p95_nanos(&cost);
                prop_assert!((estimate - exact).abs() <= exact * 1e-6 + 1.0, "{estimate}, exact {exact}, run {count}");
            }
        }

        #[test]
        fn everything_lies_between_the_least_and_the_greatest(runs in prop::collection::vec(0u64..1 << 40, 1..600)) {
            let cost = recorded(runs.iter().copied());
            let least = *runs.iter().min().unwrap() as f64;
            let greatest = *runs.iter().max().unwrap() as f64;
            for value in [p95_nanos(&cost), cost.mean().unwrap().as_nanos() as f64] {
                prop_assert!(value >= least * 0.999_99 - 1.0 && value <= greatest * 1.000_01 + 1.0);
            }
            prop_assert_eq!(cost.max().unwrap().as_nanos() as f64, greatest);
            prop_assert_eq!(cost.last().unwrap().as_nanos() as u64, *runs.last().unwrap());
            if runs.len() < 20 {
                prop_assert!((p95_nanos(&cost) / greatest.max(1.0) - 1.0).abs() < 1e-5 || greatest == 0.0);
            }
        }
    }
}
