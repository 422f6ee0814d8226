//! Native bytes → RGBA8 for display and luma for vision, in one pass over the frame.
//!
//! ```text
//!  native bytes, any format ──► Picture      RGBA8, gamma-encoded, one for each frame of the pool
//!                          ├──► LivePicture  the same, one for the stream, overwritten
//!                          └──► Luma         R8, full range, one for each frame of the pool
//! ```
//!
//! Only what is wanted is written: each combination is its own entry point. One rule finds the bytes of any sample of
//! any format (see `freshet_base::PixelFormat`), so there is one shader. Chroma is taken from the nearest sample.
//! Matrices are those of ITU-R BT.601, BT.709 and BT.2020 (non-constant luminance). Luma of YUV formats is their own
//! `Y'`, brought to full range; luma of RGB formats is weighted by the stream's matrix.
//!
//! # The seven questions
//!
//! 1. **Resources:** reads the native bytes once; writes 4 bytes a pixel for a picture and 1 for luma.
//! 2. **Handles:** writes textures of the stream's GPU slots; nobody gets pixels.
//! 3. **Pool or allocation:** textures and bind groups are made when the stream's shape or the demand changes.
//! 4. **Blocking:** none; pipelines compile in the background, frames wait at the entrance meanwhile.
//! 5. **Priority:** runs first, for every frame somebody wants.
//! 6. **Attach or return:** its products are textures, reached through the frame's `GpuSlot`.
//! 7. **Bottleneck:** memory bandwidth: at 2160p YUYV 58 MB a frame with both outputs.

mod params;
mod prepare;
pub mod reference;
#[cfg(test)]
mod tests;

use bevy::app::App;
use bevy::asset::{embedded_asset, load_embedded_asset};
use bevy::render::render_resource::PipelineCache;
use freshet_base::{LivePicture, Luma, Picture, Role};
use freshet_frame::{Kernel, NoSettings, Passes, PrepareContext, Readiness, Stage, StageSetup};

/// The stage that makes pictures and luma of native bytes.
#[derive(Debug)]
pub struct Convert {
    both: Kernel,
    only_picture: Kernel,
    only_luma: Kernel,
}

impl Stage for Convert {
    const NAME: &'static str = "convert";
    const ROLE: Role = Role::Frames;
    type Makes = (Luma, LivePicture, Picture);
    type Needs = ();
    type Settings = NoSettings;
    type Bindings = Passes;

    fn build(app: &mut App) {
        embedded_asset!(app, "convert.wgsl");
    }

    fn new(setup: &StageSetup<'_>) -> Self {
        let shader = load_embedded_asset!(setup.assets, "convert.wgsl");
        let kernel = |entry_point| Kernel::queue(setup, &shader, entry_point);
        Self { both: kernel("both"), only_picture: kernel("only_picture"), only_luma: kernel("only_luma") }
    }

    fn readiness(&self, cache: &PipelineCache) -> Readiness {
        Kernel::readiness_of([&self.both, &self.only_picture, &self.only_luma], cache)
    }

    fn prepare(&self, _: &NoSettings, context: &mut PrepareContext<'_>) -> Option<Passes> {
        prepare::prepare(self, context)
    }
}
