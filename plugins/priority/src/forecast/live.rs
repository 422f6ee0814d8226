//! The forecast of a running app: a predictor, its skill, and what to prepare.

use std::time::Duration;

use super::model::ForecastModel;
use super::prediction::{Predict, Prediction};
use super::settings::ForecastSettings;
use super::skill::{Scorer, Skill};
use super::speculation::{Candidate, Plan, Rest, Speculation};
use super::target::TargetId;

/// A predictor that is scored on every move and acted upon only while it shows skill.
#[derive(Debug, Clone)]
pub struct Forecaster<P = ForecastModel> {
    predictor: P,
    scorer: Scorer,
    settings: ForecastSettings,
}

impl Forecaster {
    /// Knows nothing yet.
    pub fn new(settings: ForecastSettings) -> Self {
        Self::with_predictor(ForecastModel::new(settings), settings)
    }

    /// Goes on with a model that was loaded. Its skill has to be shown again.
    pub fn with_model(model: ForecastModel) -> Self {
        let settings = *model.settings();
        Self::with_predictor(model, settings)
    }
}

impl<P: Predict> Forecaster<P> {
    /// With a predictor of one's own.
    pub fn with_predictor(predictor: P, settings: ForecastSettings) -> Self {
        Self { predictor, scorer: Scorer::default(), settings: settings.clamped() }
    }

    /// Attention has moved to `target`. Returns whether it was a move: cancel what is being prepared for others.
    pub fn moved(&mut self, target: TargetId, at: Duration) -> bool {
        if !self.settings.enabled {
            return false;
        }
        if let Some(from) = self.predictor.current()
            && from != target
            && target.0 < self.settings.targets
        {
            let prediction = self.predictor.predict(at);
            let probability = self.predictor.probability(target, at);
            self.scorer.score(&prediction, from, target, probability, &self.settings);
        }
        self.predictor.observe(target, at)
    }

    /// What comes next, whether it is acted upon or not.
    pub fn predict(&self, now: Duration) -> Prediction {
        self.predictor.predict(now)
    }

    /// What to prepare in the worker's idle time, `idle_share` of it (`0..=1`).
    pub fn plan(&self, now: Duration, candidates: &[Candidate], idle_share: f32) -> Plan {
        if !self.settings.enabled {
            return Plan::rest(Rest::Off);
        }
        if !self.scorer.skill().trusted {
            return Plan::rest(Rest::NoSkill);
        }
        let policy = Speculation { idle_price: self.settings.idle_price };
        policy.plan(&self.predictor.predict(now), candidates, idle_share)
    }

    /// The target to promote ahead of time: the best guess, while there is skill and it is likelier than not.
    pub fn promotes(&self, now: Duration) -> Option<TargetId> {
        let prediction = self.predictor.predict(now);
        let sure = self.settings.enabled && self.scorer.skill().trusted && prediction.ranked[0].1 > 0.5;
        sure.then(|| prediction.best()).flatten()
    }

    /// Books what work done ahead has spared, and what was for nothing.
    pub fn settle(&mut self, saved: Duration, wasted: Duration) {
        self.scorer.settle(saved, wasted);
    }

    /// How good it has been.
    pub const fn skill(&self) -> &Skill {
        self.scorer.skill()
    }

    /// The predictor, to save it.
    pub const fn predictor(&self) -> &P {
        &self.predictor
    }

    /// Whether it learns and acts.
    pub const fn is_enabled(&self) -> bool {
        self.settings.enabled
    }

    /// Switches it on or off. What has been learnt stays.
    pub const fn set_enabled(&mut self, enabled: bool) {
        self.settings.enabled = enabled;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates() -> Vec<Candidate> {
        (0..4)
            .map(|target| Candidate {
                target: TargetId(target),
                remaining: Duration::from_millis(200),
                fresh_for: Duration::from_secs(30),
                covered: Duration::ZERO,
                quantum: Duration::from_millis(5),
                resumable: true,
            })
            .collect()
    }

    /// After 60 moves around three targets, at 300 s on target 0.
    fn rounds() -> Forecaster {
        let mut forecast = Forecaster::new(ForecastSettings { targets: 4, ..ForecastSettings::default() });
        for step in 0..61 {
            forecast.moved(TargetId((step % 3) as u8), Duration::from_secs(5 * step));
        }
        forecast
    }

    #[test]
    fn a_habit_is_learnt_and_acted_upon() {
        let forecast = rounds();
        let now = Duration::from_secs(302);
        assert_eq!(forecast.plan(now, &candidates(), 0.7).steps()[0].target, TargetId(1));
        assert_eq!(forecast.promotes(now), Some(TargetId(1)));
        assert!(forecast.skill().hit_rate > 0.9 && forecast.skill().hit_rate > forecast.skill().baseline_hit_rate);
        assert!(forecast.predict(now).expected_in.unwrap() < Duration::from_secs(5));
    }

    #[test]
    fn switched_off_it_neither_learns_nor_acts() {
        let mut forecast = rounds();
        forecast.set_enabled(false);
        let before = forecast.predictor().clone();
        assert!(!forecast.moved(TargetId(1), Duration::from_secs(305)));
        assert_eq!(forecast.predictor(), &before);
        assert_eq!(forecast.plan(Duration::from_secs(306), &candidates(), 0.7).reason(), Some(Rest::Off));
        assert_eq!(forecast.promotes(Duration::from_secs(306)), None);
    }

    #[test]
    fn without_skill_it_rests_and_says_so() {
        let forecast = Forecaster::new(ForecastSettings::default());
        assert_eq!(forecast.plan(Duration::ZERO, &candidates(), 0.7).reason(), Some(Rest::NoSkill));
    }
}
