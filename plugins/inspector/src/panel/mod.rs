//! The panel: texts made at most 10 times a second, drawn in every app frame while it is open.

mod app;
mod attachments;
#[cfg(feature = "priority")]
mod attention;
mod ledger;
#[cfg(feature = "inference")]
mod models;
mod overview;
#[cfg(feature = "priority")]
mod pool;
#[cfg(feature = "priority")]
mod priorities;
mod schedule;
mod schedules;
mod stages;
mod streams;
mod table;
mod tabs;
mod theme;
#[cfg(feature = "priority")]
mod timeline;
#[cfg(feature = "priority")]
mod workloads;

use std::time::{Duration, Instant};

use bevy::asset::Handle;
use bevy::ecs::prelude::*;
use bevy::ecs::system::SystemState;
use bevy::image::Image;
use bevy_egui::EguiContexts;
use bevy_egui::egui::scroll_area::ScrollArea;
use bevy_egui::egui::{self, Area, Frame, Id, Visuals};

use crate::settings::InspectorSettings;
use tabs::Tabs;
use theme::{BACKGROUND, EDGE, GAP, MARGIN, MIN_WIDTH};

/// Texts change at most this often: faster than this nobody reads.
const REFRESH_PERIOD: Duration = Duration::from_millis(100);

/// On a stream: the picture of it that the panel shows, such as its live picture.
///
/// The panel shows what is there and asks for nothing: for as long as the picture's owner wants the stream's product,
/// with the panel open or not.
#[derive(Component, Debug, Clone, PartialEq, Eq)]
pub struct InspectorPicture(pub Handle<Image>);

/// The name of the first tab.
pub(crate) const FIRST_TAB: &str = overview::Overview::NAME;

/// What the panel says, and since when.
#[derive(Resource, Default)]
pub(crate) struct Panel {
    tabs: Tabs,
    /// Which tab was made anew, and when.
    made: Option<(&'static str, Instant)>,
}

impl Panel {
    /// Whether the texts are due to be made anew.
    pub(crate) fn is_due(panel: Res<Self>, settings: Res<InspectorSettings>) -> bool {
        panel.made.is_none_or(|(tab, made)| tab != settings.tab || made.elapsed() >= REFRESH_PERIOD)
    }
}

pub(crate) fn refresh_panel(world: &mut World) {
    let shown = world.resource::<InspectorSettings>().tab;
    world.resource_scope(|world, mut panel: Mut<'_, Panel>| {
        panel.made = Some((shown, Instant::now()));
        panel.tabs.look(world);
        if let Some(tab) = panel.tabs.shown(shown) {
            tab.refresh(world);
        }
    });
}

pub(crate) fn draw_panel(world: &mut World, contexts: &mut SystemState<EguiContexts<'_, '_>>) {
    let Ok(mut contexts) = contexts.get_mut(world) else { return };
    // Without a camera there is no context yet.
    let Ok(context) = contexts.ctx_mut().cloned() else { return };
    let shown = world.resource::<InspectorSettings>().tab;
    world.resource_scope(|world, mut panel: Mut<'_, Panel>| {
        if let Some(tab) = panel.tabs.shown(shown) {
            tab.prepare(world);
        }
        let clicked = show(&context, &mut panel.tabs, world.resource::<InspectorSettings>());
        if let Some(tab) = panel.tabs.shown(shown) {
            tab.act(world);
        }
        if let Some(tab) = clicked {
            world.resource_mut::<InspectorSettings>().tab = tab;
        }
    });
}

/// Draws the panel, and answers with the tab that was clicked.
fn show(context: &egui::Context, tabs: &mut Tabs, settings: &InspectorSettings) -> Option<&'static str> {
    let screen = context.viewport_rect().size();
    let frame = f32::from(MARGIN) * 2.0 + GAP * 2.0;
    let wanted = tabs.shown(settings.tab).map_or(MIN_WIDTH, |tab| tab.width(settings));
    let width = wanted.max(MIN_WIDTH).min(screen.x - frame);
    let height = screen.y - frame - theme::HEADER_HEIGHT;
    let mut clicked = None;
    let area =
        Area::new(Id::new("freshet inspector")).default_pos([GAP, GAP]).default_width(width + f32::from(MARGIN) * 2.0);
    area.show(context, |ui| {
        *ui.visuals_mut() = Visuals::dark();
        ui.spacing_mut().item_spacing.y = 0.0;
        Frame::new().fill(BACKGROUND).stroke(EDGE).corner_radius(6).inner_margin(MARGIN).show(ui, |ui| {
            ui.set_width(width);
            // Else the panel never grows beyond what it once was.
            ui.set_max_height(height + theme::HEADER_HEIGHT);
            clicked = tabs.title(ui, settings.tab, &format!("{:?} hides", settings.toggle_key));
            let Some(tab) = tabs.shown(settings.tab) else { return };
            if !tab.scrolls() {
                ui.set_max_height(height);
                return tab.show(ui);
            }
            let scroll = ScrollArea::vertical().id_salt(tab.name()).max_height(height).auto_shrink([false, true]);
            scroll.show(ui, |ui| tab.show(ui));
        });
    });
    clicked
}

#[cfg(test)]
mod on_screen;
#[cfg(all(test, feature = "priority"))]
mod priorities_on_screen;
#[cfg(all(test, feature = "priority"))]
mod priorities_tests;
#[cfg(test)]
mod tests;
