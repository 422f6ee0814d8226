//! The flow as a picture: colour wheel over the frame, arrows every 24 pixels, dark where it is not trusted.
//!
//! ```text
//!  LivePicture ─┬─► FlowPicture   RGBA8, one for the stream, overwritten
//!  OpticalFlow ─┘
//! ```
//!
//! Show it with `LivePictures::show_product::<FlowPicture>(stream)`. Hue is direction, saturation is length, full at
//! the mean length and twice the standard deviation.
//!
//! # The seven questions
//!
//! 1. **Resources:** reads picture and flow once, and 9 vectors a pixel for arrows; writes 4 bytes a pixel.
//! 2. **Handles:** textures of the stream.
//! 3. **Pool or allocation:** one texture, made when the stream's shape changes.
//! 4. **Blocking:** none.
//! 5. **Priority:** for people who look; runs only while the picture is shown.
//! 6. **Attach or return:** its product is a texture.
//! 7. **Bottleneck:** reading the vectors of the arrows around each pixel.

use bevy::app::App;
use bevy::asset::{embedded_asset, load_embedded_asset};
use bevy::render::render_resource::PipelineCache;
use freshet_base::{FlowPicture, LivePicture, OpticalFlow};
use freshet_frame::{
    Kernel, NoSettings, Passes, PrepareContext, Readiness, Stage, StageSetup, TextureShape, Workgroups,
};
use wgpu::{BindingResource, TextureFormat};

/// The stage that paints the flow.
#[derive(Debug)]
pub struct FlowPictureStage {
    paint_flow: Kernel,
}

impl Stage for FlowPictureStage {
    const NAME: &'static str = "flow_picture";
    type Makes = (FlowPicture,);
    type Needs = (LivePicture, OpticalFlow);
    type Settings = NoSettings;
    type Bindings = Passes;

    fn build(app: &mut App) {
        embedded_asset!(app, "flow_picture.wgsl");
    }

    fn new(setup: &StageSetup<'_>) -> Self {
        let shader = load_embedded_asset!(setup.assets, "flow_picture.wgsl");
        Self { paint_flow: Kernel::queue(setup, &shader, "paint_flow") }
    }

    fn readiness(&self, cache: &PipelineCache) -> Readiness {
        self.paint_flow.readiness(cache)
    }

    fn prepare(&self, _: &NoSettings, context: &mut PrepareContext<'_>) -> Option<Passes> {
        let format = context.format();
        let shape = TextureShape {
            sampled_as: Some(TextureFormat::Rgba8UnormSrgb),
            ..TextureShape::per_frame(&format, TextureFormat::Rgba8Unorm).single()
        };
        let painted = context.output::<FlowPicture>(shape).first()?.clone();
        let summary = BindingResource::Buffer(context.metadata::<OpticalFlow>()?);
        let picture = BindingResource::TextureView(&context.input::<LivePicture>()?.first()?.view);
        let flow = BindingResource::TextureView(&context.input::<OpticalFlow>()?.first()?.view);
        let painted = BindingResource::TextureView(&painted.view);
        let mut passes = context.passes();
        passes.pass(&self.paint_flow, Workgroups::covering(format.width, format.height, 16)).own(&[
            (0, picture),
            (1, flow),
            (2, summary),
            (3, painted),
        ]);
        passes.finish()
    }
}
