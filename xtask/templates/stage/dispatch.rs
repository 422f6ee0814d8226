//! The work for one frame.

use bevy::render::render_resource::{BindGroup, PipelineCache};
use freshet_frame::{FrameJob, StagePipeline};

pub(super) fn dispatch(
    pipeline: &StagePipeline,
    slots: &[BindGroup],
    frame: &FrameJob,
    cache: &PipelineCache,
    pass: &mut wgpu::ComputePass<'_>,
) {
    if let Some(slot) = slots.get(frame.slot) {
        pipeline.dispatch(cache, pass, slot, (1, 1));
    }
}
