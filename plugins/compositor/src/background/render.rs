//! Drawing it, in the render world.

use bevy::asset::Handle;
use bevy::asset::{AssetServer, load_embedded_asset};
use bevy::ecs::prelude::*;
use bevy::math::Vec2;
use bevy::render::camera::ExtractedCamera;
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_resource::binding_types::{sampler, texture_2d, uniform_buffer_sized};
use bevy::render::render_resource::{
    BindGroup, BindGroupEntries, BindGroupLayoutDescriptor, BindGroupLayoutEntries, BufferInitDescriptor,
    CachedRenderPipelineId, ColorTargetState, ColorWrites, FragmentState, MultisampleState, PipelineCache,
    RenderPassDescriptor, RenderPipelineDescriptor, ShaderStages, TextureViewId, VertexState,
};
use bevy::render::renderer::{RenderContext, RenderDevice, ViewQuery};
use bevy::render::texture::GpuImage;
use bevy::render::view::{Msaa, ViewTarget};
use bevy::shader::Shader;
use std::num::NonZeroU64;
use wgpu::{BufferUsages, SamplerBindingType, TextureFormat, TextureSampleType};

use super::Background;

/// A pipeline for each kind of target that has been drawn to.
#[derive(Resource)]
pub(crate) struct BackgroundPipelines {
    shader: Handle<Shader>,
    layout: BindGroupLayoutDescriptor,
    made: Vec<((TextureFormat, u32), CachedRenderPipelineId)>,
}

impl FromWorld for BackgroundPipelines {
    fn from_world(world: &mut World) -> Self {
        let entries = BindGroupLayoutEntries::with_indices(
            ShaderStages::FRAGMENT,
            (
                (0, uniform_buffer_sized(false, NonZeroU64::new(size_of::<Vec2>() as u64))),
                (1, texture_2d(TextureSampleType::Float { filterable: true })),
                (2, sampler(SamplerBindingType::Filtering)),
            ),
        );
        Self {
            shader: load_embedded_asset!(world.resource::<AssetServer>(), "background.wgsl"),
            layout: BindGroupLayoutDescriptor::new("freshet:background", &entries),
            made: Vec::new(),
        }
    }
}

impl BackgroundPipelines {
    fn pipeline(&mut self, cache: &PipelineCache, format: TextureFormat, samples: u32) -> CachedRenderPipelineId {
        let key = (format, samples);
        if let Some(&(_, id)) = self.made.iter().find(|(made, _)| *made == key) {
            return id;
        }
        let target = ColorTargetState { format, blend: None, write_mask: ColorWrites::ALL };
        let id = cache.queue_render_pipeline(RenderPipelineDescriptor {
            label: Some("freshet:background".into()),
            layout: vec![self.layout.clone()],
            vertex: VertexState {
                shader: self.shader.clone(),
                entry_point: Some("corner".into()),
                ..Default::default()
            },
            fragment: Some(FragmentState {
                shader: self.shader.clone(),
                entry_point: Some("paint".into()),
                targets: vec![Some(target)],
                ..Default::default()
            }),
            multisample: MultisampleState { count: samples, ..Default::default() },
            ..Default::default()
        });
        self.made.push((key, id));
        id
    }
}

/// What a view needs to draw its background.
#[derive(Component)]
pub(crate) struct ViewBackground {
    pipeline: CachedRenderPipelineId,
    bindings: BindGroup,
    picture: TextureViewId,
    scale: Vec2,
}

pub(crate) fn prepare_backgrounds(
    views: Query<(Entity, &Background, &ExtractedCamera, &ViewTarget, &Msaa, Option<&ViewBackground>)>,
    stale: Query<Entity, (With<ViewBackground>, Without<Background>)>,
    images: Res<RenderAssets<GpuImage>>,
    mut pipelines: ResMut<BackgroundPipelines>,
    cache: Res<PipelineCache>,
    device: Res<RenderDevice>,
    mut commands: Commands,
) {
    for view in &stale {
        commands.entity(view).remove::<ViewBackground>();
    }
    for (view, background, camera, target, msaa, prepared) in &views {
        let (Some(image), Some(size)) = (images.get(&background.image), camera.physical_viewport_size) else {
            continue;
        };
        let (width, height) = (image.texture.width(), image.texture.height());
        let mut scale = background.fit.scale(Vec2::new(width as f32, height as f32), size.as_vec2());
        if background.mirrored {
            scale.x = -scale.x;
        }
        let pipeline = pipelines.pipeline(&cache, target.main_texture_format(), msaa.samples());
        let picture = image.texture_view.id();
        if prepared.is_some_and(|one| one.pipeline == pipeline && one.picture == picture && one.scale == scale) {
            continue;
        }
        let params = device.create_buffer_with_data(&BufferInitDescriptor {
            label: Some("freshet:background params"),
            contents: bytemuck::bytes_of(&scale.to_array()),
            usage: BufferUsages::UNIFORM,
        });
        let bindings = device.create_bind_group(
            "freshet:background",
            &cache.get_bind_group_layout(&pipelines.layout),
            &BindGroupEntries::with_indices((
                (0, params.as_entire_binding()),
                (1, &image.texture_view),
                (2, &image.sampler),
            )),
        );
        commands.entity(view).insert(ViewBackground { pipeline, bindings, picture, scale });
    }
}

/// Draws the background of the current view. It is the view's first pass, so it clears what the view wants cleared.
pub(crate) fn draw_background(
    view: ViewQuery<(&ExtractedCamera, &ViewTarget, &ViewBackground)>,
    cache: Res<PipelineCache>,
    mut context: RenderContext,
) {
    let (camera, target, background) = view.into_inner();
    let Some(pipeline) = cache.get_render_pipeline(background.pipeline) else { return };
    let mut pass = context.begin_tracked_render_pass(RenderPassDescriptor {
        label: Some("freshet:background"),
        color_attachments: &[Some(target.get_color_attachment())],
        depth_stencil_attachment: None,
        timestamp_writes: None,
        occlusion_query_set: None,
        multiview_mask: None,
    });
    if let Some(viewport) = &camera.viewport {
        pass.set_camera_viewport(viewport);
    }
    pass.set_render_pipeline(pipeline);
    pass.set_bind_group(0, &background.bindings, &[]);
    pass.draw(0..3, 0..1);
}
