//! The worker pools.

use bevy_egui::egui::Ui;

use super::table::{Cell, row};
use super::theme;
use crate::model::Tone;
use crate::model::priorities::PoolModel;

const FIGURE: f32 = 51.0;
/// "critical"
const NAME: f32 = 58.0;
const LABEL: f32 = 76.0;

pub(super) fn show(ui: &mut Ui, pool: &PoolModel) {
    let heads = PoolModel::HEADS.map(|head| Cell::figure(head, width(ui), Tone::Dim));
    show_row(ui, Cell::text("", 8.0, Tone::Dim), Cell::name("", Tone::Dim), heads);
    for it in &pool.rows {
        let color = theme::level(it.level);
        let figures = it.figures.each_ref().map(|(text, tone)| Cell::figure(text, width(ui), *tone));
        show_row(ui, Cell::square(color), Cell::name(it.level.name(), Tone::Plain).colored(color), figures);
    }
    for (what, text, tone) in &pool.facts {
        row(ui, &[Cell::text(what, LABEL, Tone::Dim), Cell::name(text, *tone)]);
    }
}

/// Of a figure; less where there is no room for all.
fn width(ui: &Ui) -> f32 {
    let fixed = 8.0 + theme::GAP + NAME;
    ((ui.available_width() - fixed) / PoolModel::HEADS.len() as f32 - theme::GAP).clamp(20.0, FIGURE)
}

fn show_row<'a>(ui: &mut Ui, square: Cell<'a>, name: Cell<'a>, figures: [Cell<'a>; PoolModel::HEADS.len()]) {
    let [a, b, c, d, e, f, g, h] = figures;
    row(ui, &[square, name, a, b, c, d, e, f, g, h]);
}
