//! Workloads: pieces of work that have a name, a level, a deadline and a measured cost.
//!
//! ```text
//!  app.add_workload(Workload::new("index", Role::Indexing), system)
//!       │ an entity, and the system in a slot
//!       ▼
//!  rank ──► level, why        data: a promotion costs a write, no schedule is rebuilt
//!  plan ──► Agenda            per level, the earliest deadline first
//!  drive(level) ─► the systems of that level's agenda, while the budget holds
//! ```

mod agenda;
mod conduct;
mod drive;
mod rank;
mod registry;
mod stages;
mod why;

use std::time::{Duration, Instant};

use bevy::ecs::lifecycle::HookContext;
use bevy::ecs::prelude::*;
use bevy::ecs::world::DeferredWorld;
use freshet_base::{Priority, Role};

use crate::cost::CostEstimate;
use crate::tasks::TaskName;
pub(crate) use agenda::{Agenda, has_due, plan};
pub(crate) use conduct::{Conduct, Deed};
pub(crate) use drive::drive;
pub(crate) use rank::rank;
pub use registry::AddWorkload;
pub(crate) use registry::{WorkloadSystems, check_ticks};
pub use stages::StageWorkload;
pub(crate) use stages::{adopt_stages, measure_stages, pass_levels_on};
pub use why::Why;

/// A piece of work that is ranked: a system that runs at its present level, tasks on the worker pools, or both.
///
/// ```
/// # use std::time::Duration;
/// # use bevy::prelude::*;
/// # use freshet_priority::{AddWorkload, PriorityPlugin, Workload};
/// # use freshet_base::Role;
/// fn index(/* any parameters of a system */) {}
///
/// let mut app = App::new();
/// app.add_plugins(PriorityPlugin::default());
/// app.add_workload(Workload::new("index", Role::Indexing).every(Duration::from_millis(100)), index);
/// ```
#[derive(Component, Debug, Clone)]
#[component(on_add = arrive, on_remove = leave)]
pub struct Workload {
    name: &'static str,
    role: Role,
    base: Priority,
    period: Option<Duration>,
    deadline: Option<Duration>,
    pinned: Option<Priority>,
    enabled: bool,
    pub(crate) level: Priority,
    pub(crate) why: Why,
    /// Since when it has been due; when it will be, if that is to come.
    pub(crate) released: Option<Instant>,
    pub(crate) last_run: Option<Instant>,
    pub(crate) cost: CostEstimate,
    pub(crate) task_cost: CostEstimate,
    pub(crate) conduct: Conduct,
    pub(crate) counters: WorkloadCounters,
    /// Turns in a row in which there was no budget for it.
    pub(crate) refused_in_a_row: u32,
}

/// What a workload did and what befell it, since the start.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct WorkloadCounters {
    /// Runs of its system.
    pub runs: u64,
    /// Tasks of it that finished.
    pub tasks: u64,
    /// Turns in which it was due and there was no budget for it.
    pub over_budget: u64,
    /// Runs and tasks that ended after their deadline, or were dropped because of it.
    pub missed: u64,
    /// Tasks that another worker took over.
    pub stolen: u64,
    /// Times its level rose.
    pub promotions: u64,
    /// Times its level fell.
    pub demotions: u64,
    /// Runs and tasks that panicked.
    pub panics: u64,
    /// Runs and tasks that went on for too long without letting others run.
    pub stalls: u64,
}

/// A workload's level has changed, and holds from this turn on.
#[derive(Message, Debug, Clone, Copy, PartialEq)]
pub struct LevelChanged {
    /// The workload.
    pub workload: Entity,
    /// Its name.
    pub name: &'static str,
    /// Its level before.
    pub from: Priority,
    /// Its level now.
    pub to: Priority,
    /// Why.
    pub why: Why,
}

impl Workload {
    /// A workload of this name and role, at the role's base level, that runs in each turn.
    pub fn new(name: &'static str, role: Role) -> Self {
        Self {
            name,
            role,
            base: role.base(),
            period: None,
            deadline: None,
            pinned: None,
            enabled: true,
            level: role.base(),
            why: Why::Base,
            released: None,
            last_run: None,
            cost: CostEstimate::default(),
            task_cost: CostEstimate::default(),
            conduct: Conduct::default(),
            counters: WorkloadCounters::default(),
            refused_in_a_row: 0,
        }
    }

    /// At this level by itself, instead of its role's.
    #[must_use]
    pub const fn at(mut self, base: Priority) -> Self {
        self.base = base;
        self.level = base;
        self
    }

    /// Its system runs at most this often. Without it, in each turn.
    #[must_use]
    pub const fn every(mut self, period: Duration) -> Self {
        self.period = Some(period);
        self
    }

    /// Its runs end within this time after they became due; its tasks, within this time after they were spawned. Within
    /// a level, the earliest deadline is served first. Without it, after all that have one, in the order of their
    /// becoming due.
    #[must_use]
    pub const fn within(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Its name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What it is for.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The level that it has by itself.
    pub const fn base(&self) -> Priority {
        self.base
    }

    /// Its present level.
    pub const fn level(&self) -> Priority {
        self.level
    }

    /// Why it is at that level.
    pub const fn why(&self) -> Why {
        self.why
    }

    /// Time within which it should end, if it has a deadline.
    pub const fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// When its system last began to run.
    pub const fn last_run(&self) -> Option<Instant> {
        self.last_run
    }

    /// What a run of its system takes; for a GPU stage, a turn's work on the GPU.
    pub const fn cost(&self) -> &CostEstimate {
        &self.cost
    }

    /// What one of its tasks takes, without the time for which it waited.
    pub const fn task_cost(&self) -> &CostEstimate {
        &self.task_cost
    }

    /// What it did and what befell it.
    pub const fn counters(&self) -> WorkloadCounters {
        self.counters
    }

    /// Keeps it at this level whatever happens, or lets it follow attention again.
    pub const fn pin(&mut self, level: Option<Priority>) {
        self.pinned = level;
    }

    /// Whether its system runs at all.
    pub const fn set_enabled(&mut self, enabled: bool) {
        self.enabled = enabled;
        self.released = None;
    }

    /// Whether its system runs at all.
    pub const fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Forgives its panics, stalls and misses.
    pub fn reinstate(&mut self) {
        self.conduct.forgive();
    }
}

impl Workload {
    /// What a missed deadline says of the workload itself: nothing, if it mostly had to wait for others.
    pub(crate) fn deed_of(&self, took: Duration) -> Deed {
        if self.deadline.is_some_and(|within| took >= within.mul_f32(0.9)) { Deed::Missed } else { Deed::InTime }
    }
}

impl Workload {
    /// What a run is expected to take: what it took in 19 of 20 runs of late. What is refused is not measured, and one
    /// slow run would shut it out for long: so the figure fades, by 2 % a refusal, until it is tried again.
    pub(crate) fn expected_cost(&self) -> Duration {
        let faded = 0.98_f32.powi(self.refused_in_a_row.min(1000) as i32);
        self.cost.p95().unwrap_or_default().mul_f32(faded)
    }
}

/// Its name becomes one that tasks can share.
fn arrive(mut world: DeferredWorld, context: HookContext) {
    let Some(name) = world.get::<Workload>(context.entity).map(Workload::name) else { return };
    world.commands().entity(context.entity).insert(TaskName::new(name));
}

/// Its system is dropped.
fn leave(mut world: DeferredWorld, context: HookContext) {
    let entity = context.entity;
    if let Some(mut systems) = world.get_resource_mut::<WorkloadSystems>() {
        systems.remove(entity);
    }
}
