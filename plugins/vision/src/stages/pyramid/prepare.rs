//! Textures and bindings for a stream.

use bevy::render::render_resource::{BindGroup, BindGroupEntries, BufferInitDescriptor};
use freshet_base::{Luma, Pyramid};
use freshet_frame::{PrepareContext, TextureShape};
use wgpu::{BindingResource, BufferUsages, TextureFormat, TextureView, TextureViewDescriptor};

use super::PyramidStage;
use super::pipeline::Pipeline;

/// Levels of the pyramid of a picture of this size.
pub(crate) fn levels(width: u32, height: u32) -> u32 {
    let largest = (width / 2).max(height / 2).max(1);
    (largest.ilog2() + 1).min(PyramidStage::LEVELS)
}

pub(super) fn prepare(pipeline: &Pipeline, context: &mut PrepareContext<'_>) -> Option<Vec<BindGroup>> {
    let format = context.format();
    let levels = levels(format.width, format.height);
    let full = TextureShape::per_frame(&format, TextureFormat::R8Unorm);
    let (width, height) = full.level_size(1);
    let pyramids = context.output::<Pyramid>(TextureShape { width, height, levels, ..full }).to_vec();
    let params = context.device.create_buffer_with_data(&BufferInitDescriptor {
        label: Some("freshet:pyramid params"),
        contents: bytemuck::bytes_of(&levels),
        usage: BufferUsages::UNIFORM,
    });
    let unused = unused_levels(context, levels);
    let luma = context.input::<Luma>()?;
    let bind = |luma: &TextureView, pyramid: &wgpu::Texture| {
        let views = [0, 1, 2, 3, 4].map(|level| match &unused {
            Some(unused) if level >= levels => level_view(unused, level),
            _ => level_view(pyramid, level),
        });
        let entries = BindGroupEntries::with_indices((
            (0, params.as_entire_binding()),
            (1, luma),
            (2, BindingResource::Sampler(&pipeline.corners)),
            (3, &views[0]),
            (4, &views[1]),
            (5, &views[2]),
            (6, &views[3]),
            (7, &views[4]),
        ));
        pipeline.reduce.bind(context.device, context.cache, "freshet:pyramid", &entries)
    };
    Some(luma.iter().zip(&pyramids).map(|(luma, pyramid)| bind(&luma.view, &pyramid.texture)).collect())
}

fn level_view(texture: &wgpu::Texture, level: u32) -> TextureView {
    texture.create_view(&TextureViewDescriptor {
        base_mip_level: level,
        mip_level_count: Some(1),
        ..Default::default()
    })
}

/// Something to bind where a small picture has no level; the shader does not write it.
fn unused_levels(context: &PrepareContext<'_>, levels: u32) -> Option<wgpu::Texture> {
    let side = 1 << (PyramidStage::LEVELS - 1);
    (levels < PyramidStage::LEVELS).then(|| {
        context.device.wgpu_device().create_texture(&wgpu::TextureDescriptor {
            label: Some("freshet:pyramid unused"),
            size: wgpu::Extent3d { width: side, height: side, depth_or_array_layers: 1 },
            mip_level_count: PyramidStage::LEVELS,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: TextureFormat::R8Unorm,
            usage: wgpu::TextureUsages::STORAGE_BINDING,
            view_formats: &[],
        })
    })
}
