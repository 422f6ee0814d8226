//! Pictures of a chessboard through a lens that bends, to calibrate from.

use std::path::Path;

use indicatif::ProgressBar;

use crate::camera::{Lens, Look, Pose};
use crate::error::MediaError;
use crate::files;
use crate::sensor::{self, soften};

/// Steps of the work.
pub(crate) const STEPS: u64 = LOOKS.len() as u64;

const SIZE: (usize, usize) = (640, 480);
const LENS: Lens =
    Lens { focal: [560.0, 558.0], center: [322.5, 236.0], distortion: [-0.25, 0.08, 0.0008, -0.0005, 0.0] };
/// Corners between four squares, along each side.
const CORNERS: (i32, i32) = (9, 6);
const SQUARE_M: f64 = 0.025;
/// Between two values that the sensor tells apart.
const STEP: f32 = 8.0;
/// The first picture's number among all that have noise.
const PICTURES: u32 = 1000;
/// Points at which a pixel asks for the board, along each side.
const POINTS: usize = 4;

const fn look(at: [f64; 2], distance: f64, azimuth_deg: f64, tilt_deg: f64, roll_deg: f64) -> Look {
    Look { at, distance, azimuth_deg, tilt_deg, roll_deg }
}

const LOOKS: [Look; 8] = [
    look([0.0, 0.0], 0.285, 0.0, 6.0, 2.0),
    look([0.01, 0.02], 0.355, 35.0, 30.0, -24.0),
    look([-0.01, 0.01], 0.340, -60.0, 36.0, 46.0),
    look([0.045, 0.025], 0.335, 150.0, 28.0, -140.0),
    look([-0.03, 0.03], 0.355, -130.0, 33.0, 132.0),
    look([-0.035, -0.025], 0.345, 80.0, 36.0, -88.0),
    look([0.04, -0.03], 0.345, 10.0, 38.0, 8.0),
    look([-0.025, 0.02], 0.330, 185.0, 34.0, -181.0),
];

/// Makes the pictures and the lens's truth.
pub(crate) fn make(folder: &Path, progress: &ProgressBar) -> Result<(), MediaError> {
    progress.set_message("chessboard");
    for (number, look) in (0..).zip(LOOKS) {
        let name = format!("chessboard/{number:02}.png");
        let bytes = files::gray_png(folder, &name, SIZE, &picture(number, &Pose::from(look)))?;
        files::write(folder, &name, &bytes)?;
        progress.inc(1);
    }
    files::write(folder, "chessboard/truth.yml", truth().as_bytes())
}

/// The lens and the board as OpenCV's `FileStorage` writes them.
fn truth() -> String {
    let ([fx, fy], [cx, cy]) = (LENS.focal, LENS.center);
    let matrix = |name: &str, rows: u32, columns: u32, numbers: &[f64]| {
        let numbers: Vec<_> = numbers.iter().map(|number| format!("{number:?}")).collect();
        format!(
            "{name}: !!opencv-matrix\n   rows: {rows}\n   cols: {columns}\n   dt: d\n   data: [ {} ]\n",
            numbers.join(", ")
        )
    };
    format!(
        "%YAML:1.0\n---\nimage_width: {}\nimage_height: {}\nboard_width: {}\nboard_height: {}\nsquare_size: {}\n{}{}",
        SIZE.0,
        SIZE.1,
        CORNERS.0,
        CORNERS.1,
        SQUARE_M,
        matrix("camera_matrix", 3, 3, &[fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0]),
        matrix("distortion_coefficients", 1, 5, &LENS.distortion)
    )
}

/// Paints a picture of the board, one byte a pixel.
fn picture(number: u32, pose: &Pose) -> Vec<u8> {
    let (width, height) = SIZE;
    let mut light = Vec::with_capacity(width * height);
    for place in 0..width * height {
        let part = |at: usize| (at as f64 + 0.5) / POINTS as f64 - 0.5;
        let (x, y) = ((place % width) as f64, (place / width) as f64);
        let points = (0..POINTS * POINTS).map(|point| [x + part(point % POINTS), y + part(point / POINTS)]);
        let sum: f32 = points.map(|pixel| seen(pose.on_plane(LENS.ray(pixel)))).sum();
        light.push(sum / (POINTS * POINTS) as f32);
    }
    let blurred = soften(&soften(&light, 1, width), width, height);
    (0..).zip(blurred).map(|(place, light)| sensed(number, place, light)).collect()
}

/// The board's paper with its squares, on a plain ground, in steps of a byte. Each tone is one that the sensor knows:
/// what lies between two makes the file large.
fn seen([x, y]: [f64; 2]) -> f32 {
    const MARGIN: f64 = 0.8;
    let (column, row) = (x / SQUARE_M + f64::from(CORNERS.0 + 1) / 2.0, y / SQUARE_M + f64::from(CORNERS.1 + 1) / 2.0);
    let inside = |margin: f64| {
        (-margin..f64::from(CORNERS.0 + 1) + margin).contains(&column)
            && (-margin..f64::from(CORNERS.1 + 1) + margin).contains(&row)
    };
    let is_black = inside(0.0) && (column.floor() + row.floor()) % 2.0 == 0.0;
    let tone = match (inside(MARGIN), is_black) {
        (false, _) => 15.0,
        (true, true) => 4.0,
        (true, false) => 27.0,
    };
    STEP * tone
}

/// What a coarse sensor makes of a pixel's light: noise, and few steps, so that the file stays small.
fn sensed(number: u32, place: usize, light: f32) -> u8 {
    let noise = sensor::noise((place % SIZE.0) as u32, (place / SIZE.0) as u32, PICTURES + number);
    ((light / STEP + 0.25 * noise).round() * STEP) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A search for corners needs all squares, and some paper around them.
    #[test]
    fn all_squares_are_seen() {
        let (right, down) = (f64::from(CORNERS.0 + 1) / 2.0 * SQUARE_M, f64::from(CORNERS.1 + 1) / 2.0 * SQUARE_M);
        for look in LOOKS {
            for corner in [[-right, -down], [right, -down], [right, down], [-right, down]] {
                let [x, y] = LENS.pixel(Pose::from(look).ray(corner));
                assert!((12.0..627.0).contains(&x) && (12.0..467.0).contains(&y), "{look:?}: {x} {y}");
            }
        }
    }
}
