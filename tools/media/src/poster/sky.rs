//! The poster's sky: tones in bands, a sun with uneven rays, clouds cut out of paper, swallows.

use std::f32::consts::TAU;

use super::shape::{between, line, turned};
use crate::noise::{hash, smooth};
use crate::picture::{Color, mix};

/// The sun's place and size.
pub(super) const SUN: (f32, f32, f32) = (0.955, 0.255, 0.088);

const TONES: [Color; 6] = [
    [0.13, 0.40, 0.52],
    [0.24, 0.52, 0.60],
    [0.44, 0.67, 0.66],
    [0.70, 0.80, 0.68],
    [0.93, 0.84, 0.62],
    [0.98, 0.76, 0.50],
];
/// Clouds from the back to the front: middle, foot, half width.
const CLOUDS: [(f32, f32, f32); 9] = [
    (0.70, 0.10, 0.16),
    (0.28, 0.29, 0.17),
    (1.20, 0.36, 0.14),
    (0.07, 0.345, 0.12),
    (0.56, 0.235, 0.09),
    (1.09, 0.105, 0.10),
    (0.77, 0.325, 0.085),
    (0.46, 0.375, 0.12),
    (1.27, 0.20, 0.09),
];
/// Swallows: place, half span, direction.
const SWALLOWS: [(f32, f32, f32, f32); 7] = [
    (0.815, 0.165, 0.030, -0.35),
    (0.745, 0.205, 0.021, 0.20),
    (0.728, 0.132, 0.024, -0.10),
    (1.075, 0.185, 0.022, -0.60),
    (0.870, 0.075, 0.017, 0.35),
    (0.475, 0.195, 0.019, 0.10),
    (0.605, 0.262, 0.016, -0.25),
];

pub(super) fn color(x: f32, y: f32) -> Color {
    let mut color = sun(x, y, tone(x, y));
    for (number, cloud) in (0..).zip(CLOUDS) {
        color = cut_cloud(x, y, cloud, number, color);
    }
    for swallow in SWALLOWS {
        color = fly(x, y, swallow, color);
    }
    color
}

/// Bands with wavy borders, as if printed from one block each.
fn tone(x: f32, y: f32) -> Color {
    let wave = 0.055 * smooth(x * 3.1, y * 2.0, 64, 301) + 0.022 * smooth(x * 11.0, y * 9.0, 64, 302);
    let place = (y + wave - 0.02) / 0.078;
    TONES[(place.max(0.0) as usize).min(TONES.len() - 1)]
}

fn sun(x: f32, y: f32, sky: Color) -> Color {
    let (right, down) = (x - SUN.0, y - SUN.1);
    let (distance, direction) = (right.hypot(down) / SUN.2, down.atan2(right));
    if distance < 1.0 {
        // Rings that are not quite round.
        let ring = distance + 0.06 * smooth(direction * 2.0 + 9.0, distance * 3.0, 64, 311);
        return match (ring * 7.0) as i32 {
            0..=3 => [0.99, 0.93, 0.70],
            4 => [0.98, 0.74, 0.30],
            5 => [0.99, 0.86, 0.50],
            _ => [0.93, 0.45, 0.20],
        };
    }
    let mut color = sky;
    for ray in 0..29 {
        let middle = TAU * (ray as f32 + 0.7 * hash(ray, 1, 312)) / 29.0;
        let (start, length) = (1.16 + 0.25 * hash(ray, 2, 312), 0.5 + 3.2 * hash(ray, 3, 312).powi(2));
        let along = (distance - start) / length;
        let half = (0.030 + 0.055 * hash(ray, 4, 312)) * (1.0 - 0.55 * along);
        let is_gap = (along - hash(ray, 5, 312)).abs() < 0.05;
        if (0.0..1.0).contains(&along) && between(direction, middle).abs() < half && !is_gap {
            color = if hash(ray, 6, 312) < 0.5 { [0.99, 0.88, 0.56] } else { [0.96, 0.58, 0.26] };
        }
    }
    color
}

/// Puffs on a flat foot, lit from the sun's side, with lines cut into them.
fn cut_cloud(x: f32, y: f32, (middle, foot, half): (f32, f32, f32), number: i32, behind: Color) -> Color {
    let edge = 0.004 * smooth(x * 70.0, 0.0, 1, 321);
    if (x - middle).abs() > 1.3 * half || y > foot + edge || y < foot - 1.2 * half {
        return behind;
    }
    let (mut depth, mut lit) = (f32::MIN, f32::MIN);
    for puff in 0..6 {
        let place = (puff as f32 + 0.5) / 6.0 * 2.0 - 1.0;
        let size = half * (0.20 + 0.24 * hash(puff, number, 322)) * (1.25 - place * place);
        let center = middle + half * (place + 0.12 * (hash(puff, number, 323) - 0.5));
        let top = foot - 0.35 * size * hash(puff, number, 324);
        depth = depth.max(size - (x - center).hypot(y - top));
        let toward = if center < SUN.0 { 0.3 } else { -0.3 };
        lit = lit.max(0.66 * size - (x - center - toward * size).hypot(y - top + 0.30 * size));
    }
    if depth < 0.0 {
        return behind;
    }
    let shade = [[0.60, 0.70, 0.72], [0.83, 0.68, 0.62], [0.42, 0.60, 0.66]][number as usize % 3];
    let line = (y - foot) / 0.0125 + 0.8 * smooth(x * 14.0, y * 20.0, 64, 325);
    let is_cut = line - line.floor() < 0.30 && smooth(x * 22.0, line.floor(), 1 << 20, 326) > 0.48;
    match (lit > 0.0, is_cut) {
        (true, _) => [0.98, 0.95, 0.87],
        (false, true) => mix(shade, [0.98, 0.95, 0.87], 0.75),
        (false, false) => shade,
    }
}

/// Two wings and a forked tail.
fn fly(x: f32, y: f32, (right, down, span, angle): (f32, f32, f32, f32), behind: Color) -> Color {
    let (along, aside) = turned((x - right) / span, (y - down) / span, angle);
    if along.hypot(aside) > 1.5 {
        return behind;
    }
    let parts = [
        ((0.0, 0.0), (-0.55, -0.42), 0.13),
        ((-0.55, -0.42), (-1.25, -0.10), 0.10),
        ((0.0, 0.0), (0.50, -0.50), 0.13),
        ((0.50, -0.50), (1.05, -0.55), 0.10),
        ((0.12, -0.16), (-0.10, 0.34), 0.12),
        ((-0.10, 0.34), (-0.34, 0.78), 0.06),
        ((-0.10, 0.34), (0.08, 0.82), 0.06),
    ];
    let is_bird = parts.iter().any(|&(from, to, thick)| {
        let (distance, way) = line(along, aside, from, to);
        distance < thick * (1.0 - 0.6 * way)
    });
    if is_bird { [0.07, 0.16, 0.22] } else { behind }
}
