//! Where the film's camera goes, and where it sees the poster from there.

use std::f64::consts::TAU;

use super::{FRAMES, LENS, SCALE};
use crate::camera::{Look, Pose};
use crate::poster;

/// Where the camera is.
pub(super) fn look(number: u32) -> Look {
    let time = f64::from(number % FRAMES) / f64::from(FRAMES);
    let wave = |rounds: f64, start: f64| (TAU * (rounds * time + start)).sin();
    Look {
        at: [0.012 * wave(1.0, 0.1), 0.010 * wave(1.0, 0.4)],
        distance: 0.61 + 0.11 * wave(1.0, 0.29),
        // Slower where the camera is near.
        azimuth_deg: 360.0 * time + 14.0 * wave(1.0, 0.04),
        tilt_deg: 37.5 - 17.5 * wave(1.0, 0.25),
        roll_deg: 3.0 * wave(2.0, 0.2),
    }
}

/// From metres on the table, 0 in the poster's middle, to the poster's pixels.
pub(super) fn poster_from_table([x, y]: [f64; 2]) -> [f64; 2] {
    [x * SCALE + (f64::from(poster::SIZE.0) - 1.0) / 2.0, y * SCALE + (f64::from(poster::SIZE.1) - 1.0) / 2.0]
}

/// From the poster's pixels to the frame's, row by row, the last number 1.
pub(super) fn frame_from_poster(number: u32) -> [f64; 9] {
    let frame_from_table = Pose::from(look(number)).homography(&LENS);
    let [right, down] = poster_from_table([0.0, 0.0]);
    let columns = |row: usize| {
        let [x, y, one] = [0, 1, 2].map(|column| frame_from_table[3 * row + column]);
        [x / SCALE, y / SCALE, one - (x * right + y * down) / SCALE]
    };
    let rows = [columns(0), columns(1), columns(2)];
    std::array::from_fn(|place| rows[place / 3][place % 3] / rows[2][2])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(matrix: [f64; 9], [x, y]: [f64; 2]) -> [f64; 2] {
        let [right, down, share] = [0, 3, 6].map(|row| matrix[row] * x + matrix[row + 1] * y + matrix[row + 2]);
        [right / share, down / share]
    }

    fn corners() -> [[f64; 2]; 4] {
        let [right, down] = [poster::SIZE.0, poster::SIZE.1].map(|side| f64::from(side) - 0.5);
        [[-0.5, -0.5], [right, -0.5], [right, down], [-0.5, down]]
    }

    #[test]
    fn the_whole_poster_is_always_seen() {
        for number in 0..FRAMES {
            for [x, y] in corners().map(|corner| project(frame_from_poster(number), corner)) {
                assert!((20.0..620.0).contains(&x) && (20.0..460.0).contains(&y), "{number}: {x} {y}");
            }
        }
    }

    #[test]
    fn the_camera_tilts_between_20_and_55_degrees() {
        let tilts = || (0..FRAMES).map(|number| look(number).tilt_deg);
        let (least, most) = (tilts().fold(f64::MAX, f64::min), tilts().fold(f64::MIN, f64::max));
        assert!((least - 20.0).abs() < 0.1 && (most - 55.0).abs() < 0.1, "{least} {most}");
    }

    /// From each frame to the next, the last to the first too, no corner goes far.
    #[test]
    fn the_film_goes_round() {
        for number in 0..FRAMES {
            let [here, there] = [number, (number + 1) % FRAMES].map(frame_from_poster);
            for corner in corners() {
                let ([x, y], [right, down]) = (project(here, corner), project(there, corner));
                assert!((x - right).hypot(y - down) < 13.0, "{number}: {x} {y} to {right} {down}");
            }
        }
    }

    /// A pixel shows the poster's pixel that the homography says.
    #[test]
    fn the_homography_is_where_the_poster_is_seen() {
        let pose = Pose::from(look(40));
        let pixel = project(frame_from_poster(40), [123.0, 77.0]);
        let [x, y] = poster_from_table(pose.on_plane(LENS.ray(pixel)));
        assert!((x - 123.0).hypot(y - 77.0) < 1e-6, "{x} {y}");
    }
}
