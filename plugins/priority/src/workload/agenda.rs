//! What is due in this turn.

use std::time::{Duration, Instant};

use bevy::ecs::prelude::*;
use freshet_base::Priority;

use super::{Workload, WorkloadSystems};
use crate::settings::PrioritySettings;

/// What is due in this turn: for each level, the earliest deadline last, so that it is popped first.
#[derive(Resource, Debug, Default)]
pub(crate) struct Agenda {
    levels: [Vec<Due>; 5],
    /// Whether one that has waited for long has had its turn without budget.
    exempted: bool,
}

/// A workload that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) workload: Entity,
    pub(crate) slot: usize,
    pub(crate) released: Instant,
    pub(crate) deadline: Option<Instant>,
    /// Whether it has been due for half its bound or longer.
    pub(crate) waited_long: bool,
}

impl Due {
    /// Sorts the earliest deadline first, then those that have none; among equals, what has been due for longest.
    fn order(&self) -> (bool, Option<Instant>, Instant) {
        (self.deadline.is_none(), self.deadline, self.released)
    }
}

impl Agenda {
    /// Puts the earliest deadline of each level where it is popped first.
    fn sort(&mut self) {
        for level in &mut self.levels {
            level.sort_unstable_by_key(|due| std::cmp::Reverse(due.order()));
        }
    }

    /// The next workload of a level.
    pub(super) fn pop(&mut self, level: Priority) -> Option<Due> {
        self.levels[level.index()].pop()
    }

    /// Takes the turn's one exemption from the budget, if it is still there.
    pub(super) fn take_exemption(&mut self) -> bool {
        !std::mem::replace(&mut self.exempted, true)
    }

    fn has(&self, level: Priority) -> bool {
        !self.levels[level.index()].is_empty()
    }
}

/// The run condition of a level's driver.
pub(crate) fn has_due(level: Priority) -> impl FnMut(Res<Agenda>) -> bool + Clone {
    move |agenda| agenda.has(level)
}

/// Puts what is due on the agenda.
pub(crate) fn plan(
    mut agenda: ResMut<Agenda>,
    mut workloads: Query<&mut Workload>,
    systems: Res<WorkloadSystems>,
    settings: Res<PrioritySettings>,
) {
    let now = Instant::now();
    agenda.exempted = false;
    for level in &mut agenda.levels {
        level.clear();
    }
    for (slot, entity) in systems.entities() {
        let Ok(mut workload) = workloads.get_mut(entity) else { continue };
        let workload = workload.bypass_change_detection();
        if !workload.enabled || workload.why == super::Why::Suspended {
            continue;
        }
        let released = *workload.released.get_or_insert(now);
        if released > now {
            continue;
        }
        let deadline = workload.deadline.map(|within| released + within);
        // What has aged is at a level that is not its own: its bound is not that level's.
        let waited_long = workload.why == super::Why::Aged
            || super::rank::has_waited_long(released, &settings.aging, workload.level, now);
        agenda.levels[workload.level.index()].push(Due { workload: entity, slot, released, deadline, waited_long });
    }
    agenda.sort();
}

impl Workload {
    /// When it is due again after a run that was due at `released`. A rhythm is kept while the app keeps up, and begins
    /// anew when a whole period was lost: lost runs are not made up for.
    pub(super) fn next_release(&self, released: Instant, now: Instant) -> Option<Instant> {
        let period = self.period?;
        Some(next_in_rhythm(released, period, now))
    }
}

fn next_in_rhythm(released: Instant, period: Duration, now: Instant) -> Instant {
    let next = released + period;
    if now.saturating_duration_since(next) >= period { now } else { next }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What is popped has the earliest deadline of all that is left.
        #[test]
        fn the_earliest_deadline_is_popped_first(
            jobs in proptest::collection::vec((proptest::option::of(0_u64..50), 0_u64..50), 1..40),
        ) {
            let start = Instant::now();
            let at = |millis| start + Duration::from_millis(millis);
            let left: Vec<_> = jobs
                .iter()
                .map(|&(deadline, released)| Due {
                    workload: Entity::PLACEHOLDER,
                    slot: 0,
                    released: at(released),
                    deadline: deadline.map(at),
                    waited_long: false,
                })
                .collect();
            let mut agenda = Agenda::default();
            agenda.levels[2] = left;
            agenda.sort();
            let mut last = None;
            while let Some(due) = agenda.pop(Priority::Normal) {
                let key = (due.deadline.unwrap_or(at(1000)), due.released);
                prop_assert!(last.is_none_or(|last| last <= key));
                last = Some(key);
            }
        }

        /// A rhythm is kept while the app keeps up, and runs never come closer together than that.
        #[test]
        fn a_rhythm_neither_drifts_nor_bursts(late in 0_u64..500, period in 1_u64..100) {
            let start = Instant::now();
            let (period, now) = (Duration::from_millis(period), start + Duration::from_millis(late));
            let next = next_in_rhythm(start, period, now);
            prop_assert!(next == start + period || next == now);
            prop_assert!(next + period > now, "no backlog of more than one run");
        }
    }
}
