//! The tab of streams, stages, attachments and books.

use bevy::ecs::world::World;
use bevy_egui::egui::{TextureId, Ui};
use bevy_egui::{EguiTextureHandle, EguiUserTextures};
use freshet_ledger::Report;

use super::tabs::Tab;
use super::{InspectorPicture, app, attachments, ledger, stages, streams, table};
use crate::model::{PanelModel, gather, panel_model};

/// Streams, stages, attachments and books.
#[derive(Debug, Default)]
pub(super) struct Overview {
    pub(super) model: PanelModel,
    /// The streams' pictures, in the order of the model.
    pub(super) textures: Vec<Option<TextureId>>,
}

impl Overview {
    /// Its name, by which the settings know it.
    pub(super) const NAME: &'static str = "Overview";
}

impl Tab for Overview {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn refresh(&mut self, world: &World) {
        self.model = panel_model(&gather(world, &Report::of(world)));
    }

    fn prepare(&mut self, world: &mut World) {
        self.textures.clear();
        for card in &self.model.streams.body {
            let picture = card.stream.and_then(|stream| world.get::<InspectorPicture>(stream)).map(|it| it.0.id());
            let textures = world.get_resource_mut::<EguiUserTextures>();
            // Weak: who wants the picture is its owner's business.
            let texture = picture.zip(textures).map(|(id, mut known)| known.add_image(EguiTextureHandle::Weak(id)));
            self.textures.push(texture);
        }
    }

    fn show(&mut self, ui: &mut Ui) {
        let Self { model, textures } = self;
        table::section(ui, "Streams", &model.streams, |ui, cards| streams::show(ui, cards, textures));
        table::section(ui, "Stages", &model.stages, |ui, rows| stages::show(ui, rows));
        table::section(ui, "Attachments", &model.attachments, |ui, rows| attachments::show(ui, rows));
        table::section(ui, "Ledger", &model.ledger, |ui, groups| ledger::show(ui, groups));
        table::section(ui, "App", &model.app, app::show);
    }
}
