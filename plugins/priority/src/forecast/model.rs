//! The predictor: experts of several context lengths, mixed.
//!
//! Each expert blends its context's counts with the distribution of a shorter context, as PPM and interpolated smoothing do:
//! `p = λ·count/total + (1-λ)·shorter`, `λ = total / (total + escape·kinds)` (Witten & Bell 1991, method C of Moffat
//! 1990). [`super::mixture`] weighs them.

use std::time::Duration;

use super::context::{Contexts, Pace};
use super::hazard::Hazard;
use super::mixture::Mixture;
use super::prediction::{Predict, Prediction};
use super::settings::ForecastSettings;
use super::target::{MAX_TARGETS, TargetId};

/// One distribution over the targets.
pub(super) type Distribution = [f32; MAX_TARGETS];

/// Moves remembered as context, newest first.
pub(super) const HISTORY: usize = 3;

/// One observation in the counts of order 0.
const USUAL_UNIT: f32 = 1.0;

/// What an expert looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Context {
    /// The last so many targets.
    Order(usize),
    /// The part of cycle `.0` and the last `.1` targets.
    Cycle(usize, usize),
}

/// An expert: its context, its counts, the expert that it falls back on.
struct Expert {
    context: Context,
    pace: Pace,
    shorter: usize,
}

const fn expert(context: Context, pace: Pace, shorter: usize) -> Expert {
    Expert { context, pace, shorter }
}

/// The first two are chance and order 0; these follow, each after the one it falls back on.
const TABLED: [Expert; EXPERTS - 2] = [
    expert(Context::Order(1), Pace::Slow, 1),
    expert(Context::Order(2), Pace::Slow, 2),
    expert(Context::Order(3), Pace::Slow, 3),
    expert(Context::Order(1), Pace::Fast, 2),
    expert(Context::Order(2), Pace::Fast, 3),
    expert(Context::Order(3), Pace::Fast, 4),
    expert(Context::Cycle(0, 1), Pace::Slow, 2),
    expert(Context::Cycle(1, 2), Pace::Slow, 3),
];

/// Experts that are mixed.
pub(super) const EXPERTS: usize = 10;

/// Learns the user's habits of attention, predicts what comes next and when.
#[derive(Debug, Clone, PartialEq)]
pub struct ForecastModel {
    pub(super) settings: ForecastSettings,
    /// Where attention is and was, newest first; `None` before the history began.
    pub(super) history: [Option<TargetId>; HISTORY],
    /// Since when it is where it is.
    pub(super) since: Duration,
    /// Visits of each target, with forgetting.
    pub(super) usual: Distribution,
    pub(super) contexts: Contexts,
    pub(super) weights: Mixture<EXPERTS>,
    pub(super) hazard: Hazard,
}

impl ForecastModel {
    /// Bytes that a model takes, all allocated here.
    pub const BYTES: usize = size_of::<Self>()
        + size_of::<[super::context::Slot; super::context::SLOTS]>()
        + size_of::<[[u16; super::hazard::BUCKETS]; MAX_TARGETS + 1]>();

    /// Knows nothing yet. Settings out of range are brought within.
    pub fn new(settings: ForecastSettings) -> Self {
        Self {
            settings: settings.clamped(),
            history: [None; HISTORY],
            since: Duration::ZERO,
            usual: [0.0; MAX_TARGETS],
            contexts: Contexts::new(),
            weights: Mixture::new(),
            hazard: Hazard::new(),
        }
    }

    /// The settings.
    pub const fn settings(&self) -> &ForecastSettings {
        &self.settings
    }

    /// Since when attention is where it is.
    pub const fn since(&self) -> Duration {
        self.since
    }

    /// Hash key of an expert's context, `None` while the history is too short.
    fn key(&self, context: Context) -> Option<u64> {
        let (kind, length, part) = match context {
            Context::Order(order) => (order, order, 0),
            Context::Cycle(cycle, length) => {
                let part = self.settings.cycles[cycle].part(self.since);
                (HISTORY * (1 + cycle) + length, length, part)
            }
        };
        let mut key = ((kind as u64) << 8) | u64::from(part);
        for target in &self.history[..length] {
            key = (key << 8) | (u64::from((*target)?.0) + 1);
        }
        Some(key)
    }

    /// What each expert says.
    fn opinions(&self) -> [Distribution; EXPERTS] {
        let targets = usize::from(self.settings.targets);
        let current = self.history[0].map_or(MAX_TARGETS, TargetId::index);
        let mut said = [[0.0; MAX_TARGETS]; EXPERTS];
        let others = (targets - usize::from(current < targets)).max(1) as f32;
        let (mut total, mut kinds) = (0.0, 0.0);
        for target in (0..targets).filter(|&target| target != current) {
            said[0][target] = 1.0 / others;
            total += self.usual[target];
            kinds += f32::from(u8::from(self.usual[target] > 0.0));
        }
        let trust = if total > 0.0 { total / (total + self.settings.escape * kinds) } else { 0.0 };
        for target in (0..targets).filter(|&target| target != current) {
            said[1][target] = trust * self.usual[target] / total.max(1e-9) + (1.0 - trust) * said[0][target];
        }
        for (index, expert) in TABLED.iter().enumerate() {
            let (shorter, rest) = said.split_at_mut(index + 2);
            self.blend(expert, &shorter[expert.shorter], &mut rest[0]);
        }
        said
    }

    /// One expert's counts, blended with a shorter context's distribution.
    fn blend(&self, expert: &Expert, shorter: &Distribution, into: &mut Distribution) {
        *into = *shorter;
        let Some(slot) = self.key(expert.context).and_then(|key| self.contexts.find(key)) else { return };
        let current = self.history[0];
        let useful = |id: TargetId| Some(id) != current && id.0 < self.settings.targets;
        let (mut total, mut kinds) = (0.0, 0.0);
        for (_, count) in slot.successors(expert.pace).filter(|&(id, _)| useful(id)) {
            total += count;
            kinds += f32::from(u8::from(count > 0.0));
        }
        if total <= 0.0 {
            return;
        }
        let trust = total / (total + self.settings.escape * kinds);
        for p in &mut *into {
            *p *= 1.0 - trust;
        }
        for (id, count) in slot.successors(expert.pace).filter(|&(id, _)| useful(id)) {
            into[id.index()] += trust * count / total;
        }
    }

    /// The mixture of what the experts say.
    fn next(&self) -> Distribution {
        let mut mixed = [0.0; MAX_TARGETS];
        if self.history[0].is_none() {
            return mixed;
        }
        let said = self.opinions();
        for (weight, said) in self.weights.0.iter().zip(&said) {
            for (mixed, p) in mixed.iter_mut().zip(said) {
                *mixed += weight * p;
            }
        }
        mixed
    }

    /// Chance of a blind guess among the targets that have been visited.
    fn chance(&self) -> f32 {
        let known = self.usual.iter().filter(|&&count| count > 0.0).count();
        1.0 / known.saturating_sub(1).max(2) as f32
    }
}

impl Predict for ForecastModel {
    fn observe(&mut self, target: TargetId, at: Duration) -> bool {
        if target.0 >= self.settings.targets || self.history[0] == Some(target) {
            return false;
        }
        let at = at.max(self.since);
        if let Some(current) = self.history[0] {
            let said = self.opinions();
            let foreseen = std::array::from_fn(|expert| said[expert][target.index()]);
            self.weights.learn(&foreseen, self.settings.share);
            self.contexts.moves = self.contexts.moves.wrapping_add(1);
            // Both paces of a context lie in one slot, learnt once.
            for expert in TABLED.iter().filter(|expert| expert.pace == Pace::Slow) {
                if let Some(key) = self.key(expert.context) {
                    self.contexts.learn(key, target, self.settings.memory);
                }
            }
            self.hazard.learn(current, at.saturating_sub(self.since));
        }
        let keep = 1.0 - 1.0 / (4.0 * f32::from(self.settings.memory));
        for count in &mut self.usual {
            *count *= keep;
        }
        self.usual[target.index()] += USUAL_UNIT;
        self.history.rotate_right(1);
        self.history[0] = Some(target);
        self.since = at;
        true
    }

    fn predict(&self, now: Duration) -> Prediction {
        let Some(current) = self.history[0] else { return Prediction::NONE };
        let (departure, expected_in) = self.hazard.departure(current, now.saturating_sub(self.since));
        let next = self.next();
        Prediction {
            departure,
            expected_in,
            ..Prediction::rank(&next[..usize::from(self.settings.targets)], self.chance())
        }
    }

    fn probability(&self, target: TargetId, _now: Duration) -> f32 {
        self.next().get(target.index()).copied().unwrap_or(0.0)
    }

    fn current(&self) -> Option<TargetId> {
        self.history[0]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn settings(targets: u8) -> ForecastSettings {
        ForecastSettings { targets, ..ForecastSettings::default() }
    }

    /// Walks `path` this many times, a second per visit.
    fn walk(model: &mut ForecastModel, path: &[u8], times: u32) {
        for _ in 0..times {
            for &target in path {
                let at = model.since() + Duration::from_secs(1);
                model.observe(TargetId(target), at);
            }
        }
    }

    #[test]
    fn a_habit_of_order_two_is_learnt() {
        let mut model = ForecastModel::new(settings(4));
        // After 1 comes 2 or 3, by what was before.
        walk(&mut model, &[0, 1, 2, 3, 1, 3], 30);
        walk(&mut model, &[0, 1], 1);
        assert!(model.probability(TargetId(2), model.since()) > 0.7);
        walk(&mut model, &[2, 3, 1], 1);
        assert!(model.probability(TargetId(3), model.since()) > 0.7);
    }

    #[test]
    fn a_changed_habit_is_followed_within_a_few_moves() {
        let mut model = ForecastModel::new(settings(4));
        walk(&mut model, &[0, 1], 200);
        walk(&mut model, &[0, 2], 5);
        walk(&mut model, &[0], 1);
        assert!(model.probability(TargetId(2), model.since()) > 0.6, "{:?}", model.predict(model.since()));
    }

    #[test]
    fn the_hour_tells_apart_what_the_order_does_not() {
        let mut model = ForecastModel::new(settings(4));
        for day in 0..20u64 {
            for hour in [2, 14] {
                let at = |minute: u64| Duration::from_secs(3600 * (24 * day + hour) + 60 * minute);
                for minute in (0..20).step_by(2) {
                    model.observe(TargetId(0), at(minute));
                    model.observe(TargetId(if hour == 2 { 1 } else { 2 }), at(minute + 1));
                }
            }
        }
        model.observe(TargetId(0), Duration::from_secs(3600 * (24 * 20 + 2)));
        assert_eq!(model.predict(model.since()).best(), Some(TargetId(1)));
    }

    #[test]
    fn what_is_no_move_teaches_nothing() {
        let mut model = ForecastModel::new(settings(3));
        walk(&mut model, &[0, 1], 3);
        let before = model.clone();
        assert!(!model.observe(TargetId(1), Duration::from_secs(99)), "is there already");
        assert!(!model.observe(TargetId(3), Duration::from_secs(99)), "is no target");
        assert_eq!(model, before);
        assert_eq!(ForecastModel::new(settings(3)).predict(Duration::ZERO), Prediction::NONE);
    }

    #[test]
    fn it_is_small() {
        let model = ForecastModel::new(settings(32));
        let slots = size_of_val(&*model.contexts.slots);
        let rows = size_of_val(&*model.hazard.rows);
        assert_eq!(size_of_val(&model) + slots + rows, ForecastModel::BYTES);
        assert_eq!(ForecastModel::BYTES.div_ceil(1024), 10);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn probabilities_are_probabilities(
            targets in 0u8..40,
            moves in proptest::collection::vec((any::<u8>(), any::<u64>()), 0..200),
        ) {
            let mut model = ForecastModel::new(settings(targets));
            for (target, at) in moves {
                model.observe(TargetId(target % 36), Duration::from_nanos(at));
                let next = model.next();
                let sum: f32 = next.iter().sum();
                prop_assert!(model.current().is_none() || (sum - 1.0).abs() < 1e-2, "{sum}");
                prop_assert!(next.iter().all(|p| (0.0..=1.001).contains(p)));
                let prediction = model.predict(Duration::from_nanos(at));
                prop_assert!(prediction.ranked.windows(2).all(|pair| pair[0].1 >= pair[1].1));
                prop_assert!(prediction.best() != model.current() || prediction.best().is_none());
            }
        }
    }
}
