//! The panel drawn for real, by a camera that draws to an image.

use std::time::Duration;

use bevy::app::Startup;
use bevy::asset::{Assets, Handle, RenderAssetUsages};
use bevy::camera::{Camera, Camera2d, ClearColorConfig, RenderTarget};
use bevy::color::Color;
use bevy::ecs::prelude::*;
use bevy::image::Image;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat, TextureUsages};
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use freshet_frame::{Stream, StreamState};
use freshet_ledger::LedgerPlugin;
use freshet_testing::TestApp;

use super::InspectorPicture;
use crate::model::tests::stats;
use crate::{InspectorPlugin, InspectorSettings};

const SIZE: Extent3d = Extent3d { width: 600, height: 760, depth_or_array_layers: 1 };
const GREEN: [u8; 4] = [0, 255, 0, 255];

/// What the camera draws to.
#[derive(Resource)]
struct Screen(Handle<Image>);

#[derive(Resource, Default)]
struct Taken(Option<Image>);

/// A camera that draws to an image of this size.
pub(super) fn spawn_camera(commands: &mut Commands, images: &mut Assets<Image>, [width, height]: [u32; 2]) {
    let size = Extent3d { width, height, depth_or_array_layers: 1 };
    let (dimension, format) = (TextureDimension::D2, TextureFormat::Rgba8UnormSrgb);
    let mut target = Image::new_fill(size, dimension, &[0; 4], format, RenderAssetUsages::default());
    target.texture_descriptor.usage |= TextureUsages::RENDER_ATTACHMENT | TextureUsages::COPY_SRC;
    let target = images.add(target);
    let clear_color = ClearColorConfig::Custom(Color::srgb_u8(200, 200, 200));
    commands.spawn((
        Camera2d,
        Camera { clear_color, ..Default::default() },
        RenderTarget::Image(target.clone().into()),
    ));
    commands.insert_resource(Screen(target));
    commands.init_resource::<Taken>();
}

fn spawn_scene(mut commands: Commands, mut images: ResMut<Assets<Image>>) {
    spawn_camera(&mut commands, &mut images, [SIZE.width, SIZE.height]);
    let (dimension, format) = (TextureDimension::D2, TextureFormat::Rgba8UnormSrgb);
    let small = Extent3d { width: 8, height: 6, depth_or_array_layers: 1 };
    let picture = images.add(Image::new_fill(small, dimension, &GREEN, format, RenderAssetUsages::default()));
    commands.spawn((Stream::new("made up"), StreamState::Streaming, stats(), InspectorPicture(picture)));
}

/// What the camera drew.
pub(super) fn picture(app: &mut TestApp) -> Image {
    let target = app.app.world().resource::<Screen>().0.clone();
    app.app.world_mut().spawn(Screenshot::image(target)).observe(
        |taken: On<ScreenshotCaptured>, mut kept: ResMut<Taken>| {
            kept.0 = Some(taken.image.clone());
        },
    );
    app.turn_until(Duration::from_secs(30), |world| world.resource::<Taken>().0.is_some());
    app.app.world_mut().resource_mut::<Taken>().0.take().unwrap()
}

pub(super) fn pixel(image: &Image, x: u32, y: u32) -> [u8; 4] {
    let place = ((y * image.width() + x) * 4) as usize;
    let bytes = &image.data.as_ref().unwrap()[place..place + 4];
    [bytes[0], bytes[1], bytes[2], bytes[3]]
}

#[test]
fn the_panel_is_drawn_by_a_camera_without_a_window_with_the_streams_picture() {
    let mut app = TestApp::new(|app| {
        let settings = InspectorSettings { open: true, ..Default::default() };
        app.add_plugins((LedgerPlugin::default(), InspectorPlugin { settings })).add_systems(Startup, spawn_scene);
    });
    app.turn(30);
    let image = picture(&mut app);

    let outside = pixel(&image, SIZE.width - 3, SIZE.height - 3);
    assert_eq!(outside, [200, 200, 200, 255], "the scene is as it was");
    let inside = pixel(&image, 14, 40);
    assert!(inside[..3].iter().all(|channel| *channel < 60), "the panel's ground is dark: {inside:?}");
    let all = (0..SIZE.height).flat_map(|y| (0..SIZE.width).map(move |x| (x, y)));
    let green = all.filter(|&(x, y)| pixel(&image, x, y) == GREEN).count();
    assert!(green > 3000, "the stream's picture is in the panel: {green} pixels");
}
