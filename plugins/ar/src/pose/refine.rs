//! The pose of least error in pixels.

use bevy::math::{DVec2, DVec3};

use freshet_vision::camera::RigidPose;
use freshet_vision::camera::linear::solve;

/// A place on the plane (metres) and the ray `(X/Z, Y/Z)` it was seen along, free of distortion.
pub(super) type Sighting = (DVec2, DVec2);

/// Root of the mean squared distance between seen and projected points, pixels. Infinite when one is not in front of
/// the camera. `focal`: focal lengths in pixels.
pub(super) fn rms_px(pose: &RigidPose, points: &[Sighting], focal: DVec2) -> f64 {
    (cost(pose, points, focal) / points.len() as f64).sqrt()
}

fn cost(pose: &RigidPose, points: &[Sighting], focal: DVec2) -> f64 {
    let squared = |&(place, ray): &Sighting| {
        let point = pose.apply(place.extend(0.0));
        if point.z > 0.0 { (focal * (point.truncate() / point.z - ray)).length_squared() } else { f64::INFINITY }
    };
    points.iter().map(squared).sum()
}

/// Gauss-Newton on turn and shift, each step halved while it does not help. Quadratic near the end: a handful of steps.
pub(super) fn refine(start: RigidPose, points: &[Sighting], focal: DVec2) -> RigidPose {
    const STEPS: usize = 20;
    /// Less than this share of a better cost is no step worth taking.
    const GOOD: f64 = 1e-10;

    let mut pose = start;
    let mut least = cost(&pose, points, focal);
    for _ in 0..STEPS {
        let Some(step) = step(&pose, points, focal) else { break };
        let tries = (0..6).map(|halvings| 0.5_f64.powi(halvings));
        let better = tries.map(|share| {
            let next = pose.stepped(step.0 * share, step.1 * share);
            (cost(&next, points, focal), next)
        });
        let Some((next_cost, next)) = better.into_iter().find(|(next_cost, _)| *next_cost < least) else { break };
        let gain = least - next_cost;
        (pose, least) = (next, next_cost);
        if gain <= GOOD * least {
            break;
        }
    }
    pose
}

/// Turn and shift that would bring the linearised error to its least.
fn step(pose: &RigidPose, points: &[Sighting], focal: DVec2) -> Option<(DVec3, DVec3)> {
    let mut normal = [[0.0; 6]; 6];
    let mut right = [0.0; 6];
    for &(place, seen) in points {
        let point = pose.apply(place.extend(0.0));
        let ray = point.truncate() / point.z;
        let by_place = |way: DVec3| focal * (way.truncate() - ray * way.z) / point.z;
        let arm = point - pose.translation;
        let [x, y, z] = DVec3::AXES;
        let row = [x.cross(arm), y.cross(arm), z.cross(arm), x, y, z].map(by_place);
        let error = focal * (seen - ray);
        for i in 0..6 {
            for j in 0..6 {
                normal[i][j] += row[i].dot(row[j]);
            }
            right[i] += row[i].dot(error);
        }
    }
    let [a, b, c, d, e, f] = solve(normal, right)?;
    Some((DVec3::new(a, b, c), DVec3::new(d, e, f)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bevy::math::DQuat;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_pose_that_is_off_is_brought_back(
            turn in prop::array::uniform3(-0.5..0.5_f64), off in prop::array::uniform3(-0.15..0.15_f64),
            shift in prop::array::uniform3(-0.05..0.05_f64),
        ) {
            let real = RigidPose {
                rotation: DQuat::from_scaled_axis(DVec3::from_array(turn)),
                translation: DVec3::new(0.1, -0.05, 0.8),
            };
            let places = [(-0.2, -0.1), (0.2, -0.1), (0.2, 0.1), (-0.2, 0.1), (0.0, 0.0), (0.1, 0.05)];
            let points = places.map(|(x, y)| {
                let point = real.apply(DVec3::new(x, y, 0.0));
                (DVec2::new(x, y), point.truncate() / point.z)
            });
            let start = real.stepped(DVec3::from_array(off), DVec3::from_array(shift));
            let found = refine(start, &points, DVec2::splat(500.0));
            prop_assert!(rms_px(&found, &points, DVec2::splat(500.0)) < 1e-6);
            prop_assert!(found.angle_to(&real) < 1e-7 && found.translation.distance(real.translation) < 1e-7);
        }
    }
}
