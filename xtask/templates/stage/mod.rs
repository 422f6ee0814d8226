//! `{{name}}`: say in one line what it makes of what. (It comes as the mean of a frame's luma: replace it.)
//!
//! ```text
//!  Luma ──► one workgroup ──► 4 bytes ──► {{Name}} on the frame
//! ```
//!
//! # The seven questions
//!
//! 1. **Resources:** (to fill in) reads luma once, writes 4 bytes, which come back.
//! 2. **Handles:** (to fill in) the frame's luma, by its GPU slot.
//! 3. **Pool or allocation:** (to fill in) passes are bound when the stream's shape changes.
//! 4. **Blocking:** (to fill in) none; the result comes through the readback ring.
//! 5. **Priority:** (to fill in) as its consumer.
//! 6. **Attach or return:** (to fill in) attaches [`{{Name}}`].
//! 7. **Bottleneck:** (to fill in) measure it with `examples/throughput`.

mod prepare;
#[cfg(test)]
mod tests;

use bevy::app::App;
use bevy::asset::{embedded_asset, load_embedded_asset};
use bevy::ecs::component::Component;
use bevy::ecs::system::Commands;
use bevy::render::render_resource::PipelineCache;
use freshet_base::{Attachment, FrameId, Luma, Product, Role};
use freshet_frame::{
    AttachExt, Decode, Kernel, NoSettings, Passes, PrepareContext, Readiness, Stage, StageSetup,
};
use serde::Serialize;

/// What the stage finds, attached to each frame where `Wants::<{{Name}}>` is on the stream.
#[derive(Component, Debug, Clone, Copy, PartialEq, Serialize)]
pub struct {{Name}} {
    /// Mean luma of the frame, 0 to 1.
    pub mean: f32,
}

impl Attachment for {{Name}} {
    const NAME: &'static str = "{{name}}";
}

impl Product for {{Name}} {
    const NAME: &'static str = "{{name}}";
}

/// Bytes that come back for each frame.
const RESULT_BYTES: u64 = 4;

/// The stage. Add it to the app with `StagePlugin::<{{Name}}Stage>::default()`, after `FramePlugin`.
#[derive(Debug)]
pub struct {{Name}}Stage {
    {{name}}: Kernel,
}

impl Stage for {{Name}}Stage {
    const NAME: &'static str = "{{name}}";
    // Decides how urgent it is, and so when it is left out if GPU time is short.
    const ROLE: Role = Role::Perception;
    type Makes = ({{Name}},);
    type Needs = (Luma,);
    type Settings = NoSettings;
    type Bindings = Passes;

    fn build(app: &mut App) {
        embedded_asset!(app, "{{name}}.wgsl");
    }

    fn readback() -> Option<(u64, Decode)> {
        Some((RESULT_BYTES, attach))
    }

    fn new(setup: &StageSetup<'_>) -> Self {
        let shader = load_embedded_asset!(setup.assets, "{{name}}.wgsl");
        Self { {{name}}: Kernel::queue(setup, &shader, "{{name}}") }
    }

    fn readiness(&self, cache: &PipelineCache) -> Readiness {
        self.{{name}}.readiness(cache)
    }

    fn prepare(&self, _: &NoSettings, context: &mut PrepareContext<'_>) -> Option<Passes> {
        prepare::prepare(self, context)
    }
}

/// Reads what came back for a frame and attaches it.
fn attach(bytes: &[u8], frame: FrameId, commands: &mut Commands) {
    if let Some(mean) = bytes.first_chunk() {
        commands.attach(frame, {{Name}} { mean: f32::from_le_bytes(*mean) });
    }
}
