//! The tab of priorities: attention and the pools side by side, the last seconds, and the levels.

use bevy::ecs::world::World;
use bevy_egui::egui::{Rect, Ui, UiBuilder, pos2};
use freshet_priority::{Attention, Forecast, Governor};

use super::tabs::Tab;
use super::theme::GAP;
use super::{attention, pool, table, timeline, workloads};
use crate::model::priorities::{Ask, Memory, PrioritiesModel, gather, priorities_model, window};
use crate::model::timeline::{TimelineModel, timeline_model};
use crate::model::{Section, Tone};
use crate::settings::InspectorSettings;

/// As wide as its table needs with every column.
const WIDTH: f32 = 1244.0;
/// From this width on, attention and pools stand side by side.
const SIDE_BY_SIDE: f32 = 1060.0;
/// What the pools take then.
const POOL_WIDTH: f32 = 552.0;

/// Levels, and why.
#[derive(Debug, Default)]
pub(super) struct Priorities {
    pub(super) model: PrioritiesModel,
    pub(super) timeline: Section<TimelineModel>,
    memory: Memory,
    /// How wide the timeline was when it was last drawn.
    pixels: f32,
    frozen: bool,
    /// What was clicked.
    asked: Option<Ask>,
}

impl Priorities {
    /// Its name, by which the settings know it.
    pub(super) const NAME: &'static str = "Priorities";
}

impl Tab for Priorities {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn is_wanted(&self, world: &World) -> bool {
        world.contains_resource::<Attention>()
    }

    fn width(&self, settings: &InspectorSettings) -> f32 {
        settings.panel_width.max(WIDTH)
    }

    fn refresh(&mut self, world: &World) {
        if let Some(inputs) = gather(world) {
            self.model = priorities_model(&inputs, &mut self.memory);
        }
        if !self.frozen
            && let Some(input) = window(world)
        {
            self.timeline = section(timeline_model(&input, self.pixels.max(200.0)));
        }
    }

    fn show(&mut self, ui: &mut Ui) {
        let width = ui.available_width();
        let asked = &mut self.asked;
        let model = &self.model;
        if width >= SIDE_BY_SIDE {
            let split = width - POOL_WIDTH - GAP * 2.0;
            side_by_side(ui, split, |left, right| {
                table::section(left, "Attention", &model.attention, |ui, it| attention::show(ui, it, asked));
                table::section(right, "Workers", &model.pool, pool::show);
            });
        } else {
            table::section(ui, "Attention", &model.attention, |ui, it| attention::show(ui, it, asked));
            table::section(ui, "Workers", &model.pool, pool::show);
        }
        let (frozen, pixels) = (&mut self.frozen, &mut self.pixels);
        table::section(ui, "Timeline", &self.timeline, |ui, it| *pixels = timeline::show(ui, it, frozen));
        table::section(ui, "Levels", &model.levels, |ui, bands| workloads::show(ui, bands));
    }

    fn act(&mut self, world: &mut World) {
        match self.asked.take() {
            None => {}
            Some(Ask::Attend(context)) => world.resource_mut::<Attention>().force(context),
            Some(Ask::Forecast(on)) => world.resource_mut::<Forecast>().set_enabled(on),
            Some(Ask::Govern(on)) => world.resource_mut::<Governor>().enabled = on,
        }
    }
}

fn section(body: TimelineModel) -> Section<TimelineModel> {
    let tone = if body.missed > 0 { Tone::Bad } else { Tone::Dim };
    Section { summary: format!("{} runs in 5 s, {} missed", body.runs, body.missed), tone, body }
}

/// Two columns, as high as the higher one.
fn side_by_side(ui: &mut Ui, split: f32, show: impl FnOnce(&mut Ui, &mut Ui)) {
    let rect = ui.available_rect_before_wrap();
    let left = rect.with_max_x(rect.left() + split);
    let right = Rect::from_min_max(pos2(left.right() + GAP * 2.0, rect.top()), rect.max);
    let mut left = ui.new_child(UiBuilder::new().id_salt("left").max_rect(left));
    let mut right = ui.new_child(UiBuilder::new().id_salt("right").max_rect(right));
    show(&mut left, &mut right);
    ui.advance_cursor_after_rect(left.min_rect().union(right.min_rect()));
}
