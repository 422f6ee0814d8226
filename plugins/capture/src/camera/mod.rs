//! Cameras.
//!
//! ```text
//! list ─► formats ─► choose ─► open ─► mapped buffers ─► slot        Linux: V4L2
//!                               └────► nokhwa's frames ─► slot        elsewhere
//! ```

#[cfg(feature = "camera")]
mod choose;
mod describe;
#[cfg(all(feature = "camera", target_os = "linux"))]
mod linux;
#[cfg(all(feature = "camera", not(target_os = "linux")))]
mod nokhwa;

pub use describe::{CameraDescription, CameraFormat, CameraSize, FourCc};

use crate::capture::Capture;
use crate::error::SourceError;
use crate::source::FrameSource;
use crate::spec::CameraAddress;

#[cfg(all(feature = "camera", target_os = "linux"))]
use linux as system;
#[cfg(all(feature = "camera", not(target_os = "linux")))]
use nokhwa as system;

/// The cameras of this machine and what they offer. None when cameras were not compiled in.
///
/// # Errors
///
/// When the system does not tell its cameras. A camera that does not tell its formats is listed with the reason.
#[cfg(feature = "camera")]
pub fn list_cameras() -> Result<Vec<CameraDescription>, SourceError> {
    system::list()
}

/// The cameras of this machine and what they offer. None when cameras were not compiled in.
///
/// # Errors
///
/// When the system does not tell its cameras.
#[cfg(not(feature = "camera"))]
pub fn list_cameras() -> Result<Vec<CameraDescription>, SourceError> {
    Ok(Vec::new())
}

/// Opens a camera.
#[cfg(feature = "camera")]
pub(crate) fn open(address: &CameraAddress, capture: &Capture) -> Result<Box<dyn FrameSource>, SourceError> {
    system::open(address, capture)
}

/// Says that cameras were not compiled in.
#[cfg(not(feature = "camera"))]
pub(crate) fn open(_address: &CameraAddress, capture: &Capture) -> Result<Box<dyn FrameSource>, SourceError> {
    Err(SourceError::FeatureOff { input: capture.source.to_string(), feature: "camera" })
}
