//! The attachments.

use bevy_egui::egui::Ui;

use super::table::{Cell, row};
use crate::model::{AttachmentRow, Tone};

const COUNT: f32 = 58.0;
const AGE: f32 = 52.0;

pub(super) fn show(ui: &mut Ui, attachments: &[AttachmentRow]) {
    row(
        ui,
        &[
            Cell::name("", Tone::Dim),
            Cell::figure("made", COUNT, Tone::Dim),
            Cell::figure("late", COUNT, Tone::Dim),
            Cell::figure("skipped", COUNT, Tone::Dim),
            Cell::figure("age ms", AGE, Tone::Dim),
            Cell::figure("p95", AGE, Tone::Dim),
        ],
    );
    if attachments.is_empty() {
        row(ui, &[Cell::name("nothing was attached yet", Tone::Dim)]);
    }
    for it in attachments {
        row(
            ui,
            &[
                Cell::name(it.name, Tone::Plain),
                Cell::figure(&it.made, COUNT, Tone::Plain),
                Cell::figure(&it.late, COUNT, it.late_tone),
                Cell::figure(&it.skipped, COUNT, it.skipped_tone),
                Cell::figure(&it.age_median, AGE, Tone::Plain),
                Cell::figure(&it.age_p95, AGE, Tone::Plain),
            ],
        );
        if let Some(reasons) = &it.reasons {
            row(ui, &[Cell::text("  skipped:", 76.0, Tone::Dim), Cell::name(reasons, it.skipped_tone)]);
        }
    }
}
