//! Real-time perception and presence for Bevy: camera and video in, results on frame entities out.
//!
//! ```no_run
//! use bevy::prelude::*;
//! use bevy_freshet::prelude::*;
//!
//! fn main() {
//!     App::new().add_plugins((DefaultPlugins, FreshetPlugins)).add_systems(Startup, show_camera).run();
//! }
//!
//! fn show_camera(mut commands: Commands, mut pictures: LivePictures) {
//!     commands.spawn(Camera2d);
//!     let camera = commands.spawn(Capture::camera(0)).id();
//!     commands.spawn(Sprite::from_image(pictures.show(camera)));
//! }
//! ```
//!
//! # The crates
//!
//! | crate | job |
//! |---|---|
//! | [`base`] | ids, time, units, formats, reasons, the words for products and attachments |
//! | [`ledger`] | accounts of bytes, allocations, crossings, waits and drops; the report |
//! | [`frame`] | streams, frames, leases, attachments; the upload door and the readback door; stages |
//! | `priority` | levels that follow attention, workloads, worker pools, governor, forecast (feature `priority`) |
//! | [`capture`] | cameras, files, patterns |
//! | [`vision`] | GPU stages: convert, pyramid, flow, features, tracks, match, pose, align; camera model, calibration |
//! | [`compositor`] | live pictures in materials, sprites, UI and egui; export to files |
//! | `ar` | image targets, AR cameras (feature `ar`) |
//! | [`inspector`] | panel, recorder, report (feature `inspector`) |
//!
//! # The seven questions
//!
//! Each crate answers them in its own docs: what it uses, what it hands around, what it allocates, where it waits, how
//! urgent it is, where its results go, and what bounds it.

#[cfg(feature = "ar")]
pub use freshet_ar as ar;
pub use freshet_base as base;
pub use freshet_capture as capture;
pub use freshet_compositor as compositor;
pub use freshet_frame as frame;
#[cfg(feature = "inference")]
pub use freshet_inference as inference;
#[cfg(feature = "inspector")]
pub use freshet_inspector as inspector;
pub use freshet_ledger as ledger;
#[cfg(feature = "priority")]
pub use freshet_priority as priority;
pub use freshet_vision as vision;

use bevy::app::{PluginGroup, PluginGroupBuilder};

/// All plugins of the suite. Add them after `DefaultPlugins`; disable or replace any.
///
/// | plugin | without it |
/// |---|---|
/// | `LedgerPlugin` | no report, no `freshet/…` diagnostics |
/// | `FramePlugin` | nothing works |
/// | `PriorityPlugin` | nothing is ranked: stages run without a budget (feature `priority`) |
/// | `VisionPlugin` | no products but your own stages' |
/// | `CapturePlugin` | streams come from your own threads, through `frame::port` |
/// | `CompositorPlugin` | nothing is shown or exported |
/// | `ArPlugin` | no image targets, no AR cameras (feature `ar`) |
#[derive(Debug, Default)]
pub struct FreshetPlugins;

impl PluginGroup for FreshetPlugins {
    fn build(self) -> PluginGroupBuilder {
        let group = PluginGroupBuilder::start::<Self>()
            .add(freshet_ledger::LedgerPlugin::default())
            .add(freshet_frame::FramePlugin);
        #[cfg(feature = "priority")]
        let group = group.add(freshet_priority::PriorityPlugin::default());
        let group = group
            .add(freshet_vision::VisionPlugin)
            .add(freshet_capture::CapturePlugin)
            .add(freshet_compositor::CompositorPlugin);
        #[cfg(feature = "ar")]
        let group = group.add(freshet_ar::ArPlugin);
        group
    }
}

/// What most games need.
pub mod prelude {
    pub use crate::FreshetPlugins;
    pub use freshet_base::{
        Attachment, DropReason, FeaturePicture, Features, FlowPicture, FrameCode, FrameId, LightEstimate, LivePicture,
        Luma, OpticalFlow, Picture, Product, Pyramid, SkipReason, TargetSightings, Timestamp, Tracks,
    };
    pub use freshet_capture::{Capture, SourceSpec};
    pub use freshet_compositor::{Background, Exports, Fit, LivePictures};
    pub use freshet_frame::{
        AttachExt, Frame, FrameCaptured, FrameLease, FrameOf, FreshetSystems, Latest, Leases, Pace, Skipped, Stream,
        StreamSettings, StreamState, StreamStats, WantExt, Wants,
    };
    #[cfg(feature = "priority")]
    pub use freshet_priority::prelude::*;
}
