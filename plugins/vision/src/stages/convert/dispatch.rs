//! The work for one frame.

use bevy::render::render_resource::PipelineCache;
use freshet_frame::FrameJob;

use super::pipeline::{Pipelines, WORKGROUP_SIDE};
use super::prepare::ConvertBindings;

pub(super) fn dispatch(
    pipelines: &Pipelines,
    bindings: &ConvertBindings,
    frame: &FrameJob,
    cache: &PipelineCache,
    pass: &mut wgpu::ComputePass<'_>,
) {
    // A thread converts two neighbours of a row.
    let workgroups = (frame.format.width.div_ceil(2 * WORKGROUP_SIDE), frame.format.height.div_ceil(WORKGROUP_SIDE));
    let Some(slot) = bindings.slots.get(frame.slot) else { return };
    bindings.variant.pipeline(pipelines).dispatch(cache, pass, slot, workgroups);
    if let Some(live) = &bindings.live {
        pipelines.only_picture.dispatch(cache, pass, live, workgroups);
    }
}
