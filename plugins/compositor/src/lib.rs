//! Streams on screen and in files.
//!
//! ```text
//!  LivePictures::show(stream) ─► Handle<Image> ─► material · sprite · UI node · egui · Background
//!                                     ▲ stable; the texture behind it is written by the convert stage
//!  Exports::picture / clip / flow ──► readback, booked as export ─► PNG, animated PNG, .flo
//! ```
//!
//! The handle stays the same for as long as anyone holds it, and the texture behind it is the one the GPU converts
//! into: showing a stream costs no copy and no upload. When the last handle is dropped the stream's picture is no longer
//! wanted, and its memory is freed.
//!
//! # The seven questions
//!
//! 1. **Resources:** one texture for each shown stream; for an export, one buffer of a picture's size until it is
//!    written.
//! 2. **Handles:** a `Handle<Image>`; pixels come to the CPU only through [`Exports`], which books them.
//! 3. **Pool or allocation:** showing allocates nothing after the first frame; exports allocate, off the frame path.
//! 4. **Blocking:** none; files are written on an own thread, behind a bounded queue.
//! 5. **Priority:** follows the cameras.
//! 6. **Attach or return:** returns a handle.
//! 7. **Bottleneck:** compressing PNG on the writing thread, about 10 ms for a picture of 640x480.

mod background;
mod export;
mod live;
mod plugin;

pub use background::{Background, Fit};
pub use export::{ExportDone, ExportError, Exports};
pub use live::{LiveImages, LivePictures};
pub use plugin::CompositorPlugin;

/// What most users of this crate need.
pub mod prelude {
    pub use crate::{Background, CompositorPlugin, ExportDone, Exports, Fit, LivePictures};
}
