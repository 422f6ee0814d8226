//! The one pipeline.

use bevy::asset::load_embedded_asset;
use bevy::render::render_resource::binding_types::{storage_buffer_sized, texture_2d, uniform_buffer_sized};
use bevy::render::render_resource::{BindGroupLayoutEntries, ShaderStages};
use freshet_frame::{StagePipeline, StageSetup};
use std::num::NonZeroU64;
use wgpu::TextureSampleType;

/// Bytes of the shader's `Params`.
const PARAMS_BYTES: u64 = 4;

pub(super) fn queue(setup: &StageSetup<'_>) -> StagePipeline {
    let entries = BindGroupLayoutEntries::with_indices(
        ShaderStages::COMPUTE,
        (
            (0, uniform_buffer_sized(false, NonZeroU64::new(PARAMS_BYTES))),
            (1, texture_2d(TextureSampleType::Float { filterable: false })),
            (2, storage_buffer_sized(false, NonZeroU64::new(super::decode::BYTES))),
        ),
    );
    let shader = load_embedded_asset!(setup.assets, "frame_code.wgsl");
    StagePipeline::queue(setup, "freshet:frame_code", shader, "read_code", &entries)
}
