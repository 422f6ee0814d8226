//! The books.

use bevy_egui::egui::Ui;

use super::table::{Cell, row};
use crate::model::{LedgerGroup, Tone};

const FIGURE: f32 = 92.0;

pub(super) fn show(ui: &mut Ui, groups: &[LedgerGroup]) {
    for LedgerGroup { heads: [what, total, aside], rows } in groups {
        row(
            ui,
            &[
                Cell::name(what, Tone::Dim),
                Cell::figure(total, FIGURE, Tone::Dim),
                Cell::figure(aside, FIGURE, Tone::Dim),
            ],
        );
        for it in rows {
            row(
                ui,
                &[
                    Cell::verdict(it.tone),
                    Cell::name(it.what, Tone::Plain),
                    Cell::figure(&it.total, FIGURE, it.tone),
                    Cell::figure(&it.aside, FIGURE, it.tone),
                ],
            );
        }
    }
}
