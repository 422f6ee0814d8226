//! Wiring.

use bevy::app::{App, Plugin, PostUpdate, PreUpdate};
use bevy::asset::embedded_asset;
use bevy::core_pipeline::schedule::{Core2d, Core2dSystems, Core3d, Core3dSystems, camera_driver};
use bevy::ecs::prelude::*;
#[cfg(feature = "pbr")]
use bevy::ecs::schedule::common_conditions::resource_exists;
use bevy::log::warn;
use bevy::render::extract_component::ExtractComponentPlugin;
use bevy::render::render_asset::prepare_assets;
use bevy::render::renderer::{RenderGraph, RenderGraphSystems};
use bevy::render::texture::GpuImage;
use bevy::render::{ExtractSchedule, GpuResourceAppExt, Render, RenderApp, RenderSystems};

use crate::background::{Background, BackgroundPipelines, draw_background, prepare_backgrounds};
use crate::export::{ExportDone, ExportQueue, Exports, extract_exports, record_exports, record_features, record_flows};
use crate::live::{ShownStreams, extract_shown, fit_images, forget_unused, publish_pictures};

/// Streams on screen and in files.
#[derive(Debug, Default, Clone)]
pub struct CompositorPlugin;

impl Plugin for CompositorPlugin {
    fn build(&self, app: &mut App) {
        embedded_asset!(app, "background/background.wgsl");
        app.init_resource::<Exports>()
            .add_message::<ExportDone>()
            .add_plugins(ExtractComponentPlugin::<Background>::default())
            .add_systems(PreUpdate, tell_exports)
            .add_systems(PostUpdate, (fit_images, forget_unused));
        #[cfg(feature = "pbr")]
        app.add_systems(
            PostUpdate,
            crate::live::refresh_materials
                .after(fit_images)
                .run_if(resource_exists::<bevy::asset::Assets<bevy::pbr::StandardMaterial>>),
        );
        let Some(render_app) = app.get_sub_app_mut(RenderApp) else { return };
        render_app
            .init_resource::<ShownStreams>()
            .init_resource::<ExportQueue>()
            .add_systems(ExtractSchedule, (extract_shown, extract_exports))
            .add_systems(
                Render,
                (
                    // Bevy's own images first, or they would take the handle for one of theirs.
                    publish_pictures.in_set(RenderSystems::PrepareAssets).after(prepare_assets::<GpuImage>),
                    prepare_backgrounds.in_set(RenderSystems::PrepareBindGroups),
                ),
            )
            // Before anything else is drawn into the view.
            .add_systems(Core3d, draw_background.after(Core3dSystems::Prepass).before(Core3dSystems::MainPass))
            .add_systems(Core2d, draw_background.after(Core2dSystems::Prepass).before(Core2dSystems::MainPass))
            .add_systems(
                RenderGraph,
                // After the cameras, whose pictures may be wanted.
                (record_exports, record_flows, record_features).in_set(RenderGraphSystems::Render).after(camera_driver),
            );
    }

    fn finish(&self, app: &mut App) {
        if let Some(render_app) = app.get_sub_app_mut(RenderApp) {
            render_app.init_gpu_resource::<BackgroundPipelines>();
        }
    }
}

/// Tells the app which files are written.
fn tell_exports(mut exports: ResMut<Exports>, mut messages: MessageWriter<ExportDone>) {
    while let Some(done) = exports.take_done() {
        if let Err(error) = &done.result {
            warn!("{error}");
        }
        messages.write(done);
    }
}
