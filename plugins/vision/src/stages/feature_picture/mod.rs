//! The features as a picture: a circle of its size for each point, with a hand that points along its orientation.
//!
//! ```text
//!  LivePicture ─┬─► FeaturePicture   RGBA8, one for the stream, overwritten
//!  Features ────┘
//! ```
//!
//! Show it with `LivePictures::show_product::<FeaturePicture>(stream)`. Green points are small, orange ones large.
//!
//! # The seven questions
//!
//! 1. **Resources:** reads the picture once, writes it paler, and 128 texels for each point.
//! 2. **Handles:** textures of the stream, the frame's buffer of points.
//! 3. **Pool or allocation:** one texture, made when the stream's shape changes.
//! 4. **Blocking:** none.
//! 5. **Priority:** for people who look; runs only while the picture is shown.
//! 6. **Attach or return:** its product is a texture.
//! 7. **Bottleneck:** copying the picture.

use bevy::app::App;
use bevy::asset::{embedded_asset, load_embedded_asset};
use bevy::render::render_resource::PipelineCache;
use freshet_base::{FeaturePicture, Features, LivePicture};
use freshet_frame::{Kernel, Passes, PrepareContext, Readiness, Stage, StageSetup, TextureShape, Workgroups};
use wgpu::{BindingResource, TextureFormat};

use super::features::FeatureSettings;

/// The stage that paints the features.
#[derive(Debug)]
pub struct FeaturePictureStage {
    pale: Kernel,
    mark: Kernel,
}

impl Stage for FeaturePictureStage {
    const NAME: &'static str = "feature_picture";
    type Makes = (FeaturePicture,);
    type Needs = (LivePicture, Features);
    type Settings = FeatureSettings;
    type Bindings = Passes;

    fn build(app: &mut App) {
        embedded_asset!(app, "feature_picture.wgsl");
    }

    fn new(setup: &StageSetup<'_>) -> Self {
        let shader = load_embedded_asset!(setup.assets, "feature_picture.wgsl");
        let kernel = |entry_point| Kernel::queue(setup, &shader, entry_point);
        Self { pale: kernel("pale"), mark: kernel("mark") }
    }

    fn readiness(&self, cache: &PipelineCache) -> Readiness {
        Kernel::readiness_of([&self.pale, &self.mark], cache)
    }

    fn prepare(&self, settings: &FeatureSettings, context: &mut PrepareContext<'_>) -> Option<Passes> {
        let format = context.format();
        let shape = TextureShape {
            sampled_as: Some(TextureFormat::Rgba8UnormSrgb),
            ..TextureShape::per_frame(&format, TextureFormat::Rgba8Unorm).single()
        };
        let painted = context.output::<FeaturePicture>(shape).first()?.clone();
        let painted = (1, BindingResource::TextureView(&painted.view));
        let picture = (0, BindingResource::TextureView(&context.input::<LivePicture>()?.first()?.view));
        let points = context.input_buffers::<Features>()?;
        let mut passes = context.passes();
        passes.pass(&self.pale, Workgroups::covering(format.width, format.height, 16)).own(&[picture, painted.clone()]);
        passes
            .pass(&self.mark, Workgroups::Fixed(settings.capacity(), 1, 1))
            .own(&[painted])
            .current(|slot| [(0, settings.points(&points[slot]))]);
        passes.finish()
    }
}
