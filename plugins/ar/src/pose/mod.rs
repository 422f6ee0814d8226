//! Where a flat picture is: from a homography to a pose that can be drawn with.
//!
//! ```text
//!  frame_from_target ──▶ grid of points ──▶ IPPE: two poses ──▶ Gauss-Newton ──▶ choice ──▶ One-Euro ──▶ prediction
//!  (pixels)              (undistorted)      (closed form)       (each)          (error,     (jitter)     (to the time
//!                                                                                previous)                of display)
//! ```
//!
//! Poses are `camera_from_target`, in OpenCV's axes and metres, until [`RigidPose::to_bevy`] gives what a `Transform`
//! holds: then the target's x runs to the right, y up and z out of the picture, from its centre. Nothing here
//! allocates.
//!
//! [`RigidPose::to_bevy`]: freshet_vision::camera::RigidPose::to_bevy

mod choice;
mod error;
mod ippe;
mod one_euro;
mod planar;
mod predict;
mod refine;
mod target;

pub use choice::{PoseChoice, choose};
pub use error::PoseError;
pub use one_euro::{OneEuroSettings, PoseFilter, PoseFilterSettings};
pub use planar::{PoseCandidate, pose_from_homography, pose_from_points};
pub use predict::{PosePredictor, PredictSettings};
pub use target::PlanarTarget;
