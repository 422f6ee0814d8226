//! The graph of a schedule, with what each of its systems takes.

use std::mem;
use std::sync::Arc;
use std::time::Instant;

use bevy_egui::egui::{
    Align2, Button, Color32, ComboBox, CornerRadius, FontId, Painter, Pos2, Rect, Response, RichText, Sense, Shape,
    Stroke, StrokeKind, TextEdit, Ui, Vec2, pos2, vec2,
};

use super::theme::{self, BAR_GROUND, BRIGHT, EDGE, GAP, LINE_HEIGHT};
use crate::model::Tone;
use crate::schedule::{BoxText, Camera, Point, ScheduleTab, Schedulebook, View, boxes, details, entry, heat, summary};

/// Below this size a text is left out, in pixels.
const SMALLEST_TEXT: f32 = 5.0;
/// The least height of the drawing, in pixels.
const LEAST_HEIGHT: f32 = 120.0;
/// Lines that meet the box under the pointer.
const MARKED: Color32 = Color32::from_rgb(88, 148, 214);
const LINE: Color32 = Color32::from_gray(104);
/// Colours of shares, from none to all.
const HEATS: [[u8; 3]; 3] = [[44, 48, 56], [156, 112, 34], [206, 58, 48]];
const DASH: f32 = 5.0;

/// Draws the tab into what is left of the panel.
pub(crate) fn show(ui: &mut Ui, tab: &mut ScheduleTab, book: &Schedulebook) {
    tab.refresh(book, Instant::now());
    controls(ui, tab, book);
    let Some((schedule, view, live)) = tab.shown() else {
        ui.label(RichText::new("no schedule has been measured").font(theme::font()).color(theme::color(Tone::Dim)));
        return;
    };
    let line = summary(schedule, view, live);
    ui.label(RichText::new(line).font(theme::font()).color(theme::color(Tone::Plain)));
    let size = ui.available_size();
    let size = vec2(size.x, (size.y - LINE_HEIGHT - GAP).max(LEAST_HEIGHT));
    let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
    move_camera(ui, tab, rect, &response);
    drawing(ui, tab, rect, &response);
    legend(ui);
}

fn controls(ui: &mut Ui, tab: &mut ScheduleTab, book: &Schedulebook) {
    ui.horizontal(|ui| {
        let name = tab.shown().map(|(schedule, ..)| entry(schedule)).unwrap_or_default();
        let list = ComboBox::from_id_salt("schedule").width(250.0).selected_text(text(&name));
        list.show_ui(ui, |ui| {
            for schedule in &book.schedules {
                let name = entry(schedule);
                let chosen = tab.shown().is_some_and(|(shown, ..)| Arc::ptr_eq(shown, schedule));
                if ui.selectable_label(chosen, text(&name)).clicked() && !chosen {
                    tab.choose(schedule);
                }
            }
        });
        let search = TextEdit::singleline(&mut tab.search).hint_text("search").font(theme::font()).desired_width(110.0);
        ui.add(search);
        ui.toggle_value(&mut tab.ours_only, text("this suite"))
            .on_hover_text("Hides all other systems; what leads through them is dashed");
        ui.toggle_value(&mut tab.frozen, text("freeze")).on_hover_text("Keeps the figures as they are");
        if ui.add(Button::new(text("fit"))).on_hover_text("Shows all, or all that was found").clicked() {
            tab.fit = true;
        }
    });
}

fn text(text: &str) -> RichText {
    RichText::new(text).font(theme::font())
}

/// The wheel scales around the pointer, dragging moves.
fn move_camera(ui: &Ui, tab: &mut ScheduleTab, rect: Rect, response: &Response) {
    if mem::take(&mut tab.fit) || response.double_clicked() {
        let found = found(tab);
        tab.camera = Camera::fit(found.0, found.1, [rect.width(), rect.height()]);
    }
    if response.dragged() {
        tab.camera.pan(response.drag_delta().into());
    }
    if let Some(pointer) = response.hover_pos() {
        let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta().y, input.zoom_delta()));
        let factor = pinch * (scroll * 0.004).exp();
        if factor != 1.0 {
            tab.camera.zoom(factor, (pointer - rect.min).into());
        }
    }
}

/// The corners of what a search finds, or of everything.
fn found(tab: &ScheduleTab) -> (Point, Point) {
    let Some((schedule, view, _)) = tab.shown() else { return ([0.0; 2], [1.0; 2]) };
    let matches = |&at: &usize| !tab.search.trim().is_empty() && schedule.nodes[view.nodes[at]].matches(&tab.search);
    let found = (0..view.nodes.len()).filter(matches).map(|at| (view.layout.boxes[at], view.sizes[at]));
    let corners = found.map(|(at, size)| (at, [at[0] + size[0], at[1] + size[1]]));
    let both = |one: (Point, Point), two: (Point, Point)| {
        ([0, 1].map(|axis| one.0[axis].min(two.0[axis])), [0, 1].map(|axis| one.1[axis].max(two.1[axis])))
    };
    corners.reduce(both).unwrap_or(([0.0; 2], view.layout.size))
}

fn drawing(ui: &Ui, tab: &ScheduleTab, rect: Rect, response: &Response) {
    let Some((schedule, view, live)) = tab.shown() else { return };
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, CornerRadius::same(4), Color32::from_rgb(10, 12, 16));
    if view.nodes.is_empty() {
        let line = "no system of this suite runs in this schedule";
        painter.text(rect.center(), Align2::CENTER_CENTER, line, theme::font(), theme::color(Tone::Dim));
    }
    let place = |point: Point| rect.min + Vec2::from(tab.camera.place(point));
    let places: Vec<Rect> = view
        .layout
        .boxes
        .iter()
        .zip(&view.sizes)
        .map(|(&at, size)| Rect::from_min_max(place(at), place([at[0] + size[0], at[1] + size[1]])))
        .collect();
    let pointed = response.hover_pos().and_then(|pointer| places.iter().position(|it| it.contains(pointer)));
    lines(&painter, view, pointed, tab.camera.scale, place);
    for (index, (at, text)) in places.iter().zip(boxes(schedule, view, live, &tab.search)).enumerate() {
        if rect.intersects(*at) {
            draw_box(&painter, *at, &text, tab.camera.scale, pointed == Some(index));
        }
    }
    painter.rect_stroke(rect, CornerRadius::same(4), EDGE, StrokeKind::Inside);
    if let Some(pointed) = pointed.map(|it| view.nodes[it]) {
        let lines = details(&schedule.nodes[pointed], live.figures().get(pointed));
        response.clone().on_hover_ui_at_pointer(|ui| tell(ui, &lines));
    }
}

/// All lines, those of the box under the pointer last and marked.
fn lines(painter: &Painter, view: &View, pointed: Option<usize>, scale: f32, place: impl Fn(Point) -> Pos2) {
    let touches = |ends: (usize, usize)| pointed.is_some_and(|it| it == ends.0 || it == ends.1);
    let width = (1.4 * scale).clamp(0.5, 2.0);
    for marked in [false, true] {
        let stroke = Stroke::new(if marked { width + 0.8 } else { width }, if marked { MARKED } else { LINE });
        for (link, corners) in
            view.links.iter().zip(&view.layout.lines).filter(|(link, _)| touches(link.ends) == marked)
        {
            let corners: Vec<Pos2> = corners.iter().map(|&corner| place(corner)).collect();
            let seen = painter.clip_rect();
            if !Rect::from_points(&corners).expand(1.0).intersects(seen) {
                continue;
            }
            for pair in corners.windows(2) {
                let Some(part) = clipped(pair[0], pair[1], seen.expand(2.0)) else { continue };
                if link.dashed {
                    painter.extend(Shape::dashed_line(&part, stroke, DASH, DASH));
                } else {
                    painter.line_segment(part, stroke);
                }
            }
            if let [.., tip] = corners.as_slice() {
                painter.add(arrow(*tip, scale, stroke.color));
            }
        }
    }
}

/// The part of a segment that lies in a rectangle.
fn clipped(from: Pos2, to: Pos2, rect: Rect) -> Option<[Pos2; 2]> {
    let (mut begin, mut end) = (0.0_f32, 1.0_f32);
    let step = to - from;
    for axis in 0..2 {
        if step[axis].abs() < 1e-3 {
            if from[axis] < rect.min[axis] || from[axis] > rect.max[axis] {
                return None;
            }
            continue;
        }
        let (one, other) = ((rect.min[axis] - from[axis]) / step[axis], (rect.max[axis] - from[axis]) / step[axis]);
        begin = begin.max(one.min(other));
        end = end.min(one.max(other));
    }
    (begin < end).then(|| [from + step * begin, from + step * end])
}

fn arrow(tip: Pos2, scale: f32, color: Color32) -> Shape {
    let [length, half] = [7.0, 3.0].map(|it: f32| it * scale.min(1.5));
    Shape::convex_polygon(vec![tip, tip - vec2(length, half), tip - vec2(length, -half)], color, Stroke::NONE)
}

fn draw_box(painter: &Painter, place: Rect, text: &BoxText, scale: f32, pointed: bool) {
    let fade = |color: Color32| if text.dimmed { color.gamma_multiply(0.25) } else { color };
    let edge = if pointed { MARKED } else { Color32::from_gray(if text.ours { 150 } else { 84 }) };
    // A system that has the world to itself stops all others: its frame is thick.
    let width = if text.exclusive { 2.5 } else { 1.0 } * scale.clamp(0.4, 1.0);
    let round = CornerRadius::same((4.0 * scale).clamp(0.0, 8.0) as u8);
    painter.rect(place, round, fade(color(text.heat)), Stroke::new(width, fade(edge)), StrokeKind::Inside);
    let size = (theme::font().size * scale * 2.0).round() * 0.5;
    if size < SMALLEST_TEXT {
        return;
    }
    let font = FontId::monospace(size);
    let left = place.left() + 8.0 * scale;
    let title = if text.ours { BRIGHT } else { theme::color(Tone::Plain) };
    let line = |share: f32| pos2(left, place.top() + place.height() * share);
    painter.text(line(0.3), Align2::LEFT_CENTER, &text.title, font.clone(), fade(title));
    painter.text(line(0.72), Align2::LEFT_CENTER, &text.time, font, fade(theme::color(Tone::Plain)));
}

/// The colour of a place between no share and all.
fn color(heat: f32) -> Color32 {
    let at = heat.clamp(0.0, 1.0) * (HEATS.len() - 1) as f32;
    let index = (at as usize).min(HEATS.len() - 2);
    let mix = |one: u8, other: u8| f32::from(one) + (f32::from(other) - f32::from(one)) * (at - index as f32);
    let channel = |it: usize| mix(HEATS[index][it], HEATS[index + 1][it]) as u8;
    Color32::from_rgb(channel(0), channel(1), channel(2))
}

/// All that is known of a system, beside the pointer.
fn tell(ui: &mut Ui, lines: &[(&'static str, String)]) {
    ui.set_max_width(520.0);
    ui.spacing_mut().item_spacing.y = 0.0;
    for (what, told) in lines {
        ui.horizontal_wrapped(|ui| {
            ui.label(text(&format!("{what:<8}")).color(theme::color(Tone::Dim)));
            ui.label(text(told).color(theme::color(Tone::Plain)));
        });
    }
}

/// What the colours and lines mean.
fn legend(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), LINE_HEIGHT + GAP * 0.5), Sense::hover());
    let painter = ui.painter_at(rect);
    let mut left = rect.left();
    let mut word = |words: &str| {
        let dim = theme::color(Tone::Dim);
        let place = painter.text(pos2(left, rect.center().y), Align2::LEFT_CENTER, words, theme::font(), dim);
        left = place.right() + GAP;
        place.right()
    };
    word("share of the schedule's time");
    for (share, name) in [(0.0, "0"), (0.01, "1 %"), (0.1, "10 %"), (1.0, "100 %")] {
        let at = word("   ");
        let square = Rect::from_center_size(pos2(at - 10.0, rect.center().y), vec2(18.0, 11.0));
        painter.rect(
            square,
            CornerRadius::same(2),
            color(heat(share)),
            Stroke::new(1.0, BAR_GROUND),
            StrokeKind::Inside,
        );
        word(name);
    }
    word("· dashed: through hidden systems · thick frame: has the world to itself");
}

#[cfg(test)]
mod tests;
