//! Textures and passes for a stream.

use freshet_base::{LivePicture, Luma, Picture};
use freshet_frame::{Passes, PrepareContext, SlotTexture, TextureShape, Workgroups};
use wgpu::{BindingResource, TextureFormat};

use super::Convert;
use super::params::Params;

/// The side of a workgroup, in threads.
pub(super) const WORKGROUP_SIDE: u32 = 16;

pub(super) fn prepare(stage: &Convert, context: &mut PrepareContext<'_>) -> Option<Passes> {
    let format = context.format();
    let picture_shape = TextureShape {
        // Materials, sprites and egui sample pictures as colours: linear.
        sampled_as: Some(TextureFormat::Rgba8UnormSrgb),
        ..TextureShape::per_frame(&format, TextureFormat::Rgba8Unorm)
    };
    let luma_shape = TextureShape::per_frame(&format, TextureFormat::R8Unorm);
    let own = context.wants::<Picture>().then(|| context.output::<Picture>(picture_shape).to_vec());
    let live = context.wants::<LivePicture>().then(|| context.output::<LivePicture>(picture_shape.single()).to_vec());
    let luma = context.wants::<Luma>().then(|| context.output::<Luma>(luma_shape).to_vec());

    let mut passes = context.passes();
    let params = passes.uniform("freshet:convert params", bytemuck::bytes_of(&Params::new(&format)));
    let stream = [(0, params.as_entire_binding()), (1, context.native().as_entire_binding())];
    // A thread converts two neighbours of a row.
    let workgroups = Workgroups::covering(format.width.div_ceil(2), format.height, WORKGROUP_SIDE);
    match (own.as_ref().or(live.as_ref()), &luma) {
        (Some(picture), Some(luma)) => {
            let bound = |slot| [(0, view(picture, slot)), (1, view(luma, slot))];
            passes.pass(&stage.both, workgroups.clone()).own(&stream).current(bound);
        }
        (Some(picture), None) => {
            passes
                .pass(&stage.only_picture, workgroups.clone())
                .own(&stream)
                .current(|slot| [(0, view(picture, slot))]);
        }
        (None, Some(luma)) => {
            passes.pass(&stage.only_luma, workgroups.clone()).own(&stream).current(|slot| [(1, view(luma, slot))]);
        }
        (None, None) => return None,
    }
    // Where frames keep pictures of their own, the live one is made by a second dispatch: native bytes are fewer than
    // those of a finished picture.
    if let (Some(_), Some(live)) = (&own, &live) {
        passes.pass(&stage.only_picture, workgroups).own(&stream).current(|slot| [(0, view(live, slot))]);
    }
    passes.finish()
}

/// The texture of a slot, or the stream's only one.
fn view(textures: &[SlotTexture], slot: usize) -> BindingResource<'_> {
    BindingResource::TextureView(&textures[slot.min(textures.len() - 1)].view)
}
