//! Known targets followed by direct alignment: the anchor does not tremble.
//!
//! ```text
//!  TargetHomographies ─┐   refine    a workgroup a target: the best of several predictions, then its picture is laid
//!  TargetTracks ───────┼─►           over the frame, coarse to fine, until nothing moves
//!  Luma, Pyramid ──────┘   publish   what is seen is kept, what is not is looked for where it was, then given up
//!                             └─► TargetSightings: 1,296 bytes that come back; TargetTracks for the next frame
//! ```
//!
//! The alignment is Gauss-Newton over the eight parameters of a homography, on the blocks of 8x8 texels of the template
//! that tell most, coarse to fine. Gain and bias of each block are eliminated in closed form, so light may change from
//! place to place; a block's weight is the inverse of the variance it leaves unexplained, so what is hidden fades
//! without a threshold. Saturated texels are left out, or compared with a template that saturates alike. The step is
//! composed on the template's side (Baker and Matthews, "Lucas-Kanade 20 Years On", 2004). A target that moves fast is
//! compared as a shutter would have smeared it; the pose is that of the middle of the exposure.
//!
//! A target that is hidden is looked for where it was for 10 frames, without being published; then `match` finds it.
//!
//! # The seven questions
//!
//! 1. **Resources:** 4 KiB a stream; templates of the database, about 90 KiB a target, are shared.
//! 2. **Handles:** luma and pyramid of the frame's GPU slot.
//! 3. **Pool or allocation:** made when the stream's shape or the database changes.
//! 4. **Blocking:** none; the result comes through the readback ring.
//! 5. **Priority:** as its consumer.
//! 6. **Attach or return:** attaches [`TargetSightings`].
//! 7. **Bottleneck:** latency of one workgroup: each step of the alignment waits for the one before.

#[cfg(test)]
mod tests;

use bevy::ecs::system::Commands;
use bevy::render::render_resource::PipelineCache;
use bytemuck::{Pod, Zeroable};
use freshet_base::{
    FrameId, Luma, OpticalFlow, Product, Pyramid, TargetHomographies, TargetSighting, TargetSightings, TargetTracks,
};
use freshet_frame::{AttachExt, Decode, Kernel, Passes, PrepareContext, Readiness, Stage, StageSetup, Workgroups};
use wgpu::BindingResource;

use super::matching::layout::at;
use crate::targets::TargetDatabase;

/// The shaders, each after the pieces it uses.
pub(crate) mod shaders {
    pub(crate) const ALIGN: &str =
        concat!(include_str!("align_types.wgsl"), include_str!("align_solve.wgsl"), include_str!("align.wgsl"));
    pub(crate) const PUBLISH: &str = concat!(include_str!("align_types.wgsl"), include_str!("publish.wgsl"));
}

/// The stage that follows targets.
#[derive(Debug)]
pub struct AlignStage {
    refine: Kernel,
    publish: Kernel,
}

/// The shaders' `Params`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub(super) struct Params {
    frame: [u32; 2],
    frame_levels: u32,
    target_count: u32,
}

/// The shaders' `Track`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
pub(super) struct Track {
    homography: [f32; 9],
    state: u32,
    target: u32,
    age: u32,
    score: f32,
    reprojection: f32,
    inliers: u32,
    pad: u32,
}

/// Bytes of a slot's memory from frame to frame: the shaders' `Memory`.
pub(super) const MEMORY_BYTES: u64 = 128;
/// Bytes of a slot's result: the shaders' `Result`.
const RESULT_BYTES: u64 = 64;
/// Bytes that come back for each frame: a count, padding, and the tracks.
const SIGHTINGS_BYTES: u64 = 16 + TargetSightings::MOST as u64 * size_of::<Track>() as u64;

impl Stage for AlignStage {
    const NAME: &'static str = "align";
    type Makes = (TargetSightings,);
    type Needs = (TargetHomographies, TargetTracks, Luma, Pyramid);
    type Settings = TargetDatabase;
    type Bindings = Passes;

    fn also_reads() -> &'static [&'static str] {
        &[<OpticalFlow as Product>::NAME]
    }

    fn readback() -> Option<(u64, Decode)> {
        Some((SIGHTINGS_BYTES, attach))
    }

    fn new(setup: &StageSetup<'_>) -> Self {
        let kernel = |path, text, entry_point| Kernel::queue(setup, &setup.shader(path, text), entry_point);
        let on_cpu = setup.device.wgpu_device().adapter_info().device_type == wgpu::DeviceType::Cpu;
        Self {
            // Where a processor's lanes all go through what one of them does, fewer of them wait.
            refine: kernel("freshet/align/align.wgsl", shaders::ALIGN, if on_cpu { "refine_narrow" } else { "refine" }),
            publish: kernel("freshet/align/publish.wgsl", shaders::PUBLISH, "publish"),
        }
    }

    fn readiness(&self, cache: &PipelineCache) -> Readiness {
        Kernel::readiness_of([&self.refine, &self.publish], cache)
    }

    fn prepare(&self, database: &TargetDatabase, context: &mut PrepareContext<'_>) -> Option<Passes> {
        let targets = database.on_gpu(context.device.wgpu_device());
        let slots = TargetSightings::MOST as u64;
        let memory = context.output_set::<TargetSightings>(&[MEMORY_BYTES * slots], 0).first()?.clone();
        let told = context.metadata::<TargetSightings>()?;
        let poses = context.input_buffers::<TargetHomographies>()?.first()?;
        let tracks = context.input_buffers::<TargetTracks>()?.first()?;
        let (luma, pyramid) = (context.input::<Luma>()?, context.input::<Pyramid>()?);
        let format = context.format();
        let params = Params {
            frame: [format.width, format.height],
            frame_levels: pyramid.first()?.texture.mip_level_count(),
            target_count: targets.count,
        };
        let mut passes = context.passes();
        let uniform = passes.uniform("freshet:align params", bytemuck::bytes_of(&params));
        let results = passes.scratch("freshet:align results", RESULT_BYTES * slots);
        // The motion of the whole picture, where flow is found for somebody else; zeros say nothing.
        let none = passes.scratch("freshet:align motion", 64);
        let flow = context.metadata::<OpticalFlow>().filter(|_| context.wants::<OpticalFlow>());
        let motion = flow.map_or(none.as_entire_binding(), BindingResource::Buffer);
        passes
            .pass(&self.refine, Workgroups::Fixed(slots as u32, 1, 1))
            .own(&[
                at(0, &uniform),
                at(1, &targets.targets),
                at(2, &targets.templates),
                at(3, &targets.blocks),
                at(4, &memory),
                at(5, &results),
            ])
            .current(|slot| {
                let view = |texture| BindingResource::TextureView(texture);
                [(0, view(&luma[slot].view)), (1, view(&pyramid[slot].view)), at(2, poses), (3, motion.clone())]
            });
        passes
            .pass(&self.publish, Workgroups::Fixed(1, 1, 1))
            .own(&[at(1, &targets.targets), at(2, &results), at(3, &memory), at(4, tracks)])
            .current(|_| [(0, BindingResource::Buffer(told.clone()))]);
        passes.finish()
    }
}

/// Reads what came back for a frame and attaches it.
fn attach(bytes: &[u8], frame: FrameId, commands: &mut Commands) {
    let Some(count) = bytes.first_chunk().map(|count| u32::from_le_bytes(*count) as usize) else { return };
    let tracks = bytes.get(16..).unwrap_or_default().chunks_exact(size_of::<Track>()).take(count);
    let sighting = |bytes: &[u8]| {
        let track: Track = bytemuck::pod_read_unaligned(bytes);
        TargetSighting {
            target: track.target,
            homography: track.homography,
            age: track.age,
            score: track.score,
            reprojection_px: track.reprojection,
            inliers: track.inliers,
        }
    };
    let mut sightings = TargetSightings::default();
    sightings.0.extend(tracks.map(sighting).take(TargetSightings::MOST));
    commands.attach(frame, sightings);
}
