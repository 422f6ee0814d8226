//! What the report says of nets and models.

use std::collections::BTreeMap;

use bevy::ecs::world::World;
use freshet_base::SkipReason;
use freshet_inference::{ModelState, ModelStats, NetReports};
use freshet_priority::Workload;
use serde::Serialize;

/// One net.
#[derive(Debug, Serialize)]
pub(super) struct NetEntry {
    status: &'static str,
    /// Why it cannot run.
    failure: Option<String>,
    /// `gpu` or `candle`, once that is decided.
    executor: Option<String>,
    why: Option<String>,
    /// What an inference was measured to take while it was made ready.
    gpu_ms: Option<f64>,
    candle_ms: Option<f64>,
    input_px: [u32; 2],
    steps: usize,
    slices: usize,
    begun: u64,
}

/// All nets by name; `None` where the app has none.
pub(super) fn nets(world: &World) -> Option<BTreeMap<&'static str, NetEntry>> {
    let reports = world.get_resource::<NetReports>()?;
    let entry = |net: &freshet_inference::NetReport| {
        let failure = match &net.status {
            ModelState::Failed { why } => Some(why.to_string()),
            _ => None,
        };
        let choice = net.choice.as_ref();
        let millis = |time: Option<std::time::Duration>| time.map(|time| time.as_secs_f64() * 1e3);
        NetEntry {
            status: net.status.name(),
            failure,
            executor: choice.map(|choice| choice.executor.to_string()),
            why: choice.map(|choice| choice.why.clone()),
            gpu_ms: choice.and_then(|choice| millis(choice.gpu)),
            candle_ms: choice.and_then(|choice| millis(choice.candle)),
            input_px: net.input_px,
            steps: net.steps,
            slices: net.slices,
            begun: net.begun,
        }
    };
    Some(reports.iter().map(|net| (net.name, entry(net))).collect())
}

/// One model.
#[derive(Debug, Serialize)]
pub(super) struct ModelEntry {
    state: &'static str,
    begun: u64,
    answered: u64,
    late: u64,
    overdue: u64,
    /// By reason.
    skipped: BTreeMap<&'static str, u64>,
    most_in_flight: usize,
    oldest_age_ms: f64,
}

/// All models by name; `None` where the app has none.
pub(super) fn models(world: &World) -> Option<BTreeMap<&'static str, ModelEntry>> {
    let mut models = world.try_query::<(&Workload, &ModelState, &ModelStats)>()?;
    let entry = |(workload, state, stats): (&Workload, &ModelState, &ModelStats)| {
        let skipped = SkipReason::ALL.into_iter().map(|reason| (reason.name(), stats.skipped_for(reason)));
        let entry = ModelEntry {
            state: state.name(),
            begun: stats.begun,
            answered: stats.answered,
            late: stats.late,
            overdue: stats.overdue,
            skipped: skipped.filter(|(_, frames)| *frames > 0).collect(),
            most_in_flight: stats.most_in_flight,
            oldest_age_ms: stats.oldest_age.as_secs_f64() * 1e3,
        };
        (workload.name(), entry)
    };
    let all: BTreeMap<_, _> = models.iter(world).map(entry).collect();
    (!all.is_empty()).then_some(all)
}
