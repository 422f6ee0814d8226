//! A compute pipeline with its layout.

use std::borrow::Cow;

use bevy::asset::Handle;
use bevy::render::render_resource::{
    BindGroup, BindGroupEntry, BindGroupLayoutDescriptor, BindGroupLayoutEntry, CachedComputePipelineId,
    CachedPipelineState, ComputePipelineDescriptor, PipelineCache,
};
use bevy::render::renderer::RenderDevice;
use bevy::shader::Shader;

use super::stage::{Readiness, StageSetup};

/// A compute pipeline with one bind group, compiled by Bevy's pipeline cache.
#[derive(Debug, Clone)]
pub struct StagePipeline {
    layout: BindGroupLayoutDescriptor,
    id: CachedComputePipelineId,
}

impl StagePipeline {
    /// Queues the pipeline for compilation.
    pub fn queue(
        setup: &StageSetup<'_>,
        label: &'static str,
        shader: Handle<Shader>,
        entry_point: &'static str,
        entries: &[BindGroupLayoutEntry],
    ) -> Self {
        let layout = BindGroupLayoutDescriptor::new(label, entries);
        let id = setup.cache.queue_compute_pipeline(ComputePipelineDescriptor {
            label: Some(Cow::Borrowed(label)),
            layout: vec![layout.clone()],
            shader,
            entry_point: Some(Cow::Borrowed(entry_point)),
            ..Default::default()
        });
        Self { layout, id }
    }

    /// Whether it is compiled.
    pub fn readiness(&self, cache: &PipelineCache) -> Readiness {
        match cache.get_compute_pipeline_state(self.id) {
            CachedPipelineState::Ok(_) => Readiness::Ready,
            CachedPipelineState::Queued | CachedPipelineState::Creating(_) => Readiness::Compiling,
            // The cache itself goes on trying while the shader or one of its imports is being loaded.
            CachedPipelineState::Err(error) => match error {
                bevy::shader::ShaderCacheError::ShaderNotLoaded(_)
                | bevy::shader::ShaderCacheError::ShaderImportNotYetAvailable => Readiness::Compiling,
                _ => Readiness::Failed,
            },
        }
    }

    /// Makes a bind group for it.
    pub fn bind(
        &self,
        device: &RenderDevice,
        cache: &PipelineCache,
        label: &'static str,
        entries: &[BindGroupEntry<'_>],
    ) -> BindGroup {
        device.create_bind_group(label, &cache.get_bind_group_layout(&self.layout), entries)
    }

    /// Records one dispatch. Nothing is recorded while the pipeline is not compiled.
    pub fn dispatch(
        &self,
        cache: &PipelineCache,
        pass: &mut wgpu::ComputePass<'_>,
        bindings: &BindGroup,
        workgroups: (u32, u32),
    ) {
        let Some(pipeline) = cache.get_compute_pipeline(self.id) else { return };
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, &**bindings, &[]);
        pass.dispatch_workgroups(workgroups.0, workgroups.1, 1);
    }
}
