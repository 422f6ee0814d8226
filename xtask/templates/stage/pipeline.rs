//! The pipeline and its bindings.

use std::num::NonZeroU64;

use bevy::asset::load_embedded_asset;
use bevy::render::render_resource::binding_types::{storage_buffer_sized, texture_2d};
use bevy::render::render_resource::{BindGroupLayoutEntries, ShaderStages};
use freshet_frame::{StagePipeline, StageSetup};
use wgpu::TextureSampleType;

/// Bytes that come back for each frame.
pub(super) const RESULT_BYTES: u64 = 4;

pub(super) fn queue(setup: &StageSetup<'_>) -> StagePipeline {
    let entries = BindGroupLayoutEntries::with_indices(
        ShaderStages::COMPUTE,
        (
            (0, texture_2d(TextureSampleType::Float { filterable: false })),
            (1, storage_buffer_sized(false, NonZeroU64::new(RESULT_BYTES))),
        ),
    );
    let shader = load_embedded_asset!(setup.assets, "{{name}}.wgsl");
    StagePipeline::queue(setup, "freshet:{{name}}", shader, "{{name}}", &entries)
}
