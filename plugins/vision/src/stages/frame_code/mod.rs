//! Reads the number written into a frame's pixels: proof of which frame the pixels belong to.
//!
//! ```text
//!  Luma ──► 2 rows of 48 cells ──► 16 bytes ──► FrameCode { seq, whole } on the frame
//! ```
//!
//! # The seven questions
//!
//! 1. **Resources:** reads 96 texels, writes 16 bytes, which come back.
//! 2. **Handles:** the frame's luma.
//! 3. **Pool or allocation:** bind groups are made when the stream's shape changes.
//! 4. **Blocking:** none; the result comes through the readback ring.
//! 5. **Priority:** as its consumer; it is a check and a yardstick rather than a feature.
//! 6. **Attach or return:** attaches `FrameCode`.
//! 7. **Bottleneck:** the dispatch itself: a single workgroup.

mod decode;
mod dispatch;
mod pipeline;
mod prepare;

use bevy::app::App;
use bevy::asset::embedded_asset;
use bevy::render::render_resource::{BindGroup, PipelineCache};
use freshet_base::{FrameCode, Luma};
use freshet_frame::{Decode, FrameJob, PrepareContext, Readiness, Stage, StagePipeline, StageSetup};

/// The stage that reads frame codes.
#[derive(Debug)]
pub struct FrameCodeStage {
    pipeline: StagePipeline,
}

impl Stage for FrameCodeStage {
    const NAME: &'static str = "frame_code";
    type Makes = (FrameCode,);
    type Needs = (Luma,);
    type Bindings = Vec<BindGroup>;

    fn build(app: &mut App) {
        embedded_asset!(app, "frame_code.wgsl");
    }

    fn readback() -> Option<(u64, Decode)> {
        Some((decode::BYTES, decode::attach_code))
    }

    fn new(setup: &StageSetup<'_>) -> Self {
        Self { pipeline: pipeline::queue(setup) }
    }

    fn readiness(&self, cache: &PipelineCache) -> Readiness {
        self.pipeline.readiness(cache)
    }

    fn prepare(&self, context: &mut PrepareContext<'_>) -> Option<Vec<BindGroup>> {
        prepare::prepare(&self.pipeline, context)
    }

    fn dispatch(
        &self,
        slots: &Vec<BindGroup>,
        frame: &FrameJob,
        cache: &PipelineCache,
        pass: &mut wgpu::ComputePass<'_>,
    ) {
        dispatch::dispatch(&self.pipeline, slots, frame, cache, pass);
    }
}
