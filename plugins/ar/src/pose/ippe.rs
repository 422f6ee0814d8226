//! The two poses of a plane in closed form: Collins & Bartoli, "Infinitesimal Plane-Based Pose Estimation", IJCV 2014.
//!
//! At the target's centre the homography and its derivative fix the pose but for one reflection: seen from far, a plane
//! tilted towards the camera and one tilted away look the same.

use bevy::math::{DMat2, DMat3, DQuat, DVec2, DVec3};

use freshet_vision::camera::{Homography, RigidPose};

use super::error::PoseError;

/// Both poses (`camera_from_target`) that explain how a homography (`ray_from_plane`: metres to `(X/Z, Y/Z)`) maps the
/// surroundings of the origin. They are the same for a plane that faces the camera's ray.
pub(super) fn both_poses(ray_from_plane: &Homography) -> Result<[RigidPose; 2], PoseError> {
    let centre = ray_from_plane.apply(DVec2::ZERO).ok_or(PoseError::Degenerate)?;
    let jacobian = ray_from_plane.jacobian(DVec2::ZERO);
    let regular = jacobian.determinant().abs() > 1e-9 * frobenius(jacobian).powi(2);
    if !regular {
        return Err(PoseError::Degenerate);
    }
    if jacobian.determinant() < 0.0 {
        return Err(PoseError::Mirrored);
    }
    // Seen along the ray through the centre: `jacobian = projection · upright / depth`, where `upright` is the upper
    // left 2 × 2 of the rotation relative to that ray.
    let ray_rotation = DMat3::from_quat(DQuat::from_rotation_arc(DVec3::Z, centre.extend(1.0).normalize()));
    let project = |axis: DVec3| axis.truncate() - centre * axis.z;
    let projection = DMat2::from_cols(project(ray_rotation.x_axis), project(ray_rotation.y_axis));
    let scaled = projection.inverse() * jacobian;
    let per_depth = largest_singular_value(scaled);
    let upright = scaled * (1.0 / per_depth);
    let translation = centre.extend(1.0) / per_depth;
    if !(translation.is_finite() && upright.is_finite()) {
        return Err(PoseError::Degenerate);
    }
    // The third row makes the columns unit vectors at a right angle, up to its sign.
    let (x, y) = (upright.x_axis, upright.y_axis);
    let third = |column: DVec2| (1.0 - column.length_squared()).max(0.0).sqrt();
    let (third_x, third_y) = (third(x), third(y) * if x.dot(y) > 0.0 { -1.0 } else { 1.0 });
    Ok([1.0, -1.0].map(|sign| {
        let (x, y) = (x.extend(sign * third_x).normalize(), y.extend(sign * third_y));
        let y = (y - x * x.dot(y)).normalize();
        let relative = DMat3::from_cols(x, y, x.cross(y));
        RigidPose { rotation: DQuat::from_mat3(&(ray_rotation * relative)).normalize(), translation }
    }))
}

fn frobenius(matrix: DMat2) -> f64 {
    matrix.x_axis.length().hypot(matrix.y_axis.length())
}

/// Of a 2 × 2 matrix, in closed form.
fn largest_singular_value(matrix: DMat2) -> f64 {
    let squares = frobenius(matrix).powi(2);
    let area = matrix.determinant();
    let spread = (squares * squares - 4.0 * area * area).max(0.0).sqrt();
    (f64::midpoint(squares, spread)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a pose does to the plane.
    fn view(pose: &RigidPose) -> Homography {
        let rotation = DMat3::from_quat(pose.rotation);
        Homography::new(DMat3::from_cols(rotation.x_axis, rotation.y_axis, pose.translation)).unwrap()
    }

    #[test]
    fn mirrored_and_flat_views_are_refused() {
        let mirrored = Homography::from_rows([-1.0, 0.0, 0.1, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]).unwrap();
        assert_eq!(both_poses(&mirrored), Err(PoseError::Mirrored));
        let flat = Homography::from_rows([1.0, 1.0, 0.1, 1.0, 1.0 + 1e-10, 0.0, 0.0, 0.0, 1.0]).unwrap();
        assert_eq!(both_poses(&flat), Err(PoseError::Degenerate));
    }

    proptest! {
        #[test]
        fn one_of_the_two_is_the_pose(
            tilt in prop::array::uniform2(-0.9..0.9_f64), roll in -3.1..3.1_f64,
            x in -0.6..0.6_f64, y in -0.4..0.4_f64, z in 0.2..5.0_f64,
        ) {
            let rotation = DQuat::from_scaled_axis(DVec3::new(tilt[0], tilt[1], 0.0)) * DQuat::from_rotation_z(roll);
            let real = RigidPose { rotation, translation: DVec3::new(x * z, y * z, z) };
            // Only the front of the plane can be seen.
            prop_assume!((rotation * DVec3::Z).dot(real.translation) > 0.05 * real.translation.length());
            let found = both_poses(&view(&real)).unwrap();
            let near = |pose: &RigidPose| {
                pose.angle_to(&real) < 1e-6 && pose.translation.distance(real.translation) < 1e-9
            };
            prop_assert!(found.iter().any(near), "{found:?} for {real:?}");
        }
    }
}
