//! The words every other crate of the suite speaks: ids, time, units, pixel formats, reasons and attachments.
//!
//! ```text
//! FrameId · Timestamp · Bytes        who, when, how much
//! FrameFormat · PixelFormat · …      how the native bytes of a picture lie in memory
//! DropReason · SkipReason            why something is missing
//! Priority · Role · StageLevels      how urgent work is, and what for
//! Product · Attachment               what a stage makes, and what travels with a frame
//! OpticalFlow · Features · …         what vision finds
//! ```
//!
//! Plain data and pure functions only: no system, no thread, no GPU.
//!
//! # The seven questions
//!
//! 1. **Resources:** none; values of a few bytes.
//! 2. **Handles:** [`FrameId`] is the handle of a frame; nothing here holds pixels.
//! 3. **Pool or allocation:** nothing allocates.
//! 4. **Blocking:** nothing waits.
//! 5. **Priority:** nothing runs; [`Priority`] is the word for it.
//! 6. **Attach or return:** [`Attachment`] is the trait of what is attached.
//! 7. **Bottleneck:** none.

mod attachment;
mod bytes;
mod code;
mod color;
mod format;
mod id;
mod layout;
mod priority;
mod product;
mod quality;
mod reason;
mod time;
mod vision;

pub use attachment::Attachment;
pub use bytes::Bytes;
pub use code::FrameCode;
pub use color::{ColorMatrix, ColorRange, ColorSpace, RgbFromYuv};
pub use format::{FormatError, FrameFormat};
pub use id::FrameId;
pub use layout::{Component, ComponentLayout, PixelFormat, Plane, Planes};
pub use priority::{Priority, Role, StageLevel, StageLevels};
pub use product::{
    FeaturePicture, FlowPicture, LivePicture, Luma, Matches, Picture, Product, Pyramid, TargetHomographies,
    TargetTracks,
};
pub use quality::Degraded;
pub use reason::{DropReason, SkipReason};
pub use time::Timestamp;
pub use vision::{Features, LightEstimate, OpticalFlow, TargetSighting, TargetSightings, Tracks};
