//! The tab of schedules.

use std::mem;

use bevy::ecs::world::World;
use bevy_egui::egui::Ui;

use super::schedule;
use super::tabs::Tab;
use super::theme::GAP;
use crate::schedule::{ScheduleTab, Schedulebook};
use crate::settings::InspectorSettings;

/// Wide enough for a good part of a graph.
const WIDTH: f32 = 1244.0;

/// Graphs of schedules, with measured times. What was chosen in them lies in the world, where it is seen whether they are
/// looked at; it is lent to the tab for as long as that is drawn.
#[derive(Debug, Default)]
pub(super) struct Schedules {
    lent: Option<(ScheduleTab, Schedulebook)>,
}

impl Tab for Schedules {
    fn name(&self) -> &'static str {
        "Schedule"
    }

    fn is_wanted(&self, world: &World) -> bool {
        world.contains_resource::<ScheduleTab>() && world.contains_resource::<Schedulebook>()
    }

    fn width(&self, settings: &InspectorSettings) -> f32 {
        settings.panel_width.max(WIDTH)
    }

    fn scrolls(&self) -> bool {
        // The wheel scales the graph.
        false
    }

    /// The graph reads its figures itself, as rarely.
    fn refresh(&mut self, _: &World) {}

    fn prepare(&mut self, world: &mut World) {
        let tab = world.get_resource_mut::<ScheduleTab>().map(|mut tab| mem::take(&mut *tab));
        let book = world.get_resource_mut::<Schedulebook>().map(|mut book| mem::take(&mut *book));
        self.lent = tab.zip(book);
    }

    fn show(&mut self, ui: &mut Ui) {
        let Some((tab, book)) = &mut self.lent else { return };
        ui.spacing_mut().item_spacing.y = GAP * 0.5;
        schedule::show(ui, tab, book);
    }

    fn act(&mut self, world: &mut World) {
        if let Some((tab, book)) = self.lent.take() {
            world.insert_resource(tab);
            world.insert_resource(book);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::tests::book;

    #[test]
    fn what_is_lent_is_given_back() {
        let mut world = World::new();
        let mut tab = Schedules::default();
        assert!(!tab.is_wanted(&world));
        world.insert_resource(book());
        world.init_resource::<ScheduleTab>();
        world.resource_mut::<ScheduleTab>().search = "flow".into();
        let schedules = world.resource::<Schedulebook>().schedules.len();
        assert!(tab.is_wanted(&world) && schedules > 0);
        tab.prepare(&mut world);
        tab.act(&mut world);
        assert_eq!(world.resource::<ScheduleTab>().search, "flow");
        assert_eq!(world.resource::<Schedulebook>().schedules.len(), schedules);
    }
}
