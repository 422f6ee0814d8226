//! The start of a calibration: Zhang, "A Flexible New Technique for Camera Calibration", PAMI 2000, section 3.1.

use bevy::math::{DMat3, DQuat, DVec2, DVec3};

use crate::camera::linear::{solve, symmetric_eigen};
use crate::camera::{Homography, Intrinsics, RigidPose};

/// Intrinsics from the homographies of three or more views (`pixel_from_board`), without skew and distortion. `None`
/// when the views say nothing sensible.
///
/// First with a free principal point, which needs clean views; when that makes no sense, with one in the middle.
pub(super) fn intrinsics(views: &[Homography], width: u32, height: u32) -> Option<Intrinsics> {
    // Pixels from the middle in units of half the diagonal: numbers of size one keep the equations well conditioned.
    let middle = DVec2::new(f64::from(width) - 1.0, f64::from(height) - 1.0) / 2.0;
    let unit = DVec2::new(f64::from(width), f64::from(height)).length() / 2.0;
    let unit_from_pixel = DMat3::from_cols(
        DVec3::new(1.0 / unit, 0.0, 0.0),
        DVec3::new(0.0, 1.0 / unit, 0.0),
        DVec3::new(-middle.x / unit, -middle.y / unit, 1.0),
    );
    let views: Vec<_> = views.iter().map(|view| unit_from_pixel * view.matrix()).collect();
    let found = free_centre(&views).filter(is_sensible).or_else(|| middle_centre(&views).filter(is_sensible))?;
    let Intrinsics { fx, fy, cx, cy } = found;
    Some(Intrinsics { fx: fx * unit, fy: fy * unit, cx: cx * unit + middle.x, cy: cy * unit + middle.y })
}

/// Focal lengths and centre, in half diagonals, that a camera may have.
fn is_sensible(found: &Intrinsics) -> bool {
    let focal = 0.2..30.0;
    let aspect = found.fx / found.fy;
    focal.contains(&found.fx)
        && focal.contains(&found.fy)
        && (0.5..2.0).contains(&aspect)
        && found.cx.abs() < 0.5
        && found.cy.abs() < 0.5
}

/// Columns of a homography are images of the board's axes. They are as long as each other and at a right angle, which is
/// two equations for the image of the absolute conic `(b11, b22, b13, b23, b33)`.
fn free_centre(views: &[DMat3]) -> Option<Intrinsics> {
    let row = |a: DVec3, b: DVec3| [a.x * b.x, a.y * b.y, a.x * b.z + a.z * b.x, a.y * b.z + a.z * b.y, a.z * b.z];
    let mut normal = [[0.0; 5]; 5];
    for view in views {
        let scale = 1.0 / f64::midpoint(view.x_axis.length_squared(), view.y_axis.length_squared());
        let (across, down) = (row(view.x_axis, view.x_axis), row(view.y_axis, view.y_axis));
        let right_angle = row(view.x_axis, view.y_axis);
        for equation in [right_angle, std::array::from_fn(|index| across[index] - down[index])] {
            for i in 0..5 {
                for j in 0..5 {
                    normal[i][j] += scale * scale * equation[i] * equation[j];
                }
            }
        }
    }
    let (_, vectors) = symmetric_eigen(normal);
    let [b11, b22, b13, b23, b33] = vectors[0];
    let (cx, cy) = (-b13 / b11, -b23 / b22);
    let scale = b33 - b13 * b13 / b11 - b23 * b23 / b22;
    let found = Intrinsics { fx: (scale / b11).sqrt(), fy: (scale / b22).sqrt(), cx, cy };
    (found.fx.is_finite() && found.fy.is_finite()).then_some(found)
}

/// The same two equations with the principal point in the middle: linear in `1/fx²` and `1/fy²`.
fn middle_centre(views: &[DMat3]) -> Option<Intrinsics> {
    let mut normal = [[0.0; 2]; 2];
    let mut right = [0.0; 2];
    for view in views {
        let (a, b) = (view.x_axis, view.y_axis);
        let scale = 1.0 / f64::midpoint(a.length_squared(), b.length_squared());
        let equations = [a * b, a * a - b * b];
        for DVec3 { x, y, z } in equations.map(|equation| equation * scale) {
            let row = [x, y];
            for i in 0..2 {
                for j in 0..2 {
                    normal[i][j] += row[i] * row[j];
                }
                right[i] -= row[i] * z;
            }
        }
    }
    let [x, y] = solve(normal, right)?;
    (x > 0.0 && y > 0.0).then(|| Intrinsics { fx: 1.0 / x.sqrt(), fy: 1.0 / y.sqrt(), cx: 0.0, cy: 0.0 })
}

/// `camera_from_board` from the board's homography. `None` when it maps the board to a line.
pub(super) fn pose(pixel_from_board: &Homography, lens: &Intrinsics) -> Option<RigidPose> {
    let ray = |column: DVec3| {
        DVec3::new((column.x - lens.cx * column.z) / lens.fx, (column.y - lens.cy * column.z) / lens.fy, column.z)
    };
    let matrix = pixel_from_board.matrix();
    let (x, y, origin) = (ray(matrix.x_axis), ray(matrix.y_axis), ray(matrix.z_axis));
    // The board is in front of the camera: the homography's last element, a depth, is 1.
    let scale = 2.0 / (x.length() + y.length());
    let (x, y) = (x.try_normalize()?, y.try_normalize()?);
    // The two are not quite at a right angle: share the error between them.
    let (sum, difference) = ((x + y).try_normalize()?, (x - y).try_normalize()?);
    let (x, y) = ((sum + difference) / std::f64::consts::SQRT_2, (sum - difference) / std::f64::consts::SQRT_2);
    let rotation = DQuat::from_mat3(&DMat3::from_cols(x, y, x.cross(y))).normalize();
    let pose = RigidPose { rotation, translation: origin * scale };
    pose.is_finite().then_some(pose)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::Board;
    use crate::calibrate::board::tests::{camera, facing};
    use proptest::prelude::*;

    fn homography(board: &Board, pose: &RigidPose) -> Homography {
        let camera = camera(&[]);
        let pairs: Vec<_> =
            board.points().map(|point| (point.truncate(), camera.project(pose.apply(point)).unwrap())).collect();
        Homography::from_points(&pairs).unwrap()
    }

    #[test]
    fn parallel_views_say_nothing_sensible_or_little() {
        let board = Board::new(7, 5, 0.02).unwrap();
        let views = [0.3, 0.4, 0.5].map(|distance| homography(&board, &facing(&board, distance, [0.0; 3])));
        // Without noise the equations are singular.
        assert_eq!(middle_centre(&views.map(|view| view.matrix())), None);
    }

    proptest! {
        #[test]
        fn exact_views_give_the_camera(turns in prop::array::uniform4(prop::array::uniform2(0.2..0.6_f64))) {
            let board = Board::new(7, 5, 0.02).unwrap();
            let [a, b, c, d] = turns;
            // Tilted four ways.
            let turns = [[a[0], a[1], 0.1], [-b[0], b[1], 0.8], [c[0], -c[1], -0.5], [-d[0], -d[1], 1.4]];
            let poses = turns.map(|turn| facing(&board, 0.4, turn));
            let views = poses.map(|pose| homography(&board, &pose));
            let found = intrinsics(&views, 320, 240).unwrap();
            let real = camera(&[]).intrinsics();
            prop_assert!((found.fx - real.fx).abs() < 1e-4 && (found.cx - real.cx).abs() < 1e-4, "{found:?}");
            prop_assert!((found.fy - real.fy).abs() < 1e-4 && (found.cy - real.cy).abs() < 1e-4, "{found:?}");
            for (view, real) in views.iter().zip(&poses) {
                let found = pose(view, &found).unwrap();
                prop_assert!(found.angle_to(real) < 1e-5 && found.translation.distance(real.translation) < 1e-5);
            }
        }
    }
}
