//! The clip's picture: a brook in spring, coming down from the hills under a low sun.

use std::f32::consts::TAU;

use crate::font;
use crate::noise::{hash, smooth};
use crate::picture::{Color, Picture, mix, step};
use crate::river::{self, Place};

/// Frames after which the picture is the first again.
pub(crate) const FRAMES: u32 = 60;

/// Where the land ends and the sky begins, in parts of the height from the top.
const HORIZON: f32 = 0.46;
/// The sun's place and size.
const SUN: (f32, f32, f32) = (0.93, 0.27, 0.075);

/// Paints a frame of the clip.
pub(crate) fn frame(number: u32, width: u32, height: u32) -> Picture {
    let time = (number % FRAMES) as f32 / FRAMES as f32;
    let right = width as f32 / height as f32;
    let mut picture = Picture::paint(width, height, |x, y| color(x * (4.0 / 3.0) / right, y, time));
    if height >= 120 {
        let scale = height / 120;
        font::write(&mut picture, &format!("FRESHET {number:03}"), 4 * scale, 4 * scale, scale);
    }
    picture
}

fn color(x: f32, y: f32, time: f32) -> Color {
    let far = sky(x, y, time);
    let far = hills(x, y, far);
    if y < HORIZON {
        return pines(x, y, far);
    }
    let down = (y - HORIZON) / (1.0 - HORIZON);
    let place = Place::of(x, down);
    let land = meadow(x, down, &place);
    let bank = river::bank(&place);
    let water = river::water(&place, time, SUN.0 - x);
    let ground = if place.across.abs() < 1.0 { water } else { mix(bank, land, step(1.0, 1.22, place.across.abs())) };
    pines(x, y, leaves(x, y, time, mix(far, ground, step(0.0, 0.01, down))))
}

fn sky(x: f32, y: f32, time: f32) -> Color {
    let low = mix([1.0, 0.86, 0.62], [0.98, 0.66, 0.48], step(0.0, 0.7, (x - SUN.0).abs()));
    let sky = mix([0.28, 0.50, 0.78], low, step(0.0, HORIZON, y));
    let distance = (x - SUN.0).hypot(y - SUN.1);
    let breath = 1.0 + 0.06 * (TAU * time).sin();
    let glow = mix(sky, [1.0, 0.93, 0.72], 0.8 * (-distance * 6.0 / breath).exp());
    let sun = mix(glow, [1.0, 0.98, 0.88], 1.0 - step(SUN.2 - 0.004, SUN.2 + 0.004, distance));
    clouds(x, y, time, sun)
}

/// Long clouds that sway, the lower ones less.
fn clouds(x: f32, y: f32, time: f32, sky: Color) -> Color {
    let x = x + 0.05 * (1.0 - y) * (TAU * time).sin();
    let broad = smooth(y * 26.0, x * 3.0, 1 << 20, 31);
    let fine = smooth(y * 60.0, x * 8.0, 1 << 20, 32);
    let thick = broad * 0.65 + fine * 0.35;
    let share = step(0.58, 0.85, thick) * step(0.0, 0.1, y) * (1.0 - step(0.3, 0.42, y));
    mix(sky, [1.0, 0.95, 0.90], 0.75 * share)
}

fn hills(x: f32, y: f32, behind: Color) -> Color {
    let ridge = |top: f32, rough: f32, seed| {
        top + rough * (smooth(x * 2.6, 0.0, 8, seed) - 0.5) + rough * 0.35 * (smooth(x * 9.0, 0.0, 8, seed + 1) - 0.5)
    };
    let far = mix(behind, [0.52, 0.56, 0.68], 0.9 * step(-0.003, 0.003, y - ridge(0.33, 0.18, 41)));
    mix(far, [0.30, 0.42, 0.44], step(-0.003, 0.003, y - ridge(0.42, 0.10, 51)))
}

/// Pines along the horizon, with the brook's gap between them.
fn pines(x: f32, y: f32, behind: Color) -> Color {
    let mut color = behind;
    for tree in 0..34 {
        let middle = tree as f32 * 0.041 + 0.02 * hash(tree, 1, 61);
        let height = 0.06 + 0.10 * hash(tree, 2, 61) * step(0.05, 0.5, (middle - 0.62).abs());
        let foot = HORIZON + 0.004 + 0.02 * hash(tree, 3, 61);
        let up = (foot - y) / height;
        if !(0.0..1.0).contains(&up) || (middle - 0.62).abs() < 0.07 {
            continue;
        }
        // Branches in tiers: each narrower than the one below.
        let tier = (1.0 - up) * (0.72 + 0.28 * (1.0 - (up * 5.0).fract()));
        let edge = 0.024 * tier + 0.002;
        let shade = 0.75 + 0.5 * hash(tree, 4, 61);
        let green = [0.07 * shade, 0.22 * shade, 0.17 * shade];
        color = mix(color, green, 1.0 - step(edge - 0.003, edge, (x - middle).abs()));
    }
    color
}

/// Grass, with flowers that grow larger towards the eye.
fn meadow(x: f32, down: f32, place: &Place) -> Color {
    let (east, depth) = (place.east, place.depth);
    let tufts = smooth(east * 3.0, depth * 5.0, 1 << 20, 71) * 0.6 + smooth(x * 60.0, down * 90.0, 1 << 20, 72) * 0.4;
    let grass = mix([0.20, 0.42, 0.16], [0.52, 0.66, 0.24], tufts);
    let grass = mix([0.42, 0.55, 0.34], grass, step(0.0, 0.35, down));
    let (column, row) = ((east * 5.0).floor() as i32, (depth * 9.0).floor() as i32);
    let (right, near) = ((east * 5.0).fract().rem_euclid(1.0) - 0.5, (depth * 9.0).fract() - 0.5);
    let is_flower = hash(column, row, 73) > 0.72 && right.hypot(near) < 0.26;
    let petals = [[0.98, 0.86, 0.30], [0.96, 0.96, 0.98], [0.88, 0.42, 0.62]];
    let petal = petals[(hash(column, row, 74) * 3.0) as usize % 3];
    if is_flower { mix(grass, petal, step(0.12, 0.3, down)) } else { grass }
}

/// Leaves that drift down the brook, turning.
fn leaves(x: f32, y: f32, time: f32, under: Color) -> Color {
    let mut color = under;
    for leaf in 0..9 {
        let way = (time + hash(leaf, 1, 81)).fract();
        let down = way * way;
        let across = 0.75 * (2.0 * hash(leaf, 2, 81) - 1.0) + 0.12 * (TAU * (way * 2.0 + hash(leaf, 3, 81))).sin();
        let (middle, half) = river::course(down);
        let size = 0.008 + 0.045 * down;
        let angle = TAU * (way + hash(leaf, 4, 81));
        let (dx, dy) = ((x - middle - across * half) / size, (y - HORIZON - down * (1.0 - HORIZON)) / size * 1.9);
        let (along, aside) = (dx * angle.cos() + dy * angle.sin(), dy * angle.cos() - dx * angle.sin());
        let edge = 0.45 * (1.0 - along * along);
        if along.abs() < 1.0 && aside.abs() < edge {
            let hue = hash(leaf, 5, 81);
            let leaf = mix([0.86, 0.26, 0.12], [0.96, 0.76, 0.20], hue);
            let vein = 1.0 - step(0.03, 0.08, aside.abs());
            color = mix(mix(leaf, [0.45, 0.16, 0.08], 0.6 * vein), under, 0.6 * step(0.94, 1.0, way));
        }
    }
    color
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(a: &Picture, b: &Picture) -> f64 {
        let total: u64 = a.bytes.iter().zip(&b.bytes).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        total as f64 / a.bytes.len() as f64
    }

    /// The clip's end joins its start: the step over it is like any other.
    #[test]
    fn the_clip_goes_round() {
        let at = |number| frame(number, 96, 64);
        assert_eq!(at(0).bytes, at(FRAMES).bytes);
        let (inside, across) = (difference(&at(20), &at(21)), difference(&at(FRAMES - 1), &at(0)));
        assert!(inside > 0.2 && across < 2.0 * inside, "{inside} {across}");
    }
}
