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
mod prepare;

use bevy::app::App;
use bevy::asset::{embedded_asset, load_embedded_asset};
use bevy::render::render_resource::PipelineCache;
use freshet_base::{FrameCode, Luma};
use freshet_frame::{Decode, Kernel, NoSettings, Passes, PrepareContext, Readiness, Stage, StageSetup};

/// The stage that reads frame codes.
#[derive(Debug)]
pub struct FrameCodeStage {
    read_code: Kernel,
}

impl Stage for FrameCodeStage {
    const NAME: &'static str = "frame_code";
    type Makes = (FrameCode,);
    type Needs = (Luma,);
    type Settings = NoSettings;
    type Bindings = Passes;

    fn build(app: &mut App) {
        embedded_asset!(app, "frame_code.wgsl");
    }

    fn readback() -> Option<(u64, Decode)> {
        Some((decode::BYTES, decode::attach_code))
    }

    fn new(setup: &StageSetup<'_>) -> Self {
        let shader = load_embedded_asset!(setup.assets, "frame_code.wgsl");
        Self { read_code: Kernel::queue(setup, &shader, "read_code") }
    }

    fn readiness(&self, cache: &PipelineCache) -> Readiness {
        self.read_code.readiness(cache)
    }

    fn prepare(&self, _: &NoSettings, context: &mut PrepareContext<'_>) -> Option<Passes> {
        prepare::prepare(self, context)
    }
}
