//! To and from Bevy's `DiagnosticsStore`.

use std::time::{Duration, Instant};

use bevy::diagnostic::{Diagnostic, DiagnosticPath, DiagnosticsStore};
use bevy::ecs::prelude::*;

use crate::timings::{TimedKind, Timings};
use crate::{accounts, tally};

/// Where a stage's times stand in the store, and up to when they were read.
pub(crate) struct StagePaths {
    name: &'static str,
    kinds: [(TimedKind, DiagnosticPath); 2],
    read_until: [Option<Instant>; 2],
}

impl StagePaths {
    fn new(name: &'static str) -> Self {
        let path = |what| DiagnosticPath::new(format!("render/freshet/{name}/{what}"));
        Self {
            name,
            kinds: [(TimedKind::StageGpu, path("elapsed_gpu")), (TimedKind::StageCpu, path("elapsed_cpu"))],
            read_until: [None; 2],
        }
    }
}

/// Moves what Bevy's recorder measured of the stages into the histograms.
pub(crate) fn collect_stage_times(
    store: Option<Res<DiagnosticsStore>>,
    mut timings: ResMut<Timings>,
    mut stages: Local<Vec<StagePaths>>,
) {
    let Some(store) = store else { return };
    for (name, _) in tally::stages().skip(stages.len()) {
        stages.push(StagePaths::new(name));
    }
    for stage in stages.iter_mut() {
        for ((kind, path), read_until) in stage.kinds.iter().zip(&mut stage.read_until) {
            let Some(diagnostic) = store.get(path) else { continue };
            let seen = *read_until;
            for measurement in diagnostic.measurements().filter(|one| seen.is_none_or(|time| one.time > time)) {
                timings.record(*kind, stage.name, Duration::from_secs_f64(measurement.value.max(0.0) / 1e3));
                *read_until = Some(measurement.time);
            }
        }
    }
}

/// Shows the accounts under `freshet/…`.
pub(crate) fn publish_accounts(store: Option<ResMut<DiagnosticsStore>>, mut paths: Local<Vec<DiagnosticPath>>) {
    let Some(mut store) = store else { return };
    if paths.is_empty() {
        for account in accounts::all() {
            let path = DiagnosticPath::new(format!("freshet/{}", account.name()));
            store.add(Diagnostic::new(path.clone()).with_max_history_length(2));
            paths.push(path);
        }
    }
    let now = Instant::now();
    for (account, path) in accounts::all().zip(paths.iter()) {
        if let Some(diagnostic) = store.get_mut(path) {
            diagnostic
                .add_measurement(bevy::diagnostic::DiagnosticMeasurement { time: now, value: account.total() as f64 });
        }
    }
}
