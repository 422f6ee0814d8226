//! The work for one frame.

use bevy::render::render_resource::{BindGroup, PipelineCache};
use freshet_frame::FrameJob;

use super::pipeline::{Pipeline, WORKGROUP_SIDE};

pub(super) fn dispatch(
    pipeline: &Pipeline,
    slots: &[BindGroup],
    frame: &FrameJob,
    cache: &PipelineCache,
    pass: &mut wgpu::ComputePass<'_>,
) {
    let Some(slot) = slots.get(frame.slot) else { return };
    let workgroups = |side: u32| (side / 2).max(1).div_ceil(WORKGROUP_SIDE);
    let across = (workgroups(frame.format.width), workgroups(frame.format.height));
    pipeline.reduce.dispatch(cache, pass, slot, across);
}
