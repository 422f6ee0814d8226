//! The one pipeline.

use bevy::asset::load_embedded_asset;
use bevy::render::render_resource::binding_types::{sampler, texture_2d, texture_storage_2d, uniform_buffer_sized};
use bevy::render::render_resource::{BindGroupLayoutEntries, ShaderStages, StorageTextureAccess};
use freshet_frame::{StagePipeline, StageSetup};
use wgpu::{SamplerBindingType, TextureFormat, TextureSampleType};

/// Texels of the first level that a workgroup makes, on a side.
pub(crate) const WORKGROUP_SIDE: u32 = 16;

#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) reduce: StagePipeline,
    pub(crate) corners: wgpu::Sampler,
}

impl Pipeline {
    pub(crate) fn queue(setup: &StageSetup<'_>) -> Self {
        let level = || texture_storage_2d(TextureFormat::R8Unorm, StorageTextureAccess::WriteOnly);
        let entries = BindGroupLayoutEntries::with_indices(
            ShaderStages::COMPUTE,
            (
                (0, uniform_buffer_sized(false, std::num::NonZeroU64::new(PARAMS_BYTES))),
                (1, texture_2d(TextureSampleType::Float { filterable: true })),
                (2, sampler(SamplerBindingType::Filtering)),
                (3, level()),
                (4, level()),
                (5, level()),
                (6, level()),
                (7, level()),
            ),
        );
        let shader = load_embedded_asset!(setup.assets, "pyramid.wgsl");
        Self {
            reduce: StagePipeline::queue(setup, "freshet:pyramid", shader, "reduce", &entries),
            // Gathering takes the four texels around a corner; at the edges it stays on the last one.
            corners: setup.device.wgpu_device().create_sampler(&wgpu::SamplerDescriptor::default()),
        }
    }
}

/// Bytes of the shader's `Params`.
pub(crate) const PARAMS_BYTES: u64 = 4;
