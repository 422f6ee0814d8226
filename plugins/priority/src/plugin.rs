//! Wiring.

use bevy::app::{App, First, Last, Plugin, Update};
use bevy::ecs::prelude::*;
use bevy::ecs::schedule::{Schedule, SingleThreadedExecutor};
use freshet_base::{Priority, StageLevels};
use freshet_ledger::{LedgerSystems, hot};

use crate::attention::{Attention, AttentionChanged, AttentionPolicy, attend, read_signals};
use crate::budget::{FrameBudget, begin_turn, budget_holds, end_turn, end_work};
use crate::forecast::{Forecast, follow_attention, look_ahead};
use crate::governor::{Governor, QualityChanged, govern};
use crate::pool::{PoolSettings, WorkerPool};
use crate::schedule::{Decide, DecideSystems, PrioritySystems};
use crate::settings::PrioritySettings;
use crate::tasks::{collect_reports, say_os_priorities};
use crate::timeline::Timeline;
use crate::workload::{
    Agenda, LevelChanged, Why, WorkloadSystems, adopt_stages, check_ticks, drive, has_due, measure_stages,
    pass_levels_on, plan, rank,
};

/// Levels that follow attention, workloads, worker pools, governor and forecast. Add it after `FramePlugin`, if there is
/// one.
#[derive(Debug, Default, Clone)]
pub struct PriorityPlugin {
    /// How work is ranked and how much of it there may be.
    pub settings: PrioritySettings,
}

impl Plugin for PriorityPlugin {
    fn build(&self, app: &mut App) {
        let settings = self.settings.clone();
        let pool = PoolSettings { aging: settings.aging, ..settings.pool.clone() };
        let pool = match WorkerPool::new(pool) {
            Ok(pool) => pool,
            Err(error) => panic!("the system gives no thread for the worker pools: {error}"),
        };
        app.insert_resource(FrameBudget::new(settings.target))
            .insert_resource(Forecast::new(settings.forecast))
            .insert_resource(pool)
            .init_resource::<Attention>()
            .init_resource::<AttentionPolicy>()
            .init_resource::<WorkloadSystems>()
            .init_resource::<Agenda>()
            .init_resource::<Timeline>()
            .init_resource::<Governor>()
            .add_message::<AttentionChanged>()
            .add_message::<LevelChanged>()
            .add_message::<QualityChanged>()
            .add_observer(check_ticks);
        app.world_mut().get_resource_or_init::<StageLevels>().budget = settings.gpu_budget;
        app.insert_resource(settings);
        make_room(app);
        add_levels(app);
        add_decisions(app);
        // The turn begins where the ledger's does, and ends when everything is booked.
        app.add_systems(First, begin_turn.in_set(LedgerSystems::Tick))
            .add_systems(Last, end_turn.after(LedgerSystems::Publish));
    }
}

/// Lets the buffers of messages grow now: when the context changes, all workloads say so in one turn.
fn make_room(app: &mut App) {
    let changed = LevelChanged {
        workload: Entity::PLACEHOLDER,
        name: "",
        from: Priority::Idle,
        to: Priority::Idle,
        why: Why::Base,
    };
    let mut messages = app.world_mut().resource_mut::<Messages<LevelChanged>>();
    // Messages of the last turn and of this one have a buffer each.
    for _ in 0..2 {
        messages.write_batch([changed; 256]);
        messages.update();
    }
    messages.clear();
}

/// The levels as a chain of sets in `Update`, each behind its budget, and before each its driver.
fn add_levels(app: &mut App) {
    app.configure_sets(Update, (PrioritySystems::Decide, PrioritySystems::Drive(Priority::Critical)).chain());
    for level in Priority::ALL {
        let next = match level {
            Priority::Idle => PrioritySystems::Settle,
            _ => PrioritySystems::Drive(level.lowered()),
        };
        app.configure_sets(
            Update,
            // Chained, so that a level's budget is read when the levels above it are done.
            (PrioritySystems::Drive(level), level.run_if(budget_holds(level)), next).chain(),
        )
        // Where nothing is due, the driver costs its condition.
        .add_systems(Update, drive(level).run_if(has_due(level)).in_set(PrioritySystems::Drive(level)));
    }
    app.add_systems(Update, (decide.in_set(PrioritySystems::Decide), end_work.in_set(PrioritySystems::Settle)));
}

/// The decisions as a schedule of its own: on one thread they take less than handing them to others would.
fn add_decisions(app: &mut App) {
    let mut schedule = Schedule::new(Decide);
    schedule.set_executor(SingleThreadedExecutor::new());
    schedule.configure_sets(
        (
            DecideSystems::Measure,
            DecideSystems::Attend,
            DecideSystems::Forecast,
            DecideSystems::Rank,
            DecideSystems::Govern,
            DecideSystems::Plan,
        )
            .chain(),
    );
    schedule.add_systems((
        (adopt_stages, say_os_priorities, collect_reports, measure_stages).chain().in_set(DecideSystems::Measure),
        (read_signals, attend).chain().in_set(DecideSystems::Attend),
        (follow_attention, look_ahead).chain().in_set(DecideSystems::Forecast),
        // What the render world admits must be known before `Last`.
        (rank, pass_levels_on).chain().in_set(DecideSystems::Rank),
        govern.in_set(DecideSystems::Govern),
        plan.in_set(DecideSystems::Plan),
    ));
    app.add_schedule(schedule);
}

fn decide(world: &mut World) {
    hot(|| world.run_schedule(Decide));
}
