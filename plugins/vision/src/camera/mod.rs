//! The camera as geometry: which pixel sees which ray.
//!
//! ```text
//!  point (x, y, z)      ÷ z        lens distortion        fx, fy, cx, cy
//!  OpenCV axes, m  ──────────▶ ray ───────────────▶ ray' ───────────────▶ pixel
//!                              (x/z, y/z)                                 x right, y down,
//!                                                                         integer = centre of a texel
//! ```
//!
//! [`CameraModel`] holds the numbers and goes both ways; [`CalibrationFile`] reads and writes them as OpenCV does;
//! [`CameraModel::clip_from_view`] makes the projection that draws what the camera would have seen. Everything is
//! `f64` on the CPU: it runs for a handful of points per frame.

mod distortion;
mod error;
mod file;
mod homography;
pub mod linear;
mod model;
mod projection;
mod quad;
mod rigid;

pub use distortion::Distortion;
pub use error::{CalibrationFileError, CameraModelError};
pub use file::CalibrationFile;
pub use homography::{Homography, HomographyError};
pub use model::{CameraModel, Intrinsics};
pub use quad::{ImplausibleQuad, QuadLimits, signed_area};
pub use rigid::{RigidPose, rotation_vector};
