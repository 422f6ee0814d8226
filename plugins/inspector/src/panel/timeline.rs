//! The last seconds, drawn.

use bevy_egui::egui::{Color32, Painter, Pos2, Rect, Sense, Shape, Stroke, StrokeKind, Ui, pos2, vec2};
use freshet_base::Priority;

use super::table::{Cell, button, paint_row, paint_text, text_width};
use super::theme::{self, BAR_GROUND, BRIGHT, GAP, LINE_HEIGHT, MISSED, RULE};
use crate::model::Tone;
use crate::model::timeline::{Block, LaneModel, TimelineModel, WINDOW};

/// Of the lanes' names.
const LABEL: f32 = 84.0;
/// Of the main thread's lane, in which each level has its row.
const MAIN_HEIGHT: f32 = 31.0;
/// Of a worker's lane, where there are few of them.
const WORKER_HEIGHT: f32 = 18.0;
/// All workers together take no more than this.
const WORKERS_HEIGHT: f32 = 200.0;
/// Below each lane, for what missed its deadline.
const MISSED_HEIGHT: f32 = 3.0;
/// How far below its interrupted task a block begins.
const STEP: f32 = 4.0;

/// Draws the timeline, and answers with how wide its window is.
pub(super) fn show(ui: &mut Ui, model: &TimelineModel, frozen: &mut bool) -> f32 {
    show_legend(ui, frozen);
    let workers = model.lanes.len().saturating_sub(1);
    let worker_height = (WORKERS_HEIGHT / workers.max(1) as f32 - MISSED_HEIGHT - 2.0).clamp(4.0, WORKER_HEIGHT);
    let height = |lane: &LaneModel| if lane.rows > 1 { MAIN_HEIGHT } else { worker_height };
    let lanes: f32 = model.lanes.iter().map(|lane| height(lane) + MISSED_HEIGHT + 2.0).sum();
    let size = vec2(ui.available_width(), lanes + LINE_HEIGHT * 2.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let window = rect.with_min_x(rect.left() + LABEL + GAP);
    let lanes_place = Rect::from_min_max(
        pos2(window.left(), window.top() + LINE_HEIGHT),
        pos2(window.right(), window.bottom() - LINE_HEIGHT),
    );
    let painter = ui.painter().with_clip_rect(rect);
    paint_seconds(&painter, window, lanes_place);
    let mut top = lanes_place.top();
    let mut pointed = None;
    // Where lanes are lower than a line, not each has a title.
    let titled = (LINE_HEIGHT / (worker_height + MISSED_HEIGHT + 2.0)).ceil().max(1.0) as usize;
    for (index, lane) in model.lanes.iter().enumerate() {
        let place = lanes_place.with_min_y(top).with_max_y(top + height(lane));
        top = place.bottom() + MISSED_HEIGHT + 2.0;
        let label = Rect::from_min_max(pos2(rect.left(), place.top()), pos2(rect.left() + LABEL, place.bottom()));
        if index == 0 || index % titled == 1 % titled {
            paint_text(&painter, label, &lane.title, true, theme::color(Tone::Dim));
        }
        paint_lane(&painter, place, lane);
        pointed = pointed.or_else(|| block_at(place, lane, response.hover_pos()?));
    }
    paint_marks(&painter, window, lanes_place, &model.marks);
    if let Some((block, place)) = pointed {
        painter.rect_stroke(place, 1, Stroke::new(1.0, BRIGHT), StrokeKind::Outside);
        response.on_hover_text_at_pointer(block.tell());
    }
    window.width()
}

/// Which colour is which level, and the button that stops the picture.
fn show_legend(ui: &mut Ui, frozen: &mut bool) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), LINE_HEIGHT), Sense::hover());
    let text = if *frozen { "Frozen" } else { "Freeze" };
    let width = text_width(ui.painter(), text) + GAP * 1.5;
    if button(ui, rect.with_min_x(rect.right() - width), text, *frozen) {
        *frozen = !*frozen;
    }
    let mut cells = vec![Cell::text("", LABEL - 1.0, Tone::Dim)];
    let names = Priority::ALL.len() as f32 + 1.0;
    let room = rect.width() - width - GAP - LABEL - GAP;
    let name = (room / names - LINE_HEIGHT * 0.5 - GAP * 2.0).clamp(8.0, 58.0);
    for level in Priority::ALL {
        let color = theme::level(level);
        cells.extend([Cell::square(color), Cell::text(level.name(), name, Tone::Plain).colored(color)]);
    }
    cells.extend([Cell::square(MISSED), Cell::text("missed", name, Tone::Bad)]);
    paint_row(ui.painter(), rect.with_max_x(rect.right() - width - GAP), &cells);
}

/// A line for each second, and how long ago it was.
fn paint_seconds(painter: &Painter, window: Rect, lanes: Rect) {
    let seconds = WINDOW.as_secs();
    for ago in 0..=seconds {
        let x = window.right() - window.width() * ago as f32 / seconds as f32;
        painter.add(Shape::vline(x, lanes.y_range(), Stroke::new(1.0, Color32::from_gray(36))));
        let text = if ago == 0 { "now".to_owned() } else { format!("−{ago} s") };
        let width = text_width(painter, &text);
        let left = (x - width * 0.5).clamp(window.left(), window.right() - width);
        let place = Rect::from_min_max(pos2(left, lanes.bottom()), pos2(left + width + 1.0, window.bottom()));
        paint_text(painter, place, &text, false, theme::color(Tone::Dim));
    }
}

fn paint_lane(painter: &Painter, place: Rect, lane: &LaneModel) {
    painter.rect_filled(place, 0, Color32::from_gray(26));
    for (index, block) in lane.blocks.iter().enumerate() {
        let rect = block_place(place, lane, block);
        painter.rect_filled(rect, 0, theme::level(block.level));
        if block.panicked {
            painter.rect_filled(rect.with_max_x(rect.left() + 2.0), 0, MISSED);
        }
        if block.missed {
            let right = rect.right().max(rect.left() + 2.0);
            let below = place.translate(vec2(0.0, place.height())).with_max_y(place.bottom() + MISSED_HEIGHT);
            painter.rect_filled(below.with_min_x(rect.left()).with_max_x(right), 0, MISSED);
        }
        // A name ends where something else lies upon it; of a letter or two nobody learns anything.
        let next = lane.blocks.get(index + 1).map_or(rect.right(), |next| block_place(place, lane, next).left());
        let name = rect.with_max_x(rect.right().min(next)).shrink2(vec2(3.0, 0.0));
        if block.runs == 1 && name.width() >= 22.0 && rect.height() >= 12.0 {
            paint_text(painter, name, block.name, false, theme::INK);
        }
    }
    painter.add(Shape::hline(place.x_range(), place.bottom() + MISSED_HEIGHT + 1.0, RULE));
}

fn block_place(lane_place: Rect, lane: &LaneModel, block: &Block) -> Rect {
    let x = |share: f32| lane_place.left() + lane_place.width() * share;
    let (left, right) = (x(block.start), x(block.end));
    let (top, bottom) = if lane.rows > 1 {
        let row = lane_place.height() / lane.rows as f32;
        let top = lane_place.top() + row * block.row as f32;
        (top, top + row - 1.0)
    } else {
        (lane_place.top() + (STEP * block.row as f32).min(lane_place.height() - 2.0), lane_place.bottom())
    };
    // A gap between neighbours where there is room for one.
    let right = if right - left > 4.0 { right - 1.0 } else { right.max(left + 1.0) };
    Rect::from_min_max(pos2(left, top), pos2(right, bottom))
}

/// The block under the pointer: of those that lie on each other, the uppermost.
fn block_at(place: Rect, lane: &LaneModel, pointer: Pos2) -> Option<(&Block, Rect)> {
    let near = |block: &&Block| block_place(place, lane, block).expand2(vec2(1.5, 0.5)).contains(pointer);
    let block = lane.blocks.iter().rev().find(near)?;
    Some((block, block_place(place, lane, block)))
}

/// Where the user turned to something else.
fn paint_marks(painter: &Painter, window: Rect, lanes: Rect, marks: &[(f32, &'static str)]) {
    let mut free = f32::NEG_INFINITY;
    for &(share, context) in marks {
        let x = window.left() + window.width() * share;
        painter.add(Shape::vline(x, window.top()..=lanes.bottom(), Stroke::new(1.5, BRIGHT)));
        let width = text_width(painter, context) + 1.0;
        // To the left of its line where there is no room to the right.
        let left = if x + 4.0 + width > window.right() { x - 4.0 - width } else { x + 4.0 };
        if left >= free {
            let place = Rect::from_min_max(pos2(left, window.top()), pos2(left + width, lanes.top()));
            painter.rect_filled(place.expand2(vec2(2.0, -1.0)), 2, BAR_GROUND);
            paint_text(painter, place, context, false, BRIGHT);
            free = left + width + GAP;
        }
    }
}
