//! AI that never blocks media: mapped weights, nets as GPU stages, models whose answers come back as components.
//!
//! ```text
//!  model.safetensors ── mapped ─► Weights ─► NetDescription ─► Net ─► Plan ─┬─► GpuExecutor: steps in the render graph
//!    header read, pages when they are needed     checked, fused, placed     └─► CandleExecutor: steps on worker threads
//!
//!  Wants<R> on a stream ─► NetPlugin<R>: a region of the frame's own texture goes in, R comes out, on that frame
//!  Wants<M::Output> ─────► add_model(M): one thought in flight, the newest frame waits, answers on their own frame
//! ```
//!
//! One's own net, in five lines (converters from ONNX and `PyTorch` lie in `assets/models/tools`):
//!
//! ```no_run
//! # use bevy::prelude::*;
//! # use freshet_base::{Attachment, Product};
//! # use freshet_frame::{Frame, WantExt};
//! # use freshet_inference::prelude::*;
//! # use serde::Serialize;
//! #[derive(Component, Clone, Serialize)]
//! struct Points(Vec<f32>);
//! # impl Attachment for Points { const NAME: &'static str = "points"; }
//! # impl Product for Points { const NAME: &'static str = "points"; }
//! impl NetResult for Points {
//!     fn read(outputs: &NetOutputs<'_>) -> Option<Self> { Some(Self(outputs.first().to_vec())) }
//! }
//! # fn add(app: &mut App) {
//! app.add_plugins(NetPlugin::<Points>::new(ModelSource::bundled("models/points.safetensors")));
//! # }
//! # fn want(mut commands: Commands, camera: Entity) {
//! commands.want::<Points>(camera, "my game");
//! # }
//! # fn read(frames: Query<(&Frame, &Points)>) {}
//! ```
//!
//! # The seven questions
//!
//! 1. **Resources:** for a net that is wanted: its weights on the GPU once, one arena of values that is used again and again
//!    within a run, and four readback buffers of its outputs' size. On the worker threads: the executor's own copy of what
//!    cannot be read where it is mapped ([`cpu::CandleExecutor::copied_bytes`]). Nobody wants it: after a while, nothing.
//! 2. **Handles:** the picture stays where it is; only outputs cross. Where a net runs elsewhere, a crop of its input's size
//!    crosses, and is booked as `model_input`.
//! 3. **Pool or allocation:** on the GPU all is made in the warm-up; a frame allocates nothing of ours. A task on the worker
//!    threads allocates, off the frame path.
//! 4. **Blocking:** none on the frame path. Warm-ups read the disk and compile shaders on worker threads, and say how far
//!    they are.
//! 5. **Priority:** a net is a stage of its role's level within the GPU budget, cut into slices where it does not fit; a
//!    model is a workload.
//! 6. **Attach or return:** attached to the frame that was looked at, or to the stream's `Latest` with its age.
//! 7. **Bottleneck:** on the GPU the width of its steps: a picture of 7x7 does not fill a large one; on the CPU the
//!    arithmetic of convolutions.

mod choice;
mod compare;
pub mod cpu;
mod error;
pub mod gpu;
mod model;
pub mod net;
mod open;
mod precision;
mod stage;
pub mod weights;

pub use choice::{Choice, ExecutorChoice, ExecutorKind};
pub use compare::{Agreement, CompareError, Comparison, compare, distance};
pub use error::InferenceError;
pub use model::{
    AddModel, AddRecall, Address, Letter, Mailbox, Model, ModelChanged, ModelControl, ModelError, ModelOf, ModelState,
    ModelStats, Recall, Silent, Thought, WarmUp,
};
pub use open::{open_net, require_finite};
pub use precision::Precision;
pub use stage::{InputFit, NetOutputs, NetPlugin, NetRegion, NetReport, NetReports, NetResult, Region, Slice};
pub use weights::{ModelSource, Weights};

/// What most users of this crate need.
pub mod prelude {
    pub use crate::{
        AddModel, AddRecall, InputFit, Model, ModelControl, ModelError, ModelSource, ModelState, ModelStats,
        NetOutputs, NetPlugin, NetRegion, NetReports, NetResult, Recall, Region, Thought, WarmUp,
    };
}
