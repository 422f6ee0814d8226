//! Whether the forecast is any good, and so whether it is acted upon.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::prediction::Prediction;
use super::settings::ForecastSettings;
use super::target::{MAX_TARGETS, TargetId};

/// Moves that the rolling figures look back on.
const LOOK_BACK: f32 = 48.0;

/// How good the forecasts have been.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Skill {
    /// Share of the last moves that went to the best guess, `0..=1`.
    pub hit_rate: f32,
    /// The same for guessing the most visited target each time.
    pub baseline_hit_rate: f32,
    /// Information gained over a blind guess among the known targets, bits per move. At most 0 is no skill.
    pub gained_bits: f32,
    /// Predictions scored.
    pub predictions: u64,
    /// Waiting spared by work done ahead.
    pub saved: Duration,
    /// Work done ahead for nothing.
    pub wasted: Duration,
    /// Whether forecasts are acted upon at present.
    pub trusted: bool,
}

/// Scores each prediction when its outcome is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Scorer {
    skill: Skill,
    /// Visits of each target.
    visits: [f32; MAX_TARGETS],
    /// Sum of the weights in the rolling figures: near [`LOOK_BACK`] once that many have been scored.
    weight: f32,
}

impl Default for Scorer {
    fn default() -> Self {
        Self { skill: Skill::default(), visits: [0.0; MAX_TARGETS], weight: 0.0 }
    }
}

impl Scorer {
    /// The figures so far.
    pub const fn skill(&self) -> &Skill {
        &self.skill
    }

    /// Attention moved from `from` to `to`, to which the forecast had given `probability`. Call before the model learns it.
    pub fn score(
        &mut self,
        prediction: &Prediction,
        from: TargetId,
        to: TargetId,
        probability: f32,
        settings: &ForecastSettings,
    ) {
        let known_others = |place: &usize| self.visits[*place] > 0.0 && *place != from.index();
        let usual = (0..MAX_TARGETS)
            .filter(known_others)
            .max_by(|&left, &right| self.visits[left].total_cmp(&self.visits[right]));
        let others = (0..MAX_TARGETS).filter(known_others).count();
        let first_visit = self.visits.get(to.index()).is_none_or(|&visits| visits <= 0.0);
        if let Some(visits) = self.visits.get_mut(to.index()) {
            *visits += 1.0;
        }
        // What has never been visited cannot be foreseen by anybody.
        if first_visit {
            return;
        }
        // With one other target there is nothing to guess: certainty counts as if there were two.
        let chance = 1.0 / others.max(2) as f32;
        let gained = (probability.clamp(1e-4, 1.0) / chance).log2();
        let keep = 1.0 - 1.0 / LOOK_BACK;
        self.weight = self.weight * keep + 1.0;
        let roll = |figure: &mut f32, value: f32| *figure += (value - *figure) / self.weight;
        roll(&mut self.skill.hit_rate, f32::from(u8::from(prediction.best() == Some(to))));
        roll(&mut self.skill.baseline_hit_rate, f32::from(u8::from(usual == Some(to.index()))));
        roll(&mut self.skill.gained_bits, gained);
        self.skill.predictions += 1;
        self.decide(settings);
    }

    /// Trust above `on_bits`, none below `off_bits`, as before in between.
    fn decide(&mut self, settings: &ForecastSettings) {
        let needed = if self.skill.trusted { settings.off_bits } else { settings.on_bits };
        let tried = self.skill.predictions >= u64::from(settings.trial);
        self.skill.trusted = tried && self.skill.gained_bits > needed;
    }

    /// Work done ahead has spared `saved` of waiting, and `wasted` was for nothing.
    pub fn settle(&mut self, saved: Duration, wasted: Duration) {
        self.skill.saved = self.skill.saved.saturating_add(saved);
        self.skill.wasted = self.skill.wasted.saturating_add(wasted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: fn() -> ForecastSettings = ForecastSettings::default;

    /// Moves 0, 1, 2, 0, 1, 2 … foretold with this probability.
    fn foretold(scorer: &mut Scorer, moves: u32, probability: f32) {
        for step in 0..moves {
            let (from, to) = (TargetId((step % 3) as u8), TargetId(((step + 1) % 3) as u8));
            let mut prediction = Prediction::NONE;
            prediction.ranked[0] = (if probability > 0.5 { to } else { TargetId(9) }, 0.9);
            scorer.score(&prediction, from, to, probability, &SETTINGS());
        }
    }

    #[test]
    fn trust_is_earned_and_lost() {
        let mut scorer = Scorer::default();
        foretold(&mut scorer, 10, 0.9);
        assert!(!scorer.skill().trusted, "before its trial is over");
        foretold(&mut scorer, 30, 0.9);
        assert!(scorer.skill().trusted && scorer.skill().hit_rate > 0.9);
        foretold(&mut scorer, 60, 0.2);
        assert!(!scorer.skill().trusted && scorer.skill().gained_bits < 0.0, "{:?}", scorer.skill());
    }

    #[test]
    fn trust_does_not_flicker() {
        let mut scorer = Scorer::default();
        foretold(&mut scorer, 60, 0.9);
        // Between off and on: stays on, and would not have been switched on.
        let between = 0.5 * (0.5 * (SETTINGS().off_bits + SETTINGS().on_bits)).exp2();
        foretold(&mut scorer, 600, between);
        assert!(scorer.skill().trusted);
        let mut fresh = Scorer::default();
        foretold(&mut fresh, 600, between);
        assert!(!fresh.skill().trusted);
    }

    #[test]
    fn books_add_up() {
        let mut scorer = Scorer::default();
        scorer.settle(Duration::from_millis(30), Duration::from_millis(5));
        scorer.settle(Duration::MAX, Duration::from_millis(5));
        assert_eq!((scorer.skill().saved, scorer.skill().wasted), (Duration::MAX, Duration::from_millis(10)));
    }
}
