//! Why a homography is no pose.

use freshet_vision::camera::HomographyError;
use thiserror::Error;

/// Why a homography or points give no pose.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[non_exhaustive]
pub enum PoseError {
    /// A target without size.
    #[error("a target of {width_px}x{height_px} pixels and {width_m} m has no size")]
    Target {
        /// Columns.
        width_px: f64,
        /// Rows.
        height_px: f64,
        /// Width of the printed picture, metres.
        width_m: f64,
    },
    /// Too few points can be seen through the lens.
    #[error("{count} points of the target have a ray; a pose needs 4")]
    TooFewPoints {
        /// How many have one.
        count: usize,
    },
    /// The points determine no homography.
    #[error("the target's points determine no view of a plane")]
    Homography(#[from] HomographyError),
    /// The camera's plane runs through the target, or the target is behind it.
    #[error("the target is not wholly in front of the camera")]
    Behind,
    /// The back of the target is seen, or a mirror image.
    #[error("the view of the target is mirrored")]
    Mirrored,
    /// The target is seen edge-on, or is a point.
    #[error("the target is seen edge-on or as a point")]
    Degenerate,
}
