//! Homography or points in, two poses with their errors out.

use bevy::math::DVec2;
use serde::Serialize;

use freshet_vision::camera::{CameraModel, Homography, RigidPose};

use super::error::PoseError;
use super::ippe::both_poses;
use super::refine::{refine, rms_px};
use super::target::PlanarTarget;

/// Points along a side of the grid that stands for a homography.
const GRID_SIDE: usize = 5;

/// One of the two poses of a plane.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PoseCandidate {
    /// `camera_from_target`, OpenCV's axes, metres.
    pub pose: RigidPose,
    /// Root of the mean squared distance between seen and projected points, pixels of an undistorted frame.
    pub error_px: f64,
}

/// Both poses of a target that is seen by a homography (target pixels to frame pixels, distorted as the camera sees
/// them), the one of less error first.
///
/// The homography is taken at a grid of 5 × 5 points over the target: each is freed from distortion on its own, so a
/// target near the picture's edge does not tilt.
///
/// # Errors
///
/// When the target is not in front of the camera, mirrored, edge-on, or lies where the lens has no rays.
pub fn pose_from_homography(
    frame_from_target: &Homography,
    target: &PlanarTarget,
    camera: &CameraModel,
) -> Result<[PoseCandidate; 2], PoseError> {
    if frame_from_target.quad(target.width_px(), target.height_px()).is_none() {
        return Err(PoseError::Behind);
    }
    let [first, .., last] = Homography::corners(target.width_px(), target.height_px());
    let last = DVec2::new(target.width_px() - 0.5, last.y);
    let mut points = [(DVec2::ZERO, DVec2::ZERO); GRID_SIDE * GRID_SIDE];
    let mut count = 0;
    for index in 0..GRID_SIDE * GRID_SIDE {
        let share = DVec2::new((index % GRID_SIDE) as f64, (index / GRID_SIDE) as f64) / (GRID_SIDE - 1) as f64;
        let target_pixel = first + (last - first) * share;
        let Some(frame_pixel) = frame_from_target.apply(target_pixel) else { continue };
        let Ok(ray) = camera.unproject(frame_pixel) else { continue };
        points[count] = (target.plane_from_pixel(target_pixel), ray);
        count += 1;
    }
    pose_from_points(&points[..count], camera)
}

/// Both poses of a plane from points on it (metres from its centre, x right, y down) and the rays they were seen along
/// (see [`CameraModel::unproject`]), the one of less error first.
///
/// # Errors
///
/// When there are less than four points, they lie on a line, or the plane is mirrored, edge-on or behind the camera.
pub fn pose_from_points(points: &[(DVec2, DVec2)], camera: &CameraModel) -> Result<[PoseCandidate; 2], PoseError> {
    if points.len() < 4 {
        return Err(PoseError::TooFewPoints { count: points.len() });
    }
    let ray_from_plane = Homography::from_points(points)?;
    let focal = DVec2::new(camera.intrinsics().fx, camera.intrinsics().fy);
    let mut found = both_poses(&ray_from_plane)?.map(|start| {
        let pose = refine(start, points, focal);
        PoseCandidate { pose, error_px: rms_px(&pose, points, focal) }
    });
    if found[1].error_px < found[0].error_px {
        found.swap(0, 1);
    }
    let sound = found[0].error_px.is_finite() && found[0].pose.is_finite();
    if sound { Ok(found) } else { Err(PoseError::Behind) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bevy::math::{DQuat, DVec3, Vec3};
    use freshet_vision::camera::{Distortion, Intrinsics};
    use proptest::prelude::*;

    fn camera(coefficients: &[f64]) -> CameraModel {
        let intrinsics = Intrinsics { fx: 600.0, fy: 610.0, cx: 325.0, cy: 235.0 };
        CameraModel::new(640, 480, intrinsics, Distortion::from_opencv(coefficients).unwrap()).unwrap()
    }

    fn target() -> PlanarTarget {
        PlanarTarget::new(400.0, 300.0, 0.2).unwrap()
    }

    fn pose() -> impl Strategy<Value = RigidPose> {
        (prop::array::uniform2(-0.8..0.8_f64), -3.1..3.1_f64, -0.15..0.15_f64, -0.1..0.1_f64, 0.3..1.5_f64).prop_map(
            |([a, b], roll, x, y, z)| RigidPose {
                rotation: DQuat::from_scaled_axis(DVec3::new(a, b, 0.0)) * DQuat::from_rotation_z(roll),
                translation: DVec3::new(x * z, y * z, z),
            },
        )
    }

    /// Where the target's corners are seen.
    fn corners(camera: &CameraModel, pose: &RigidPose) -> [DVec2; 4] {
        Homography::corners(400.0, 300.0)
            .map(|corner| camera.project(pose.apply(target().plane_from_pixel(corner).extend(0.0))).unwrap())
    }

    fn view(corners: [DVec2; 4]) -> Homography {
        Homography::from_quad(Homography::corners(400.0, 300.0), corners).unwrap()
    }

    #[test]
    fn bevy_gets_a_target_that_faces_it() {
        // Half a metre away, a little to the right and above the middle.
        let pose = RigidPose { rotation: DQuat::IDENTITY, translation: DVec3::new(0.05, -0.02, 0.5) };
        let camera = camera(&[]);
        let [best, _] = pose_from_homography(&view(corners(&camera, &pose)), &target(), &camera).unwrap();
        let (rotation, translation) = best.pose.to_bevy();
        assert!(translation.distance(Vec3::new(0.05, 0.02, -0.5)) < 1e-6);
        assert!((rotation * Vec3::Z).distance(Vec3::Z) < 1e-5, "its face looks at the camera");
        assert!((rotation * Vec3::Y).distance(Vec3::Y) < 1e-5, "its top is up");
    }

    #[test]
    fn what_is_no_pose_is_refused() {
        let camera = camera(&[]);
        let corners =
            corners(&camera, &RigidPose { rotation: DQuat::IDENTITY, translation: DVec3::new(0.0, 0.0, 0.5) });
        let [a, b, c, d] = corners;
        let found = pose_from_homography(&view([b, a, d, c]), &target(), &camera);
        assert_eq!(found, Err(PoseError::Mirrored));
        let cut = Homography::from_rows([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, -0.005, 0.0, 1.0]).unwrap();
        assert_eq!(pose_from_homography(&cut, &target(), &camera), Err(PoseError::Behind));
        assert_eq!(pose_from_points(&[], &camera), Err(PoseError::TooFewPoints { count: 0 }));
        let line = [0.0, 0.1, 0.2, 0.3, 0.4].map(|x| (DVec2::new(x, x), DVec2::new(x, x)));
        assert!(matches!(pose_from_points(&line, &camera), Err(PoseError::Homography(_))));
    }

    proptest! {
        #[test]
        fn without_noise_the_pose_is_exact(real in pose()) {
            let camera = camera(&[]);
            prop_assume!((real.rotation * DVec3::Z).dot(real.translation.normalize()) > 0.15);
            let [best, other] = pose_from_homography(&view(corners(&camera, &real)), &target(), &camera).unwrap();
            prop_assert!(best.error_px <= other.error_px && best.error_px < 1e-6);
            prop_assert!(best.pose.angle_to(&real) < 1e-6 && best.pose.translation.distance(real.translation) < 1e-6);
        }

        /// Points that were really measured give the pose exactly through any lens.
        #[test]
        fn points_through_a_lens_give_the_pose(real in pose()) {
            let camera = camera(&[-0.2, 0.05, 0.001, -0.001, 0.0]);
            prop_assume!((real.rotation * DVec3::Z).dot(real.translation.normalize()) > 0.15);
            let points: Vec<_> = (0..16)
                .map(|index| DVec2::new(f64::from(index % 4) / 15.0 - 0.1, f64::from(index / 4) / 20.0 - 0.075))
                .map(|place| (place, camera.unproject(camera.project(real.apply(place.extend(0.0))).unwrap()).unwrap()))
                .collect();
            let [best, _] = pose_from_points(&points, &camera).unwrap();
            prop_assert!(best.pose.angle_to(&real) < 1e-6 && best.pose.translation.distance(real.translation) < 1e-6);
        }

        /// Corners off by up to 0.5 px: distance within 2 %, one of the two rotations within a few degrees.
        #[test]
        fn noise_moves_the_pose_a_little(real in pose(), noise in prop::array::uniform8(-0.5..0.5_f64)) {
            let camera = camera(&[]);
            prop_assume!((real.rotation * DVec3::Z).dot(real.translation.normalize()) > 0.4);
            let mut seen = corners(&camera, &real);
            for (corner, noise) in seen.iter_mut().zip(noise.chunks_exact(2)) {
                *corner += DVec2::new(noise[0], noise[1]);
            }
            let found = pose_from_homography(&view(seen), &target(), &camera).unwrap();
            let off = found[0].pose.translation.distance(real.translation) / real.translation.length();
            prop_assert!(off < 0.03, "{off}");
            prop_assert!(found[0].error_px < 1.0, "{}", found[0].error_px);
            // Far and facing, the view hardly depends on a small tilt.
            let angle = found[0].pose.angle_to(&real).min(found[1].pose.angle_to(&real));
            prop_assert!(angle < 0.25, "{angle}");
        }
    }
}
