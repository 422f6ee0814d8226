//! Where cameras draw when there is no window.

use bevy::camera::RenderTarget;
use bevy::prelude::*;
use bevy::render::render_resource::{TextureFormat, TextureUsages};

use super::Options;

/// The image that cameras draw into when there is no window.
#[derive(Resource, Debug, Clone)]
pub struct Screen(pub Handle<Image>);

/// Its size, unless an example wants another.
pub const SIZE: UVec2 = UVec2::new(960, 540);

/// Gives cameras an image of this size where there is no window.
pub fn add(app: &mut App, size: UVec2) {
    if app.world().resource::<Options>().headless {
        let image = app.world_mut().resource_mut::<Assets<Image>>().add(target(size));
        app.insert_resource(Screen(image)).add_observer(draw_into_image);
    }
}

fn target(size: UVec2) -> Image {
    let mut image = Image::new_target_texture(size.x, size.y, TextureFormat::Rgba8UnormSrgb, None);
    image.texture_descriptor.usage |= TextureUsages::COPY_SRC;
    image
}

/// Cameras that would draw into the window draw into the image.
fn draw_into_image(added: On<Add, RenderTarget>, mut targets: Query<&mut RenderTarget>, screen: Res<Screen>) {
    if let Ok(mut target) = targets.get_mut(added.entity)
        && matches!(*target, RenderTarget::Window(_))
    {
        *target = RenderTarget::Image(screen.0.clone().into());
    }
}
