//! Which known targets may be in the frame, and which of their points are where.
//!
//! ```text
//!  Features ─► plan       1,024 features spread over the frame; the targets to look at: lost ones, then a slice
//!           ─► shortlist  each target's 64 retrieval descriptors vote, if they agree in place, turn and size
//!           ─► choose     the best: up to 20 targets to try (4 on a CPU); those that are followed are left out
//!           ─► match      all their descriptors against all features: mutual, ratio test by place
//!                 └─► Matches: up to 512 pairs of points for each, on the GPU
//! ```
//!
//! Distances are Hamming distances of 256 bits. The second best of the ratio test (Lowe 2004) is looked for among
//! descriptors of other places of the target, since several views of a place repeat it. Targets that were tried in vain
//! stand back for others. The result does not depend on the order of atomics: equal input gives equal matches.
//!
//! # The seven questions
//!
//! 1. **Resources:** up to 3 MiB of scratch for a stream; the database, about 100 KiB a target, is shared.
//! 2. **Handles:** the frame's buffer of features; buffers of the database.
//! 3. **Pool or allocation:** made when the stream's shape or the database changes.
//! 4. **Blocking:** none.
//! 5. **Priority:** as its consumer; targets lost a moment ago first.
//! 6. **Attach or return:** its product stays on the GPU, for `pose`.
//! 7. **Bottleneck:** counting bits: 2,000 features x 1,024 descriptors x 20 targets are 41 million distances.

pub(crate) mod layout;
mod settings;
#[cfg(test)]
pub(crate) mod tests;

use bevy::render::render_resource::PipelineCache;
use freshet_base::{Features, Matches, TargetTracks};
use freshet_frame::{BufferShape, Kernel, Passes, PrepareContext, Readiness, Stage, StageSetup};
use layout::{Grid, MOST_CANDIDATES, POSE_BYTES, Params, Shared, at};

use super::features::FeatureSettings;
use crate::targets::TargetDatabase;

/// The shaders, each after the pieces it uses.
pub(crate) mod shaders {
    pub(crate) const PLAN: &str = concat!(include_str!("types.wgsl"), include_str!("plan.wgsl"));
    pub(crate) const SHORTLIST: &str = concat!(
        include_str!("types.wgsl"),
        include_str!("hamming.wgsl"),
        include_str!("agree.wgsl"),
        include_str!("shortlist.wgsl")
    );
    pub(crate) const CANDIDATES: &str = concat!(include_str!("types.wgsl"), include_str!("candidates.wgsl"));
    pub(crate) const MATCH: &str =
        concat!(include_str!("types.wgsl"), include_str!("hamming.wgsl"), include_str!("match.wgsl"));
}

/// The stage that matches features with known targets.
#[derive(Debug)]
pub struct MatchStage {
    plan: Kernel,
    compare_shortlist: Kernel,
    vote: Kernel,
    choose: Kernel,
    compare: Kernel,
    collect: Kernel,
}

impl Stage for MatchStage {
    const NAME: &'static str = "match";
    type Makes = (Matches, TargetTracks);
    type Needs = (Features,);
    type Settings = TargetDatabase;
    type Bindings = Passes;

    fn new(setup: &StageSetup<'_>) -> Self {
        let kernel = |path, text, entry_point| Kernel::queue(setup, &setup.shader(path, text), entry_point);
        Self {
            plan: kernel("freshet/match/plan.wgsl", shaders::PLAN, "plan"),
            compare_shortlist: kernel("freshet/match/shortlist.wgsl", shaders::SHORTLIST, "compare"),
            vote: kernel("freshet/match/shortlist.wgsl", shaders::SHORTLIST, "vote"),
            choose: kernel("freshet/match/candidates.wgsl", shaders::CANDIDATES, "choose"),
            compare: kernel("freshet/match/match.wgsl", shaders::MATCH, "compare"),
            collect: kernel("freshet/match/match.wgsl", shaders::MATCH, "collect"),
        }
    }

    fn readiness(&self, cache: &PipelineCache) -> Readiness {
        let kernels = [&self.plan, &self.compare_shortlist, &self.vote, &self.choose, &self.compare, &self.collect];
        Kernel::readiness_of(kernels, cache)
    }

    fn prepare(&self, database: &TargetDatabase, context: &mut PrepareContext<'_>) -> Option<Passes> {
        let targets = database.on_gpu(context.device.wgpu_device());
        let features = FeatureSettings::of_buffer(context.input_buffers::<Features>()?.first()?);
        let params = Params::new(context, &targets, &features);
        let shared = context.output_set::<Matches>(&params.shared_bytes(), database.version()).to_vec();
        let shared = Shared::of(&shared)?;
        let tracks = BufferShape::lasting(MOST_CANDIDATES * POSE_BYTES);
        let tracks = context.output_buffers::<TargetTracks>(tracks).first()?.clone();
        let found = context.input_buffers::<Features>()?;
        let mut passes = context.passes();
        if targets.count == 0 {
            return passes.finish();
        }
        let scan = passes.scratch("freshet:match scan", params.scan_bytes());
        let queries = passes.scratch("freshet:match queries", Params::QUERY_BYTES);
        let nearest_query = passes.scratch("freshet:match nearest queries", params.nearest_query_bytes());
        let votes = passes.scratch("freshet:match votes", params.scan_bytes());
        let uniform = passes.uniform("freshet:match params", bytemuck::bytes_of(&params));
        let uniform = at(0, &uniform);
        let points = |slot: usize| [(0, features.points(&found[slot]))];
        let descriptors = |slot: usize| [(1, features.descriptors(&found[slot]))];
        let both = |slot: usize| [(0, features.points(&found[slot])), (1, features.descriptors(&found[slot]))];

        passes
            .pass(&self.plan, params.workgroups(Grid::One))
            .own(&[uniform.clone(), at(1, &tracks), at(2, shared.state), at(3, &scan), at(4, &queries)])
            .current(points);
        passes
            .pass(&self.compare_shortlist, params.workgroups(Grid::ScannedQueries))
            .own(&[uniform.clone(), at(1, &scan), at(2, &queries), at(3, &targets.retrieval), at(4, &nearest_query)])
            .current(descriptors);
        passes
            .pass(&self.vote, params.workgroups(Grid::Scanned))
            .own(&[
                uniform.clone(),
                at(1, &scan),
                at(2, &queries),
                at(4, &nearest_query),
                at(5, &targets.retrieval_points),
                at(6, &votes),
            ])
            .current(points);
        passes.pass(&self.choose, params.workgroups(Grid::One)).own(&[
            uniform.clone(),
            at(1, &scan),
            at(2, &votes),
            at(3, shared.state),
            at(4, shared.candidates),
        ]);
        passes
            .pass(&self.compare, params.workgroups(Grid::FeatureChunks))
            .own(&[
                uniform.clone(),
                at(1, shared.candidates),
                at(2, &targets.targets),
                at(3, &targets.descriptors),
                at(4, shared.nearest),
            ])
            .current(both);
        passes
            .pass(&self.collect, params.workgroups(Grid::Candidates))
            .own(&[
                uniform,
                at(1, shared.candidates),
                at(2, &targets.targets),
                at(4, shared.nearest),
                at(5, &targets.points),
                at(6, shared.pairs),
                at(7, shared.pair_counts),
            ])
            .current(points);
        passes.finish()
    }
}
