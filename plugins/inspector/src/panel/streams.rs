//! The streams.

use bevy_egui::egui::{Color32, Label, Rect, RichText, Sense, TextureId, Ui, Vec2, pos2, vec2};

use super::table::{Cell, paint_row, row};
use super::theme::{self, BAR_GROUND, GAP, LINE_HEIGHT, PICTURE};
use crate::model::{StreamCard, Tone};

const LABEL: f32 = 76.0;
const FIGURE: f32 = 92.0;
const LINES: usize = 4;

pub(super) fn show(ui: &mut Ui, cards: &[StreamCard], textures: &[Option<TextureId>]) {
    if cards.is_empty() {
        row(ui, &[Cell::name("no stream yet", Tone::Dim)]);
    }
    for (index, card) in cards.iter().enumerate() {
        if index > 0 {
            ui.add_space(GAP);
        }
        show_card(ui, card, textures.get(index).copied().flatten());
    }
}

fn show_card(ui: &mut Ui, card: &StreamCard, texture: Option<TextureId>) {
    row(
        ui,
        &[
            Cell::dot(card.tone),
            Cell::name(&card.name, Tone::Plain).bright(),
            Cell::figure(card.state, FIGURE, card.tone),
        ],
    );
    if let Some(reason) = &card.reason {
        let text = RichText::new(reason).font(theme::font()).color(theme::color(Tone::Bad));
        ui.add(Label::new(text).wrap());
    }
    figures(ui, card, texture);
    for want in &card.wants {
        row(
            ui,
            &[
                Cell::text("", 0.0, Tone::Plain),
                Cell::text(want.product, LABEL * 1.5, want.tone),
                Cell::name(&want.by, Tone::Dim),
            ],
        );
    }
}

/// The figures, with the picture to their right if there is one.
fn figures(ui: &mut Ui, card: &StreamCard, texture: Option<TextureId>) {
    let height = LINE_HEIGHT * LINES as f32;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let mut text = rect.with_min_x(rect.left() + GAP);
    if let Some(texture) = texture {
        let [width, _] = PICTURE;
        text.set_right(rect.right() - width - GAP);
        let place = Rect::from_min_max(pos2(rect.right() - width, rect.top()), rect.max);
        show_picture(ui, place, texture, card.aspect);
    }
    let lines: [[Cell<'_>; 3]; LINES] = [
        line("format", &card.format, &card.rate, Tone::Plain),
        line("captured", &card.captured, &card.age, Tone::Plain),
        line("completed", &card.completed, "", Tone::Plain),
        line("dropped", &card.dropped, "", card.drop_tone),
    ];
    let mut cut_off = None;
    for (index, cells) in lines.iter().enumerate() {
        let top = rect.top() + LINE_HEIGHT * index as f32;
        let place = Rect::from_min_max(pos2(text.left(), top), pos2(text.right(), top + LINE_HEIGHT));
        cut_off = cut_off.or(paint_row(ui.painter(), place, cells));
    }
    if let Some(text) = cut_off {
        response.on_hover_text(text);
    }
}

fn line<'a>(what: &'a str, left: &'a str, right: &'a str, tone: Tone) -> [Cell<'a>; 3] {
    let width = if right.is_empty() { 0.0 } else { FIGURE };
    [Cell::text(what, LABEL, Tone::Dim), Cell::name(left, tone), Cell::figure(right, width, Tone::Plain)]
}

/// As large as fits, without distortion.
fn show_picture(ui: &Ui, place: Rect, texture: TextureId, aspect: f32) {
    let place = Rect::from_center_size(place.center(), Vec2::from(PICTURE));
    let size = if aspect > place.aspect_ratio() {
        vec2(place.width(), place.width() / aspect)
    } else {
        vec2(place.height() * aspect, place.height())
    };
    ui.painter().rect_filled(place, 2, BAR_GROUND);
    let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    ui.painter().image(texture, Rect::from_center_size(place.center(), size), whole, Color32::WHITE);
}
