//! Image targets and where they are.

use std::time::Duration;

use bevy::asset::Handle;
use bevy::camera::visibility::Visibility;
use bevy::ecs::prelude::*;
use bevy::image::Image;
use bevy::math::{Quat, Vec3};
use bevy::transform::components::Transform;
use freshet_base::{Attachment, Timestamp};
use freshet_vision::targets::EnrolError;
use serde::Serialize;
use thiserror::Error;

use crate::enrol::forget_target;
use crate::place::TargetMotion;

/// A flat picture that is looked for in the streams of all [`ArCamera`](crate::ArCamera)s. Where several see it, it
/// follows the one that saw it first, until that one loses it.
///
/// The picture is read on the CPU alone: load it for the main world only, and the GPU holds no copy of it.
///
/// While it is seen, its entity has the `Transform` of the picture, seen from the AR camera: origin in the picture's
/// centre, x to its right, y to its top, z out of it towards the viewer, in metres. Children stand on it.
///
/// ```
/// # use bevy::prelude::*;
/// # use freshet_ar::ImageTarget;
/// fn hang(mut commands: Commands, assets: Res<AssetServer>) {
///     commands.spawn(ImageTarget::new(assets.load("poster.png"), 0.30));
/// }
/// # bevy::ecs::system::assert_is_system(hang);
/// ```
#[derive(Component, Debug, Clone, PartialEq)]
#[component(on_remove = forget_target)]
#[require(TargetPose, TargetMotion, Transform, Visibility)]
pub struct ImageTarget {
    /// The picture, evenly lit and seen from the front.
    pub image: Handle<Image>,
    /// Its width as printed, in metres; finite and above 0.
    pub width: f32,
}

impl ImageTarget {
    /// A picture of this width in metres.
    pub const fn new(image: Handle<Image>, width: f32) -> Self {
        Self { image, width }
    }
}

/// Whether a target is seen.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetState {
    /// It has not been seen for a while, or ever.
    #[default]
    Searching,
    /// It was in the newest frame.
    Tracking,
    /// It was seen a moment ago.
    Lost,
}

/// On a target: where it was in the newest frame in which it was seen, as measured.
///
/// The entity's `Transform` may be smoothed and carried on to the moment of display; this is neither.
#[derive(Component, Debug, Default, Clone, PartialEq)]
pub struct TargetPose {
    /// Whether it is seen.
    pub state: TargetState,
    /// Takes pixels of the target's picture to pixels of the frame; row-major, the last number is 1.
    pub homography: [f32; 9],
    /// Samples of the picture that agree with the frame.
    pub inliers: u32,
    /// Root mean square of what is left of the alignment, in pixels.
    pub reprojection_px: f32,
    /// Normalised cross-correlation of picture and frame, -1 to 1.
    pub score: f32,
    /// Frames for which it has been tracked without a break.
    pub tracked_frames: u32,
    /// Rotation from the target's axes to the camera's, both Bevy's.
    pub rotation: Quat,
    /// The target's centre seen from the camera, in metres, in Bevy's axes.
    pub translation: Vec3,
    /// The stream in which it was seen.
    pub stream: Option<Entity>,
    /// When the frame was captured.
    pub captured: Timestamp,
}

impl TargetPose {
    /// Whether it was in the newest frame.
    pub fn is_tracked(&self) -> bool {
        self.state == TargetState::Tracking
    }

    /// Time since the frame it was last seen in was captured.
    pub fn age(&self) -> Duration {
        self.captured.age()
    }
}

/// On a target that is not looked for, with the reason.
#[derive(Component, Debug, Clone)]
pub struct TargetRefused(pub TargetError);

/// Why a target is not looked for.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum TargetError {
    /// The width makes no sense.
    #[error("a target's width in metres must be finite and above 0, not {0}")]
    Width(f32),
    /// The picture could not be loaded.
    #[error("its picture could not be loaded: {0}")]
    Picture(String),
    /// The picture's texels are in a format that is not read.
    #[error("its picture is in the format {0}; 8 bits a channel are read")]
    Format(String),
    /// The picture does not serve.
    #[error(transparent)]
    Enrol(#[from] EnrolError),
}

/// One target in one frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SeenTarget {
    /// The target's number, in the order in which targets were spawned.
    pub target: u32,
    /// Always [`TargetState::Tracking`].
    pub state: TargetState,
    /// Takes pixels of the target's picture to pixels of the frame; row-major, the last number is 1.
    pub homography: [f32; 9],
    /// Samples of the picture that agree with the frame.
    pub inliers: u32,
    /// Root mean square of what is left of the alignment, in pixels.
    pub reprojection_px: f32,
    /// Rotation from the target's axes to the camera's, both Bevy's: `[x, y, z, w]`.
    pub rotation_xyzw: [f32; 4],
    /// The target's centre seen from the camera, in metres, in Bevy's axes.
    pub translation_m: [f32; 3],
}

/// On a frame: the targets that were seen in it, with their poses.
#[derive(Component, Debug, Default, Clone, PartialEq)]
pub struct Targets(pub arrayvec::ArrayVec<SeenTarget, { freshet_base::TargetSightings::MOST }>);

impl Serialize for Targets {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

impl Attachment for Targets {
    const NAME: &'static str = "targets";
}
