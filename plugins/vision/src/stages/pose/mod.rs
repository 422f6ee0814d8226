//! Homographies of targets from matched points.
//!
//! ```text
//!  Matches ─► rank         pairs that few others agree with are dropped, the rest sorted
//!          ─► hypothesize  256 hypotheses a candidate, from three or four pairs that agree, scored in parallel
//!          ─► refine       iteratively re-weighted Gauss-Newton
//!          ─► guide        with the pose known, more pairs by place; refined again; twice
//!          ─► accept       the evidence must exceed what chance explains
//!               └─► TargetHomographies: up to 20 poses of 64 bytes, on the GPU
//! ```
//!
//! Hypotheses are scored by their truncated squared errors (MSAC, Torr and Zisserman 2000) over all pairs; random
//! numbers have fixed seeds. The refinement weighs by Tukey's biweight, with a prior on the perspective terms that
//! keeps the far corners in place when all matches lie in one part of the target.
//!
//! # The seven questions
//!
//! 1. **Resources:** 320 bytes a candidate, beside what `match` holds.
//! 2. **Handles:** the buffers of `match`.
//! 3. **Pool or allocation:** made when the stream's shape or the database changes.
//! 4. **Blocking:** none.
//! 5. **Priority:** as its consumer.
//! 6. **Attach or return:** its product stays on the GPU, for `align`; only what that one finds crosses.
//! 7. **Bottleneck:** latency of ten short passes.

#[cfg(test)]
mod tests;

use bevy::render::render_resource::PipelineCache;
use freshet_base::{Features, Matches, TargetHomographies};
use freshet_frame::{BufferShape, Kernel, Passes, PrepareContext, Readiness, Stage, StageSetup};

use super::features::FeatureSettings;
use super::matching::layout::{Grid, MOST_CANDIDATES, POSE_BYTES, Params, Shared, at};
use super::matching::shaders as matching;
use crate::targets::TargetDatabase;

/// The shaders, each after the pieces it uses.
pub(crate) mod shaders {
    pub(crate) const RANK: &str = concat!(
        include_str!("../matching/types.wgsl"),
        include_str!("../matching/agree.wgsl"),
        include_str!("rank.wgsl")
    );
    pub(crate) const HYPOTHESIZE: &str = concat!(
        include_str!("../matching/types.wgsl"),
        include_str!("../matching/agree.wgsl"),
        include_str!("hypothesize.wgsl")
    );
    pub(crate) const REFINE: &str =
        concat!(include_str!("../matching/types.wgsl"), include_str!("solve.wgsl"), include_str!("refine.wgsl"));
    pub(crate) const GUIDE: &str = concat!(
        include_str!("../matching/types.wgsl"),
        include_str!("../matching/hamming.wgsl"),
        include_str!("guide.wgsl")
    );
    pub(crate) const ACCEPT: &str = concat!(include_str!("../matching/types.wgsl"), include_str!("accept.wgsl"));
}

/// The stage that finds homographies.
#[derive(Debug)]
pub struct PoseStage {
    rank: Kernel,
    hypothesize: Kernel,
    refine: Kernel,
    guide: [Kernel; 2],
    collect_guided: Kernel,
    refine_guided: Kernel,
    accept: Kernel,
}

impl Stage for PoseStage {
    const NAME: &'static str = "pose";
    type Makes = (TargetHomographies,);
    type Needs = (Matches, Features);
    type Settings = TargetDatabase;
    type Bindings = Passes;

    fn new(setup: &StageSetup<'_>) -> Self {
        let kernel = |path, text, entry_point| Kernel::queue(setup, &setup.shader(path, text), entry_point);
        Self {
            rank: kernel("freshet/pose/rank.wgsl", shaders::RANK, "rank"),
            hypothesize: kernel("freshet/pose/hypothesize.wgsl", shaders::HYPOTHESIZE, "hypothesize"),
            refine: kernel("freshet/pose/refine.wgsl", shaders::REFINE, "refine"),
            guide: ["guide", "guide_again"].map(|entry| kernel("freshet/pose/guide.wgsl", shaders::GUIDE, entry)),
            collect_guided: kernel("freshet/match/match.wgsl", matching::MATCH, "collect_guided"),
            refine_guided: kernel("freshet/pose/refine.wgsl", shaders::REFINE, "refine_guided"),
            accept: kernel("freshet/pose/accept.wgsl", shaders::ACCEPT, "accept"),
        }
    }

    fn readiness(&self, cache: &PipelineCache) -> Readiness {
        let [first, again] = &self.guide;
        let kernels = [
            &self.rank,
            &self.hypothesize,
            &self.refine,
            first,
            again,
            &self.collect_guided,
            &self.refine_guided,
            &self.accept,
        ];
        Kernel::readiness_of(kernels, cache)
    }

    fn prepare(&self, database: &TargetDatabase, context: &mut PrepareContext<'_>) -> Option<Passes> {
        let targets = database.on_gpu(context.device.wgpu_device());
        let features = FeatureSettings::of_buffer(context.input_buffers::<Features>()?.first()?);
        let params = Params::new(context, &targets, &features);
        let poses = BufferShape::lasting(MOST_CANDIDATES * POSE_BYTES);
        let poses = context.output_buffers::<TargetHomographies>(poses).first()?.clone();
        let found = context.input_buffers::<Features>()?;
        let shared = Shared::of(context.input_buffers::<Matches>()?)?;
        let mut passes = context.passes();
        if targets.count == 0 {
            return passes.finish();
        }
        let hypotheses = passes.scratch("freshet:pose hypotheses", params.hypothesis_bytes());
        let uniform = passes.uniform("freshet:pose params", bytemuck::bytes_of(&params));
        let uniform = at(0, &uniform);
        let points = |slot: usize| [(0, features.points(&found[slot]))];
        let both = |slot: usize| [(0, features.points(&found[slot])), (1, features.descriptors(&found[slot]))];
        let refined = [
            uniform.clone(),
            at(1, shared.candidates),
            at(2, shared.pairs),
            at(3, shared.pair_counts),
            at(4, &hypotheses),
            at(5, shared.nearest),
        ];

        passes
            .pass(&self.rank, params.workgroups(Grid::Candidates))
            .own(&[at(1, shared.pairs), at(2, shared.pair_counts)]);
        passes.pass(&self.hypothesize, params.workgroups(Grid::Blocks)).own(&refined[..5]);
        passes.pass(&self.refine, params.workgroups(Grid::Blocks)).own(&refined);
        for guide in &self.guide {
            passes
                .pass(guide, params.workgroups(Grid::Features))
                .own(&[
                    uniform.clone(),
                    at(1, shared.candidates),
                    at(2, &targets.targets),
                    at(3, &targets.descriptors),
                    at(4, shared.nearest),
                    at(5, &targets.points),
                    at(6, &hypotheses),
                ])
                .current(both);
            passes
                .pass(&self.collect_guided, params.workgroups(Grid::Candidates))
                .own(&[
                    uniform.clone(),
                    at(1, shared.candidates),
                    at(2, &targets.targets),
                    at(4, shared.nearest),
                    at(5, &targets.points),
                    at(6, shared.pairs),
                    at(7, shared.pair_counts),
                    at(8, &hypotheses),
                ])
                .current(points);
            passes.pass(&self.refine_guided, params.workgroups(Grid::Candidates)).own(&refined);
        }
        passes.pass(&self.accept, params.workgroups(Grid::Candidates)).own(&[
            uniform,
            at(1, shared.candidates),
            at(2, &targets.targets),
            at(3, shared.pairs),
            at(4, shared.pair_counts),
            at(5, &hypotheses),
            at(6, &poses),
            at(7, shared.state),
        ]);
        passes.finish()
    }
}
