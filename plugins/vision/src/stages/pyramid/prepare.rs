//! Textures and bindings for a stream.

use freshet_base::{Luma, Pyramid};
use freshet_frame::{Passes, PrepareContext, TextureShape, Workgroups};
use wgpu::{BindingResource, TextureFormat, TextureView, TextureViewDescriptor};

use super::PyramidStage;

/// Texels of the first level that a workgroup makes, on a side.
pub(super) const WORKGROUP_SIDE: u32 = 16;

/// Levels of the pyramid of a picture of this size.
pub(crate) fn levels(width: u32, height: u32) -> u32 {
    let largest = (width / 2).max(height / 2).max(1);
    (largest.ilog2() + 1).min(PyramidStage::LEVELS)
}

pub(super) fn prepare(stage: &PyramidStage, context: &mut PrepareContext<'_>) -> Option<Passes> {
    let format = context.format();
    let levels = levels(format.width, format.height);
    let full = TextureShape::per_frame(&format, TextureFormat::R8Unorm);
    let (width, height) = full.level_size(1);
    let pyramids = context.output::<Pyramid>(TextureShape { width, height, levels, ..full }).to_vec();
    let unused = unused_levels(context, levels);
    let luma = context.input::<Luma>()?;

    let views: Vec<_> = pyramids.iter().map(|pyramid| level_views(&pyramid.texture, levels, unused.as_ref())).collect();
    let mut passes = context.passes();
    let params = passes.uniform("freshet:pyramid params", bytemuck::bytes_of(&levels));
    passes
        .pass(&stage.reduce, Workgroups::covering(width, height, WORKGROUP_SIDE))
        .own(&[(0, params.as_entire_binding()), (1, BindingResource::Sampler(&stage.corners))])
        .current(|slot| {
            let level = |level: usize| (level as u32 + 1, BindingResource::TextureView(&views[slot][level]));
            let luma = BindingResource::TextureView(&luma[slot].view);
            [(0, luma), level(0), level(1), level(2), level(3), level(4)]
        });
    passes.finish()
}

/// A view for each level that the shader names, existing or not.
fn level_views(pyramid: &wgpu::Texture, levels: u32, unused: Option<&wgpu::Texture>) -> [TextureView; 5] {
    [0, 1, 2, 3, 4].map(|level| match unused {
        Some(unused) if level >= levels => level_view(unused, level),
        _ => level_view(pyramid, level),
    })
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
