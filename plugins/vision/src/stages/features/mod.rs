//! Corners at several scales, with orientation and a 256-bit binary descriptor.
//!
//! (docs)
mod prepare;
mod settings;
#[cfg(test)]
mod tests;

use bevy::ecs::system::Commands;
use bevy::render::render_resource::{BufferInitDescriptor, PipelineCache};
use freshet_base::{Features, FrameId, Luma, Pyramid};
use freshet_frame::{AttachExt, Decode, FrameJob, Kernel, Passes, PrepareContext, Readiness, Stage, StageSetup};

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
    smooth_even: Kernel,
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
            contents: include_bytes!("pattern.bin"),
            usage: wgpu::BufferUsages::STORAGE,
        });
        Self {
            smooth_even: kernel("freshet/features/smooth.wgsl", shaders::SMOOTH, "smooth_even"),
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
            &self.smooth_even,
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

    fn dispatch(
        &self,
        passes: &Passes,
        frame: &FrameJob,
        cache: &PipelineCache,
        recorder: &mut wgpu::ComputePass<'_>,
    ) {
        passes.record(frame, cache, recorder);
    }
}

/// Reads what came back for a frame and attaches it.
fn attach(bytes: &[u8], frame: FrameId, commands: &mut Commands) {
    if let Some(count) = bytes.first_chunk() {
        commands.attach(frame, Features { count: u32::from_le_bytes(*count) });
    }
}
