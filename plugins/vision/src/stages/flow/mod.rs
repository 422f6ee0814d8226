//! Dense optical flow from the frame before to this one, coarse to fine.
//!
//! ```text
//!  Luma, Pyramid   ┐  prepare   locally normalised luma with derivatives, each level, both frames
//!  of this frame   ┤     │
//!  and the one     ┘     ▼  from the coarsest level to the finest, both directions:
//!  before             search    inverse search of 8x8 patches, every 4 pixels
//!                     refine    densification, then robust variational refinement in tiles
//!                     fit       the motion of the whole picture, once, as a candidate and as the base of smoothness
//!                        ▼
//!                     publish   forward and backward flow must agree: confidence
//!                        └────► OpticalFlow: RGBA16F (dx, dy, confidence), and 64 bytes that come back
//! ```
//!
//! Patches are searched as in Kroeger et al., "Fast Optical Flow using Dense Inverse Search" (ECCV 2016), on luma that
//! is normalised by the mean and contrast of its neighbourhood, so that a change of the light costs nothing. The
//! refinement minimises a robust energy as in Brox et al., "High Accuracy Optical Flow Estimation Based on a Theory for
//! Warping" (ECCV 2004), with a normalised data term (Zimmer et al. 2011); it is solved by red-black over-relaxation in
//! tiles that overlap, so that no workgroup waits for another. The motion of the whole picture is fitted as a
//! homography by iteratively re-weighted least squares with a shrinking scale; smoothness is asked of what differs
//! from it.
//!
//! # The seven questions
//!
//! 1. **Resources:** about 48 bytes a pixel of the finest level that is refined, 8 a pixel for the output.
//! 2. **Handles:** luma and pyramid of two GPU slots; the output is one texture for the stream.
//! 3. **Pool or allocation:** all of it is made when the stream's shape or the preset changes.
//! 4. **Blocking:** none; the summary comes through the readback ring.
//! 5. **Priority:** as its consumer.
//! 6. **Attach or return:** attaches [`OpticalFlow`].
//! 7. **Bottleneck:** latency at the coarse levels, arithmetic at the fine ones.

mod prepare;
mod settings;
#[cfg(test)]
mod tests;

use bevy::ecs::system::Commands;
use bevy::render::render_resource::PipelineCache;
use freshet_base::{FrameId, Luma, OpticalFlow, Pyramid};
use freshet_frame::{
    AttachExt, Decode, FrameJob, Kernel, Passes, PrepareContext, Readiness, Stage, StageBindings, StageSetup,
};

pub use settings::{FlowPreset, FlowSettings};

/// The shaders; pieces that several of them use come first.
pub(crate) mod shaders {
    pub(crate) const PREPARE: &str = concat!(include_str!("level.wgsl"), include_str!("prepare.wgsl"));
    pub(crate) const SEARCH: &str =
        concat!(include_str!("level.wgsl"), include_str!("sample.wgsl"), include_str!("search.wgsl"));
    pub(crate) const REFINE: &str =
        concat!(include_str!("level.wgsl"), include_str!("sample.wgsl"), include_str!("refine.wgsl"));
    pub(crate) const FIT: &str = concat!(include_str!("level.wgsl"), include_str!("fit.wgsl"));
    pub(crate) const FINISH: &str =
        concat!(include_str!("level.wgsl"), include_str!("sample.wgsl"), include_str!("finish.wgsl"));
}

/// The stage that finds dense optical flow.
#[derive(Debug)]
pub struct FlowStage {
    prepare: Kernel,
    search: Kernel,
    refine_patches: Kernel,
    refine_coarse: Kernel,
    refine: Kernel,
    fit_level: Kernel,
    summarise: Kernel,
    publish: Kernel,
    check_publish: Kernel,
    first_frame: Kernel,
}

/// What the stage keeps for a stream.
#[derive(Debug)]
pub struct FlowBindings {
    /// For a frame that has one before it.
    flow: Passes,
    /// For one that has none.
    first: Passes,
}

impl StageBindings for FlowBindings {
    fn record(&self, frame: &FrameJob, cache: &PipelineCache, recorder: &mut wgpu::ComputePass<'_>) {
        let passes = if frame.previous_slot.is_some() { &self.flow } else { &self.first };
        passes.record(frame, cache, recorder);
    }
}

impl Stage for FlowStage {
    const NAME: &'static str = "flow";
    type Makes = (OpticalFlow,);
    type Needs = (Luma, Pyramid);
    type Settings = FlowSettings;
    type Bindings = FlowBindings;

    fn readback() -> Option<(u64, Decode)> {
        Some((SUMMARY_BYTES, attach))
    }

    fn new(setup: &StageSetup<'_>) -> Self {
        let one = |path, text, entry_point| Kernel::queue(setup, &setup.shader(path, text), entry_point);
        Self {
            prepare: one("freshet/flow/prepare.wgsl", shaders::PREPARE, "prepare"),
            search: one("freshet/flow/search.wgsl", shaders::SEARCH, "search"),
            refine_patches: one("freshet/flow/refine.wgsl", shaders::REFINE, "refine_patches"),
            refine_coarse: one("freshet/flow/refine.wgsl", shaders::REFINE, "refine_coarse"),
            refine: one("freshet/flow/refine.wgsl", shaders::REFINE, "refine"),
            fit_level: one("freshet/flow/fit.wgsl", shaders::FIT, "fit_level"),
            summarise: one("freshet/flow/fit.wgsl", shaders::FIT, "summarise"),
            publish: one("freshet/flow/finish.wgsl", shaders::FINISH, "publish"),
            check_publish: one("freshet/flow/finish.wgsl", shaders::FINISH, "check_publish"),
            first_frame: one("freshet/flow/finish.wgsl", shaders::FINISH, "first_frame"),
        }
    }

    fn readiness(&self, cache: &PipelineCache) -> Readiness {
        let kernels = [
            &self.prepare,
            &self.search,
            &self.refine_patches,
            &self.refine_coarse,
            &self.refine,
            &self.fit_level,
            &self.summarise,
            &self.publish,
            &self.check_publish,
            &self.first_frame,
        ];
        Kernel::readiness_of(kernels, cache)
    }

    fn prepare(&self, settings: &FlowSettings, context: &mut PrepareContext<'_>) -> Option<FlowBindings> {
        prepare::prepare(self, settings, context)
    }
}

/// Bytes that come back for each frame: 16 floats, see `fit.wgsl`.
const SUMMARY_BYTES: u64 = 64;

/// Reads what came back for a frame and attaches it.
fn attach(bytes: &[u8], frame: FrameId, commands: &mut Commands) {
    let Ok(summary) = bytemuck::try_pod_read_unaligned::<[f32; 16]>(bytes) else { return };
    let [x, y, spread_px, trusted, rest @ ..] = summary;
    let mut homography = [0.0; 9];
    homography.copy_from_slice(&rest[..9]);
    commands.attach(frame, OpticalFlow { mean_px: [x, y], spread_px, trusted, homography });
}
