//! What the report says of priorities.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bevy::ecs::world::World;
use freshet_base::Priority;
use freshet_priority::{
    Attention, Change, CostEstimate, Forecast, Governor, Knob, PoolStatistics, Skill, WorkerPool, Workload,
};
use serde::Serialize;

use crate::history::History;

/// The part of an app that has a `PriorityPlugin`.
#[derive(Debug, Serialize)]
pub(super) struct PrioritiesReport {
    context: &'static str,
    context_changes: u64,
    /// By name; the present one alone, in an app without panel and recorder, which remember the others.
    contexts: BTreeMap<&'static str, ContextReport>,
    /// By name.
    workloads: BTreeMap<&'static str, WorkloadReport>,
    pool: PoolReport,
    forecast: Skill,
    governor: GovernorReport,
}

#[derive(Debug, Default, Serialize)]
struct ContextReport {
    entered: u64,
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct WorkloadReport {
    role: &'static str,
    level: Priority,
    why: String,
    runs: u64,
    tasks: u64,
    missed: u64,
    over_budget: u64,
    stolen: u64,
    promotions: u64,
    demotions: u64,
    panics: u64,
    stalls: u64,
    /// `None` before its first run.
    cost_ms: Option<CostReport>,
    /// `None` before its first task ended.
    task_cost_ms: Option<CostReport>,
}

#[derive(Debug, Serialize)]
struct CostReport {
    mean: f64,
    p95: f64,
}

#[derive(Debug, Serialize)]
struct PoolReport {
    levels: BTreeMap<&'static str, LevelReport>,
    stalls: u64,
    substitutions: u64,
    reports_lost: u64,
    stall_reports_lost: u64,
}

#[derive(Debug, Serialize)]
struct LevelReport {
    waiting: u64,
    running: u64,
    spawned: u64,
    finished: u64,
    expired: u64,
    cancelled: u64,
    panicked: u64,
    missed_deadlines: u64,
    refused: u64,
    stolen: u64,
    aged: u64,
    yields: u64,
}

#[derive(Debug, Serialize)]
struct GovernorReport {
    changes: u64,
    knobs: Vec<Knob>,
    /// The newest last.
    last_changes: Vec<ChangeReport>,
}

#[derive(Debug, Serialize)]
struct ChangeReport {
    knob: &'static str,
    from: u8,
    to: u8,
    reason: String,
}

impl PrioritiesReport {
    /// `None` in an app without a `PriorityPlugin`.
    pub(super) fn of(world: &World) -> Option<Self> {
        let attention = world.get_resource::<Attention>()?;
        let history = world.get_resource::<History>();
        Some(Self {
            context: attention.context().name(),
            context_changes: attention.changes(),
            contexts: contexts(attention, history),
            workloads: workloads(world),
            pool: pool(&world.get_resource::<WorkerPool>()?.statistics()),
            forecast: *world.get_resource::<Forecast>()?.skill(),
            governor: governor(world.get_resource::<Governor>()?, history),
        })
    }
}

fn contexts(attention: &Attention, history: Option<&History>) -> BTreeMap<&'static str, ContextReport> {
    let now = Instant::now();
    let mut contexts: BTreeMap<_, _> = history
        .into_iter()
        .flat_map(|history| history.contexts(now))
        .map(|(context, stay)| {
            (context.name(), ContextReport { entered: stay.entered, seconds: stay.stayed.as_secs_f64() })
        })
        .collect();
    contexts.entry(attention.context().name()).or_insert_with(|| ContextReport {
        entered: 1,
        seconds: now.saturating_duration_since(attention.since()).as_secs_f64(),
    });
    contexts
}

fn workloads(world: &World) -> BTreeMap<&'static str, WorkloadReport> {
    let Some(mut query) = world.try_query::<&Workload>() else { return BTreeMap::new() };
    let report = |it: &Workload| {
        let counters = it.counters();
        let report = WorkloadReport {
            role: it.role().name(),
            level: it.level(),
            why: it.why().to_string(),
            runs: counters.runs,
            tasks: counters.tasks,
            missed: counters.missed,
            over_budget: counters.over_budget,
            stolen: counters.stolen,
            promotions: counters.promotions,
            demotions: counters.demotions,
            panics: counters.panics,
            stalls: counters.stalls,
            cost_ms: cost(it.cost()),
            task_cost_ms: cost(it.task_cost()),
        };
        (it.name(), report)
    };
    query.iter(world).map(report).collect()
}

fn cost(cost: &CostEstimate) -> Option<CostReport> {
    let millis = |time: Duration| (time.as_secs_f64() * 1e7).round() / 1e4;
    Some(CostReport { mean: millis(cost.mean()?), p95: millis(cost.p95()?) })
}

fn pool(statistics: &PoolStatistics) -> PoolReport {
    let level = |level: Priority| {
        let it = statistics.level(level);
        let report = LevelReport {
            waiting: it.waiting,
            running: it.running,
            spawned: it.spawned,
            finished: it.finished,
            expired: it.expired,
            cancelled: it.cancelled,
            panicked: it.panicked,
            missed_deadlines: it.missed_deadlines,
            refused: it.refused,
            stolen: it.stolen,
            aged: it.aged,
            yields: it.yields,
        };
        (level.name(), report)
    };
    PoolReport {
        levels: Priority::ALL.map(level).into(),
        stalls: statistics.stalls,
        substitutions: statistics.substitutions,
        reports_lost: statistics.reports_lost,
        stall_reports_lost: statistics.stall_reports_lost,
    }
}

fn governor(governor: &Governor, history: Option<&History>) -> GovernorReport {
    let change = |change: &Change| ChangeReport {
        knob: change.knob,
        from: change.from,
        to: change.to,
        reason: change.reason.to_string(),
    };
    GovernorReport {
        changes: governor.changes(),
        knobs: governor.knobs().copied().collect(),
        last_changes: history.into_iter().flat_map(History::changes).map(change).collect(),
    }
}
