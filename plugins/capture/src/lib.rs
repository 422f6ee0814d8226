//! Where frames come from: cameras, video files, pictures, folders of pictures, and scenes that are computed.
//!
//! ```text
//!  Capture ───────► open_captures ──► a thread of its own, "freshet:<stream>"          frame crate
//!  (component)      (PreUpdate)        open ─► next ─► pace ─► offer ────────────────► mapped slot
//!                                                └ FrameSource ┘   └ write: one copy
//!  StreamState ◄── Opening, Streaming, Lost, Ended, Failed ───────────────────────────
//! ```
//!
//! ```
//! # use bevy::prelude::*;
//! use freshet_capture::{Capture, Scene};
//!
//! fn open(mut commands: Commands) {
//!     commands.spawn(Capture::camera(0));
//!     commands.spawn(Capture::file("clip.mp4").repeating());
//!     commands.spawn(Capture::synthetic(Scene::Checker).with_rate(240.0));
//! }
//! # let mut app = App::new();
//! # app.add_systems(Startup, open);
//! ```
//!
//! | source | text | read as |
//! |---|---|---|
//! | camera (feature `camera`) | `camera:0` | YUYV, UYVY, NV12, I420, I422, RGB, BGR, gray, Motion JPEG; V4L2 on Linux, nokhwa elsewhere |
//! | scene | `synthetic:checker@60` | any format and colour space, with each frame's number in its pixels |
//! | video | `clip.y4m`, `clip.avi`, `clip.mp4` | Y4M; AVI with Motion JPEG; MP4 with H.264 (feature `h264`) |
//! | picture, folder | `still.png`, `frames/` | PNG, JPEG, BMP |
//!
//! Whoever has frames of another origin implements [`FrameSource`] and spawns [`Capture::custom`]. Without an app,
//! [`open()`] gives the source itself and [`probe()`] tries it out.
//!
//! # The seven questions
//!
//! 1. **Resources:** a thread per source. Files are mapped, not read. Scenes keep up to 64 MiB of painted frames;
//!    decoders of JPEG, PNG and BMP one frame; H.264's what the standard asks for.
//! 2. **Handles:** a source owns its file or device; the stream holds the port, and dropping that ends the thread.
//! 3. **Pool or allocation:** our own code allocates nothing per frame after each kind of frame came once, but for
//!    folders of pictures, which open a file for each. What decoders allocate inside is booked as foreign.
//! 4. **Blocking:** capture threads wait for drivers and for the time of the next frame; no system waits for them, not
//!    even at their end.
//! 5. **Priority:** threads run at the system's normal priority; where they are late, frames are dropped and counted.
//! 6. **Attach or return:** frames go through the port and become entities; states go to [`StreamState`].
//! 7. **Bottleneck:** for uncompressed sources the one copy into the slot; for JPEG and H.264 decoding on the CPU.
//!
//! [`StreamState`]: freshet_frame::StreamState

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

pub use camera::{CameraDescription, CameraFormat, CameraSize, FourCc, list_cameras};
pub use capture::Capture;
pub use error::{FrameFault, SourceError};
pub use list::{SourceList, list_sources};
pub use open::open;
pub use plugin::CapturePlugin;
pub use probe::{ProbeFrame, ProbeReport, probe};
pub use source::{FrameSource, Next, NextFrame, SourceInfo, Timing};
pub use spec::{CameraAddress, CustomSource, SourceSpec};
pub use synthetic::{PERIOD, Scene, Synthetic, SyntheticSource};

/// What most users of this crate need.
pub mod prelude {
    pub use crate::{Capture, CapturePlugin, Scene, SourceSpec};
}
