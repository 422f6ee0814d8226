//! Running what is due.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use bevy::ecs::prelude::*;
use bevy::ecs::system::{BoxedSystem, RunSystemError};
use bevy::log::{error, warn};
use freshet_base::Priority;

use super::agenda::Due;
use super::{Agenda, Deed, Workload, WorkloadSystems};
use crate::budget::FrameBudget;
use crate::pool::Outcome;
use crate::settings::PrioritySettings;
use crate::timeline::{Lane, Span, Timeline};

/// Runs the level's agenda, while the budget holds.
///
/// It is one system per level, so that the levels' order is that of system sets; which workloads it runs is data.
pub(crate) fn drive(level: Priority) -> impl FnMut(&mut World) {
    move |world| {
        while let Some(due) = pop(world, level) {
            let Some(workload) = world.get::<Workload>(due.workload) else { continue };
            let (cost, waited_long) = (workload.expected_cost(), due.waited_long);
            let allowed = world.resource::<FrameBudget>().allows(level, cost);
            // However short the budget, in each turn one that has waited for long gets its turn: nothing starves.
            if allowed || waited_long && world.resource_mut::<Agenda>().take_exemption() {
                run(world, level, due);
            } else if let Some(mut workload) = world.get_mut::<Workload>(due.workload) {
                workload.counters.over_budget += 1;
                workload.refused_in_a_row = workload.refused_in_a_row.saturating_add(1);
            }
        }
    }
}

fn pop(world: &mut World, level: Priority) -> Option<Due> {
    world.resource_mut::<Agenda>().pop(level)
}

/// How a run went.
struct Run {
    start: Instant,
    took: Duration,
    panicked: bool,
}

fn run(world: &mut World, level: Priority, due: Due) {
    let Some(mut system) = world.resource_mut::<WorkloadSystems>().take(due.slot, due.workload) else { return };
    let run = timed(&mut system, world);
    world.resource_mut::<WorkloadSystems>().put_back(due.slot, due.workload, system);
    let too_long = world.resource::<PrioritySettings>().stall_limit;
    let (demoted, name) = {
        let Some(mut workload) = world.get_mut::<Workload>(due.workload) else { return };
        let demoted = settle(&mut workload, &due, &run, too_long);
        (demoted, workload.name)
    };
    if level.is_background() {
        world.resource_mut::<FrameBudget>().note_optional(run.took);
    }
    let outcome = if run.panicked { Outcome::Panicked } else { Outcome::Finished };
    let end = run.start + run.took;
    let missed = due.deadline.is_some_and(|deadline| end > deadline);
    world.resource_mut::<Timeline>().push(Span {
        workload: due.workload,
        name,
        level,
        lane: Lane::Main,
        start: run.start,
        end,
        outcome,
        missed,
    });
    if let Some(why) = demoted {
        warn!("workload `{name}` {why} ({:.1} ms); it is demoted", run.took.as_secs_f64() * 1e3);
    }
}

/// Runs the system once. A panic stays here; its message was printed by the panic hook.
fn timed(system: &mut BoxedSystem, world: &mut World) -> Run {
    let start = Instant::now();
    let ended = catch_unwind(AssertUnwindSafe(|| system.run((), world)));
    let took = start.elapsed();
    let panicked = match ended {
        // Parameters that ask to be skipped, such as an empty `Single`, are no failure.
        Ok(Ok(()) | Err(RunSystemError::Skipped(_))) => false,
        Ok(Err(RunSystemError::Failed(failure))) => {
            error!("a workload's system failed, which counts as a panic: {failure}");
            true
        }
        Err(_) => true,
    };
    Run { start, took, panicked }
}

/// Takes note of a run, and answers with the reason if the workload is demoted for it.
fn settle(workload: &mut Workload, due: &Due, run: &Run, too_long: Duration) -> Option<super::Why> {
    let now = run.start + run.took;
    workload.last_run = Some(run.start);
    workload.refused_in_a_row = 0;
    workload.released = workload.next_release(due.released, now);
    workload.cost.record(run.took);
    workload.counters.runs += 1;
    let deed = if run.panicked {
        workload.counters.panics += 1;
        Deed::Panicked
    } else if run.took > too_long {
        workload.counters.stalls += 1;
        Deed::Stalled
    } else if due.deadline.is_some_and(|deadline| now > deadline) {
        workload.counters.missed += 1;
        workload.deed_of(run.took)
    } else {
        Deed::InTime
    };
    workload.conduct.note(deed, now)
}
