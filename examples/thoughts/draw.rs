//! Where the answers are in the picture.

use bevy::asset::RenderAssetUsages;
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use bevy::sprite::Anchor;
use bevy_freshet::frame::{FreshetLast, History};
use bevy_freshet::inference::Recall;
use bevy_freshet::prelude::*;

use crate::calm::{Answer, Glance, Named, Ponder};
use crate::poses::{ScenePose, moved};

/// The picture fills the view.
pub const FIT: Fit = Fit::Cover;

/// An answer that is on its own frame; one that is late; and where it would be drawn by who does not know when it was.
pub const ON_TIME: Color = Color::srgb(0.35, 0.95, 0.45);
pub const LATE: Color = Color::srgb(1.0, 0.68, 0.15);
pub const NAIVE: Color = Color::srgba(1.0, 1.0, 1.0, 0.7);

/// Marks the stream that is shown.
#[derive(Component)]
pub struct Shown;

/// What is drawn of an answer.
#[derive(Component, Clone, Copy, PartialEq)]
enum Mark {
    Pondered,
    Naive,
    Glanced,
}

/// The words beside a mark.
#[derive(Component)]
struct Label(Mark);

pub fn plugin(app: &mut App) {
    app.add_systems(Startup, spawn)
        // Now it is known which frame is shown in this turn; transforms have been propagated already.
        .add_systems(Last, (place::<Ponder>, place::<Glance>).chain().after(FreshetLast));
}

fn spawn(mut commands: Commands, mut images: ResMut<Assets<Image>>) {
    let (thick, thin) = (images.add(frame_image(6)), images.add(frame_image(2)));
    for (mark, image, side, depth) in
        [(Mark::Naive, &thin, 64.0, 1.0), (Mark::Pondered, &thick, 64.0, 2.0), (Mark::Glanced, &thick, 32.0, 3.0)]
    {
        let sprite = Sprite { custom_size: Some(Vec2::splat(side)), ..Sprite::from_image(image.clone()) };
        commands.spawn((mark, sprite, Transform::from_xyz(0.0, 0.0, depth), Visibility::Hidden));
        let font = (TextFont::from_font_size(14.0), TextBackgroundColor(Color::srgba(0.02, 0.03, 0.05, 0.8)));
        let text = (Text2d::new(""), font, TextColor(Color::WHITE));
        commands.spawn((
            Label(mark),
            text,
            Anchor::CENTER_LEFT,
            Transform::from_xyz(0.0, 0.0, 4.0),
            Visibility::Hidden,
        ));
    }
}

/// A hollow square.
fn frame_image(border: u32) -> Image {
    const SIDE: u32 = 84;
    let inner = border..SIDE - border;
    let texels = (0..SIDE * SIDE).flat_map(|index| {
        let is_inside = inner.contains(&(index % SIDE)) && inner.contains(&(index / SIDE));
        [255, 255, 255, if is_inside { 0 } else { 255 }]
    });
    let size = Extent3d { width: SIDE, height: SIDE, depth_or_array_layers: 1 };
    let format = TextureFormat::Rgba8UnormSrgb;
    Image::new(size, TextureDimension::D2, texels.collect(), format, RenderAssetUsages::RENDER_WORLD)
}

trait Marked {
    const MARK: Mark;
    const LABEL: &'static str;
}

impl Marked for Ponder {
    const MARK: Mark = Mark::Pondered;
    const LABEL: &'static str = "ponder";
}

impl Marked for Glance {
    const MARK: Mark = Mark::Glanced;
    const LABEL: &'static str = "glance";
}

/// Puts a model's newest answer where it belongs in the frame that is shown.
fn place<M: Named + Marked>(
    streams: Query<(&Latest<Answer<M>>, &StreamStats, &History<ScenePose>), With<Shown>>,
    poses: Recall<ScenePose>,
    cameras: Query<&Camera>,
    mut marks: Query<(&Mark, &mut Sprite, &mut Transform, &mut GlobalTransform, &mut Visibility), Without<Label>>,
    mut labels: Query<
        (&Label, &mut Text2d, &mut TextColor, &mut Transform, &mut GlobalTransform, &mut Visibility),
        Without<Mark>,
    >,
) {
    let Ok((latest, stats, history)) = streams.single() else { return };
    let view = cameras.iter().next().and_then(Camera::logical_viewport_size);
    let (Some(view), Some(format), Some(point)) = (view, stats.format, latest.value.point) else { return };
    // Where the scene was when the frame of the answer was captured, and where it is now.
    let now = stats.newest_seq.and_then(|seq| history.get(seq));
    let (Some(then), Some(now)) = (poses.of(latest), now) else { return };
    let now_from_then = now.0 * then.0.inverse();
    let picture = Vec2::new(format.width as f32, format.height as f32);
    let on_view = |point: Vec2| {
        let at = (point / picture - 0.5) * FIT.picture_share(picture, view) * view;
        Vec2::new(at.x, -at.y)
    };
    let belongs = on_view(moved(&now_from_then, point));
    let beside = on_view(moved(&now_from_then, point + Vec2::X));
    let turn = Quat::from_rotation_z((beside - belongs).to_angle());
    let color = if latest.late { LATE } else { ON_TIME };
    for (mark, mut sprite, mut place, mut global, mut visibility) in &mut marks {
        let (at, turn, color) = match *mark {
            mark if mark == M::MARK => (belongs, turn, color),
            Mark::Naive if M::MARK == Mark::Pondered => (on_view(point), Quat::IDENTITY, NAIVE),
            _ => continue,
        };
        (place.translation.x, place.translation.y, place.rotation) = (at.x, at.y, turn);
        (sprite.color, *visibility, *global) = (color, Visibility::Visible, GlobalTransform::from(*place));
    }
    for (label, mut text, mut text_color, mut place, mut global, mut visibility) in &mut labels {
        if label.0 != M::MARK {
            continue;
        }
        // One above the other where both marks are at the same place.
        let offset = if M::MARK == Mark::Pondered { Vec2::new(42.0, 14.0) } else { Vec2::new(42.0, -14.0) };
        place.translation = (belongs + offset).extend(4.0);
        (text_color.0, *visibility, *global) = (color, Visibility::Visible, GlobalTransform::from(*place));
        let age = latest.age().as_millis();
        text.0 = format!("{}: frame {}, {age} ms old", M::LABEL, latest.frame.seq);
    }
}
