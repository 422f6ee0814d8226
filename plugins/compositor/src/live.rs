//! A stream's live picture as an image that anything can show.

use bevy::asset::{AssetEvent, AssetId, Assets, Handle, RenderAssetUsages};
use bevy::ecs::prelude::*;
use bevy::ecs::system::SystemParam;
use bevy::image::Image;
use bevy::render::Extract;
use bevy::render::render_asset::RenderAssets;
use bevy::render::render_resource::{Texture, TextureView};
use bevy::render::texture::{DefaultImageSampler, GpuImage};
use freshet_base::{FrameFormat, LivePicture, Product};
use freshet_frame::{Pipeline, Products, StreamStats, StreamsGpu, WantExt};
use wgpu::{Extent3d, TextureDimension, TextureFormat, TextureUsages, TextureViewDescriptor};

/// The name under which shown pictures are wanted.
const CONSUMER: &str = "live picture";

/// On a stream that is shown: the images under which its products are shown.
#[derive(Component, Debug, Clone, Default)]
pub struct LiveImages(Vec<LiveImage>);

/// One product and its image.
#[derive(Debug, Clone)]
struct LiveImage {
    product: ShownProduct,
    id: AssetId<Image>,
    shape: Option<FrameFormat>,
    /// Turns for which whoever shows the image is told again that it changed: the new texture is published by the
    /// render world one or two turns after the main world learns of the new shape.
    tell: u8,
}

/// A product that is a picture, without its type.
#[derive(Debug, Clone, Copy)]
struct ShownProduct {
    name: &'static str,
    find: fn(&Pipeline) -> Products,
    unwant: fn(&mut Commands<'_, '_>, Entity),
}

impl ShownProduct {
    fn of<P: Product>() -> Self {
        Self {
            name: P::NAME,
            find: Pipeline::find::<P>,
            unwant: |commands, stream| commands.unwant::<P>(stream, CONSUMER),
        }
    }
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
    shown: Query<'w, 's, &'static LiveImages>,
    commands: Commands<'w, 's>,
}

impl LivePictures<'_, '_> {
    /// The stream's live picture. The stream is converted for as long as a clone of this handle lives.
    ///
    /// Before the first frame has come there is nothing under the handle: sprites and materials wait for it.
    pub fn show(&mut self, stream: Entity) -> Handle<Image> {
        self.show_product::<LivePicture>(stream)
    }

    /// The same for another product that is a picture of the stream's size: an overlay, say, or one of your own
    /// stages'. It must be one RGBA8 texture for the stream (`TextureShape::single`) that is sampled as sRGB.
    pub fn show_product<P: Product>(&mut self, stream: Entity) -> Handle<Image> {
        let product = ShownProduct::of::<P>();
        let shown = self.shown.get(stream).ok();
        let held = shown.and_then(|images| images.0.iter().find(|image| image.product.name == P::NAME));
        if let Some(handle) = held.and_then(|image| self.images.get_strong_handle(image.id)) {
            return handle;
        }
        let handle = self.images.add(placeholder(2, 2));
        let image = LiveImage { product, id: handle.id(), shape: None, tell: 0 };
        self.commands.queue(move |world: &mut World| {
            // The stream may be gone by now.
            let Ok(mut stream) = world.get_entity_mut(stream) else { return };
            if !stream.contains::<LiveImages>() {
                stream.insert(LiveImages::default());
            }
            if let Some(mut images) = stream.get_mut::<LiveImages>() {
                images.0.retain(|one| one.product.name != P::NAME);
                images.0.push(image);
            }
        });
        self.commands.want::<P>(stream, CONSUMER);
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
pub(crate) fn fit_images(mut streams: Query<(&mut LiveImages, &StreamStats)>, mut images: ResMut<Assets<Image>>) {
    for (live, stats) in streams.iter_mut().flat_map(|(live, stats)| {
        let stats: &StreamStats = stats;
        live.into_inner().0.iter_mut().map(move |live| (live, stats))
    }) {
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
    streams: Query<&LiveImages>,
    mut materials: ResMut<Assets<bevy::pbr::StandardMaterial>>,
    mut stale: Local<Vec<AssetId<bevy::pbr::StandardMaterial>>>,
) {
    for live in streams.iter().flat_map(|images| &images.0).filter(|live| live.tell > 0) {
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

/// Stops making what nobody holds the picture of any more.
pub(crate) fn forget_unused(
    mut events: MessageReader<AssetEvent<Image>>,
    mut streams: Query<(Entity, &mut LiveImages)>,
    mut commands: Commands,
) {
    for event in events.read() {
        let AssetEvent::Unused { id } = event else { continue };
        for (stream, mut images) in &mut streams {
            if let Some(place) = images.0.iter().position(|image| image.id == *id) {
                let image = images.0.swap_remove(place);
                (image.product.unwant)(&mut commands, stream);
            }
        }
    }
}

/// The shown pictures, in the render world.
#[derive(Resource, Default)]
pub(crate) struct ShownStreams(Vec<(Entity, ShownProduct, AssetId<Image>)>);

pub(crate) fn extract_shown(streams: Extract<Query<(Entity, &LiveImages)>>, mut shown: ResMut<ShownStreams>) {
    shown.0.clear();
    for (stream, images) in &streams {
        shown.0.extend(images.0.iter().map(|image| (stream, image.product, image.id)));
    }
}

/// Puts the textures that stages write under their handles. A texture of an earlier shape is replaced.
pub(crate) fn publish_pictures(
    shown: Res<ShownStreams>,
    streams: Res<StreamsGpu>,
    pipeline: Res<Pipeline>,
    sampler: Res<DefaultImageSampler>,
    mut images: ResMut<RenderAssets<GpuImage>>,
) {
    for &(stream, product, id) in &shown.0 {
        let product = (product.find)(&pipeline);
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
