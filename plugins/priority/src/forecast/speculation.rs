//! What to prepare while the worker is idle: pure, from a prediction and the costs.

use std::time::Duration;

use super::prediction::{Prediction, RANKED};
use super::target::TargetId;

/// A target whose first result could be prepared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Which.
    pub target: TargetId,
    /// Work left until its first result is ready, as measured before, less the progress that is kept.
    pub remaining: Duration,
    /// How long a prepared result stays good.
    pub fresh_for: Duration,
    /// How long the one that lies ready is still good; zero when none does.
    pub covered: Duration,
    /// Longest that the work runs before it yields.
    pub quantum: Duration,
    /// Whether progress is kept when the work is interrupted.
    pub resumable: bool,
}

/// One target to prepare.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Step {
    /// Which.
    pub target: TargetId,
    /// Waiting spared on average, in seconds.
    pub gain_secs: f32,
    /// Cost on average, in the same unit.
    pub cost_secs: f32,
}

/// Why nothing is prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// Switched off by its setting.
    Off,
    /// The forecast has not shown skill, or lost it.
    NoSkill,
    /// The worker has no idle time.
    NoIdleTime,
    /// No target is worth what preparing it costs.
    NothingPays,
}

/// What to prepare, in this order; only in idle time, at the lowest level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    steps: [Step; RANKED],
    len: usize,
    rest: Option<Rest>,
}

impl Plan {
    /// Nothing, for this reason.
    pub const fn rest(reason: Rest) -> Self {
        Self {
            steps: [Step { target: TargetId(0), gain_secs: 0.0, cost_secs: 0.0 }; RANKED],
            len: 0,
            rest: Some(reason),
        }
    }

    /// The targets to prepare, most worthwhile first.
    pub fn steps(&self) -> &[Step] {
        &self.steps[..self.len]
    }

    /// One more; left out when the plan is full or has the target already.
    pub fn push(&mut self, step: Step) {
        if self.len < RANKED && self.steps().iter().all(|other| other.target != step.target) {
            self.steps[self.len] = step;
            self.len += 1;
            self.rest = None;
        }
    }

    /// Why there are none.
    pub const fn reason(&self) -> Option<Rest> {
        self.rest
    }
}

/// The policy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speculation {
    /// What a second of idle work costs in seconds of waiting, `0..=1`.
    pub idle_price: f32,
}

impl Speculation {
    /// Whether a quantum may start: only when it ends before urgent work is expected. `urgent_in`: time until then, `None` when
    /// nothing is expected.
    pub fn may_start(quantum: Duration, urgent_in: Option<Duration>) -> bool {
        urgent_in.is_none_or(|left| quantum <= left)
    }

    /// What to prepare. `idle_share`: part of the worker that the present work leaves free, `0..=1`.
    ///
    /// Greedy: the step of the best gain per cost comes first, the others are weighed as starting after it.
    pub fn plan(&self, prediction: &Prediction, candidates: &[Candidate], idle_share: f32) -> Plan {
        let mut plan = Plan::rest(Rest::NoIdleTime);
        if idle_share.is_nan() || idle_share <= 0.001 {
            return plan;
        }
        plan.rest = Some(Rest::NothingPays);
        let mut starts = Duration::ZERO;
        while plan.len < RANKED {
            let taken = |target: TargetId| plan.steps().iter().any(|step| step.target == target);
            let best = prediction
                .ranked
                .iter()
                .filter(|(target, probability)| *probability > 0.0 && !taken(*target))
                .filter_map(|&(target, probability)| {
                    let candidate = candidates.iter().find(|candidate| candidate.target == target)?;
                    let step = self.weigh(prediction, candidate, probability, starts, idle_share)?;
                    Some((step, candidate.remaining))
                })
                .max_by(|(left, _), (right, _)| ratio(left).total_cmp(&ratio(right)));
            let Some((step, remaining)) = best else { break };
            starts = starts.saturating_add(takes(remaining, idle_share));
            plan.push(step);
        }
        plan
    }

    /// The step, if its gain exceeds its cost.
    fn weigh(
        &self,
        prediction: &Prediction,
        candidate: &Candidate,
        probability: f32,
        starts: Duration,
        idle_share: f32,
    ) -> Option<Step> {
        let ready = starts.saturating_add(takes(candidate.remaining, idle_share));
        let stale = starts.saturating_add(candidate.fresh_for);
        let departure = &prediction.departure;
        let gone_before = departure.within(starts.max(candidate.covered));
        let gone_while = (departure.within(ready) - gone_before).max(0.0);
        let useful = (departure.within(stale) - departure.within(ready.max(candidate.covered))).max(0.0);
        // Left while it was worked on: half of it was done on average, if that is kept.
        let partly = if candidate.resumable { 0.5 * gone_while } else { 0.0 };
        let work = candidate.remaining.as_secs_f32();
        let gain_secs = probability * work * (useful + partly);
        let worked_on = (1.0 - departure.within(starts)).max(0.0);
        let caught = (departure.within(ready) - departure.within(starts)).max(0.0);
        let delay = 0.5 * candidate.quantum.as_secs_f32() * caught * (1.0 - probability);
        let cost_secs = self.idle_price * work * worked_on + delay;
        (gain_secs > cost_secs).then_some(Step { target: candidate.target, gain_secs, cost_secs })
    }
}

fn takes(work: Duration, idle_share: f32) -> Duration {
    Duration::try_from_secs_f32(work.as_secs_f32() / idle_share.clamp(0.001, 1.0)).unwrap_or(Duration::MAX)
}

fn ratio(step: &Step) -> f32 {
    step.gain_secs / step.cost_secs.max(1e-9)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::forecast::prediction::Departure;

    const POLICY: Speculation = Speculation { idle_price: 0.05 };

    fn candidate(target: u8, millis: u64) -> Candidate {
        Candidate {
            target: TargetId(target),
            remaining: Duration::from_millis(millis),
            fresh_for: Duration::from_secs(30),
            covered: Duration::ZERO,
            quantum: Duration::from_millis(5),
            resumable: true,
        }
    }

    fn prediction(probabilities: &[f32]) -> Prediction {
        let departure = Departure::from_fn(|secs| (secs / 40.0).min(1.0));
        Prediction { departure, ..Prediction::rank(probabilities, 0.2) }
    }

    #[test]
    fn prepares_what_pays_and_the_likeliest_first() {
        let plan = POLICY.plan(
            &prediction(&[0.3, 0.65, 0.01]),
            &[candidate(0, 200), candidate(1, 200), candidate(2, 200)],
            0.5,
        );
        assert_eq!(plan.steps().iter().map(|step| step.target.0).collect::<Vec<_>>(), [1, 0]);
    }

    #[test]
    fn what_is_ready_is_not_prepared_again() {
        let ready = Candidate { covered: Duration::from_secs(29), ..candidate(0, 200) };
        let plan = POLICY.plan(&prediction(&[0.9]), &[ready], 0.5);
        assert_eq!((plan.steps().len(), plan.reason()), (0, Some(Rest::NothingPays)));
        let soon_stale = Candidate { covered: Duration::from_secs(3), ..ready };
        assert_eq!(POLICY.plan(&prediction(&[0.9]), &[soon_stale], 0.5).steps().len(), 1);
    }

    #[test]
    fn a_busy_worker_prepares_nothing() {
        let plan = POLICY.plan(&prediction(&[0.9]), &[candidate(0, 200)], 0.0);
        assert_eq!(plan.reason(), Some(Rest::NoIdleTime));
        assert!(POLICY.plan(&prediction(&[0.9]), &[candidate(0, 200)], f32::NAN).steps().is_empty());
    }

    #[test]
    fn what_goes_stale_before_anybody_comes_waits() {
        let mut late = prediction(&[0.9]);
        late.departure = Departure::from_fn(|secs| if secs > 100.0 { 1.0 } else { 0.0 });
        assert!(POLICY.plan(&late, &[candidate(0, 200)], 0.5).steps().is_empty());
    }

    proptest! {
        #[test]
        fn every_step_gains_more_than_it_costs(
            probabilities in proptest::collection::vec(0.0f32..1.0, 1..8),
            works in proptest::collection::vec((0u64..2_000, 0u64..60, 0u64..60, 0u64..20, any::<bool>()), 8),
            share in 0.0f32..1.0, price in 0.0f32..1.0,
        ) {
            let candidates: Vec<_> = works.iter().enumerate().map(|(target, &(work, fresh, covered, quantum, resumable))| Candidate {
                target: TargetId(target as u8), remaining: Duration::from_millis(work), fresh_for: Duration::from_secs(fresh),
                covered: Duration::from_secs(covered), quantum: Duration::from_millis(quantum), resumable,
            }).collect();
            let plan = Speculation { idle_price: price }.plan(&prediction(&probabilities), &candidates, share);
            prop_assert_eq!(plan.steps().is_empty(), plan.reason().is_some());
            for (place, step) in plan.steps().iter().enumerate() {
                prop_assert!(step.gain_secs > step.cost_secs);
                prop_assert!(plan.steps()[..place].iter().all(|other| other.target != step.target));
            }
        }
    }
}
