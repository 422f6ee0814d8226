//! A compute pipeline whose bindings follow from its shader.

use std::borrow::Cow;

use bevy::asset::Handle;
use bevy::render::render_resource::{
    CachedComputePipelineId, CachedPipelineState, ComputePipelineDescriptor, PipelineCache,
};
use bevy::shader::{Shader, ShaderCacheError};

use super::stage::{Readiness, StageSetup};

/// A compute pipeline, compiled by Bevy's pipeline cache, with the layout that its shader states.
///
/// What is bound at each place is said once, in the shader; the stage binds the same places when it prepares
/// ([`PassesBuilder`](super::PassesBuilder)), and a mismatch is an error of wgpu with both sides named.
#[derive(Debug, Clone)]
pub struct Kernel {
    pub(super) label: &'static str,
    pub(super) id: CachedComputePipelineId,
}

impl Kernel {
    /// Queues one entry point of a shader for compilation. Its name is the label in profilers.
    pub fn queue(setup: &StageSetup<'_>, shader: &Handle<Shader>, entry_point: &'static str) -> Self {
        let id = setup.cache.queue_compute_pipeline(ComputePipelineDescriptor {
            label: Some(Cow::Borrowed(entry_point)),
            // Without a layout, the one that the shader states is taken.
            layout: Vec::new(),
            shader: shader.clone(),
            entry_point: Some(Cow::Borrowed(entry_point)),
            ..Default::default()
        });
        Self { label: entry_point, id }
    }

    /// Whether it is compiled.
    pub fn readiness(&self, cache: &PipelineCache) -> Readiness {
        match cache.get_compute_pipeline_state(self.id) {
            CachedPipelineState::Ok(_) => Readiness::Ready,
            CachedPipelineState::Queued | CachedPipelineState::Creating(_) => Readiness::Compiling,
            // The cache itself goes on trying while the shader or one of its imports is being loaded.
            CachedPipelineState::Err(
                ShaderCacheError::ShaderNotLoaded(_) | ShaderCacheError::ShaderImportNotYetAvailable,
            ) => Readiness::Compiling,
            CachedPipelineState::Err(_) => Readiness::Failed,
        }
    }

    /// The least ready of several.
    pub fn readiness_of<'a>(kernels: impl IntoIterator<Item = &'a Self>, cache: &PipelineCache) -> Readiness {
        kernels.into_iter().map(|kernel| kernel.readiness(cache)).min().unwrap_or(Readiness::Ready)
    }
}

impl StageSetup<'_> {
    /// A shader of this text, for the stages that share pieces of text among their shaders.
    ///
    /// `path` names it in error messages.
    pub fn shader(&self, path: &'static str, text: impl Into<Cow<'static, str>>) -> Handle<Shader> {
        self.assets.add(Shader::from_wgsl(text.into(), path))
    }
}
