//! Which stages a turn's GPU time is spent on.
//!
//! ```text
//!  StageLevels ─► stages in the order of their levels ─► each with the inputs it still lacks ─► fits? granted
//!  measured times, budget                                                                      else skipped: over_budget
//! ```
//!
//! Nothing preempts a pass on the GPU, and there is one queue. So the decision is made before a frame is handed to the
//! render world, with what stages were measured to take.

use std::time::Duration;

use bevy::ecs::prelude::*;
use freshet_base::{Priority, Role, StageLevels};
use freshet_ledger::{TimedKind, Timings};

use crate::demand::{Pipeline, Products, StageLink};

/// One stage as the budget sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Claim {
    makes: Products,
    needs: Products,
    level: Priority,
    cost: Duration,
}

/// What is left of a turn's GPU time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GpuTime {
    Unlimited,
    Left(Duration),
}

impl GpuTime {
    pub(crate) fn of(levels: &StageLevels) -> Self {
        levels.budget.map_or(Self::Unlimited, Self::Left)
    }

    fn covers(self, cost: Duration) -> bool {
        match self {
            Self::Unlimited => true,
            Self::Left(left) => cost <= left,
        }
    }

    fn spend(&mut self, cost: Duration) {
        if let Self::Left(left) = self {
            *left = left.saturating_sub(cost);
        }
    }
}

/// The part of `wanted` that is made of a stream's frame, whatever is left: all, or, for those that cadence leaves out, what
/// is shown and what `Critical` stages make. Frames are counted as they are let in, whatever the source calls them.
pub(crate) fn thin(pipeline: &Pipeline, levels: &StageLevels, number: u64, wanted: Products) -> Products {
    if number.is_multiple_of(u64::from(levels.cadence.max(1))) {
        return wanted;
    }
    // What is shown goes on, however urgent it is at the moment.
    let is_critical = |stage: &&StageLink| {
        let known = levels.get(stage.name);
        known.is_some_and(|known| known.level == Priority::Critical || known.role == Role::Frames)
    };
    let critical = pipeline.stages().iter().filter(is_critical);
    let seen = critical.fold(Products::NONE, |seen, stage| seen.with(stage.makes.and(wanted)));
    pipeline.closure(seen).and(wanted)
}

/// The part of `wanted` that is made of one frame, and what is then left. `wanted` is closed: it holds all inputs.
///
/// The most urgent stage is asked first and pays for the inputs that it needs and nobody has paid for. `Critical`
/// stages are granted whatever they cost.
pub(crate) fn grant(
    pipeline: &Pipeline,
    levels: &StageLevels,
    demands: &[(Entity, Products)],
    wanted: Products,
    time: &mut GpuTime,
) -> Products {
    if *time == GpuTime::Unlimited {
        return wanted;
    }
    let claim = |stage: &StageLink| {
        let known = levels.get(stage.name);
        // A measured time is that of all streams together.
        let sharers = demands.iter().filter(|(_, products)| products.intersects(stage.makes)).count().max(1);
        Claim {
            makes: stage.makes,
            needs: stage.needs,
            level: known.map_or(Priority::Normal, |known| known.level),
            cost: known.and_then(|known| known.cost).unwrap_or_default() / sharers as u32,
        }
    };
    let claims = || pipeline.stages().iter().map(claim).filter(|claim| claim.makes.intersects(wanted));
    let mut granted = Products::NONE;
    for level in Priority::ALL {
        for asking in claims().filter(|claim| claim.level == level) {
            if granted.intersects(asking.makes) {
                continue;
            }
            let (products, cost) = with_inputs(claims, asking, granted);
            if level == Priority::Critical || time.covers(cost) {
                granted = granted.with(products.and(wanted));
                time.spend(cost);
            }
        }
    }
    granted
}

/// What a stage makes together with the inputs that are not granted yet, and what all of that costs.
fn with_inputs<I: Iterator<Item = Claim>>(
    claims: impl Fn() -> I,
    asking: Claim,
    granted: Products,
) -> (Products, Duration) {
    let (mut products, mut cost) = (asking.makes, asking.cost);
    let mut missing = asking.needs.without(granted);
    while let Some(input) = claims().find(|claim| claim.makes.intersects(missing)) {
        products = products.with(input.makes);
        cost += input.cost;
        missing = missing.with(input.needs).without(granted).without(products);
    }
    (products, cost)
}

/// Takes over what stages were measured to take of late.
pub(crate) fn measure_stages(
    timings: Option<Res<Timings>>,
    mut levels: ResMut<StageLevels>,
    mut recorded: Local<Vec<u64>>,
) {
    let Some(timings) = timings else { return };
    let levels = levels.bypass_change_detection();
    recorded.resize(levels.iter().count(), 0);
    for (stage, recorded) in levels.iter_mut().zip(recorded.iter_mut()) {
        if let Some((recent, now)) = timings.recent(TimedKind::StageGpu, stage.name)
            && std::mem::replace(recorded, now) != now
        {
            stage.cost = Some(recent);
            stage.measured += 1;
        }
    }
}

/// Counts the stages that were refused.
///
/// A refused stage is not measured either, and one slow run would shut it out for good: so its estimate fades, by 2 % a
/// frame, until it is tried again.
pub(crate) fn book_refusals(pipeline: &Pipeline, levels: &mut StageLevels, refused: Products) {
    for stage in pipeline.stages().iter().filter(|stage| stage.makes.intersects(refused)) {
        if let Some(known) = levels.get_mut(stage.name) {
            known.over_budget += 1;
            known.cost = known.cost.map(|cost| cost.mul_f64(0.98));
        }
    }
}

/// What the stages that make these products read.
pub(crate) fn inputs(stages: &[StageLink], products: Products) -> Products {
    let makers = stages.iter().filter(|stage| stage.makes.intersects(products));
    makers.fold(Products::NONE, |inputs, stage| inputs.with(stage.needs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

    /// A pipeline in which stage `i` makes product `i` and needs some of those before it.
    fn pipeline(needs: &[u64]) -> Pipeline {
        let mut pipeline = Pipeline::default();
        for (index, needs) in needs.iter().enumerate() {
            let before = (1 << index) - 1;
            let needs = Products::from_bits(needs & before);
            pipeline.add_stage(StageLink { name: NAMES[index], makes: Products::from_bits(1 << index), needs });
        }
        pipeline
    }

    fn levels(stages: &[(u64, usize, u64)], budget: u64) -> StageLevels {
        let mut levels = StageLevels::default();
        levels.budget = Some(Duration::from_micros(budget));
        for (name, &(_, level, cost)) in NAMES.into_iter().zip(stages) {
            levels.add(name, Role::Perception);
            let stage = levels.get_mut(name).unwrap();
            stage.level = Priority::from_index(level);
            stage.cost = Some(Duration::from_micros(cost));
        }
        levels
    }

    fn granted(pipeline: &Pipeline, levels: &StageLevels, wanted: u64) -> (Products, GpuTime) {
        let mut time = GpuTime::of(levels);
        let wanted = pipeline.closure(Products::from_bits(wanted));
        (grant(pipeline, levels, &[], wanted, &mut time), time)
    }

    #[test]
    fn the_most_urgent_stage_is_asked_first_and_pays_for_its_inputs() {
        // `b` and `c` both need `a`; `c` is more urgent, and after it nothing is left for `b`.
        let stages = [(0, 3, 30), (1, 3, 30), (1, 1, 30)];
        let pipeline = pipeline(&stages.map(|stage| stage.0));
        let (made, left) = granted(&pipeline, &levels(&stages, 80), 0b111);
        assert_eq!(made, Products::from_bits(0b101));
        assert_eq!(left, GpuTime::Left(Duration::from_micros(20)));
        let (made, _) = granted(&pipeline, &levels(&stages, 90), 0b111);
        assert_eq!(made, Products::from_bits(0b111), "what `c` paid for is not paid for again");
    }

    #[test]
    fn between_the_frames_of_a_cadence_only_what_is_critical_is_made() {
        // `c` is critical and needs `a`.
        let stages = [(0, 3, 0), (1, 1, 0), (1, 0, 0)];
        let pipeline = pipeline(&stages.map(|stage| stage.0));
        let mut levels = levels(&stages, 0);
        levels.cadence = 3;
        let all = Products::from_bits(0b111);
        let made: Vec<_> = (0..4).map(|seq| thin(&pipeline, &levels, seq, all).bits()).collect();
        assert_eq!(made, [0b111, 0b101, 0b101, 0b111]);
        levels.cadence = 0;
        assert_eq!(thin(&pipeline, &levels, 1, all), all);
    }

    #[test]
    fn without_a_budget_everything_is_made() {
        let stages = [(0, 4, 1000)];
        let mut unlimited = levels(&stages, 0);
        unlimited.budget = None;
        assert_eq!(granted(&pipeline(&[0]), &unlimited, 1).0, Products::from_bits(1));
    }

    proptest! {
        /// What is granted is closed, wanted, holds every critical stage, and costs no more than the budget beyond
        /// what critical stages took; and no stage is refused that would still fit.
        #[test]
        fn grants_keep_to_the_budget_and_to_the_order(
            stages in proptest::collection::vec((0_u64..64, 0_usize..5, 0_u64..100), 1..6),
            wanted in 1_u64..64,
            budget in 0_u64..300,
        ) {
            let pipeline = pipeline(&stages.iter().map(|stage| stage.0).collect::<Vec<_>>());
            let levels = levels(&stages, budget);
            let all = pipeline.closure(Products::from_bits(wanted & ((1 << stages.len()) - 1)));
            let mut time = GpuTime::of(&levels);
            let made = grant(&pipeline, &levels, &[], all, &mut time);
            let cost = |products: Products| products.indices().map(|index| stages[index].2).sum::<u64>();
            let critical = Products::from_bits(
                all.indices().filter(|&index| stages[index].1 == 0).map(|index| 1 << index).sum(),
            );
            let critical = pipeline.closure(critical);
            prop_assert!(all.contains(made) && pipeline.closure(made) == made);
            prop_assert!(made.contains(critical));
            prop_assert!(cost(made) <= budget.max(cost(critical)));
            let left = budget.saturating_sub(cost(made));
            for index in all.without(made).indices() {
                let missing = pipeline.closure(Products::from_bits(1 << index)).without(made);
                prop_assert!(cost(missing) > left, "stage {index} would have fitted");
            }
        }
    }
}
