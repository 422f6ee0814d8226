//! What waiting does to a task's urgency.

use crate::pool::clock::{NEVER, Nanos, nanos};
use crate::pool::settings::AgingBounds;
use crate::pool::urgency::Urgency;
use freshet_base::Priority;

/// What decides the order among waiting tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Level without aging.
    pub(crate) level: Priority,
    /// When the task should be done.
    pub(crate) deadline: Option<Nanos>,
    /// When it last became ready to run. A yield does not change it.
    pub(crate) since: Nanos,
    /// From when on its age counts: `since`, and the time that it has run since.
    pub(crate) age_from: Nanos,
    /// Number of the task: breaks ties, the older first.
    pub(crate) ticket: u64,
}

/// Where a task stands at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Its urgency, aging included.
    pub(crate) urgency: Urgency,
    /// Whether aging has raised it.
    pub(crate) aged: bool,
    /// When aging raises it next; [`NEVER`] when it does not.
    pub(crate) next_rise: Nanos,
}

/// The rule of aging.
///
/// ```text
///  waited   0 ─────────── ⅓ bound ─────────── ⅔ bound ─────────── bound
///  stands   at its level │ one level higher  │ High, deadline = since + bound
/// ```
///
/// As soon as aging makes it High, its deadline is the earlier of its own and `since + bound`: from then on it goes
/// before all High work with later deadlines and before all without, so a third of the bound (two for Normal) is left
/// to be chosen and run. It never becomes Critical. Critical and High do not age.
pub(crate) fn standing(facts: &Facts, now: Nanos, bounds: &AgingBounds) -> Standing {
    let at = |level, deadline, aged, next_rise| Standing {
        urgency: Urgency::of(level, deadline, facts.since),
        aged,
        next_rise,
    };
    let Some(bound) = bounds.of(facts.level).map(nanos) else {
        return at(facts.level, facts.deadline, false, NEVER);
    };
    let first = facts.age_from.saturating_add(bound / 3);
    let second = facts.age_from.saturating_add(bound / 3 * 2);
    let level = match now {
        now if now < first => return at(facts.level, facts.deadline, false, first),
        now if now < second => facts.level.raised(),
        _ => Priority::High,
    };
    if level > Priority::High {
        return at(level, facts.deadline, true, second);
    }
    let due = facts.age_from.saturating_add(bound);
    at(Priority::High, Some(facts.deadline.map_or(due, |own| own.min(due))), true, NEVER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    const BOUNDS: AgingBounds = AgingBounds {
        normal: Duration::from_nanos(300),
        low: Duration::from_nanos(600),
        idle: Duration::from_nanos(900),
    };

    fn facts(level: Priority, deadline: Option<Nanos>) -> Facts {
        Facts { level, deadline, since: 1_000, age_from: 1_000, ticket: 0 }
    }

    #[test]
    fn idle_rises_by_thirds() {
        let idle = facts(Priority::Idle, None);
        let level = |now| standing(&idle, now, &BOUNDS).urgency.level();
        assert_eq!([level(1_299), level(1_300), level(1_599)], [Priority::Idle, Priority::Low, Priority::Low]);
        let aged = standing(&idle, 1_600, &BOUNDS);
        assert_eq!(aged.urgency, Urgency::of(Priority::High, Some(1_900), 0));
        assert!(aged.aged && aged.next_rise == NEVER);
    }

    #[test]
    fn an_earlier_deadline_of_its_own_is_kept() {
        let low = facts(Priority::Low, Some(1_450));
        assert_eq!(standing(&low, 1_400, &BOUNDS).urgency, Urgency::of(Priority::High, Some(1_450), 0));
    }

    proptest! {
        #[test]
        fn waiting_only_ever_raises_and_never_to_critical(
            level in 0_usize..5, deadline in prop::option::of(0_u64..5_000), early in 0_u64..4_000, later in 0_u64..4_000,
        ) {
            let facts = facts(Priority::from_index(level), deadline);
            let before = standing(&facts, early.min(later), &BOUNDS);
            let after = standing(&facts, early.max(later), &BOUNDS);
            prop_assert!(after.urgency <= before.urgency);
            prop_assert!(after.urgency.level() > Priority::Critical || facts.level == Priority::Critical);
            prop_assert_eq!(after.aged, after.urgency.level() != facts.level);
        }

        #[test]
        fn it_stands_still_until_the_announced_rise(level in 0_usize..5, now in 0_u64..4_000) {
            let facts = facts(Priority::from_index(level), None);
            let here = standing(&facts, now, &BOUNDS);
            if here.next_rise != NEVER {
                prop_assert!(here.next_rise > now);
                prop_assert_eq!(standing(&facts, here.next_rise - 1, &BOUNDS), here);
                prop_assert!(standing(&facts, here.next_rise, &BOUNDS).urgency < here.urgency);
            }
        }
    }
}
