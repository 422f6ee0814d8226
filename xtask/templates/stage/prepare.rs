//! Passes for a stream.

use freshet_base::Luma;
use freshet_frame::{Passes, PrepareContext, Workgroups};
use wgpu::BindingResource;

use super::{{{Name}}, {{Name}}Stage};

pub(super) fn prepare(stage: &{{Name}}Stage, context: &mut PrepareContext<'_>) -> Option<Passes> {
    let result = BindingResource::Buffer(context.metadata::<{{Name}}>()?);
    let luma = context.input::<Luma>()?;
    let mut passes = context.passes();
    passes
        .pass(&stage.{{name}}, Workgroups::Fixed(1, 1, 1))
        .own(&[(0, result)])
        .current(|slot| [(0, BindingResource::TextureView(&luma[slot].view))]);
    passes.finish()
}
