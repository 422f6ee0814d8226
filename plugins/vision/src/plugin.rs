//! Wiring.

use bevy::app::{App, Plugin};
use freshet_frame::StagePlugin;

use crate::stages::align::AlignStage;
use crate::stages::convert::Convert;
use crate::stages::feature_picture::FeaturePictureStage;
use crate::stages::features::FeaturesStage;
use crate::stages::flow::FlowStage;
use crate::stages::flow_picture::FlowPictureStage;
use crate::stages::frame_code::FrameCodeStage;
use crate::stages::light::LightStage;
use crate::stages::matching::MatchStage;
use crate::stages::pose::PoseStage;
use crate::stages::pyramid::PyramidStage;
use crate::stages::tracks::TracksStage;

/// The stages of this crate. Each runs only for streams where its product is wanted.
///
/// | stage | reads | makes |
/// |---|---|---|
/// | `convert` | native bytes | `Luma`, `LivePicture`, `Picture` |
/// | `pyramid` | `Luma` | `Pyramid` |
/// | `frame_code` | `Luma` | `FrameCode` (attached) |
/// | `flow` | `Luma`, `Pyramid`, of the frame before, too | `OpticalFlow` (texture; summary attached) |
/// | `features` | `Luma`, `Pyramid` | `Features` (buffer; count attached) |
/// | `tracks` | `OpticalFlow`, `Features` | `Tracks` (buffer; summary attached) |
/// | `match` | `Features`, the `TargetDatabase` | `Matches`, `TargetTracks` (buffers) |
/// | `pose` | `Matches`, `Features` | `TargetHomographies` (buffer) |
/// | `align` | `TargetHomographies`, `TargetTracks`, `Luma`, `Pyramid` | `TargetSightings` (attached) |
/// | `light` | `LivePicture` | `LightEstimate` (attached) |
/// | `flow_picture`, `feature_picture` | `LivePicture` and what they show | `FlowPicture`, `FeaturePicture` |
#[derive(Debug, Default, Clone)]
pub struct VisionPlugin;

impl Plugin for VisionPlugin {
    fn build(&self, app: &mut App) {
        app.add_plugins((
            StagePlugin::<Convert>::default(),
            StagePlugin::<PyramidStage>::default(),
            StagePlugin::<FrameCodeStage>::default(),
            StagePlugin::<LightStage>::default(),
            StagePlugin::<FlowStage>::default(),
            StagePlugin::<FlowPictureStage>::default(),
            StagePlugin::<FeaturesStage>::default(),
            StagePlugin::<FeaturePictureStage>::default(),
            StagePlugin::<TracksStage>::default(),
            StagePlugin::<MatchStage>::default(),
            StagePlugin::<PoseStage>::default(),
            StagePlugin::<AlignStage>::default(),
        ));
        #[cfg(feature = "priority")]
        app.add_plugins(crate::quality::QualityPlugin);
    }
}
