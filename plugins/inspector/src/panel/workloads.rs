//! The levels and who is in them.

use bevy_egui::egui::{Sense, Ui, vec2};

use super::table::{Cell, paint_row, row_on};
use super::theme::{self, GAP, LINE_HEIGHT};
use crate::model::Tone;
use crate::model::priorities::{Band, Moved, WorkloadRow};

/// A column besides mark and name, which are always there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Role,
    Why,
    Cost,
    CostP95,
    Task,
    TaskP95,
    Deadline,
    Missed,
    OverBudget,
    Promotions,
    Demotions,
    LastRun,
}

impl Column {
    /// All of them, from left to right, with what they are called and how wide they are.
    const ALL: [(Self, &'static str, f32); 12] = [
        (Self::Role, "role", 118.0),
        (Self::Why, "why", 208.0),
        (Self::Cost, "cost ms", 54.0),
        (Self::CostP95, "p95", 54.0),
        (Self::Task, "task ms", 54.0),
        (Self::TaskP95, "p95", 54.0),
        (Self::Deadline, "due ms", 54.0),
        (Self::Missed, "missed", 54.0),
        (Self::OverBudget, "no room", 54.0),
        (Self::Promotions, "raised", 52.0),
        (Self::Demotions, "lowered", 52.0),
        (Self::LastRun, "ran ago", 58.0),
    ];

    /// In which order they go when there is no room for all.
    const GO: [Self; 12] = [
        Self::Role,
        Self::TaskP95,
        Self::Task,
        Self::Deadline,
        Self::LastRun,
        Self::CostP95,
        Self::OverBudget,
        Self::Demotions,
        Self::Promotions,
        Self::Missed,
        Self::Cost,
        Self::Why,
    ];
}

/// The narrowest name.
const NAME: f32 = 96.0;
/// How much of its level's colour lies below a level's own line, and below what has just moved.
const BAND: f32 = 0.14;
const MOVED: f32 = 0.28;
const MARK: f32 = LINE_HEIGHT * 0.5;

/// The columns that there is room for.
fn columns(width: f32) -> Vec<(Column, &'static str, f32)> {
    let mut columns = Column::ALL.to_vec();
    let mut gone = Column::GO.iter();
    while columns.iter().map(|(_, _, width)| width + GAP).sum::<f32>() + MARK + GAP + NAME > width {
        let Some(next) = gone.next() else { break };
        columns.retain(|(column, _, _)| column != next);
    }
    columns
}

pub(super) fn show(ui: &mut Ui, bands: &[Band]) {
    let columns = columns(ui.available_width());
    let mut cells = vec![Cell::text("", MARK, Tone::Dim), Cell::name("", Tone::Dim)];
    cells.extend(columns.iter().map(|&(column, head, width)| match column {
        Column::Role | Column::Why => Cell::text(head, width, Tone::Dim),
        _ => Cell::figure(head, width, Tone::Dim),
    }));
    row_on(ui, None, &cells, "");
    for band in bands {
        show_band(ui, band);
        for row in &band.rows {
            show_row(ui, band, row, &columns);
        }
    }
}

/// The level's own line.
fn show_band(ui: &mut Ui, band: &Band) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), LINE_HEIGHT + 1.0), Sense::hover());
    let place = rect.with_min_y(rect.top() + 1.0);
    let color = theme::level(band.level);
    ui.painter().rect_filled(place, 2, theme::level_ground(band.level, BAND));
    ui.painter().rect_filled(place.with_max_x(place.left() + 3.0), 1, color);
    let inner = place.with_min_x(place.left() + GAP).with_max_x(place.right() - GAP * 0.5);
    let cells =
        [Cell::name(band.level.name(), Tone::Plain).colored(color), Cell::figure(&band.summary, 120.0, Tone::Dim)];
    paint_row(ui.painter(), inner, &cells);
}

fn show_row(ui: &mut Ui, band: &Band, it: &WorkloadRow, columns: &[(Column, &'static str, f32)]) {
    let color = theme::level(band.level);
    let mark = match it.moved {
        Some(moved) => Cell::triangle(moved == Moved::Up, color),
        None => Cell::text("", MARK, Tone::Dim),
    };
    let name = Cell::name(it.name, it.tone);
    let mut cells = vec![mark, if it.moved.is_some() { name.bright() } else { name }];
    cells.extend(columns.iter().map(|&(column, _, width)| cell(it, column, width)));
    let ground = it.moved.map(|_| theme::level_ground(band.level, MOVED));
    row_on(ui, ground, &cells, &it.detail);
}

fn cell(it: &WorkloadRow, column: Column, width: f32) -> Cell<'_> {
    let plain = |text| Cell::figure(text, width, Tone::Plain);
    match column {
        Column::Role => Cell::text(&it.role, width, Tone::Dim),
        Column::Why => Cell::text(&it.why, width, it.why_tone),
        Column::Cost => plain(&it.cost[0]),
        Column::CostP95 => plain(&it.cost[1]),
        Column::Task => plain(&it.task_cost[0]),
        Column::TaskP95 => plain(&it.task_cost[1]),
        Column::Deadline => plain(&it.deadline),
        Column::Missed => Cell::figure(&it.missed.0, width, it.missed.1),
        Column::OverBudget => Cell::figure(&it.over_budget.0, width, it.over_budget.1),
        Column::Promotions => Cell::figure(&it.promotions, width, Tone::Dim),
        Column::Demotions => Cell::figure(&it.demotions, width, Tone::Dim),
        Column::LastRun => plain(&it.last_run),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_go_until_there_is_room_and_why_goes_last() {
        assert_eq!(columns(1244.0).len(), 12);
        let narrow = columns(400.0);
        assert!(narrow.len() < 6 && narrow.iter().any(|(column, _, _)| *column == Column::Why), "{narrow:?}");
        let only = columns(MARK + GAP + NAME + 208.0 + GAP);
        assert_eq!(only.iter().map(|(column, _, _)| *column).collect::<Vec<_>>(), [Column::Why]);
        let all_go = Column::ALL.iter().all(|(column, _, _)| Column::GO.contains(column));
        assert!(all_go && columns(10.0).is_empty());
    }
}
