//! Image targets: a picture is known, seen in a stream, and carries what stands on it.
//!
//! ```text
//!  ImageTarget ─► enrolled ─► TargetDatabase ─► match ─► pose ─► align     (vision, on the GPU)
//!                                                              │ homographies, ≤ 1.3 KiB a frame
//!  ArCamera ─► projection, background, ambient light           ▼
//!  Transform of the target ◄─ moment of display ◄─ pose ◄─ TargetSightings on the frame
//!                                                   └────► Targets on the frame, TargetPose on the target
//! ```
//!
//! ```
//! use bevy::prelude::*;
//! use freshet_ar::prelude::*;
//! use freshet_frame::Stream;
//!
//! fn set_up(mut commands: Commands, assets: Res<AssetServer>, stream: Single<Entity, With<Stream>>) {
//!     commands.spawn(ArCamera::new(*stream));
//!     // The entity stands on the printed poster, in metres.
//!     commands.spawn(ImageTarget::new(assets.load("poster.png"), 0.30));
//! }
//! # bevy::ecs::system::assert_is_system(set_up);
//! ```
//!
//! # The seven questions
//!
//! 1. **Resources:** the database of targets, on the CPU and on the GPU: about 100 KiB a target on each.
//! 2. **Handles:** targets are entities; the picture they are found in stays on the GPU.
//! 3. **Pool or allocation:** enrolling allocates, in the background; following targets does not.
//! 4. **Blocking:** none; pictures are learnt by tasks.
//! 5. **Priority:** poses are worked out in `First`, with the other results of the frame; learning has the app's
//!    background tasks.
//! 6. **Attach or return:** attaches [`Targets`] to frames; keeps [`TargetPose`] and `Transform` on targets.
//! 7. **Bottleneck:** the vision stages; on the CPU a pose takes a few µs.

mod camera;
mod enrol;
mod light;
mod place;
mod plugin;
pub mod pose;
mod settings;
mod sightings;
mod target;

pub use camera::{ArCamera, LensProjection};
pub use enrol::{Enrolment, TargetNumber};
pub use light::FollowLight;
pub use place::TargetMotion;
pub use plugin::{ArPlugin, ArSystems};
pub use settings::ArSettings;
pub use target::{ImageTarget, SeenTarget, TargetError, TargetPose, TargetRefused, TargetState, Targets};

/// What most users of this crate need.
pub mod prelude {
    pub use crate::{
        ArCamera, ArPlugin, ArSettings, Enrolment, FollowLight, ImageTarget, TargetPose, TargetRefused, TargetState,
        Targets,
    };
}
