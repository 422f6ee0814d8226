//! One pipeline for each combination of outputs.

use bevy::asset::load_embedded_asset;
use bevy::render::render_resource::binding_types::{
    storage_buffer_read_only_sized, texture_storage_2d, uniform_buffer_sized,
};
use bevy::render::render_resource::{BindGroupLayoutEntries, PipelineCache, ShaderStages, StorageTextureAccess};
use freshet_frame::{Readiness, StagePipeline, StageSetup};
use wgpu::TextureFormat;

use super::params::Params;

/// The side of a workgroup, in threads.
pub(crate) const WORKGROUP_SIDE: u32 = 16;

/// One pipeline for each combination of outputs.
#[derive(Debug)]
pub(crate) struct Pipelines {
    pub(crate) both: StagePipeline,
    pub(crate) only_picture: StagePipeline,
    pub(crate) only_luma: StagePipeline,
}

impl Pipelines {
    pub(crate) fn queue(setup: &StageSetup<'_>) -> Self {
        let shader = load_embedded_asset!(setup.assets, "convert.wgsl");
        let stages = ShaderStages::COMPUTE;
        let params = || uniform_buffer_sized(false, std::num::NonZeroU64::new(size_of::<Params>() as u64));
        let native = || storage_buffer_read_only_sized(false, None);
        let picture = || texture_storage_2d(TextureFormat::Rgba8Unorm, StorageTextureAccess::WriteOnly);
        let luma = || texture_storage_2d(TextureFormat::R8Unorm, StorageTextureAccess::WriteOnly);
        let queue =
            |entry, entries: &[_]| StagePipeline::queue(setup, "freshet:convert", shader.clone(), entry, entries);
        Self {
            both: queue(
                "both",
                &BindGroupLayoutEntries::with_indices(
                    stages,
                    ((0, params()), (1, native()), (2, picture()), (3, luma())),
                ),
            ),
            only_picture: queue(
                "only_picture",
                &BindGroupLayoutEntries::with_indices(stages, ((0, params()), (1, native()), (2, picture()))),
            ),
            only_luma: queue(
                "only_luma",
                &BindGroupLayoutEntries::with_indices(stages, ((0, params()), (1, native()), (3, luma()))),
            ),
        }
    }

    pub(crate) fn readiness(&self, cache: &PipelineCache) -> Readiness {
        let each = [&self.both, &self.only_picture, &self.only_luma].map(|pipeline| pipeline.readiness(cache));
        each.into_iter().min().unwrap_or(Readiness::Ready)
    }
}
