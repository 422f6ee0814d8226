//! Bindings for a stream, one group for each GPU slot.

use bevy::render::render_resource::{BindGroup, BindGroupEntries};
use freshet_base::Luma;
use freshet_frame::{PrepareContext, StagePipeline};
use wgpu::BindingResource;

use super::{{Name}};

pub(super) fn prepare(pipeline: &StagePipeline, context: &mut PrepareContext<'_>) -> Option<Vec<BindGroup>> {
    let result = context.metadata::<{{Name}}>()?;
    let bind = |luma: &wgpu::TextureView| {
        let entries = BindGroupEntries::with_indices(((0, luma), (1, BindingResource::Buffer(result.clone()))));
        pipeline.bind(context.device, context.cache, "freshet:{{name}}", &entries)
    };
    Some(context.input::<Luma>()?.iter().map(|luma| bind(&luma.view)).collect())
}
