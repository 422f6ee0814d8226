//! Rows of cells of fixed width, so that nothing moves when a figure changes.

#[cfg(feature = "priority")]
use bevy_egui::egui::Stroke;
use bevy_egui::egui::collapsing_header::{CollapsingState, paint_default_icon};
use bevy_egui::egui::text::LayoutJob;
use bevy_egui::egui::{Color32, Painter, Rect, Sense, Shape, Ui, pos2, vec2};

use super::theme::{self, BAR, BAR_GROUND, BRIGHT, GAP, HEADER_HEIGHT, LINE_HEIGHT, RULE};
use crate::model::{Section, Tone};

/// One cell of a row.
#[derive(Clone, Copy)]
pub(super) struct Cell<'a> {
    content: Content<'a>,
    /// `None` takes what the others leave; one cell of a row may.
    width: Option<f32>,
    color: Color32,
}

#[derive(Clone, Copy)]
enum Content<'a> {
    Left(&'a str),
    Right(&'a str),
    /// Filled by this share.
    Bar(f32),
    Dot,
    /// A small square; a triangle that points up or down.
    #[cfg(feature = "priority")]
    Square,
    #[cfg(feature = "priority")]
    Triangle {
        up: bool,
    },
    Nothing,
}

impl<'a> Cell<'a> {
    const fn new(content: Content<'a>, width: Option<f32>, tone: Tone) -> Self {
        Self { content, width, color: theme::color(tone) }
    }

    /// A name, as wide as there is room.
    pub(super) const fn name(text: &'a str, tone: Tone) -> Self {
        Self::new(Content::Left(text), None, tone)
    }

    /// A text of fixed width.
    pub(super) const fn text(text: &'a str, width: f32, tone: Tone) -> Self {
        Self::new(Content::Left(text), Some(width), tone)
    }

    /// A figure, flush right.
    pub(super) const fn figure(text: &'a str, width: f32, tone: Tone) -> Self {
        Self::new(Content::Right(text), Some(width), tone)
    }

    /// A bar, filled from the left by a share of 0 to 1.
    pub(super) const fn bar(share: f32, width: f32) -> Self {
        Self::new(Content::Bar(share), Some(width), Tone::Plain)
    }

    /// A dot in the colour of its tone.
    pub(super) const fn dot(tone: Tone) -> Self {
        Self::new(Content::Dot, Some(LINE_HEIGHT * 0.5), tone)
    }

    /// A dot where there is something to say, and the room for it where there is not.
    pub(super) const fn verdict(tone: Tone) -> Self {
        match tone {
            Tone::Plain | Tone::Dim => Self { content: Content::Nothing, ..Self::dot(tone) },
            Tone::Good | Tone::Busy | Tone::Bad => Self::dot(tone),
        }
    }

    /// A square in a colour of its own.
    #[cfg(feature = "priority")]
    pub(super) const fn square(color: Color32) -> Self {
        Self { content: Content::Square, width: Some(LINE_HEIGHT * 0.5), color }
    }

    /// A triangle that points up or down, in a colour of its own.
    #[cfg(feature = "priority")]
    pub(super) const fn triangle(up: bool, color: Color32) -> Self {
        Self { content: Content::Triangle { up }, ..Self::square(color) }
    }

    /// In a colour of its own.
    #[cfg(feature = "priority")]
    pub(super) const fn colored(self, color: Color32) -> Self {
        Self { color, ..self }
    }

    /// Brighter than any tone.
    pub(super) const fn bright(self) -> Self {
        Self { color: BRIGHT, ..self }
    }
}

/// One row across the panel. A text that is cut off is told in full under the pointer.
pub(super) fn row(ui: &mut Ui, cells: &[Cell<'_>]) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), LINE_HEIGHT), Sense::hover());
    let cut_off = paint_row(ui.painter(), rect, cells);
    if let Some(text) = cut_off {
        response.on_hover_text(text);
    }
}

/// Paints a row and answers with the first text that was cut off.
pub(super) fn paint_row<'a>(painter: &Painter, row: Rect, cells: &[Cell<'a>]) -> Option<&'a str> {
    let fixed: f32 = cells.iter().map(|cell| cell.width.unwrap_or(0.0) + GAP).sum::<f32>() - GAP;
    let rest = (row.width() - fixed).max(0.0);
    let mut left = row.left();
    let mut cut_off = None;
    for cell in cells {
        let width = cell.width.unwrap_or(rest);
        let place = Rect::from_min_max(pos2(left, row.top()), pos2(left + width, row.bottom()));
        left += width + GAP;
        match cell.content {
            Content::Left(text) | Content::Right(text) => {
                let flush_right = matches!(cell.content, Content::Right(_));
                if paint_text(painter, place, text, flush_right, cell.color) {
                    cut_off = cut_off.or(Some(text));
                }
            }
            Content::Bar(share) => paint_bar(painter, place, share),
            Content::Dot => {
                painter.circle_filled(place.center(), 4.0, cell.color);
            }
            #[cfg(feature = "priority")]
            Content::Square => {
                let square = Rect::from_center_size(place.center(), vec2(8.0, 8.0));
                painter.rect_filled(square, 2, cell.color);
            }
            #[cfg(feature = "priority")]
            Content::Triangle { up } => paint_triangle(painter, place, up, cell.color),
            Content::Nothing => {}
        }
    }
    cut_off
}

pub(super) fn paint_text(painter: &Painter, place: Rect, text: &str, flush_right: bool, color: Color32) -> bool {
    let mut job = LayoutJob::simple_singleline(text.to_owned(), theme::font(), color);
    job.wrap.max_width = place.width();
    job.wrap.max_rows = 1;
    job.wrap.break_anywhere = true;
    let galley = painter.layout_job(job);
    let left = if flush_right { place.right() - galley.size().x } else { place.left() };
    let cut_off = galley.elided;
    painter.galley(pos2(left, place.center().y - galley.size().y * 0.5), galley, color);
    cut_off
}

#[cfg(feature = "priority")]
fn paint_triangle(painter: &Painter, place: Rect, up: bool, color: Color32) {
    let (center, height) = (place.center(), if up { -4.5 } else { 4.5 });
    let base = center.y - height * 0.8;
    let points = vec![pos2(center.x - 5.0, base), pos2(center.x + 5.0, base), pos2(center.x, center.y + height)];
    painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
}

/// A row on a ground of its own, that tells `more` under the pointer.
#[cfg(feature = "priority")]
pub(super) fn row_on(ui: &mut Ui, ground: Option<Color32>, cells: &[Cell<'_>], more: &str) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), LINE_HEIGHT), Sense::hover());
    if let Some(ground) = ground {
        ui.painter().rect_filled(rect, 2, ground);
    }
    let cut_off = paint_row(ui.painter(), rect, cells);
    if response.hovered() && !(more.is_empty() && cut_off.is_none()) {
        response.on_hover_ui(|ui| {
            for text in [cut_off.unwrap_or_default(), more].into_iter().filter(|text| !text.is_empty()) {
                ui.label(text);
            }
        });
    }
}

/// A button as high as a line, at this place. `is_on` is what holds already.
#[cfg(feature = "priority")]
pub(super) fn button(ui: &Ui, place: Rect, text: &str, is_on: bool) -> bool {
    let response =
        ui.interact(place, ui.id().with(("button", text, place.left() as i32, place.top() as i32)), Sense::click());
    let ground = match (is_on, response.hovered()) {
        (true, _) => BAR,
        (false, true) => Color32::from_gray(84),
        (false, false) => BAR_GROUND,
    };
    ui.painter().rect_filled(place.shrink2(vec2(0.0, 1.0)), 3, ground);
    let color = if is_on { theme::INK } else { BRIGHT };
    let text_place = Rect::from_center_size(place.center(), vec2(text_width(ui.painter(), text), place.height()));
    paint_text(ui.painter(), text_place.expand2(vec2(1.0, 0.0)), text, false, color);
    response.clicked()
}

/// How wide a text is.
pub(super) fn text_width(painter: &Painter, text: &str) -> f32 {
    painter.layout_no_wrap(text.to_owned(), theme::font(), BRIGHT).size().x
}

fn paint_bar(painter: &Painter, place: Rect, share: f32) {
    let ground = Rect::from_center_size(place.center(), vec2(place.width(), 6.0));
    painter.rect_filled(ground, 2, BAR_GROUND);
    let filled = ground.with_max_x(ground.left() + ground.width() * share);
    painter.rect_filled(filled, 2, BAR);
}

/// A foldable section: a line with its name and what it comes to, and below it its body.
pub(super) fn section<T>(ui: &mut Ui, name: &str, section: &Section<T>, body: impl FnOnce(&mut Ui, &T)) {
    let id = ui.make_persistent_id(name);
    let mut folding = CollapsingState::load_with_default_open(ui.ctx(), id, true);
    let (rect, header) = ui.allocate_exact_size(vec2(ui.available_width(), HEADER_HEIGHT), Sense::click());
    if header.clicked() {
        folding.toggle(ui);
    }
    ui.painter().add(Shape::hline(rect.x_range(), rect.top() + 1.0, RULE));
    let icon = Rect::from_center_size(pos2(rect.left() + 5.0, rect.center().y), vec2(9.0, 9.0));
    paint_default_icon(ui, folding.openness(ui.ctx()), &header.with_new_rect(icon));
    let line = rect.with_min_x(icon.right() + GAP);
    let cells = [Cell::name(name, Tone::Plain).bright(), Cell::figure(&section.summary, 220.0, section.tone)];
    paint_row(ui.painter(), line, &cells);
    folding.show_body_unindented(ui, |ui| {
        body(ui, &section.body);
        ui.add_space(GAP * 0.5);
    });
}
