//! Sources of frames: cameras, files, computed scenes.

mod camera;
mod capture;
mod clock;
mod deliver;
mod error;
mod files;
mod jpeg;
mod list;
mod open;
mod outlet;
mod plugin;
mod probe;
mod scratch;
mod source;
mod spec;
mod synthetic;

pub use camera::{CameraDescription, list_cameras};
pub use capture::Capture;
pub use error::{FrameFault, SourceError};
pub use list::{SourceList, list_sources};
pub use open::open;
pub use plugin::CapturePlugin;
pub use probe::{ProbeFrame, ProbeReport, probe};
pub use source::{FrameSource, Next, NextFrame, SourceInfo, Timing};
pub use spec::{CameraAddress, CustomSource, SourceSpec};
pub use synthetic::{PERIOD, Scene, Synthetic, SyntheticSource};
pub use camera::{CameraFormat, CameraSize, FourCc};
