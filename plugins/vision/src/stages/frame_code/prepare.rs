//! Passes for a stream.

use freshet_base::{FrameCode, Luma};
use freshet_frame::{Passes, PrepareContext, Workgroups};
use wgpu::BindingResource;

use super::FrameCodeStage;

pub(super) fn prepare(stage: &FrameCodeStage, context: &mut PrepareContext<'_>) -> Option<Passes> {
    let format = context.format();
    let cell_side = FrameCode::cell_side(format.width, format.height).unwrap_or(0);
    let words = BindingResource::Buffer(context.metadata::<FrameCode>()?);
    let luma = context.input::<Luma>()?;
    let mut passes = context.passes();
    let params = passes.uniform("freshet:frame_code params", bytemuck::bytes_of(&cell_side));
    passes
        .pass(&stage.read_code, Workgroups::Fixed(1, 1, 1))
        .own(&[(0, params.as_entire_binding()), (1, words)])
        .current(|slot| [(0, BindingResource::TextureView(&luma[slot].view))]);
    passes.finish()
}
