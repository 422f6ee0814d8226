//! Bindings for a stream.

use bevy::render::render_resource::{BindGroup, BindGroupEntries, BufferInitDescriptor};
use freshet_base::{FrameCode, Luma};
use freshet_frame::{PrepareContext, StagePipeline};
use wgpu::{BindingResource, BufferUsages};

pub(super) fn prepare(pipeline: &StagePipeline, context: &mut PrepareContext<'_>) -> Option<Vec<BindGroup>> {
    let format = context.format();
    let cell_side = FrameCode::cell_side(format.width, format.height).unwrap_or(0);
    let params = context.device.create_buffer_with_data(&BufferInitDescriptor {
        label: Some("freshet:frame_code params"),
        contents: bytemuck::bytes_of(&cell_side),
        usage: BufferUsages::UNIFORM,
    });
    let words = context.metadata::<FrameCode>()?;
    let bind = |luma: &wgpu::TextureView| {
        let entries = BindGroupEntries::with_indices((
            (0, params.as_entire_binding()),
            (1, luma),
            (2, BindingResource::Buffer(words.clone())),
        ));
        pipeline.bind(context.device, context.cache, "freshet:frame_code", &entries)
    };
    Some(context.input::<Luma>()?.iter().map(|luma| bind(&luma.view)).collect())
}
