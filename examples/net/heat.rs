//! An output that is a picture of one channel, drawn over the frame.

use bevy::asset::RenderAssetUsages;
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use bevy_freshet::inference::net::Shape;

/// The picture that is drawn, once there is one.
#[derive(Debug, Default)]
pub struct Heat {
    image: Option<Handle<Image>>,
}

impl Heat {
    /// Draws `[1, 1, H, W]`: transparent where it is least, hot where it is most. Other outputs are not drawn.
    pub fn show(
        &mut self,
        output: Option<(Shape, &[f32])>,
        commands: &mut Commands,
        mut images: ResMut<Assets<Image>>,
    ) {
        let Some((shape, values)) = output else { return };
        let &[1, 1, rows, columns] = shape.axes() else { return };
        let most = values.iter().copied().filter(|value| value.is_finite()).fold(f32::MIN_POSITIVE, f32::max);
        let texels: Vec<u8> = values.iter().flat_map(|value| color(value / most)).collect();
        if let Some(mut image) = self.image.as_ref().and_then(|image| images.get_mut(image)) {
            image.data = Some(texels);
            return;
        }
        let size = Extent3d { width: columns, height: rows, depth_or_array_layers: 1 };
        let format = TextureFormat::Rgba8UnormSrgb;
        let image = Image::new(size, TextureDimension::D2, texels, format, RenderAssetUsages::default());
        let image = images.add(image);
        commands.spawn((
            ImageNode::new(image.clone()),
            // Behind the text.
            ZIndex(-1),
            Node { position_type: PositionType::Absolute, width: percent(100), height: percent(100), ..default() },
        ));
        self.image = Some(image);
    }
}

/// Yellow through red, more opaque the more.
fn color(share: f32) -> [u8; 4] {
    let share = share.clamp(0.0, 1.0);
    let byte = |value: f32| (value * 255.0) as u8;
    [255, byte(0.9 * (1.0 - share)), 20, byte(0.75 * share)]
}
