//! When attention moves: how long it stayed on each target before.
//!
//! A histogram per target over half octaves of time, from a quarter of a second to some hours, with forgetting. Rows of few
//! visits lean on the row of all targets, and that one on a flat prior.

use std::time::Duration;

use super::prediction::Departure;
use super::target::{MAX_TARGETS, TargetId};

/// Half octaves.
pub(super) const BUCKETS: usize = 32;

/// Lower end of the second bucket; the first begins at 0.
const FIRST_SECS: f32 = 0.25;

/// One visit in the counts.
const UNIT: u32 = 2048;

/// Visits remembered per target.
const MEMORY: u32 = 30;

/// Visits' worth of weight that the row of all targets has in the row of one.
const LEAN: f32 = 1.5;

/// Dwell times per target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hazard {
    /// The last row is that of all targets together.
    pub rows: Box<[[u16; BUCKETS]; MAX_TARGETS + 1]>,
}

fn bucket(secs: f32) -> usize {
    if secs < FIRST_SECS {
        return 0;
    }
    (1.0 + 2.0 * (secs / FIRST_SECS).log2()).clamp(1.0, (BUCKETS - 1) as f32) as usize
}

/// Lower ends of the buckets, in seconds, and the upper end of the last.
fn edges() -> [f32; BUCKETS + 1] {
    let mut edge = FIRST_SECS;
    std::array::from_fn(|index| {
        if index == 0 {
            return 0.0;
        }
        let this = edge;
        edge *= std::f32::consts::SQRT_2;
        this
    })
}

/// Weights of the buckets of one target: its own counts, leaning on those of all.
struct Dwell {
    weights: [f32; BUCKETS],
    edges: [f32; BUCKETS + 1],
}

impl Dwell {
    /// Weight of the dwell times longer than `secs`.
    fn longer(&self, secs: f32) -> f32 {
        let from = bucket(secs);
        let (low, high) = (self.edges[from], self.edges[from + 1]);
        let part = ((high - secs) / (high - low)).clamp(0.0, 1.0);
        self.weights[from] * part + self.weights[from + 1..].iter().sum::<f32>()
    }
}

impl Hazard {
    pub fn new() -> Self {
        Self { rows: Box::new([[0; BUCKETS]; MAX_TARGETS + 1]) }
    }

    /// Attention was on `target` for `dwell`.
    pub fn learn(&mut self, target: TargetId, dwell: Duration) {
        let bucket = bucket(dwell.as_secs_f32());
        for row in [target.index().min(MAX_TARGETS - 1), MAX_TARGETS] {
            let row = &mut self.rows[row];
            for count in row.iter_mut() {
                *count = (u32::from(*count) * (MEMORY - 1) / MEMORY) as u16;
            }
            row[bucket] = (u32::from(row[bucket]) + UNIT).min(u32::from(u16::MAX)) as u16;
        }
    }

    fn dwell(&self, target: TargetId) -> Dwell {
        let visits = |row: &[u16; BUCKETS]| row.iter().map(|&count| f32::from(count)).sum::<f32>() / UNIT as f32;
        let own = &self.rows[target.index().min(MAX_TARGETS - 1)];
        let all = &self.rows[MAX_TARGETS];
        let lean = LEAN / (visits(all) + 0.5);
        let weights = std::array::from_fn(|index| {
            let all = f32::from(all[index]) / UNIT as f32 + 0.5 / BUCKETS as f32;
            f32::from(own[index]) / UNIT as f32 + lean * all
        });
        Dwell { weights, edges: edges() }
    }

    /// Chance of leaving `target` within a time, and the median time left, after `elapsed` there.
    pub fn departure(&self, target: TargetId, elapsed: Duration) -> (Departure, Option<Duration>) {
        let dwell = self.dwell(target);
        let elapsed = elapsed.as_secs_f32().min(dwell.edges[BUCKETS] * 0.999);
        let stays = dwell.longer(elapsed).max(1e-9);
        let departure = Departure::from_fn(|secs| {
            let until = elapsed + secs;
            if until >= dwell.edges[BUCKETS] { 1.0 } else { 1.0 - dwell.longer(until) / stays }
        });
        let known = self.rows[MAX_TARGETS].iter().any(|&count| count > 0);
        let median = known.then(|| median_left(&dwell, elapsed, stays)).flatten();
        (departure, median)
    }
}

/// Time after `elapsed` at which half of `stays` has left.
fn median_left(dwell: &Dwell, elapsed: f32, stays: f32) -> Option<Duration> {
    let mut left = stays / 2.0;
    for index in bucket(elapsed)..BUCKETS {
        let low = dwell.edges[index].max(elapsed);
        let high = dwell.edges[index + 1];
        let share = ((high - low) / (high - dwell.edges[index])).clamp(0.0, 1.0);
        let weight = dwell.weights[index] * share;
        if weight >= left {
            return Some(Duration::from_secs_f32(low + (high - low) * left / weight.max(1e-9) - elapsed));
        }
        left -= weight;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secs(secs: f32) -> Duration {
        Duration::from_secs_f32(secs)
    }

    #[test]
    fn a_steady_dwell_is_expected_again() {
        let mut hazard = Hazard::new();
        for _ in 0..40 {
            hazard.learn(TargetId(0), secs(10.0));
            hazard.learn(TargetId(1), secs(100.0));
        }
        let (departure, left) = hazard.departure(TargetId(0), secs(0.0));
        assert!((8.0..13.0).contains(&left.unwrap().as_secs_f32()), "{left:?}");
        assert!(departure.within(secs(4.0)) < 0.1, "{departure:?}");
        assert!(departure.within(secs(20.0)) > 0.8, "{departure:?}");
        let (_, later) = hazard.departure(TargetId(0), secs(8.0));
        assert!(later.unwrap() < secs(5.0), "{later:?}");
        assert!(hazard.departure(TargetId(1), secs(0.0)).1.unwrap() > secs(60.0));
    }

    #[test]
    fn nothing_known_expects_nothing() {
        assert_eq!(Hazard::new().departure(TargetId(3), secs(1.0)).1, None);
    }

    proptest! {
        #[test]
        fn chances_are_chances(
            dwells in proptest::collection::vec((0u8..40, 0.0f32..1e6), 0..60), target in 0u8..40, elapsed in 0.0f32..1e6
        ) {
            let mut hazard = Hazard::new();
            for (target, dwell) in dwells {
                hazard.learn(TargetId(target), secs(dwell));
            }
            let (departure, _) = hazard.departure(TargetId(target), secs(elapsed));
            let mut last = 0.0;
            for time in [0.1, 0.5, 1.0, 7.0, 50.0, 1e9] {
                let chance = departure.within(secs(time));
                prop_assert!((0.0..=1.0).contains(&chance) && chance >= last - 1e-4, "{chance} after {last}");
                last = chance;
            }
        }
    }
}
