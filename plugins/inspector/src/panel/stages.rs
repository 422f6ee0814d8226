//! The stages.

use bevy_egui::egui::Ui;

use super::table::{Cell, row};
use crate::model::{StageRow, Tone};

const FIGURE: f32 = 52.0;
const SHARE: f32 = 46.0;
const BAR: f32 = 40.0;

pub(super) fn show(ui: &mut Ui, stages: &[StageRow]) {
    let cells = |name, gpu_median, gpu_p95, cpu, runs, tone| {
        [
            Cell::name(name, tone),
            Cell::figure(gpu_median, FIGURE, tone),
            Cell::figure(gpu_p95, FIGURE, tone),
            Cell::figure(cpu, FIGURE, tone),
            Cell::figure(runs, FIGURE + 4.0, tone),
        ]
    };
    let [name, median, p95, cpu, runs] = cells("ms", "GPU", "p95", "CPU", "runs", Tone::Dim);
    row(ui, &[name, median, p95, cpu, runs, Cell::figure("share", SHARE, Tone::Dim), Cell::text("", BAR, Tone::Dim)]);
    for it in stages {
        let [name, median, p95, cpu, runs] =
            cells(it.name, &it.gpu_median, &it.gpu_p95, &it.cpu_median, &it.runs, it.tone);
        row(ui, &[name, median, p95, cpu, runs, Cell::figure(&it.percent, SHARE, it.tone), Cell::bar(it.share, BAR)]);
    }
}
