//! Targets are moved to where they are when their frame is shown.

use std::time::Duration;

use bevy::camera::visibility::Visibility;
use bevy::ecs::prelude::*;
use bevy::transform::components::{GlobalTransform, Transform};
use freshet_frame::{StreamState, StreamStats};
use freshet_vision::camera::RigidPose;

use crate::camera::ArCamera;
use crate::pose::{PoseFilter, PosePredictor, PredictSettings};
use crate::settings::ArSettings;
use crate::sightings::captured;
use crate::target::{TargetPose, TargetState};

/// On a target: how it moves.
#[derive(Component, Debug, Default)]
pub struct TargetMotion {
    newest: Option<RigidPose>,
    filter: Option<PoseFilter>,
    predictor: Option<PosePredictor>,
}

impl TargetMotion {
    /// Its newest pose, unless it was lost since.
    pub(crate) fn newest(&self) -> Option<RigidPose> {
        self.newest
    }

    /// It was seen.
    pub(crate) fn saw(&mut self, pose: RigidPose, at: Duration, settings: &ArSettings) {
        self.newest = Some(pose);
        let shown = match settings.smoothing {
            Some(smoothing) => self.filter.get_or_insert_with(|| PoseFilter::new(smoothing)).filter(pose, at),
            None => pose,
        };
        let prediction = || PosePredictor::new(PredictSettings { horizon: settings.prediction, ..Default::default() });
        self.predictor.get_or_insert_with(prediction).push(shown, at);
    }

    /// It was lost: its next pose has nothing to do with the last one.
    fn forget(&mut self) {
        *self = Self::default();
    }
}

/// Follows targets that are out of sight.
pub(crate) fn lose_targets(
    mut targets: Query<(&mut TargetPose, &mut TargetMotion, &mut Visibility)>,
    cameras: Query<&ArCamera>,
    streams: Query<(&StreamState, &StreamStats)>,
    settings: Res<ArSettings>,
) {
    // No frame will come that could show that a target is gone.
    let is_over = |stream: Entity| {
        let unseen = cameras.iter().all(|camera| camera.stream != stream);
        unseen || streams.get(stream).is_ok_and(|(state, stats)| state.is_over() && stats.completed == stats.captured)
    };
    for (mut pose, mut motion, mut visibility) in &mut targets {
        let forsaken = pose.stream.is_none_or(|stream| is_over(stream) || streams.get(stream).is_err());
        if pose.is_tracked() && forsaken && pose.age() > settings.lost_for {
            pose.state = TargetState::Lost;
            pose.tracked_frames = 0;
        }
        if pose.state != TargetState::Tracking && motion.newest.is_some() {
            motion.forget();
        }
        if pose.state == TargetState::Lost && pose.age() > settings.lost_for {
            pose.state = TargetState::Searching;
        }
        if settings.hide_untracked || settings.is_changed() {
            let shown = pose.is_tracked() || !settings.hide_untracked;
            let wanted = if shown { Visibility::Inherited } else { Visibility::Hidden };
            visibility.set_if_neq(wanted);
        }
    }
}

/// Whether there is anything to place.
pub(crate) fn any_tracked(targets: Query<&TargetPose>) -> bool {
    targets.iter().any(TargetPose::is_tracked)
}

/// Places targets in front of their cameras, where they are at the capture of the frame that is shown.
pub(crate) fn place_targets(
    mut targets: Query<(&TargetPose, &TargetMotion, &mut Transform, Option<&ChildOf>)>,
    cameras: Query<(Entity, &ArCamera)>,
    streams: Query<&StreamStats>,
    globals: Query<&GlobalTransform>,
) {
    for (pose, motion, mut transform, parent) in &mut targets {
        let (Some(stream), Some(predictor), true) = (pose.stream, &motion.predictor, pose.is_tracked()) else {
            continue;
        };
        let Some((camera, _)) = cameras.iter().find(|(_, camera)| camera.stream == stream) else { continue };
        let (Ok(stats), Ok(world_from_camera)) = (streams.get(stream), globals.get(camera)) else { continue };
        let Some(camera_from_target) = predictor.predict(captured(stats.newest.max(pose.captured))) else { continue };
        let (rotation, translation) = camera_from_target.to_bevy();
        let camera_from_target = Transform { rotation, translation, scale: transform.scale };
        let world_from_target = *world_from_camera * camera_from_target;
        let placed = match parent.and_then(|parent| globals.get(parent.parent()).ok()) {
            Some(parent) => world_from_target.reparented_to(parent),
            None => world_from_target.compute_transform(),
        };
        transform.set_if_neq(placed);
    }
}
