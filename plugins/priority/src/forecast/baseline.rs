//! What the forecast is measured against.

use std::time::Duration;

use super::hazard::Hazard;
use super::model::ForecastModel;
use super::prediction::{Predict, Prediction, RANKED};
use super::settings::ForecastSettings;
use super::simulate::Planner;
use super::speculation::{Candidate, Plan, Rest, Step};
use super::target::{MAX_TARGETS, TargetId};
use super::trace::{Scenario, Visit};

/// Plain counts, of order 0 (the most frequent target) or 1 (what followed the present one), without forgetting. *When* is
/// foretold as in the model, so that only *which* differs.
pub(super) struct Counted {
    order: usize,
    counts: Box<[[f32; MAX_TARGETS]; MAX_TARGETS]>,
    hazard: Hazard,
    current: Option<TargetId>,
    since: Duration,
}

impl Counted {
    pub fn new(order: usize) -> Self {
        let counts = Box::new([[0.0; MAX_TARGETS]; MAX_TARGETS]);
        Self { order, counts, hazard: Hazard::new(), current: None, since: Duration::ZERO }
    }

    fn row(&self, current: TargetId) -> usize {
        if self.order == 0 { 0 } else { current.index() }
    }

    fn next(&self) -> [f32; MAX_TARGETS] {
        let Some(current) = self.current else { return [0.0; MAX_TARGETS] };
        let mut next = self.counts[self.row(current)].map(|count| count + 0.05);
        next[current.index()] = 0.0;
        let sum: f32 = next.iter().sum();
        next.map(|p| p / sum)
    }
}

impl Predict for Counted {
    fn observe(&mut self, target: TargetId, at: Duration) -> bool {
        if let Some(current) = self.current {
            let row = self.row(current);
            self.counts[row][target.index()] += 1.0;
            self.hazard.learn(current, at.saturating_sub(self.since));
        }
        (self.current, self.since) = (Some(target), at);
        true
    }

    fn predict(&self, now: Duration) -> Prediction {
        let Some(current) = self.current else { return Prediction::NONE };
        let (departure, expected_in) = self.hazard.departure(current, now.saturating_sub(self.since));
        Prediction { departure, expected_in, ..Prediction::rank(&self.next(), 0.0) }
    }

    fn probability(&self, target: TargetId, _now: Duration) -> f32 {
        self.next()[target.index()]
    }

    fn current(&self) -> Option<TargetId> {
        self.current
    }
}

/// The model with its targets mixed up: as sure as before, and wrong. A trial that it passes is no trial.
pub(super) struct Shuffled {
    model: ForecastModel,
    targets: u8,
}

impl Shuffled {
    pub fn new(settings: ForecastSettings) -> Self {
        Self { model: ForecastModel::new(settings), targets: settings.targets }
    }

    /// One further, the present one left out.
    fn other(&self, target: TargetId, by: u8) -> TargetId {
        let step = |from: TargetId| TargetId((from.0 + by) % self.targets);
        let next = step(target);
        if Some(next) == self.model.current() { step(next) } else { next }
    }
}

impl Predict for Shuffled {
    fn observe(&mut self, target: TargetId, at: Duration) -> bool {
        self.model.observe(target, at)
    }

    fn predict(&self, now: Duration) -> Prediction {
        let mut prediction = self.model.predict(now);
        for (target, _) in &mut prediction.ranked {
            *target = self.other(*target, 1);
        }
        prediction
    }

    fn probability(&self, target: TargetId, now: Duration) -> f32 {
        self.model.probability(self.other(target, self.targets - 1), now)
    }

    fn current(&self) -> Option<TargetId> {
        self.model.current()
    }
}

/// Knows all that comes: works ahead on the next visits in their order, each begun only when it will still be fresh.
pub(super) struct Oracle<'a> {
    visits: &'a [Visit],
    /// Visits begun.
    begun: usize,
}

impl<'a> Oracle<'a> {
    pub const fn new(scenario: &'a Scenario) -> Self {
        Self { visits: scenario.visits.as_slice(), begun: 0 }
    }
}

impl Planner for Oracle<'_> {
    fn moved(&mut self, _target: TargetId, _at: Duration) {
        self.begun += 1;
    }

    fn plan(&self, now: Duration, candidates: &[Candidate], _idle_share: f32) -> Plan {
        let mut plan = Plan::rest(Rest::NothingPays);
        for visit in self.visits[self.begun..].iter().take(RANKED) {
            let Some(candidate) = candidates.iter().find(|candidate| candidate.target == visit.target) else {
                continue;
            };
            let left = visit.from.saturating_sub(now);
            if candidate.covered < left && left <= candidate.fresh_for {
                plan.push(Step { target: visit.target, gain_secs: 1.0, cost_secs: 0.0 });
            }
        }
        plan
    }

    fn settle(&mut self, _saved: Duration, _wasted: Duration) {}
}
