//! Textures and bindings for a stream.

use bevy::render::render_resource::{BindGroup, BindGroupEntries, BufferInitDescriptor};
use freshet_base::{LivePicture, Luma, Picture};
use freshet_frame::{PrepareContext, SlotTexture, StagePipeline, TextureShape};
use wgpu::{BufferUsages, TextureFormat};

use super::params::Params;
use super::pipeline::Pipelines;

/// What the stage keeps for a stream: a bind group for each GPU slot.
#[derive(Debug)]
pub struct ConvertBindings {
    pub(super) slots: Vec<BindGroup>,
    pub(super) variant: Variant,
    /// Where frames keep pictures of their own, the live one is made by a second dispatch: native bytes are fewer than
    /// those of a finished picture.
    pub(super) live: Option<BindGroup>,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variant {
    Both,
    OnlyPicture,
    OnlyLuma,
}

impl Variant {
    pub(super) fn pipeline(self, pipelines: &Pipelines) -> &StagePipeline {
        match self {
            Self::Both => &pipelines.both,
            Self::OnlyPicture => &pipelines.only_picture,
            Self::OnlyLuma => &pipelines.only_luma,
        }
    }
}

pub(super) fn prepare(pipelines: &Pipelines, context: &mut PrepareContext<'_>) -> Option<ConvertBindings> {
    let format = context.format();
    let params = context.device.create_buffer_with_data(&BufferInitDescriptor {
        label: Some("freshet:convert params"),
        contents: bytemuck::bytes_of(&Params::new(&format)),
        usage: BufferUsages::UNIFORM,
    });
    let picture_shape = TextureShape {
        // Materials, sprites and egui sample pictures as colours: linear.
        sampled_as: Some(TextureFormat::Rgba8UnormSrgb),
        ..TextureShape::per_frame(&format, TextureFormat::Rgba8Unorm)
    };
    let own = context.wants::<Picture>().then(|| context.output::<Picture>(picture_shape).to_vec());
    let live = context.wants::<LivePicture>().then(|| context.output::<LivePicture>(picture_shape.single()).to_vec());
    let luma = context
        .wants::<Luma>()
        .then(|| context.output::<Luma>(TextureShape::per_frame(&format, TextureFormat::R8Unorm)).to_vec());

    let picture = own.as_ref().or(live.as_ref());
    let variant = match (picture, &luma) {
        (Some(_), Some(_)) => Variant::Both,
        (Some(_), None) => Variant::OnlyPicture,
        (None, Some(_)) => Variant::OnlyLuma,
        (None, None) => return None,
    };
    let at =
        |textures: &[SlotTexture], slot: usize| textures.get(slot).or(textures.first()).map(|one| one.view.clone());
    let bind = |variant: Variant, picture: Option<&[SlotTexture]>, slot: usize| {
        let picture = picture.and_then(|textures| at(textures, slot));
        let luma = luma.as_deref().and_then(|textures| at(textures, slot));
        let pipeline = variant.pipeline(pipelines);
        let (params, native) = (params.as_entire_binding(), context.native().as_entire_binding());
        let bind = |entries: &[_]| pipeline.bind(context.device, context.cache, "freshet:convert", entries);
        match (variant, &picture, &luma) {
            (Variant::Both, Some(picture), Some(luma)) => {
                Some(bind(&BindGroupEntries::with_indices(((0, params), (1, native), (2, picture), (3, luma)))))
            }
            (Variant::OnlyPicture, Some(picture), _) => {
                Some(bind(&BindGroupEntries::with_indices(((0, params), (1, native), (2, picture)))))
            }
            (Variant::OnlyLuma, _, Some(luma)) => {
                Some(bind(&BindGroupEntries::with_indices(((0, params), (1, native), (3, luma)))))
            }
            _ => None,
        }
    };
    let slots =
        (0..context.slots).map(|slot| bind(variant, picture.map(Vec::as_slice), slot)).collect::<Option<_>>()?;
    let live = match (&own, &live) {
        (Some(_), Some(live)) => Some(bind(Variant::OnlyPicture, Some(live), 0)?),
        _ => None,
    };
    Some(ConvertBindings { slots, variant, live })
}
