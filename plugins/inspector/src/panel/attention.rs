//! What the user does, what comes next, and what that costs.

use bevy_egui::egui::{Rect, Sense, Ui, pos2, vec2};

use super::table::{Cell, button, paint_row, text_width};
use super::theme::{GAP, LINE_HEIGHT};
use crate::model::Tone;
use crate::model::priorities::{Ask, AttentionModel, Choice, Line};

const LABEL: f32 = 76.0;
/// The label of a knob is its name.
const KNOB: f32 = 150.0;
const BAR: f32 = 80.0;

pub(super) fn show(ui: &mut Ui, model: &AttentionModel, asked: &mut Option<Ask>) {
    for line in &model.lines {
        show_line(ui, line, asked);
    }
}

fn show_line(ui: &mut Ui, line: &Line, asked: &mut Option<Ask>) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), LINE_HEIGHT), Sense::hover());
    let label = if line.what.starts_with(' ') { KNOB } else { LABEL };
    let (mut text, mut buttons) = (rect, rect.left() + LABEL + GAP);
    if let [choice] = line.choices.as_slice() {
        // A switch stands at the end of its line.
        buttons = rect.right() - button_width(ui, choice);
        text.set_right(buttons - GAP);
    }
    for choice in &line.choices {
        let width = button_width(ui, choice);
        let place = Rect::from_min_max(pos2(buttons, rect.top()), pos2(buttons + width, rect.bottom()));
        buttons = place.right() + GAP * 0.5;
        if button(ui, place, choice.text, choice.is_on) {
            *asked = Some(choice.ask);
        }
    }
    let what = Cell::text(&line.what, label, Tone::Dim);
    let told = Cell::name(&line.text, line.tone);
    let cut_off = match line.share {
        Some(share) => paint_row(ui.painter(), text, &[what, told, Cell::bar(share, BAR)]),
        None => paint_row(ui.painter(), text, &[what, told]),
    };
    if let Some(text) = cut_off {
        response.on_hover_text(text);
    }
}

fn button_width(ui: &Ui, choice: &Choice) -> f32 {
    // "on" and "off" are of one width.
    text_width(ui.painter(), choice.text).max(21.0) + GAP * 1.5
}
