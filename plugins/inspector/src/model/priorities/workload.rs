//! The levels and who is in them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bevy::ecs::entity::Entity;
use freshet_base::{Priority, Role};
use freshet_priority::{CostEstimate, Why, WorkloadCounters};

use crate::model::{Section, Tone, text};

/// A change of level is pointed out for this long.
const POINTED_OUT: Duration = Duration::from_secs(1);

/// What is known of a workload.
#[derive(Debug, Clone)]
pub(crate) struct WorkloadInput {
    pub(crate) entity: Entity,
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    pub(crate) base: Priority,
    pub(crate) level: Priority,
    pub(crate) why: Why,
    /// Whether it is a GPU stage.
    pub(crate) on_gpu: bool,
    pub(crate) is_enabled: bool,
    pub(crate) cost: CostEstimate,
    pub(crate) task_cost: CostEstimate,
    pub(crate) deadline: Option<Duration>,
    pub(crate) counters: WorkloadCounters,
    /// How long ago it last began.
    pub(crate) last_run: Option<Duration>,
}

/// One level and its workloads.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Band {
    pub(crate) level: Priority,
    pub(crate) summary: String,
    pub(crate) rows: Vec<WorkloadRow>,
}

/// Where a workload came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moved {
    /// From a level that is less urgent.
    Up,
    /// From a level that is more urgent.
    Down,
}

/// What is said of a workload.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WorkloadRow {
    pub(crate) name: &'static str,
    pub(crate) tone: Tone,
    pub(crate) role: String,
    pub(crate) why: String,
    pub(crate) why_tone: Tone,
    pub(crate) cost: [String; 2],
    pub(crate) task_cost: [String; 2],
    pub(crate) deadline: String,
    pub(crate) missed: (String, Tone),
    pub(crate) over_budget: (String, Tone),
    pub(crate) promotions: String,
    pub(crate) demotions: String,
    pub(crate) last_run: String,
    /// Within the last second.
    pub(crate) moved: Option<Moved>,
    /// What there is no column for.
    pub(crate) detail: String,
}

/// Where workloads were when they were last looked at.
#[derive(Debug, Default)]
pub(crate) struct Memory(HashMap<Entity, Known>);

#[derive(Debug, Clone, Copy)]
struct Known {
    promotions: u64,
    demotions: u64,
    moved: Option<(Moved, Instant)>,
    seen: Instant,
}

impl Memory {
    /// Whether a workload has moved within the last second. What moved before it was first looked at is not known.
    fn look(&mut self, input: &WorkloadInput, now: Instant) -> Option<Moved> {
        let WorkloadCounters { promotions, demotions, .. } = input.counters;
        let known = self.0.entry(input.entity).or_insert(Known { promotions, demotions, moved: None, seen: now });
        let (risen, fallen) = (promotions.saturating_sub(known.promotions), demotions.saturating_sub(known.demotions));
        if risen + fallen > 0 {
            known.moved = Some((if risen > fallen { Moved::Up } else { Moved::Down }, now));
        }
        *known = Known { promotions, demotions, seen: now, ..*known };
        let (moved, at) = known.moved?;
        (now.saturating_duration_since(at) < POINTED_OUT).then_some(moved)
    }

    /// Forgets who is gone.
    fn forget(&mut self, now: Instant) {
        self.0.retain(|_, known| known.seen == now);
    }
}

pub(super) fn section(workloads: &[WorkloadInput], memory: &mut Memory, now: Instant) -> Section<Vec<Band>> {
    let mut bands: Vec<_> = Priority::ALL.map(|level| Band { level, summary: String::new(), rows: Vec::new() }).into();
    for input in workloads {
        let moved = memory.look(input, now);
        bands[input.level.index()].rows.push(row(input, moved));
    }
    memory.forget(now);
    for band in &mut bands {
        band.rows.sort_by_key(|row| row.name);
        band.summary = match band.rows.len() {
            0 => "nobody".into(),
            count => text::times(count as u64, "workload", "workloads"),
        };
    }
    let misbehaving = workloads.iter().filter(|input| input.why.is_misconduct()).count();
    let (summary, tone) = match misbehaving {
        0 => (text::times(workloads.len() as u64, "workload", "workloads"), Tone::Dim),
        _ => (format!("{misbehaving} of {} demoted for misconduct", workloads.len()), Tone::Bad),
    };
    Section { summary, tone, body: bands }
}

fn row(input: &WorkloadInput, moved: Option<Moved>) -> WorkloadRow {
    let counters = &input.counters;
    let counted = |number: u64, otherwise| (text::count(number), if number == 0 { Tone::Dim } else { otherwise });
    let bad = input.why.is_misconduct();
    let tone = match (bad, input.is_enabled) {
        (true, _) => Tone::Bad,
        (false, true) => Tone::Plain,
        (false, false) => Tone::Dim,
    };
    let why_tone = match input.why {
        Why::Base => Tone::Dim,
        Why::Aged | Why::Forecast { .. } => Tone::Busy,
        Why::Context(_) | Why::Pinned => Tone::Plain,
        _ => Tone::Bad,
    };
    WorkloadRow {
        name: input.name,
        tone,
        role: if input.on_gpu { format!("{}, GPU", input.role.name()) } else { input.role.name().into() },
        why: if input.is_enabled || bad { input.why.to_string() } else { "switched off".into() },
        why_tone,
        cost: cost(&input.cost),
        task_cost: cost(&input.task_cost),
        deadline: text::measured(input.deadline.map(|time| time.as_secs_f64() * 1e3), text::tenths),
        missed: counted(counters.missed, Tone::Bad),
        over_budget: counted(counters.over_budget, Tone::Busy),
        promotions: text::count(counters.promotions),
        demotions: text::count(counters.demotions),
        last_run: input.last_run.map_or_else(|| "–".into(), text::age),
        moved,
        detail: detail(input),
    }
}

/// Mean and p95 in milliseconds.
fn cost(cost: &CostEstimate) -> [String; 2] {
    [cost.mean(), cost.p95()].map(|time| text::measured(time.map(|time| time.as_secs_f64() * 1e3), text::millis))
}

fn detail(input: &WorkloadInput) -> String {
    let WorkloadCounters { runs, tasks, stolen, panics, stalls, .. } = input.counters;
    format!(
        "{}: {} by itself, {}, {} ({} stolen), {}, {}",
        input.name,
        input.base,
        text::times(runs, "run", "runs"),
        text::times(tasks, "task", "tasks"),
        text::count(stolen),
        text::times(panics, "panic", "panics"),
        text::times(stalls, "stall", "stalls"),
    )
}
