//! The level of each workload, and why.

use std::time::Instant;

use bevy::ecs::prelude::*;
use bevy::log::warn_once;
use freshet_base::Priority;

use super::{LevelChanged, Why, Workload};
use crate::attention::{Attention, AttentionPolicy, Context, Policy};
use crate::forecast::Forecast;
use crate::pool::{AgingBounds, WorkerPool};
use crate::settings::PrioritySettings;
use crate::tasks::TaskName;

/// What a level depends on besides the workload itself.
struct Circumstances<'a> {
    context: Context,
    /// What the user is likely to do next, and how likely.
    next: Option<(Context, f32)>,
    policy: &'a dyn Policy,
    aging: &'a AgingBounds,
    now: Instant,
}

/// Gives each workload its level. It holds from this turn on.
pub(crate) fn rank(
    mut workloads: Query<(Entity, &mut Workload, &TaskName)>,
    attention: Res<Attention>,
    policy: Res<AttentionPolicy>,
    forecast: Res<Forecast>,
    settings: Res<PrioritySettings>,
    pool: Res<WorkerPool>,
    mut messages: MessageWriter<LevelChanged>,
) {
    let circumstances = Circumstances {
        context: attention.context(),
        next: forecast.next(),
        policy: &*policy.0,
        aging: &settings.aging,
        now: Instant::now(),
    };
    for (entity, mut workload, name) in &mut workloads {
        let (level, why) = level_of(&workload, &circumstances);
        let from = workload.level;
        if level == from {
            workload.bypass_change_detection().why = why;
            continue;
        }
        (workload.level, workload.why) = (level, why);
        if level < from {
            workload.counters.promotions += 1;
        } else {
            workload.counters.demotions += 1;
        }
        if !pool.set_level(name.key, level) {
            warn_once!(
                "the pool knows too many workloads: tasks of further ones keep the level they were spawned with"
            );
        }
        messages.write(LevelChanged { workload: entity, name: workload.name, from, to: level, why });
    }
}

/// What counts, in this order: the app's word, conduct, age, and then the more urgent of context and forecast.
fn level_of(workload: &Workload, circumstances: &Circumstances<'_>) -> (Priority, Why) {
    let Circumstances { context, next, policy, aging, now } = *circumstances;
    if let Some(why) = workload.conduct.verdict(now) {
        return (Priority::Idle, why);
    }
    if let Some(level) = workload.pinned {
        return (level, Why::Pinned);
    }
    let level_in = |context| policy.level(context, workload.role, workload.base);
    let level = level_in(context);
    let waits = workload.is_enabled() && aging.of(level).is_some();
    if waits && workload.released.is_some_and(|released| has_waited_long(released, aging, level, now)) {
        return (Priority::High, Why::Aged);
    }
    // Who is about to leave is still here: nothing is raised for an absence.
    if let Some((next, probability)) = next.filter(|(next, _)| *next != Context::Idle)
        && level_in(next) < level
        && level > Priority::High
    {
        // One level only: what is likely is not yet so.
        return (level.raised(), Why::Forecast { next, probability });
    }
    let why = if level == workload.base { Why::Base } else { Why::Context(context) };
    (level, why)
}

/// Whether work has been due for half its bound: from then on it competes with what is urgent, and may run once without
/// budget. What is urgent itself has the bound of normal work.
pub(super) fn has_waited_long(released: Instant, aging: &AgingBounds, level: Priority, now: Instant) -> bool {
    let bound = aging.of(level).unwrap_or(aging.normal);
    now.saturating_duration_since(released) >= bound / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attention::UsualPolicy;
    use crate::workload::Deed;
    use freshet_base::Role;
    use std::time::Duration;

    const LOW: Duration = Duration::from_secs(4);
    const AGING: AgingBounds = AgingBounds { normal: Duration::from_secs(2), low: LOW, idle: Duration::from_secs(8) };

    fn level(workload: &Workload, context: Context, next: Option<(Context, f32)>, now: Instant) -> (Priority, Why) {
        level_of(workload, &Circumstances { context, next, policy: &UsualPolicy::default(), aging: &AGING, now })
    }

    #[test]
    fn context_first_then_what_is_likely_by_one_level() {
        let (chat, now) = (Workload::new("chat", Role::Chat), Instant::now());
        assert_eq!(level(&chat, Context::Neutral, None, now), (Priority::High, Why::Base));
        assert_eq!(level(&chat, Context::Chat, None, now), (Priority::Critical, Why::Context(Context::Chat)));
        let likely = Why::Forecast { next: Context::Chat, probability: 0.8 };
        assert_eq!(level(&chat, Context::Call, Some((Context::Chat, 0.8)), now), (Priority::Normal, likely));
        // Already as urgent as a guess may make it.
        assert_eq!(level(&chat, Context::Neutral, Some((Context::Chat, 0.8)), now).0, Priority::High);
        // An absence is nothing to prepare for.
        let training = Workload::new("fit", Role::Training);
        assert_eq!(level(&training, Context::Neutral, Some((Context::Idle, 0.9)), now).0, Priority::Low);
        // What is likely makes nothing less urgent.
        let frames = Workload::new("frames", Role::Frames);
        assert_eq!(level(&frames, Context::Call, Some((Context::Chat, 1.0)), now).0, Priority::Critical);
    }

    #[test]
    fn what_has_waited_for_half_its_bound_competes_with_what_is_urgent() {
        let (mut work, now) = (Workload::new("tidy", Role::Upkeep), Instant::now());
        work.released = Some(now);
        assert_eq!(level(&work, Context::Neutral, None, now + LOW.mul_f32(0.49)).0, Priority::Low);
        assert_eq!(level(&work, Context::Neutral, None, now + LOW / 2), (Priority::High, Why::Aged));
        work.set_enabled(false);
        work.released = Some(now);
        assert_eq!(level(&work, Context::Neutral, None, now + LOW).0, Priority::Low, "what never runs never ages");
    }

    #[test]
    fn misconduct_outranks_the_apps_word_and_that_outranks_the_rest() {
        let (mut work, now) = (Workload::new("mine", Role::Frames), Instant::now());
        work.pin(Some(Priority::Low));
        assert_eq!(level(&work, Context::Call, None, now), (Priority::Low, Why::Pinned));
        work.conduct.note(Deed::Panicked, now);
        assert_eq!(level(&work, Context::Call, None, now), (Priority::Idle, Why::Panicked));
        work.reinstate();
        work.pin(None);
        assert_eq!(level(&work, Context::Call, None, now).0, Priority::Critical);
    }
}
