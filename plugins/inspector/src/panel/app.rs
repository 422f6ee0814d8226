//! The app.

use bevy_egui::egui::Ui;

use super::table::{Cell, row};
use crate::model::{AppModel, TimingRow, Tone};

const FIGURE: f32 = 58.0;
const LABEL: f32 = 76.0;

pub(super) fn show(ui: &mut Ui, app: &AppModel) {
    let show_row = |ui: &mut Ui, what, median, p95, p99, tone| {
        let figures = [median, p95, p99].map(|text| Cell::figure(text, FIGURE, tone));
        let [median, p95, p99] = figures;
        row(ui, &[Cell::name(what, tone), median, p95, p99]);
    };
    show_row(ui, "ms", "median", "p95", "p99", Tone::Dim);
    for TimingRow { what, median, p95, p99 } in &app.timings {
        show_row(ui, what, median, p95, p99, Tone::Plain);
    }
    for (what, text, tone) in &app.facts {
        row(ui, &[Cell::text(what, LABEL, Tone::Dim), Cell::name(text, *tone)]);
    }
}
