//! The poster on a table, filmed by a camera that goes round it once.

mod truth;
mod walk;

use std::f32::consts::TAU;
use std::path::Path;

use indicatif::ProgressBar;

use crate::camera::{Lens, Pose};
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
/// Higher makes the file larger: 3.1 MB at 80, 3.6 MB at 85.
const JPEG_QUALITY: u16 = 80;
const LENS: Lens = Lens { focal: [554.26; 2], center: [319.5, 239.5], distortion: [0.0; 5] };
const POSTER_WIDTH_M: f64 = 0.30;
/// Poster pixels in a metre.
const SCALE: f64 = poster::SIZE.0 as f64 / POSTER_WIDTH_M;
/// The noise's deviation, in steps of a byte.
const NOISE: f32 = 0.6;
/// Points at which a pixel asks for the poster, along each side.
const POINTS: u32 = 4;

/// Makes the poster, its film and the film's truth.
pub(crate) fn make(folder: &Path, progress: &ProgressBar) -> Result<(), MediaError> {
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
    files::write(folder, "poster.truth.json", truth::text().as_bytes())
}

/// Paints a frame of the film.
fn frame(number: u32, poster: &Picture) -> Picture {
    let (pose, time) = (Pose::from(walk::look(number)), (number % FRAMES) as f32 / FRAMES as f32);
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
    let wide = [right, below].map(|[x, y]| (x - middle[0]).hypot(y - middle[1])).into_iter().fold(0.0, f64::max);
    let place = middle.map(|part| part as f32);
    let table = shaded(place, table::color(place, wide as f32));
    if outside(middle) > 2.0 * wide {
        return table;
    }
    let part = |at: u32| (f64::from(at) + 0.5) / f64::from(POINTS) - 0.5;
    let mut sum = [0.0; 3];
    for at in 0..POINTS * POINTS {
        let place = point(part(at % POINTS), part(at / POINTS));
        let is_poster = outside(place) < 0.0;
        let color = if is_poster { poster.at(walk::poster_from_table(place).map(|part| part as f32)) } else { table };
        sum = [0, 1, 2].map(|channel| sum[channel] + color[channel]);
    }
    sum.map(|channel| channel / (POINTS * POINTS) as f32)
}

/// How far outside of the poster's edge, in metres; less than 0 inside.
fn outside([x, y]: [f64; 2]) -> f64 {
    let (width, height) = poster::SIZE;
    (x.abs() - f64::from(width) / SCALE / 2.0).max(y.abs() - f64::from(height) / SCALE / 2.0)
}

/// The table in the shade that the sheet throws around its edge.
fn shaded([x, y]: [f32; 2], table: Color) -> Color {
    let from = outside([f64::from(x) - 0.001, f64::from(y) - 0.0015]) as f32;
    mix(table, table.map(|part| part * 0.55), 1.0 - step(-0.001, 0.006, from))
}

/// Light that falls from a lamp which sways, and less of it towards the picture's corners.
fn lit(x: u32, y: u32, pose: &Pose, time: f32, color: Color) -> Color {
    let [right, down] = pose.on_plane(LENS.ray([f64::from(x), f64::from(y)])).map(|part| part as f32);
    let (sine, cosine) = (TAU * time).sin_cos();
    let from_lamp = (right - 0.10 * cosine).hypot(down - 0.10 * sine);
    let lamp = 0.80 + 0.24 / (1.0 + 9.0 * from_lamp * from_lamp);
    // Leaves outside of the window.
    let shade = smooth(right * 7.0 + 0.5 * cosine, down * 7.0 + 0.6 * sine, 1 << 20, 841);
    let from_middle = (x as f32 - 319.5).hypot(y as f32 - 239.5) / 400.0;
    let light = lamp * (0.93 + 0.09 * shade) * (1.0 + 0.02 * sine) * (1.0 - 0.20 * from_middle * from_middle);
    color.map(|part| part * light)
}
