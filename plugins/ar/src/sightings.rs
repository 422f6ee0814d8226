//! Homographies that came back become poses.

use std::time::Duration;

use arrayvec::ArrayVec;
use bevy::ecs::prelude::*;
use freshet_base::{FrameId, TargetSighting, TargetSightings, Timestamp};
use freshet_frame::{AttachExt, Frame};
use freshet_vision::camera::{CameraModel, Homography, RigidPose};
use freshet_vision::targets::TargetDatabase;

use crate::camera::{ArCamera, FittedLens};
use crate::enrol::NumberedTargets;
use crate::place::TargetMotion;
use crate::pose::{PlanarTarget, PoseChoice, choose, pose_from_homography};
use crate::settings::ArSettings;
use crate::target::{ImageTarget, SeenTarget, TargetPose, TargetState, Targets};

/// Frames whose results may come at once.
const FRAMES_AT_ONCE: usize = 256;

/// Works out the poses of the targets in the frames whose results have come, in the frames' order.
pub(crate) fn read_sightings(
    frames: Query<(Entity, &Frame, &TargetSightings), Changed<TargetSightings>>,
    cameras: Query<(&ArCamera, &FittedLens)>,
    mut targets: Query<(Entity, &ImageTarget, &mut TargetPose, &mut TargetMotion)>,
    database: Res<TargetDatabase>,
    numbers: Res<NumberedTargets>,
    settings: Res<ArSettings>,
    mut commands: Commands,
) {
    let mut arrived: ArrayVec<(u64, Entity), FRAMES_AT_ONCE> = ArrayVec::new();
    for (entity, frame, _) in &frames {
        if arrived.try_push((frame.seq, entity)).is_err() {
            break;
        }
    }
    arrived.sort_unstable();
    for (_, entity) in arrived {
        let Ok((_, &frame, sightings)) = frames.get(entity) else { continue };
        let Some(model) = lens_of(frame.stream, &cameras) else { continue };
        let mut seen = Targets::default();
        for sighting in &sightings.0 {
            let Some(enrolled) = database.get(sighting.target) else { continue };
            let Some(target) = numbers.entity(sighting.target, frame.captured) else { continue };
            let Ok((_, image, mut pose, mut motion)) = targets.get_mut(target) else { continue };
            let size = (enrolled.width(), enrolled.height());
            // A target that is seen edge-on, or by half behind the camera, has no pose in this frame.
            let follows_another = pose.is_tracked() && pose.stream != Some(frame.stream);
            let previous = motion.newest().filter(|_| !follows_another);
            let Some(found) = solve(sighting, size, image.width, model, previous) else { continue };
            if !follows_another {
                motion.saw(found, captured(frame.captured), &settings);
                *pose = measured(sighting, found, &frame);
            }
            let (rotation, translation) = found.to_bevy();
            seen.0.push(SeenTarget {
                target: sighting.target,
                state: TargetState::Tracking,
                homography: sighting.homography,
                inliers: sighting.inliers,
                reprojection_px: sighting.reprojection_px,
                rotation_xyzw: rotation.to_array(),
                translation_m: translation.to_array(),
            });
        }
        for (_, _, mut pose, _) in &mut targets {
            let is_older = pose.stream == Some(frame.stream) && pose.captured < frame.captured;
            if is_older && pose.is_tracked() {
                pose.state = TargetState::Lost;
                pose.tracked_frames = 0;
            }
        }
        commands.attach(FrameId { entity, seq: frame.seq }, seen);
    }
}

/// The camera model of a stream: that of the first AR camera that shows it.
fn lens_of<'a>(stream: Entity, cameras: &'a Query<(&ArCamera, &FittedLens)>) -> Option<&'a CameraModel> {
    cameras.iter().filter(|(camera, _)| camera.stream == stream).find_map(|(_, lens)| lens.model.as_ref())
}

/// The pose of a target, camera from target.
fn solve(
    sighting: &TargetSighting,
    (width, height): (u32, u32),
    width_m: f32,
    model: &CameraModel,
    previous: Option<RigidPose>,
) -> Option<RigidPose> {
    let homography = Homography::from_rows(sighting.homography.map(f64::from)).ok()?;
    let target = PlanarTarget::new(f64::from(width), f64::from(height), f64::from(width_m)).ok()?;
    let candidates = pose_from_homography(&homography, &target, model).ok()?;
    Some(choose(&candidates, previous.as_ref(), PoseChoice::default()).pose)
}

fn measured(sighting: &TargetSighting, found: RigidPose, frame: &Frame) -> TargetPose {
    let (rotation, translation) = found.to_bevy();
    TargetPose {
        state: TargetState::Tracking,
        homography: sighting.homography,
        inliers: sighting.inliers,
        reprojection_px: sighting.reprojection_px,
        score: sighting.score,
        tracked_frames: sighting.age,
        rotation,
        translation,
        stream: Some(frame.stream),
        captured: frame.captured,
    }
}

/// The time of capture, on the clock that poses are filtered by.
pub(crate) fn captured(at: Timestamp) -> Duration {
    at.since(Timestamp::from_nanos(0))
}
