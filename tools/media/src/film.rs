//! The poster on a table, filmed by a camera that goes round it once.

use std::f64::consts::TAU;
use std::fmt::Write;
use std::path::Path;

use indicatif::ProgressBar;

use crate::camera::{Lens, Look, Pose};
use crate::error::MediaError;
use crate::files;
use crate::mux::{Clip, avi};
use crate::noise::smooth;
use crate::picture::{Color, Picture, mix, step};
use crate::sensor::{self, soften};
use crate::{jpeg, poster, table};

/// Steps of the work.
pub(crate) const STEPS: u64 = FRAMES as u64 + 1;

/// Frames after which the picture is the first again.
const FRAMES: u32 = 120;
const CLIP: Clip = Clip { width: 640, height: 480, rate_hz: 30 };
const JPEG_QUALITY: u16 = 85;
const LENS: Lens = Lens { focal: [554.26; 2], center: [319.5, 239.5], distortion: [0.0; 5] };
const POSTER_WIDTH_M: f64 = 0.30;
/// Poster pixels in a metre.
const SCALE: f64 = poster::SIZE.0 as f64 / POSTER_WIDTH_M;
/// The sensor's deviation, in steps of a byte.
const NOISE: f32 = 0.6;
/// Points at which a pixel asks for the poster, along each side.
const POINTS: u32 = 4;

/// Makes the poster, its film and the film's truth.
pub(crate) fn make(folder: &Path, progress: &ProgressBar) -> Result<(), MediaError> {
    if let Ok(q) = std::env::var("FILM") {
        let poster = poster::poster();
        let pictures: Vec<_> = (0..FRAMES).step_by(10).map(|n| jpeg::coded(&frame(n, &poster), q.parse().unwrap())).collect();
        return files::write(folder, "poster.avi", &avi::file(CLIP, &pictures));
    }
    progress.set_message("poster.png");
    let poster = poster::poster();
    files::write(folder, "poster.png", &files::small_png(folder, "poster.png", &poster)?)?;
    progress.inc(1);

    progress.set_message("poster.avi");
    let coded = |number| {
        progress.inc(1);
        jpeg::coded(&frame(number, &poster), JPEG_QUALITY)
    };
    let pictures: Vec<_> = (0..FRAMES).map(coded).collect();
    files::write(folder, "poster.avi", &avi::file(CLIP, &pictures))?;
    files::write(folder, "poster.truth.json", truth().as_bytes())
}

/// Where the camera is.
fn look(number: u32) -> Look {
    let time = f64::from(number % FRAMES) / f64::from(FRAMES);
    let wave = |rounds: f64, start: f64| (TAU * (rounds * time + start)).sin();
    Look {
        at: [0.012 * wave(2.0, 0.1), 0.010 * wave(1.0, 0.4)],
        distance: 0.61 + 0.11 * (TAU * (time + 0.04)).cos(),
        azimuth_deg: 360.0 * time + 9.0 * wave(2.0, 0.0),
        tilt_deg: 37.5 - 17.5 * (TAU * time).cos(),
        roll_deg: 4.0 * wave(3.0, 0.2),
    }
}

/// From metres on the table, 0 in the poster's middle, to the poster's pixels.
fn poster_from_table([x, y]: [f64; 2]) -> [f64; 2] {
    [x * SCALE + (f64::from(poster::SIZE.0) - 1.0) / 2.0, y * SCALE + (f64::from(poster::SIZE.1) - 1.0) / 2.0]
}

/// From the poster's pixels to the frame's, row by row, the last number 1.
fn frame_from_poster(number: u32) -> [f64; 9] {
    let frame_from_table = Pose::from(look(number)).homography(&LENS);
    let [right, down] = poster_from_table([0.0, 0.0]);
    let columns = |row: usize| {
        let [x, y, one] = [0, 1, 2].map(|column| frame_from_table[3 * row + column]);
        [x / SCALE, y / SCALE, one - (x * right + y * down) / SCALE]
    };
    let rows = [columns(0), columns(1), columns(2)];
    std::array::from_fn(|place| rows[place / 3][place % 3] / rows[2][2])
}

fn truth() -> String {
    let (width, height) = poster::SIZE;
    let ([fx, fy], [cx, cy]) = (LENS.focal, LENS.center);
    let mut text = format!(
        concat!(
            "{{\n",
            "  \"target\": {{ \"file\": \"poster.png\", \"width\": {}, \"height\": {}, \"width_m\": {} }},\n",
            "  \"video\": {{ \"file\": \"poster.avi\", \"width\": {}, \"height\": {}, \"rate_hz\": {} }},\n",
            "  \"camera\": {{ \"fx\": {}, \"fy\": {}, \"cx\": {}, \"cy\": {} }},\n",
            "  \"frame_from_target\": [\n",
        ),
        width, height, POSTER_WIDTH_M, CLIP.width, CLIP.height, CLIP.rate_hz, fx, fy, cx, cy
    );
    for number in 0..FRAMES {
        let numbers = frame_from_poster(number).map(|number| format!("{number:.10}")).join(", ");
        let comma = if number + 1 < FRAMES { "," } else { "" };
        // Writing to a text cannot fail.
        writeln!(text, "    [{numbers}]{comma}").unwrap_or_default();
    }
    text + "  ]\n}\n"
}

/// Paints a frame of the film.
fn frame(number: u32, poster: &Picture) -> Picture {
    let (pose, time) = (Pose::from(look(number)), (number % FRAMES) as f32 / FRAMES as f32);
    let (width, height) = (CLIP.width as usize, CLIP.height as usize);
    let mut light = Vec::with_capacity(width * height * 3);
    for y in 0..CLIP.height {
        for x in 0..CLIP.width {
            light.extend(lit(x, y, &pose, time, seen(x, y, &pose, poster)));
        }
    }
    let light = soften(&soften(&light, 3, width), 3 * width, height);
    let sensed = |(place, light): (u32, f32)| {
        let noise = sensor::noise(place / 3 % CLIP.width, place / 3 / CLIP.width, number);
        (light * 255.0 + NOISE * noise + 0.5) as u8
    };
    Picture { width: CLIP.width, height: CLIP.height, bytes: (0..).zip(light).map(sensed).collect() }
}

/// The mean of what a pixel covers.
fn seen(x: u32, y: u32, pose: &Pose, poster: &Picture) -> Color {
    let point = |right: f64, down: f64| pose.on_plane(LENS.ray([f64::from(x) + right, f64::from(y) + down]));
    let (middle, right, below) = (point(0.0, 0.0), point(1.0, 0.0), point(0.0, 1.0));
    let wide =
        (right[0] - middle[0]).hypot(right[1] - middle[1]).max((below[0] - middle[0]).hypot(below[1] - middle[1]));
    let place = middle.map(|part| part as f32);
    let table = shaded(place, table::color(place, wide as f32));
    if outside(middle) > 2.0 * wide {
        return table;
    }
    let mut sum = [0.0; 3];
    for part in 0..POINTS * POINTS {
        let [right, down] = [part % POINTS, part / POINTS].map(|at| (f64::from(at) + 0.5) / f64::from(POINTS) - 0.5);
        let place = point(right, down);
        let color =
            if outside(place) < 0.0 { poster.at(poster_from_table(place).map(|part| part as f32)) } else { table };
        sum = [0, 1, 2].map(|channel| sum[channel] + color[channel]);
    }
    sum.map(|channel| channel / (POINTS * POINTS) as f32)
}

/// How far outside of the poster's edge, in metres; less than 0 inside.
fn outside([x, y]: [f64; 2]) -> f64 {
    let half = [0, 1].map(|axis| f64::from([poster::SIZE.0, poster::SIZE.1][axis]) / SCALE / 2.0);
    (x.abs() - half[0]).max(y.abs() - half[1])
}

/// The table in the shade that the sheet throws around its edge.
fn shaded([x, y]: [f32; 2], table: Color) -> Color {
    let from = outside([f64::from(x) - 0.001, f64::from(y) - 0.0015]) as f32;
    mix(table, table.map(|part| part * 0.55), 1.0 - step(-0.001, 0.006, from))
}

/// Light that falls from a lamp which sways, and less of it towards the picture's corners.
fn lit(x: u32, y: u32, pose: &Pose, time: f32, color: Color) -> Color {
    let [right, down] = pose.on_plane(LENS.ray([f64::from(x), f64::from(y)])).map(|part| part as f32);
    let (sine, cosine) = (std::f32::consts::TAU * time).sin_cos();
    let from_lamp = (right - 0.10 * cosine).hypot(down - 0.10 * sine);
    let lamp = 0.80 + 0.24 / (1.0 + 9.0 * from_lamp * from_lamp);
    // Leaves outside of the window.
    let shade = smooth(right * 7.0 + 0.5 * cosine, down * 7.0 + 0.6 * sine, 1 << 20, 841);
    let from_middle = (x as f32 - 319.5).hypot(y as f32 - 239.5) / 400.0;
    let light = lamp * (0.93 + 0.09 * shade) * (1.0 + 0.02 * sine) * (1.0 - 0.20 * from_middle * from_middle);
    color.map(|part| part * light)
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
                assert!((6.0..633.0).contains(&x) && (6.0..473.0).contains(&y), "{number}: {x} {y}");
            }
        }
    }

    #[test]
    fn the_camera_tilts_between_20_and_55_degrees() {
        let tilts: Vec<_> = (0..FRAMES).map(|number| look(number).tilt_deg).collect();
        let (least, most) =
            tilts.iter().fold((f64::MAX, f64::MIN), |(low, high), tilt| (low.min(*tilt), high.max(*tilt)));
        assert!((least - 20.0).abs() < 0.1 && (most - 55.0).abs() < 0.1, "{least} {most}");
    }

    /// From each frame to the next, the last to the first too, no corner goes far.
    #[test]
    fn the_film_goes_round() {
        for number in 0..FRAMES {
            let [here, there] = [number, (number + 1) % FRAMES].map(frame_from_poster);
            for corner in corners() {
                let ([x, y], [right, down]) = (project(here, corner), project(there, corner));
                assert!((x - right).hypot(y - down) < 14.0, "{number}: {x} {y} to {right} {down}");
            }
        }
    }

    /// A pixel shows the poster's pixel that the truth says.
    #[test]
    fn the_truth_is_what_is_painted() {
        let pose = Pose::from(look(40));
        let pixel = project(frame_from_poster(40), [123.0, 77.0]);
        let [x, y] = poster_from_table(pose.on_plane(LENS.ray(pixel)));
        assert!((x - 123.0).hypot(y - 77.0) < 1e-6, "{x} {y}");
    }
}
