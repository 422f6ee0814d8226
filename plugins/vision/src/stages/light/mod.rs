//! The mean light of the picture.
//!
//! ```text
//!  LivePicture ──► 64x64 samples ──► 16 bytes ──► LightEstimate on the frame
//! ```
//!
//! # The seven questions
//!
//! 1. **Resources:** reads 4,096 texels, writes 16 bytes, which come back.
//! 2. **Handles:** the stream's live picture.
//! 3. **Pool or allocation:** passes are bound when the stream's shape changes.
//! 4. **Blocking:** none; the result comes through the readback ring.
//! 5. **Priority:** as its consumer, the AR scene's light.
//! 6. **Attach or return:** attaches `LightEstimate`.
//! 7. **Bottleneck:** the dispatch itself: a single workgroup.

#[cfg(test)]
mod tests;

use bevy::app::App;
use bevy::asset::{embedded_asset, load_embedded_asset};
use bevy::ecs::system::Commands;
use bevy::render::render_resource::PipelineCache;
use freshet_base::{FrameId, LightEstimate, LivePicture};
use freshet_frame::{
    AttachExt, Decode, Kernel, NoSettings, Passes, PrepareContext, Readiness, Stage, StageSetup, Workgroups,
};
use wgpu::BindingResource;

/// The stage that estimates the light.
#[derive(Debug)]
pub struct LightStage {
    mean_light: Kernel,
}

impl Stage for LightStage {
    const NAME: &'static str = "light";
    type Makes = (LightEstimate,);
    type Needs = (LivePicture,);
    type Settings = NoSettings;
    type Bindings = Passes;

    fn build(app: &mut App) {
        embedded_asset!(app, "light.wgsl");
    }

    fn readback() -> Option<(u64, Decode)> {
        Some((size_of::<[f32; 4]>() as u64, attach))
    }

    fn new(setup: &StageSetup<'_>) -> Self {
        let shader = load_embedded_asset!(setup.assets, "light.wgsl");
        Self { mean_light: Kernel::queue(setup, &shader, "mean_light") }
    }

    fn readiness(&self, cache: &PipelineCache) -> Readiness {
        self.mean_light.readiness(cache)
    }

    fn prepare(&self, _: &NoSettings, context: &mut PrepareContext<'_>) -> Option<Passes> {
        let mean = BindingResource::Buffer(context.metadata::<LightEstimate>()?);
        let picture = BindingResource::TextureView(&context.input::<LivePicture>()?.first()?.view);
        let mut passes = context.passes();
        passes.pass(&self.mean_light, Workgroups::Fixed(1, 1, 1)).own(&[(0, mean), (1, picture)]);
        passes.finish()
    }
}

/// Reads what came back for a frame and attaches it.
fn attach(bytes: &[u8], frame: FrameId, commands: &mut Commands) {
    if let Ok([red, green, blue, luma]) = bytemuck::try_pod_read_unaligned::<[f32; 4]>(bytes) {
        commands.attach(frame, LightEstimate { luma, color: [red, green, blue] });
    }
}
