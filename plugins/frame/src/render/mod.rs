//! The render world's side: uploads, stages, results, in one encoder.
//!
//! ```text
//!  RenderGraphSystems::Render, before the cameras
//!  ┌ Begin ───────┐  ┌ Stages ────────────────────────────┐  ┌ Finish ─────────────┐
//!  │ staging →    │→ │ convert → pyramid → …              │→ │ metadata → readback │
//!  │ native buffer│  │ each after those that make its     │  │ one command buffer  │
//!  └──────────────┘  │ inputs                             │  └─────────────────────┘
//!                    └────────────────────────────────────┘
//! ```

mod encoder;
mod job;
mod kernel;
mod outputs;
mod passes;
mod stage;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bevy::ecs::prelude::*;

pub use encoder::FrameEncoder;
pub(crate) use encoder::{begin_frames, finish_frames};
pub(crate) use job::extract_jobs;
pub use job::{FrameJob, FrameJobs};
pub use kernel::Kernel;
pub use outputs::{BufferShape, PrepareContext, SlotTexture, StreamGpu, StreamsGpu, TextureShape};
pub use passes::{Bound, PassBuilder, Passes, PassesBuilder, Workgroups};
pub use stage::{Makes, NoSettings, ProductTuple, Readiness, Stage, StageBindings, StagePlugin, StageSetup};

use crate::demand::Products;

/// Steps of the render graph, all in `RenderGraphSystems::Render` and before the cameras.
#[derive(SystemSet, Debug, Clone, PartialEq, Eq, Hash)]
pub enum FrameGraphSystems {
    /// Opens the encoder, uploads frames.
    Begin,
    /// Stages, each after those that make what it needs.
    Stages,
    /// Records readbacks, closes the encoder.
    Finish,
}

/// Whether the render world is submitting right now; the two worlds share it.
///
/// A submission holds wgpu's locks and runs the callbacks of what is finished itself: polling meanwhile would wait for
/// it and find nothing.
#[derive(Resource, Debug, Default, Clone)]
pub(crate) struct Submitting(Arc<AtomicBool>);

impl Submitting {
    pub(crate) fn is_under_way(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

pub(crate) fn submission_begins(submitting: Res<Submitting>) {
    submitting.0.store(true, Ordering::Release);
}

pub(crate) fn submission_ends(submitting: Res<Submitting>) {
    submitting.0.store(false, Ordering::Release);
}

/// The products whose pipelines are compiled; the two worlds share it.
#[derive(Resource, Debug, Default, Clone)]
pub struct ReadyProducts(Arc<AtomicU64>);

impl ReadyProducts {
    /// Whether all of these can be made.
    pub fn contains(&self, products: Products) -> bool {
        Products::from_bits(self.0.load(Ordering::Relaxed)).contains(products)
    }

    /// Says how ready the stage is that makes these. While it compiles, frames wait at the entrance.
    ///
    /// A stage that failed counts as ready: its frames go on without its products; a result that would have come back
    /// is noted as skipped.
    pub fn set(&self, products: Products, readiness: Readiness) {
        if readiness == Readiness::Compiling {
            self.0.fetch_and(!products.bits(), Ordering::Relaxed);
        } else {
            self.0.fetch_or(products.bits(), Ordering::Relaxed);
        }
    }

    pub(crate) fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}
