//! Streams of frames, frames as containers of what is known about them, and the only two doors between CPU and GPU.
//!
//! ```text
//!  capture thread        main world                    render world · GPU               main world
//!  CapturePort::offer ─► UploadRing ─► admit_frames ─► native ─► stages ─► metadata ─► collect_results
//!    one write into       newest wins   a Frame entity   buffer    (Stage)   ≤ 4 KiB     commands.attach
//!    mapped memory                      of a fixed pool                                  Latest<T>, Skipped
//! ```
//!
//! - A [`Stream`] has a fixed pool of [`Frame`] entities, recycled, never despawned. [`FrameLease`] keeps one longer.
//! - [`AttachExt::attach`] puts a result on the frame that caused it; a late one becomes the stream's [`Latest`].
//! - [`Wants`] on the stream decides which [`Stage`]s run and hold memory. No want: no dispatch, no buffer, no upload.
//! - Pixels go up through one ring of mapped staging buffers and never come back; results come back through one ring
//!   of readback buffers, tagged with their frame.
//!
//! # The seven questions
//!
//! 1. **Resources:** per stream, while anything is wanted of it: 4 staging buffers and 1 native buffer of one frame
//!    each, 3 readback buffers of 4 KiB, and the textures of the products that are wanted (4 each, 1 for the live
//!    picture).
//! 2. **Handles:** a frame is an entity, its textures are reached by its [`GpuSlot`]; no function returns pixels.
//! 3. **Pool or allocation:** frames, slots and rings are made when a stream opens or changes its shape. After that our
//!    systems, commands included, allocate nothing; tests count it.
//! 4. **Blocking:** no system waits. Capture threads may, when every frame counts ([`Pace::Every`]).
//! 5. **Priority:** the frame path is `Critical` by nature and small: it runs in `First` and `Last`, on one thread. Streams
//!    and stages are served in the order of their levels, within the GPU budget of `StageLevels`; what does not fit is
//!    skipped with its reason.
//! 6. **Attach or return:** results are attached; nothing is returned.
//! 7. **Bottleneck:** the one copy into mapped memory, on the capture thread: about 0.4 ms for 1080p YUYV.

mod admit;
mod attach;
mod demand;
mod frame;
mod gpu;
mod grant;
mod grow;
mod history;
mod lease;
mod messages;
mod plugin;
mod pool;
mod port;
mod readback;
mod render;
mod runtime;
mod schedule;
mod skipped;
mod stream;

pub use attach::{AttachExt, AttachmentKind, Attachments, CaptureTimes, Latest, RetireHook, RetireHooks};
pub use demand::{Demand, Pipeline, Products, StageLink, WantExt, Wants};
pub use frame::{Frame, FrameOf, Frames, GpuSlot};
pub use gpu::GpuBytes;
pub use grow::{GrowExt, Part, Whole};
pub use history::History;
pub use lease::{FrameLease, LeaseError, Leases};
pub use messages::{FrameCaptured, FramesDropped};
pub use plugin::FramePlugin;
pub use port::{CapturePort, FrameStamp, FrameWriter, Offer, Parameters, StreamPort, WriteError, port};
pub use readback::{Decode, MetadataLayout, MetadataSection, ResultRing, ResultTicket};
pub use render::{
    Bound, BufferShape, FrameEncoder, FrameGraphSystems, FrameJob, FrameJobs, Kernel, Makes, NoSettings, PassBuilder,
    Passes, PassesBuilder, PrepareContext, ProductTuple, Readiness, ReadyProducts, SlotTexture, Stage, StageBindings,
    StagePlugin, StageSetup, StreamGpu, StreamsGpu, TextureShape, Workgroups,
};
pub use schedule::{FreshetFirst, FreshetLast, FreshetSystems};
pub use skipped::Skipped;
pub use stream::{Pace, Stream, StreamSettings, StreamState, StreamStats};

/// What most users of this crate need.
pub mod prelude {
    pub use crate::{
        AttachExt, Frame, FrameCaptured, FrameLease, FrameOf, FramePlugin, FreshetSystems, Latest, Pace, Skipped,
        Stream, StreamSettings, StreamState, StreamStats, WantExt, Wants,
    };
}
