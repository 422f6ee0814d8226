//! Wiring.

use bevy::app::{App, Last, Plugin, PostUpdate, Update};
use bevy::ecs::prelude::*;
use bevy::transform::TransformSystems;
use bevy::transform::systems::{mark_dirty_trees, propagate_parent_transforms, sync_simple_transforms};
use freshet_frame::{FreshetFirst, FreshetLast, FreshetSystems};

use crate::camera::{fit_lenses, join_streams};
use crate::enrol::{Enrolment, NumberedTargets, count_enrolment, finish_learning, notice_targets, start_learning};
use crate::light::follow_light;
use crate::place::{any_tracked, lose_targets, place_targets};
use crate::settings::ArSettings;
use crate::sightings::read_sightings;

/// Steps of this crate.
#[derive(SystemSet, Debug, Clone, PartialEq, Eq, Hash)]
pub enum ArSystems {
    /// In `FreshetFirst`, after results were attached: poses are worked out and attached.
    Pose,
    /// In `PostUpdate`, before transforms propagate, and again in `Last`, when it is known which frame is shown: targets
    /// are moved to where they are at the moment of display.
    Place,
    /// In `Update`: targets are enrolled.
    Enrol,
}

/// Image targets, AR cameras and the light of the scene. After `VisionPlugin` and `CompositorPlugin`.
#[derive(Debug, Default, Clone)]
pub struct ArPlugin;

impl Plugin for ArPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<ArSettings>()
            .init_resource::<Enrolment>()
            .init_resource::<NumberedTargets>()
            .init_resource::<freshet_vision::targets::TargetDatabase>()
            .add_systems(FreshetFirst, read_sightings.in_set(FreshetSystems::Publish).in_set(ArSystems::Pose))
            .add_systems(
                Update,
                (
                    // A target that is noticed is looked after in the same turn.
                    (notice_targets, start_learning, finish_learning, count_enrolment).chain(),
                    (join_streams, follow_light),
                )
                    .in_set(ArSystems::Enrol),
            )
            .add_systems(
                PostUpdate,
                (
                    // Before cameras take over their projections.
                    fit_lenses.before(bevy::camera::CameraUpdateSystems),
                    (lose_targets, place_targets).chain().in_set(ArSystems::Place).before(TransformSystems::Propagate),
                ),
            )
            .add_systems(
                Last,
                // Only now is it known which frame the background will show.
                (place_targets, mark_dirty_trees, propagate_parent_transforms, sync_simple_transforms)
                    .chain()
                    .in_set(ArSystems::Place)
                    .run_if(any_tracked)
                    .after(FreshetLast),
            );
    }
}
