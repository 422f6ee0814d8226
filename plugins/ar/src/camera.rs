//! A camera of the scene that sees what the stream's camera saw.

use bevy::camera::{Camera3d, CameraProjection, Projection, SubCameraView};
use bevy::ecs::lifecycle::HookContext;
use bevy::ecs::prelude::*;
use bevy::ecs::world::DeferredWorld;
use bevy::light::AmbientLight;
use bevy::log::warn;
use bevy::math::{Mat4, Vec2, Vec3A, Vec4};
use freshet_base::{FrameFormat, LightEstimate, TargetSightings};
use freshet_compositor::{Background, Fit, LivePictures};
use freshet_frame::{StreamStats, WantExt};
use freshet_vision::camera::CameraModel;

use crate::light::FollowLight;

/// The name under which an AR camera wants products.
const CONSUMER: &str = "ar camera";

/// A camera whose projection follows the intrinsics of a stream's camera and whose background is the stream.
///
/// Targets are placed in front of it, wherever it stands: an AR scene mostly leaves it at the origin.
#[derive(Component, Debug, Clone)]
#[component(on_remove = forget_stream)]
#[require(Camera3d, AmbientLight, FollowLight)]
pub struct ArCamera {
    /// The stream.
    pub stream: Entity,
    /// Its camera; `None`: 60° of horizontal field of view and no distortion.
    pub model: Option<CameraModel>,
    /// How the picture is brought to the size of the view. Default: [`Fit::Cover`].
    pub fit: Fit,
    /// Nearest and farthest distance that is drawn, in metres. Default 0.01 to 100.
    pub range: (f32, f32),
}

impl ArCamera {
    /// A camera for this stream, of 60° horizontal field of view.
    pub const fn new(stream: Entity) -> Self {
        Self { stream, model: None, fit: Fit::Cover, range: (0.01, 100.0) }
    }

    /// The same with a camera model, from a calibration say.
    #[must_use]
    pub fn with_model(self, model: CameraModel) -> Self {
        Self { model: Some(model), ..self }
    }

    /// The model for pictures of this size: the one that was given, scaled, or the default one.
    ///
    /// None, with a warning, for other proportions: it would put everything in a wrong place.
    pub(crate) fn model_for(&self, format: &FrameFormat) -> Option<CameraModel> {
        let (width, height) = (format.width, format.height);
        let ratio = |width: u32, height: u32| f64::from(width) / f64::from(height);
        let model = match &self.model {
            Some(model) if (ratio(model.width(), model.height()) / ratio(width, height) - 1.0).abs() > 0.01 => {
                let (wide, high) = (model.width(), model.height());
                warn!("nothing is placed: the camera model is for {wide}x{high}, frames have {width}x{height}");
                return None;
            }
            Some(model) => model.scaled_to(width, height),
            None => CameraModel::with_default_fov(width, height),
        };
        model.inspect_err(|error| warn!("nothing is placed: {error}")).ok()
    }
}

/// On an AR camera: the stream it has joined.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
#[component(on_discard = leave_stream)]
pub(crate) struct Joined(Entity);

/// What the camera's stream must give.
pub(crate) fn join_streams(
    mut cameras: Query<(Entity, &ArCamera, Option<&Joined>, Option<&mut Background>), Changed<ArCamera>>,
    mut pictures: LivePictures,
    mut commands: Commands,
) {
    for (entity, camera, joined, background) in &mut cameras {
        if joined == Some(&Joined(camera.stream)) {
            if let Some(mut background) = background {
                background.fit = camera.fit;
            }
            continue;
        }
        commands.want::<TargetSightings>(camera.stream, CONSUMER);
        commands.want::<LightEstimate>(camera.stream, CONSUMER);
        let background = Background { fit: camera.fit, ..Background::new(pictures.show(camera.stream)) };
        commands.entity(entity).try_insert((background, FittedLens::default(), Joined(camera.stream)));
    }
}

fn forget_stream(mut world: DeferredWorld, context: HookContext) {
    if let Ok(mut entity) = world.commands().get_entity(context.entity) {
        entity.try_remove::<(Background, FittedLens, Joined)>();
    }
}

/// The stream is left, unless another camera shows it.
fn leave_stream(mut world: DeferredWorld, context: HookContext) {
    let Some(&Joined(stream)) = world.get::<Joined>(context.entity) else { return };
    world.commands().queue(move |world: &mut World| {
        let mut others = world.query::<&Joined>();
        if others.iter(world).all(|other| other.0 != stream) {
            let mut commands = world.commands();
            commands.unwant::<TargetSightings>(stream, CONSUMER);
            commands.unwant::<LightEstimate>(stream, CONSUMER);
            world.flush();
        }
    });
}

/// On an AR camera: its model at the size of the stream's frames.
#[derive(Component, Debug, Default, Clone)]
pub(crate) struct FittedLens {
    format: Option<FrameFormat>,
    pub(crate) model: Option<CameraModel>,
}

/// Follows the size of the stream's frames.
pub(crate) fn fit_lenses(
    mut cameras: Query<(Ref<ArCamera>, &mut FittedLens, &mut Projection)>,
    streams: Query<&StreamStats>,
) {
    for (camera, mut fitted, mut projection) in &mut cameras {
        let format = streams.get(camera.stream).ok().and_then(|stats| stats.format);
        if fitted.format == format && !camera.is_changed() {
            continue;
        }
        fitted.format = format;
        fitted.model = format.and_then(|format| camera.model_for(&format));
        let (Some(format), Some(model)) = (format, &fitted.model) else { continue };
        *projection = Projection::custom(LensProjection {
            model: *model,
            fit: camera.fit,
            range: camera.range,
            viewport: Vec2::new(format.width as f32, format.height as f32),
        });
    }
}

/// The projection of a [`CameraModel`] into a view.
#[derive(Debug, Clone)]
pub struct LensProjection {
    model: CameraModel,
    fit: Fit,
    range: (f32, f32),
    viewport: Vec2,
}

impl LensProjection {
    /// The matrix for a view of this size.
    fn clip_from_view(&self, range: (f32, f32)) -> Mat4 {
        let picture = Vec2::new(self.model.width() as f32, self.model.height() as f32);
        let share = self.fit.picture_share(picture, self.viewport);
        self.model.clip_from_view(range.0, Some(range.1), share)
    }
}

impl CameraProjection for LensProjection {
    fn get_clip_from_view(&self) -> Mat4 {
        self.clip_from_view(self.range)
    }

    fn get_clip_from_view_for_sub(&self, sub_view: &SubCameraView) -> Mat4 {
        // The part's clip space, out of the whole's.
        let (full, size) = (sub_view.full_size.as_vec2(), sub_view.size.as_vec2());
        let scale = full / size;
        let centre = (sub_view.offset + size / 2.0) / full * 2.0 - 1.0;
        let part_from_whole = Mat4::from_cols(
            Vec4::new(scale.x, 0.0, 0.0, 0.0),
            Vec4::new(0.0, scale.y, 0.0, 0.0),
            Vec4::Z,
            Vec4::new(-centre.x * scale.x, centre.y * scale.y, 0.0, 1.0),
        );
        part_from_whole * self.get_clip_from_view()
    }

    fn update(&mut self, width: f32, height: f32) {
        if width > 0.0 && height > 0.0 {
            self.viewport = Vec2::new(width, height);
        }
    }

    fn far(&self) -> f32 {
        self.range.1
    }

    fn get_frustum_corners(&self, z_near: f32, z_far: f32) -> [Vec3A; 8] {
        let (near, far) = (z_near.abs(), z_far.abs());
        let view_from_clip = self.get_clip_from_view().inverse();
        let corner = |x: f32, y: f32, distance: f32| {
            // Any depth of the ray will do: it is brought to the distance.
            let ray = view_from_clip.project_point3(bevy::math::Vec3::new(x, y, 0.5));
            Vec3A::from(ray * (distance / -ray.z))
        };
        let ring = [(1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0)];
        let [a, b, c, d] = ring.map(|(x, y)| corner(x, y, near));
        let [e, f, g, h] = ring.map(|(x, y)| corner(x, y, far));
        [a, b, c, d, e, f, g, h]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lens() -> LensProjection {
        let model = CameraModel::with_default_fov(640, 480).unwrap();
        LensProjection { model, fit: Fit::Cover, range: (0.1, 50.0), viewport: Vec2::new(640.0, 480.0) }
    }

    #[test]
    fn corners_of_the_frustum_are_those_of_the_view() {
        let corners = lens().get_frustum_corners(-0.1, -50.0);
        let clip = lens().get_clip_from_view();
        for (corner, expected) in
            corners.into_iter().zip([(1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0)].repeat(2))
        {
            let seen = clip.project_point3(corner.into());
            assert!((seen.x - expected.0).abs() < 1e-4 && (seen.y - expected.1).abs() < 1e-4, "{corner} at {seen}");
        }
        assert!((corners[0].z + 0.1).abs() < 1e-5 && (corners[7].z + 50.0).abs() < 1e-2);
    }

    #[test]
    fn the_whole_as_a_part_is_the_whole() {
        let whole = SubCameraView { full_size: (640, 480).into(), offset: Vec2::ZERO, size: (640, 480).into() };
        assert!(lens().get_clip_from_view_for_sub(&whole).abs_diff_eq(lens().get_clip_from_view(), 1e-6));
    }
}
