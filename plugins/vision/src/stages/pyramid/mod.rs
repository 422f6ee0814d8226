//! Luma at 1/2 to 1/32 of its size, in one dispatch.
//!
//! ```text
//!  Luma ──► Pyramid   one texture per frame, level 0 = 1/2, 1 = 1/4, … 4 = 1/32
//!
//!  a workgroup: 32x32 of luma ─► 16x16 ─► 8x8 ─► 4x4 ─► 2x2 ─► 1     through shared memory
//! ```
//!
//! Each texel is the mean of four of the level above as it is stored, halves rounded up: `(a + b + c + d + 2) / 4`. Sizes are halved and
//! rounded down, but never below 1; a picture has as many levels as it takes to come down to 1, at most five. Where a
//! side is 1 already, its one texel counts twice. (The box filter of OpenCV's `INTER_AREA` at a factor of 2.)
//!
//! # The seven questions
//!
//! 1. **Resources:** reads luma once, writes a third as much; 1.3 KiB of shared memory for each workgroup.
//! 2. **Handles:** one texture with levels for each GPU slot.
//! 3. **Pool or allocation:** made when the stream's shape changes.
//! 4. **Blocking:** none: no workgroup waits for another, so all levels take one dispatch.
//! 5. **Priority:** runs when something that reads it is wanted.
//! 6. **Attach or return:** its product is a texture, reached through the frame's `GpuSlot`.
//! 7. **Bottleneck:** reading luma.

mod prepare;
pub mod reference;
#[cfg(test)]
mod tests;

use bevy::app::App;
use bevy::asset::{embedded_asset, load_embedded_asset};
use bevy::render::render_resource::PipelineCache;
use freshet_base::{Luma, Pyramid};
use freshet_frame::{Kernel, NoSettings, Passes, PrepareContext, Readiness, Stage, StageSetup};

/// The stage that makes smaller and smaller pictures of luma.
#[derive(Debug)]
pub struct PyramidStage {
    reduce: Kernel,
    corners: wgpu::Sampler,
}

impl PyramidStage {
    /// Most levels below full size.
    pub const LEVELS: u32 = 5;
}

impl Stage for PyramidStage {
    const NAME: &'static str = "pyramid";
    type Makes = (Pyramid,);
    type Needs = (Luma,);
    type Settings = NoSettings;
    type Bindings = Passes;

    fn build(app: &mut App) {
        embedded_asset!(app, "pyramid.wgsl");
    }

    fn new(setup: &StageSetup<'_>) -> Self {
        let shader = load_embedded_asset!(setup.assets, "pyramid.wgsl");
        Self {
            reduce: Kernel::queue(setup, &shader, "reduce"),
            // Gathering takes the four texels around a corner; at the edges it stays on the last one.
            corners: setup.device.wgpu_device().create_sampler(&wgpu::SamplerDescriptor::default()),
        }
    }

    fn readiness(&self, cache: &PipelineCache) -> Readiness {
        self.reduce.readiness(cache)
    }

    fn prepare(&self, _: &NoSettings, context: &mut PrepareContext<'_>) -> Option<Passes> {
        prepare::prepare(self, context)
    }
}
