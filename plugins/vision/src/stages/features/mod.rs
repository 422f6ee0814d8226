//! Corners at several scales, with orientation and a 256-bit binary descriptor.
//!
//! ```text
//!  Luma, Pyramid ─► smooth, reduce   scales 1, 1.5, 2, 3, 4, 6, as bytes
//!                ─► detect           Harris corners, local maxima, sub-pixel place by a quadratic
//!                ─► select           each cell of 32x32 pixels ranks its own
//!                ─► choose           the strongest of all, a cell's further ones counting less: spread, capacity kept
//!                ─► describe         orientation, then 256 comparisons of box means
//!                      └─► Features: a buffer of points and descriptors, and a count that comes back
//! ```
//!
//! Corners as in Harris and Stephens, "A Combined Corner and Edge Detector" (1988). The descriptor compares means of
//! small boxes with trained thresholds, as BAD does (Suárez et al., "Revisiting Binary Local Image Description for
//! Resource Limited Devices", 2021); which boxes was learnt from generated pictures by `tools/pattern`. One corner may
//! be found at several scales. Equal input gives equal points in equal order: cell by cell, the strongest first.
//!
//! A frame's buffer: `count: u32`, `capacity: u32`, padding to 256 bytes; then each point as `x, y, scale, angle,
//! response: f32, level: u32` and padding to 32 bytes; then, from the next multiple of 256, 32 bytes of descriptor a
//! point. `scale` is pixels of the frame to a pixel of the descriptor; `angle` is in radians, from x towards y.
//!
//! # The seven questions
//!
//! 1. **Resources:** at 1080p 18 MiB of scratch for a stream; 128 KB a frame of the pool for 2,000 points.
//! 2. **Handles:** luma and pyramid of the frame's GPU slot; points stay on the GPU.
//! 3. **Pool or allocation:** made when the stream's shape or the capacity changes.
//! 4. **Blocking:** none; the count comes through the readback ring.
//! 5. **Priority:** as its consumer.
//! 6. **Attach or return:** attaches [`Features`].
//! 7. **Bottleneck:** detection at full size: half of the time.

mod pattern;
mod prepare;
pub mod reference;
mod settings;
#[cfg(test)]
mod tests;

use bevy::ecs::system::Commands;
use bevy::render::render_resource::{BufferInitDescriptor, PipelineCache};
use freshet_base::{Features, FrameId, Luma, Pyramid};
use freshet_frame::{AttachExt, Decode, Kernel, Passes, PrepareContext, Readiness, Stage, StageSetup};

pub use settings::FeatureSettings;

/// The shaders, each after what all of them use.
pub(crate) mod shaders {
    pub(crate) const SMOOTH: &str = concat!(include_str!("common.wgsl"), include_str!("smooth.wgsl"));
    pub(crate) const REDUCE: &str = concat!(include_str!("common.wgsl"), include_str!("reduce.wgsl"));
    pub(crate) const DETECT: &str = concat!(include_str!("common.wgsl"), include_str!("detect.wgsl"));
    pub(crate) const SELECT: &str = concat!(include_str!("common.wgsl"), include_str!("select.wgsl"));
    pub(crate) const CHOOSE: &str = concat!(include_str!("common.wgsl"), include_str!("choose.wgsl"));
    pub(crate) const DESCRIBE: &str = concat!(include_str!("common.wgsl"), include_str!("describe.wgsl"));
    pub(crate) const TELL: &str = include_str!("tell.wgsl");
}

/// The stage that finds and describes corners.
#[derive(Debug)]
pub struct FeaturesStage {
    smooth_luma: Kernel,
    smooth_pyramid: Kernel,
    reduce_odd: Kernel,
    detect: Kernel,
    select_strongest: Kernel,
    choose: Kernel,
    describe: Kernel,
    tell: Kernel,
    pattern: wgpu::Buffer,
}

impl Stage for FeaturesStage {
    const NAME: &'static str = "features";
    type Makes = (Features,);
    type Needs = (Luma, Pyramid);
    type Settings = FeatureSettings;
    type Bindings = Passes;

    fn readback() -> Option<(u64, Decode)> {
        Some((size_of::<u32>() as u64, attach))
    }

    fn new(setup: &StageSetup<'_>) -> Self {
        let kernel = |path, text, entry_point| Kernel::queue(setup, &setup.shader(path, text), entry_point);
        let pattern = setup.device.create_buffer_with_data(&BufferInitDescriptor {
            label: Some("freshet:features pattern"),
            contents: bytemuck::cast_slice(&pattern::PATTERN),
            usage: wgpu::BufferUsages::UNIFORM,
        });
        Self {
            smooth_luma: kernel("freshet/features/smooth.wgsl", shaders::SMOOTH, "smooth_luma"),
            smooth_pyramid: kernel("freshet/features/smooth.wgsl", shaders::SMOOTH, "smooth_pyramid"),
            reduce_odd: kernel("freshet/features/reduce.wgsl", shaders::REDUCE, "reduce_odd"),
            detect: kernel("freshet/features/detect.wgsl", shaders::DETECT, "detect"),
            select_strongest: kernel("freshet/features/select.wgsl", shaders::SELECT, "select_strongest"),
            choose: kernel("freshet/features/choose.wgsl", shaders::CHOOSE, "choose"),
            describe: kernel("freshet/features/describe.wgsl", shaders::DESCRIBE, "describe"),
            tell: kernel("freshet/features/tell.wgsl", shaders::TELL, "tell"),
            pattern: wgpu::Buffer::clone(&pattern),
        }
    }

    fn readiness(&self, cache: &PipelineCache) -> Readiness {
        let kernels = [
            &self.smooth_luma,
            &self.smooth_pyramid,
            &self.reduce_odd,
            &self.detect,
            &self.select_strongest,
            &self.choose,
            &self.describe,
            &self.tell,
        ];
        Kernel::readiness_of(kernels, cache)
    }

    fn prepare(&self, settings: &FeatureSettings, context: &mut PrepareContext<'_>) -> Option<Passes> {
        prepare::prepare(self, settings, context)
    }
}

/// Reads what came back for a frame and attaches it.
fn attach(bytes: &[u8], frame: FrameId, commands: &mut Commands) {
    if let Some(count) = bytes.first_chunk() {
        commands.attach(frame, Features { count: u32::from_le_bytes(*count) });
    }
}
