//! Buffers that `match` and `pose` share, and passes told by tables.

use bytemuck::{Pod, Zeroable};
use freshet_frame::{PrepareContext, Workgroups};
use wgpu::{BindingResource, Buffer};

use super::settings::SearchPace;
use crate::stages::features::FeatureSettings;
use crate::targets::TargetBuffers;

/// Most targets that are tried in a frame, and that are followed.
pub(crate) const MOST_CANDIDATES: u64 = 20;
/// Pairs of a candidate.
const PAIRS: u64 = 512;
/// Workgroups that make hypotheses for a candidate; one more place holds the best.
pub(crate) const BLOCKS: u32 = 4;
/// Features that are compared with the database.
const QUERIES: u64 = 1024;
/// Queries that a workgroup compares.
const QUERY_CHUNK: u64 = 128;
/// Descriptors of a target that a workgroup compares.
const CHUNK: u32 = 128;
/// Descriptors of a target for the shortlist.
const RETRIEVAL: u64 = 64;
/// Targets lost a moment ago, which are looked at in each frame.
const LOST: u32 = 8;
/// Bytes of what is kept from frame to frame; see `types.wgsl`.
const STATE_BYTES: u64 = 4 * (4 + 8 + 8 + 32 + 1024);
/// Bytes of a pose, a track and a hypothesis.
pub(crate) const POSE_BYTES: u64 = 64;

/// The shaders' `Params`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub(crate) struct Params {
    pub(crate) target_count: u32,
    pub(crate) candidates: u32,
    pub(crate) targets_per_frame: u32,
    pub(crate) feature_capacity: u32,
    pub(crate) chunks: u32,
    pub(crate) distance_max: u32,
    pub(crate) ratio: f32,
    pub(crate) votes_min: u32,
    pub(crate) frame_width: f32,
    pub(crate) frame_height: f32,
    pub(crate) inlier_px: f32,
    pub(crate) inliers_min: u32,
    pub(crate) evidence_min: f32,
    pub(crate) pad: [u32; 3],
}

impl Params {
    pub(crate) fn new(context: &PrepareContext<'_>, targets: &TargetBuffers, features: &FeatureSettings) -> Self {
        let format = context.format();
        let pace = SearchPace::of(context.device.wgpu_device(), targets.count);
        Self {
            target_count: targets.count,
            candidates: pace.candidates,
            targets_per_frame: pace.targets_per_frame,
            feature_capacity: features.capacity(),
            chunks: targets.most_descriptors.div_ceil(CHUNK).max(1),
            distance_max: 90,
            ratio: 0.9,
            votes_min: 24,
            frame_width: format.width as f32,
            frame_height: format.height as f32,
            inlier_px: 3.0,
            inliers_min: 10,
            evidence_min: 14.0,
            pad: [0; 3],
        }
    }

    fn scanned(&self) -> u32 {
        LOST + self.targets_per_frame
    }

    pub(crate) fn nearest_query_bytes(&self) -> u64 {
        4 * (QUERIES / QUERY_CHUNK) * u64::from(self.scanned().div_ceil(4)) * 4 * RETRIEVAL
    }

    pub(crate) fn scan_bytes(&self) -> u64 {
        4 * u64::from(self.scanned())
    }

    pub(crate) const QUERY_BYTES: u64 = 4 * (1 + QUERIES);

    pub(crate) fn hypothesis_bytes(&self) -> u64 {
        POSE_BYTES * u64::from(self.candidates) * u64::from(BLOCKS + 1)
    }

    /// Bytes of the buffers of [`Shared`], in its order.
    pub(crate) fn shared_bytes(&self) -> [u64; 5] {
        let candidates = u64::from(self.candidates);
        [
            STATE_BYTES,
            4 * MOST_CANDIDATES,
            8 * candidates * u64::from(self.chunks) * u64::from(self.feature_capacity),
            32 * candidates * PAIRS,
            16 * candidates,
        ]
    }

    /// Workgroups of a pass.
    pub(crate) fn workgroups(&self, grid: Grid) -> Workgroups {
        let Self { candidates, chunks, .. } = *self;
        let features = self.feature_capacity.div_ceil(256);
        match grid {
            Grid::One => Workgroups::Fixed(1, 1, 1),
            Grid::Scanned => Workgroups::Fixed(self.scanned(), 1, 1),
            Grid::ScannedQueries => Workgroups::Fixed(self.scanned().div_ceil(4), (QUERIES / QUERY_CHUNK) as u32, 1),
            Grid::Candidates => Workgroups::Fixed(candidates, 1, 1),
            Grid::Blocks => Workgroups::Fixed(BLOCKS, candidates, 1),
            Grid::Features => Workgroups::Fixed(features, candidates, 1),
            Grid::FeatureChunks => Workgroups::Fixed(features, chunks, candidates),
        }
    }
}

/// What a pass has a workgroup for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Grid {
    One,
    /// Each target that the frame is compared with.
    Scanned,
    /// Four of them and a chunk of queries.
    ScannedQueries,
    Candidates,
    /// Each block of hypotheses of a candidate.
    Blocks,
    /// 256 features and a candidate.
    Features,
    /// 256 features, a chunk of descriptors, a candidate.
    FeatureChunks,
}

/// The buffers that both stages use, in the order of [`Params::shared_bytes`]: the product `Matches`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shared<'a> {
    pub(crate) state: &'a Buffer,
    pub(crate) candidates: &'a Buffer,
    pub(crate) nearest: &'a Buffer,
    pub(crate) pairs: &'a Buffer,
    pub(crate) pair_counts: &'a Buffer,
}

impl<'a> Shared<'a> {
    pub(crate) fn of(buffers: &'a [Buffer]) -> Option<Self> {
        let [state, candidates, nearest, pairs, pair_counts] = buffers else { return None };
        Some(Self { state, candidates, nearest, pairs, pair_counts })
    }
}

/// All of a buffer, under a number of its group.
pub(crate) fn at(binding: u32, buffer: &Buffer) -> (u32, BindingResource<'_>) {
    (binding, buffer.as_entire_binding())
}
