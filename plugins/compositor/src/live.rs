//! A stream's live picture as an image that anything can show.

use bevy::asset::{AssetEvent, AssetId, Assets, Handle, RenderAssetUsages};
use bevy::ecs::prelude::*;
use bevy::ecs::system::SystemParam;
use bevy::image::Image;
use bevy::render::Extract;
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_resource::{Texture, TextureView};
use bevy::render::texture::{DefaultImageSampler, GpuImage};
use freshet_base::{FrameFormat, LivePicture};
use freshet_frame::{Pipeline, StreamStats, StreamsGpu, WantExt};
use wgpu::{Extent3d, TextureDimension, TextureFormat, TextureUsages, TextureViewDescriptor};

/// The name under which shown pictures are wanted.
const CONSUMER: &str = "live picture";

/// On a stream that is shown: the image under which it is shown.
#[derive(Component, Debug, Clone)]
pub struct LiveImage {
    id: AssetId<Image>,
    shape: Option<FrameFormat>,
    /// Turns for which whoever shows the image is told again that it changed: the new texture is published by the
    /// render world one or two turns after the main world learns of the new shape.
    tell: u8,
}

/// Turns within which a new texture is published for certain.
const TELL_TURNS: u8 = 4;

/// Shows streams.
///
/// ```
/// # use bevy::prelude::*;
/// # use freshet_compositor::LivePictures;
/// # use freshet_frame::Stream;
/// fn show(mut commands: Commands, mut pictures: LivePictures, streams: Query<Entity, With<Stream>>) {
///     for stream in &streams {
///         commands.spawn(Sprite::from_image(pictures.show(stream)));
///     }
/// }
/// # bevy::ecs::system::assert_is_system(show);
/// ```
#[derive(SystemParam)]
pub struct LivePictures<'w, 's> {
    images: ResMut<'w, Assets<Image>>,
    shown: Query<'w, 's, &'static LiveImage>,
    commands: Commands<'w, 's>,
}

impl LivePictures<'_, '_> {
    /// The stream's live picture. The stream is converted for as long as a clone of this handle lives.
    ///
    /// Before the first frame has come there is nothing under the handle: sprites and materials wait for it.
    pub fn show(&mut self, stream: Entity) -> Handle<Image> {
        let shown = self.shown.get(stream).ok();
        if let Some(handle) = shown.and_then(|image| self.images.get_strong_handle(image.id)) {
            return handle;
        }
        let handle = self.images.add(placeholder(2, 2));
        self.commands.entity(stream).insert(LiveImage { id: handle.id(), shape: None, tell: 0 });
        self.commands.want::<LivePicture>(stream, CONSUMER);
        handle
    }
}

/// An image without data that the render world never asks for: only its size counts, for sprites and UI.
fn placeholder(width: u32, height: u32) -> Image {
    let size = Extent3d { width, height, depth_or_array_layers: 1 };
    let format = TextureFormat::Rgba8UnormSrgb;
    let mut image = Image::new_uninit(size, TextureDimension::D2, format, RenderAssetUsages::MAIN_WORLD);
    image.texture_descriptor.usage |= TextureUsages::TEXTURE_BINDING;
    image
}

/// Gives the placeholder the stream's size, once it is known and when it changes. Changing the image makes sprites and
/// UI nodes take the new texture up.
pub(crate) fn fit_images(mut streams: Query<(&mut LiveImage, &StreamStats)>, mut images: ResMut<Assets<Image>>) {
    for (mut live, stats) in &mut streams {
        if stats.format.is_some() && live.shape != stats.format {
            live.shape = stats.format;
            live.tell = TELL_TURNS;
        }
        if live.tell == 0 {
            continue;
        }
        live.tell -= 1;
        if let (Some(format), Some(mut image)) = (live.shape, images.get_mut(live.id)) {
            let (width, height) = (format.width, format.height);
            image.texture_descriptor.size = Extent3d { width, height, depth_or_array_layers: 1 };
        }
    }
}

/// Makes standard materials take the new texture up; Bevy rebuilds their bindings only when the material changes.
#[cfg(feature = "pbr")]
pub(crate) fn refresh_materials(
    streams: Query<&LiveImage>,
    mut materials: ResMut<Assets<bevy::pbr::StandardMaterial>>,
    mut stale: Local<Vec<AssetId<bevy::pbr::StandardMaterial>>>,
) {
    for live in streams.iter().filter(|live| live.tell > 0) {
        let shows = |texture: &Option<Handle<Image>>| texture.as_ref().is_some_and(|image| image.id() == live.id);
        let showing = |material: &bevy::pbr::StandardMaterial| {
            shows(&material.base_color_texture) || shows(&material.emissive_texture)
        };
        stale.extend(materials.iter().filter(|(_, material)| showing(material)).map(|(id, _)| id));
    }
    for id in stale.drain(..) {
        if let Some(mut material) = materials.get_mut(id) {
            // Reaching for it is the change.
            let _: &mut bevy::pbr::StandardMaterial = &mut material;
        }
    }
}

/// Stops converting streams whose picture nobody holds any more.
pub(crate) fn forget_unused(
    mut events: MessageReader<AssetEvent<Image>>,
    streams: Query<(Entity, &LiveImage)>,
    mut commands: Commands,
) {
    for event in events.read() {
        let AssetEvent::Unused { id } = event else { continue };
        for (stream, _) in streams.iter().filter(|(_, live)| live.id == *id) {
            commands.entity(stream).remove::<LiveImage>();
            commands.unwant::<LivePicture>(stream, CONSUMER);
        }
    }
}

/// The shown streams, in the render world.
#[derive(Resource, Default)]
pub(crate) struct ShownStreams(Vec<(Entity, AssetId<Image>)>);

pub(crate) fn extract_shown(streams: Extract<Query<(Entity, &LiveImage)>>, mut shown: ResMut<ShownStreams>) {
    shown.0.clear();
    shown.0.extend(streams.iter().map(|(stream, live)| (stream, live.id)));
}

/// Puts the textures that the convert stage writes under their handles. A texture of an earlier shape is replaced.
pub(crate) fn publish_pictures(
    shown: Res<ShownStreams>,
    streams: Res<StreamsGpu>,
    pipeline: Res<Pipeline>,
    sampler: Res<DefaultImageSampler>,
    mut images: ResMut<RenderAssets<GpuImage>>,
) {
    let product = pipeline.find::<LivePicture>();
    for &(stream, id) in &shown.0 {
        let Some(held) = streams.get(stream).and_then(|stream| stream.textures(product)?.first()) else { continue };
        if images.get(id).is_some_and(|image| *image.texture == held.texture) {
            continue;
        }
        images.insert(id, gpu_image(&held.texture, &sampler));
    }
}

fn gpu_image(texture: &wgpu::Texture, sampler: &DefaultImageSampler) -> GpuImage {
    let view = texture.create_view(&TextureViewDescriptor {
        format: Some(TextureFormat::Rgba8UnormSrgb),
        usage: Some(TextureUsages::TEXTURE_BINDING),
        ..Default::default()
    });
    GpuImage {
        texture: Texture::from(texture.clone()),
        texture_view: TextureView::from(view),
        sampler: (**sampler).clone(),
        texture_descriptor: wgpu::TextureDescriptor {
            label: Some("freshet:live picture"),
            size: texture.size(),
            mip_level_count: 1,
            sample_count: 1,
            dimension: TextureDimension::D2,
            format: TextureFormat::Rgba8UnormSrgb,
            usage: TextureUsages::TEXTURE_BINDING,
            view_formats: &[],
        },
        texture_view_descriptor: None,
        had_data: false,
    }
}
