//! What comes next, and when.

use std::time::Duration;

use super::target::TargetId;

/// Targets that a prediction ranks.
pub const RANKED: usize = 4;

/// Horizons of [`Departure`].
const HORIZONS: usize = 12;

/// The first horizon; each next one is twice as long (up to 512 s).
const FIRST_HORIZON_SECS: f32 = 0.25;

/// Chance that attention moves within a time from now.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Departure([f32; HORIZONS]);

impl Departure {
    /// Takes the chance for each horizon, in seconds, from `chance`.
    pub fn from_fn(mut chance: impl FnMut(f32) -> f32) -> Self {
        let mut horizon = FIRST_HORIZON_SECS;
        Self(std::array::from_fn(|_| {
            let value = chance(horizon).clamp(0.0, 1.0);
            horizon *= 2.0;
            value
        }))
    }

    /// Chance of a move within `time`, `0..=1`; linear between horizons, constant after the last.
    pub fn within(&self, time: Duration) -> f32 {
        let secs = time.as_secs_f32();
        let (mut last_secs, mut last) = (0.0, 0.0);
        let mut horizon = FIRST_HORIZON_SECS;
        for &value in &self.0 {
            if secs <= horizon {
                return last + (value - last) * (secs - last_secs) / (horizon - last_secs);
            }
            (last_secs, last) = (horizon, value);
            horizon *= 2.0;
        }
        last
    }
}

/// What comes next, and when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// The likeliest next targets with their probability, best first; a place without one has probability 0.
    pub ranked: [(TargetId, f32); RANKED],
    /// Time until the next move that is as likely to be exceeded as not. `None` when nothing is known.
    pub expected_in: Option<Duration>,
    /// How far the best is above chance, `0..=1`.
    pub confidence: f32,
    /// Chance that attention moves within a time from now.
    pub departure: Departure,
}

impl Prediction {
    /// Knows nothing.
    pub const NONE: Self = Self {
        ranked: [(TargetId(0), 0.0); RANKED],
        expected_in: None,
        confidence: 0.0,
        departure: Departure([0.0; HORIZONS]),
    };

    /// Ranks the targets by `probabilities`. `chance` is that of a blind guess.
    pub fn rank(probabilities: &[f32], chance: f32) -> Self {
        let mut ranked = [(TargetId(0), 0.0); RANKED];
        for (target, &probability) in probabilities.iter().enumerate() {
            if probability <= ranked[RANKED - 1].1 {
                continue;
            }
            let mut place = RANKED - 1;
            while place > 0 && ranked[place - 1].1 < probability {
                ranked[place] = ranked[place - 1];
                place -= 1;
            }
            ranked[place] = (TargetId(target as u8), probability);
        }
        let confidence = ((ranked[0].1 - chance) / (1.0 - chance).max(0.01)).clamp(0.0, 1.0);
        Self { ranked, confidence, ..Self::NONE }
    }

    /// The best guess.
    pub fn best(&self) -> Option<TargetId> {
        (self.ranked[0].1 > 0.0).then_some(self.ranked[0].0)
    }
}

/// A predictor that learns from the moves of attention. [`super::Forecaster`] works with any.
pub trait Predict {
    /// Attention has moved to `target`. `at` counts from the start of the history. Returns whether it was a move.
    fn observe(&mut self, target: TargetId, at: Duration) -> bool;
    /// What comes next, seen from `now`.
    fn predict(&self, now: Duration) -> Prediction;
    /// The probability that `target` is next, seen from `now`.
    fn probability(&self, target: TargetId, now: Duration) -> f32;
    /// Where attention is.
    fn current(&self) -> Option<TargetId>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_the_likeliest_first() {
        let prediction = Prediction::rank(&[0.1, 0.4, 0.0, 0.3, 0.15, 0.05], 0.2);
        assert_eq!(prediction.ranked.map(|(target, _)| target.0), [1, 3, 4, 0]);
        assert!((prediction.confidence - 0.25).abs() < 1e-6);
    }

    #[test]
    fn a_departure_is_linear_between_its_horizons() {
        let departure = Departure::from_fn(|secs| secs / 100.0);
        for secs in [0.0, 0.1, 0.25, 0.3, 3.0, 50.0] {
            assert!((departure.within(Duration::from_secs_f32(secs)) - secs / 100.0).abs() < 1e-5, "{secs}");
        }
        assert_eq!(departure.within(Duration::MAX), 1.0);
    }
}
