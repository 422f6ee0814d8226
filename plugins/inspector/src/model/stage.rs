//! One stage at a glance.

use freshet_ledger::{Percentiles, Report};

use super::{Section, Tone, text};

/// What the panel says of a stage.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct StageRow {
    pub(crate) name: &'static str,
    pub(crate) gpu_median: String,
    pub(crate) gpu_p95: String,
    pub(crate) cpu_median: String,
    pub(crate) runs: String,
    pub(crate) tone: Tone,
    /// Its time on the GPU as a share of the app frame, 0 to 1.
    pub(crate) share: f32,
    pub(crate) percent: String,
}

/// The stages in the order they run; what is no stage of the pipeline, the upload, comes first.
pub(super) fn section(report: &Report, order: &[&str]) -> Section<Vec<StageRow>> {
    let mut body: Vec<_> = report
        .stages
        .iter()
        .map(|(name, stage)| (name, stage, share_of_frame(report, stage.gpu_ms, stage.runs)))
        .map(|(name, stage, share)| StageRow {
            name,
            gpu_median: text::measured(stage.gpu_ms.map(|gpu| gpu.median), text::millis),
            gpu_p95: text::measured(stage.gpu_ms.map(|gpu| gpu.p95), text::millis),
            cpu_median: text::measured(stage.cpu_ms.map(|cpu| cpu.median), text::millis),
            runs: text::count(stage.runs),
            tone: if stage.runs == 0 { Tone::Dim } else { Tone::Plain },
            share: share.unwrap_or(0.0) as f32,
            percent: text::measured(share, |share| format!("{:.1} %", share * 100.0)),
        })
        .collect();
    body.sort_by_key(|row| order.iter().position(|name| *name == row.name).map_or(0, |place| place + 1));
    let share: f32 = body.iter().map(|row| row.share).sum();
    let timed = report.stages.values().any(|stage| stage.gpu_ms.is_some());
    let summary = match (body.is_empty(), timed) {
        (true, _) => "none ran".into(),
        (false, true) => format!("GPU {:.1} % of the frame", share * 100.0),
        (false, false) => "not timed here".into(),
    };
    Section { summary, tone: Tone::Dim, body }
}

/// What a stage takes of an app frame, where it is timed. It does not run in every app frame when frames come more
/// slowly than the app turns.
fn share_of_frame(report: &Report, gpu: Option<Percentiles>, runs: u64) -> Option<f64> {
    let (stage_millis, frame_millis) = (gpu?.median, report.app.frame_ms.median);
    if frame_millis <= 0.0 || report.app.frames == 0 {
        return None;
    }
    let runs_per_frame = (runs as f64 / report.app.frames as f64).min(1.0);
    Some((stage_millis * runs_per_frame / frame_millis).clamp(0.0, 1.0))
}
