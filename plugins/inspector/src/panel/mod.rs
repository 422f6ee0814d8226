//! The panel: texts made at most 10 times a second, drawn in every app frame while it is open.

mod app;
mod attachments;
mod ledger;
pub(crate) mod schedule;
mod stages;
mod streams;
mod table;
mod theme;

use std::time::{Duration, Instant};

use bevy::asset::Handle;
use bevy::ecs::prelude::*;
use bevy::image::Image;
use bevy_egui::egui::scroll_area::ScrollArea;
use bevy_egui::egui::{self, Area, Frame, Id, TextureId, Visuals};
use bevy_egui::{EguiContexts, EguiTextureHandle};
use freshet_ledger::Report;

use crate::model::{PanelModel, gather, panel_model};
use crate::settings::InspectorSettings;
use theme::{BACKGROUND, EDGE, GAP, MARGIN, MIN_WIDTH};

/// Texts change at most this often: faster than this nobody reads.
const REFRESH_PERIOD: Duration = Duration::from_millis(100);

/// On a stream: the picture of it that the panel shows, such as its live picture.
///
/// The panel shows what is there and asks for nothing: for as long as the picture's owner wants the stream's product,
/// with the panel open or not.
#[derive(Component, Debug, Clone, PartialEq, Eq)]
pub struct InspectorPicture(pub Handle<Image>);

/// What the panel says, and since when.
#[derive(Resource, Debug, Default)]
pub(crate) struct Panel {
    model: PanelModel,
    made: Option<Instant>,
}

impl Panel {
    /// Whether the texts are due to be made anew.
    pub(crate) fn is_due(panel: Res<Self>) -> bool {
        panel.made.is_none_or(|made| made.elapsed() >= REFRESH_PERIOD)
    }
}

pub(crate) fn refresh_panel(world: &mut World) {
    let model = panel_model(&gather(world, &Report::of(world)));
    *world.resource_mut::<Panel>() = Panel { model, made: Some(Instant::now()) };
}

pub(crate) fn draw_panel(
    mut contexts: EguiContexts,
    panel: Res<Panel>,
    settings: Res<InspectorSettings>,
    pictures: Query<&InspectorPicture>,
) {
    let cards = &panel.model.streams.body;
    let textures: Vec<_> = cards
        .iter()
        .map(|card| {
            let picture = pictures.get(card.stream?).ok()?;
            // Weak: who wants the picture is its owner's business.
            Some(contexts.add_image(EguiTextureHandle::Weak(picture.0.id())))
        })
        .collect();
    // Without a camera there is no context yet.
    let Ok(context) = contexts.ctx_mut() else { return };
    show(context, &panel.model, &textures, &settings);
}

pub(crate) fn draw_schedules(
    mut contexts: EguiContexts,
    mut tab: ResMut<crate::schedule::ScheduleTab>,
    book: Res<crate::schedule::Schedulebook>,
) {
    let Ok(context) = contexts.ctx_mut() else { return };
    egui::Window::new("Schedules").default_pos([500.0, GAP]).default_size([960.0, 620.0]).show(context, |ui| {
        *ui.visuals_mut() = Visuals::dark();
        schedule::show(ui, &mut tab, &book);
    });
}

/// Draws the panel. `textures` are the streams' pictures, in the order of the model.
fn show(context: &egui::Context, model: &PanelModel, textures: &[Option<TextureId>], settings: &InspectorSettings) {
    let screen = context.viewport_rect().size();
    let frame = f32::from(MARGIN) * 2.0 + GAP * 2.0;
    let width = settings.panel_width.max(MIN_WIDTH).min(screen.x - frame);
    let height = screen.y - frame - theme::HEADER_HEIGHT;
    let area = Area::new(Id::new("freshet inspector")).default_pos([GAP, GAP]).default_width(width + frame);
    area.show(context, |ui| {
        *ui.visuals_mut() = Visuals::dark();
        ui.spacing_mut().item_spacing.y = 0.0;
        Frame::new().fill(BACKGROUND).stroke(EDGE).corner_radius(6).inner_margin(MARGIN).show(ui, |ui| {
            ui.set_width(width);
            // Else the panel never grows beyond what it once was.
            ui.set_max_height(height + theme::HEADER_HEIGHT);
            table::title(ui, "Freshet", &format!("{:?} hides", settings.toggle_key));
            ScrollArea::vertical().max_height(height).auto_shrink([false, true]).show(ui, |ui| {
                table::section(ui, "Streams", &model.streams, |ui, cards| streams::show(ui, cards, textures));
                table::section(ui, "Stages", &model.stages, |ui, rows| stages::show(ui, rows));
                table::section(ui, "Attachments", &model.attachments, |ui, rows| attachments::show(ui, rows));
                table::section(ui, "Ledger", &model.ledger, |ui, groups| ledger::show(ui, groups));
                table::section(ui, "App", &model.app, app::show);
            });
        });
    });
}

#[cfg(test)]
mod on_screen;
#[cfg(test)]
mod tests;
