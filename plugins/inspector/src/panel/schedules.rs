//! The tab of schedules: a graph with the measured time on each system.

use bevy::ecs::world::World;
use bevy_egui::egui::{Ui, vec2};

use super::schedule;
use super::tabs::Tab;
use super::theme::{GAP, HEADER_HEIGHT};
use crate::schedule::{ScheduleTab, Schedulebook};
use crate::settings::InspectorSettings;

/// As wide as a graph is pleasant to read.
const WIDTH: f32 = 1244.0;
const LEAST_HEIGHT: f32 = 240.0;

/// Schedules, of both worlds. While it is drawn, it holds what is otherwise in the world.
#[derive(Default)]
pub(super) struct Schedules {
    tab: ScheduleTab,
    book: Schedulebook,
}

impl Tab for Schedules {
    fn name(&self) -> &'static str {
        "Schedule"
    }

    fn is_wanted(&self, world: &World) -> bool {
        world.contains_resource::<Schedulebook>()
    }

    fn width(&self, settings: &InspectorSettings) -> f32 {
        settings.panel_width.max(WIDTH)
    }

    /// It reads the stopwatches as it is drawn, at its own pace.
    fn refresh(&mut self, _: &World) {}

    fn prepare(&mut self, world: &mut World) {
        self.swap(world);
    }

    fn show(&mut self, ui: &mut Ui) {
        // What scrolls has no height of its own; the graph has the room that is seen.
        let height = (ui.clip_rect().height() - HEADER_HEIGHT - GAP).max(LEAST_HEIGHT);
        ui.allocate_ui(vec2(ui.available_width(), height), |ui| schedule::show(ui, &mut self.tab, &self.book));
    }

    fn act(&mut self, world: &mut World) {
        self.swap(world);
    }
}

impl Schedules {
    fn swap(&mut self, world: &mut World) {
        if let Some(mut tab) = world.get_resource_mut::<ScheduleTab>() {
            std::mem::swap(&mut self.tab, &mut *tab);
        }
        if let Some(mut book) = world.get_resource_mut::<Schedulebook>() {
            std::mem::swap(&mut self.book, &mut *book);
        }
    }
}
