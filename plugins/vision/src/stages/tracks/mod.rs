//! Points followed from frame to frame, with numbers that stay.
//!
//! ```text
//!  OpticalFlow ─► advance: moved by the flow, dropped where it is not trusted (forward and backward disagree)
//!  Features ────► fill: each empty cell of 16x16 pixels begins a track at its feature
//!                   └─► Tracks: a buffer of points for the stream, and 16 bytes that come back
//! ```
//!
//! The buffer: `count: u32`, `last_id: u32`, padding to 256 bytes, then [`TracksStage::CAPACITY`] places of 32 bytes: `x,
//! y, x_before, y_before: f32`, `id: u32` (0: free), `age: u32`, `confidence: f32`, padding. A point keeps its place
//! and its id until it is lost; ids are not given again. Equal input gives equal tracks.
//!
//! # The seven questions
//!
//! 1. **Resources:** 64 KiB of points, 4 bytes for each cell of 16x16 pixels.
//! 2. **Handles:** the stream's flow texture, the frame's features.
//! 3. **Pool or allocation:** made when the stream's shape changes.
//! 4. **Blocking:** none; the summary comes through the readback ring.
//! 5. **Priority:** as its consumer.
//! 6. **Attach or return:** attaches [`Tracks`].
//! 7. **Bottleneck:** latency: the last of its three passes is a single workgroup.

#[cfg(test)]
mod tests;

use bevy::app::App;
use bevy::asset::{embedded_asset, load_embedded_asset};
use bevy::ecs::system::Commands;
use bevy::render::render_resource::PipelineCache;
use bytemuck::{Pod, Zeroable};
use freshet_base::{Features, FrameId, OpticalFlow, Tracks};
use freshet_frame::{
    AttachExt, BufferShape, Decode, Kernel, Passes, PrepareContext, Readiness, Stage, StageSetup, Workgroups,
};
use wgpu::BindingResource;

use super::features::FeatureSettings;

/// The stage that follows points.
#[derive(Debug)]
pub struct TracksStage {
    clear: Kernel,
    advance: Kernel,
    keep_and_fill: Kernel,
}

/// The shader's `Params`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
struct Params {
    size: [u32; 2],
    cells: [u32; 2],
    trusted: f32,
    pad: [u32; 7],
}

/// Pixels on a side of a cell.
const CELL: u32 = 16;
/// Bytes that come back for each frame.
const SUMMARY_BYTES: u64 = 16;

impl TracksStage {
    /// Most points that are followed.
    pub const CAPACITY: u32 = 2048;
    /// Bytes before the first point.
    pub const HEADER_BYTES: u64 = 256;
    /// Bytes of a point.
    pub const TRACK_BYTES: u64 = 32;
    /// Least confidence of the flow where a point is followed.
    pub const TRUSTED: f32 = 0.5;
}

impl Stage for TracksStage {
    const NAME: &'static str = "tracks";
    type Makes = (Tracks,);
    type Needs = (OpticalFlow, Features);
    type Settings = FeatureSettings;
    type Bindings = Passes;

    fn build(app: &mut App) {
        embedded_asset!(app, "tracks.wgsl");
    }

    fn readback() -> Option<(u64, Decode)> {
        Some((SUMMARY_BYTES, attach))
    }

    fn new(setup: &StageSetup<'_>) -> Self {
        let shader = load_embedded_asset!(setup.assets, "tracks.wgsl");
        let kernel = |entry_point| Kernel::queue(setup, &shader, entry_point);
        Self { clear: kernel("clear"), advance: kernel("advance"), keep_and_fill: kernel("keep_and_fill") }
    }

    fn readiness(&self, cache: &PipelineCache) -> Readiness {
        Kernel::readiness_of([&self.clear, &self.advance, &self.keep_and_fill], cache)
    }

    fn prepare(&self, settings: &FeatureSettings, context: &mut PrepareContext<'_>) -> Option<Passes> {
        let format = context.format();
        let bytes = Self::HEADER_BYTES + u64::from(Self::CAPACITY) * Self::TRACK_BYTES;
        let state = context.output_buffers::<Tracks>(BufferShape::lasting(bytes)).first()?.clone();
        let told = (4, BindingResource::Buffer(context.metadata::<Tracks>()?));
        let flow = (3, BindingResource::TextureView(&context.input::<OpticalFlow>()?.first()?.view));
        let features = context.input_buffers::<Features>()?;

        let size = [format.width, format.height];
        let cells = size.map(|side| side.div_ceil(CELL));
        let mut passes = context.passes();
        let params = Params { size, cells, trusted: Self::TRUSTED, pad: [0; 7] };
        let params = passes.uniform("freshet:tracks params", bytemuck::bytes_of(&params));
        let grid = passes.scratch("freshet:tracks cells", u64::from(cells[0]) * u64::from(cells[1]) * 4);
        let (params, state) = ((0, params.as_entire_binding()), (1, state.as_entire_binding()));
        let grid = (2, grid.as_entire_binding());

        passes.pass(&self.clear, Workgroups::linear(cells[0] * cells[1], 256)).own(&[params.clone(), grid.clone()]);
        passes.pass(&self.advance, Workgroups::linear(Self::CAPACITY, 64)).own(&[
            params.clone(),
            state.clone(),
            grid.clone(),
            flow,
        ]);
        passes
            .pass(&self.keep_and_fill, Workgroups::Fixed(1, 1, 1))
            .own(&[params, state, grid, told])
            .current(|slot| [(0, settings.points(&features[slot]))]);
        passes.finish()
    }
}

/// Reads what came back for a frame and attaches it.
fn attach(bytes: &[u8], frame: FrameId, commands: &mut Commands) {
    if let Ok([count, fresh, mean_age, _]) = bytemuck::try_pod_read_unaligned::<[u32; 4]>(bytes) {
        commands.attach(frame, Tracks { count, fresh, mean_age: f32::from_bits(mean_age) });
    }
}
