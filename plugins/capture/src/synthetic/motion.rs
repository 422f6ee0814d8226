//! How the plane moves.

use std::f64::consts::TAU;

use super::Scene;

/// Frames after which the motion starts again.
pub const PERIOD: u64 = 60;

/// The furthest the plane gets: shift in columns per 640, turn in radians, zoom, and foreshortening across half a
/// picture. From one frame to the next a pixel of a 640x480 picture moves by less than five pixels.
const SHIFT: f64 = 15.0;
const TURN: f64 = 0.05;
const ZOOM: f64 = 0.05;
const FORESHORTENING: f64 = 0.05;

/// A 3x3 matrix, row by row.
pub(super) type Matrix = [f64; 9];

/// Where the pixels of pose 0 are in this pose; see [`Synthetic::homography`](super::Synthetic::homography).
pub(super) fn homography(scene: Scene, pose: u64, width: u32, height: u32) -> Matrix {
    if !scene.moves() || pose.is_multiple_of(PERIOD) {
        return [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    }
    let angle = TAU * (pose % PERIOD) as f64 / PERIOD as f64;
    let (wave, rise, fast) = (angle.sin(), (1.0 - angle.cos()) / 2.0, (2.0 * angle).sin());
    let unit = f64::from(width) / 640.0;
    let (middle_x, middle_y) = (f64::from(width - 1) / 2.0, f64::from(height - 1) / 2.0);
    let (half, scale) = (f64::from(width) / 2.0, 1.0 + ZOOM * rise);
    let (sin, cos) = (TURN * wave).sin_cos();

    let to_middle = [1.0, 0.0, -middle_x, 0.0, 1.0, -middle_y, 0.0, 0.0, 1.0];
    let turn = [scale * cos, -scale * sin, 0.0, scale * sin, scale * cos, 0.0, 0.0, 0.0, 1.0];
    let tilt = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, FORESHORTENING * wave / half, FORESHORTENING * fast / (2.0 * half), 1.0];
    let back = [
        1.0,
        0.0,
        middle_x + SHIFT * unit * wave,
        0.0,
        1.0,
        middle_y + SHIFT * unit * (2.0 * rise - fast / 2.0) / 2.0,
        0.0,
        0.0,
        1.0,
    ];
    let all = product(back, product(tilt, product(turn, to_middle)));
    all.map(|entry| entry / all[8])
}

fn product(left: Matrix, right: Matrix) -> Matrix {
    std::array::from_fn(|entry| {
        let (row, column) = (entry / 3, entry % 3);
        (0..3).map(|index| left[3 * row + index] * right[3 * index + column]).sum()
    })
}

/// The inverse, up to a factor, which a homography does not notice.
pub(super) fn inverse([a, b, c, d, e, f, g, h, i]: Matrix) -> Matrix {
    [
        e * i - f * h,
        c * h - b * i,
        b * f - c * e,
        f * g - d * i,
        a * i - c * g,
        c * d - a * f,
        d * h - e * g,
        b * g - a * h,
        a * e - b * d,
    ]
}

/// A point moved by a homography.
pub(super) fn apply(matrix: &Matrix, x: f64, y: f64) -> (f64, f64) {
    let [a, b, c, d, e, f, g, h, i] = matrix;
    let depth = g * x + h * y + i;
    ((a * x + b * y + c) / depth, (d * x + e * y + f) / depth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_motion_is_smooth_and_starts_again() {
        let at = |pose, x, y| apply(&homography(Scene::Noise, pose, 640, 480), x, y);
        assert_eq!(at(0, 13.0, 17.0), (13.0, 17.0));
        for pose in 0..PERIOD {
            for (x, y) in [(0.0, 0.0), (639.0, 0.0), (0.0, 479.0), (639.0, 479.0), (320.0, 240.0)] {
                let (before, after) = (at(pose, x, y), at(pose + 1, x, y));
                let step = (after.0 - before.0).hypot(after.1 - before.1);
                assert!(step < 5.0, "{step} at {pose} of {x},{y}");
            }
        }
    }

    #[test]
    fn the_inverse_undoes() {
        let forth = homography(Scene::Checker, 23, 1280, 720);
        let (x, y) = apply(&forth, 100.0, 600.0);
        let (x, y) = apply(&inverse(forth), x, y);
        assert!((x - 100.0).abs() < 1e-9 && (y - 600.0).abs() < 1e-9);
    }
}
