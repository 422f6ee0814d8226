//! What can be opened on this machine.

use crate::camera::{CameraDescription, list_cameras};
use crate::error::SourceError;
use crate::synthetic::Scene;

/// What can be opened on this machine, besides files.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceList {
    /// The cameras; none when cameras were not compiled in.
    pub cameras: Vec<CameraDescription>,
    /// The scenes that can be computed.
    pub scenes: Vec<Scene>,
}

/// Looks for everything that can be opened on this machine, besides files.
///
/// # Errors
///
/// When the system does not tell its cameras.
pub fn list_sources() -> Result<SourceList, SourceError> {
    Ok(SourceList { cameras: list_cameras()?, scenes: Scene::ALL.to_vec() })
}
