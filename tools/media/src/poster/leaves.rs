//! The poster's leaves: on the water, in the wind, ferns at the foot and a branch in blossom above.

use std::f32::consts::TAU;

use super::brook::course;
use super::land::HORIZON;
use super::shape::{Blade, blade, line, turned};
use crate::noise::hash;
use crate::picture::{Color, mix};

const AUTUMN: [[Color; 2]; 3] = [
    [[0.86, 0.30, 0.14], [0.96, 0.50, 0.22]],
    [[0.92, 0.62, 0.16], [0.99, 0.82, 0.36]],
    [[0.66, 0.18, 0.16], [0.88, 0.34, 0.24]],
];
const GREEN: [[Color; 2]; 3] = [
    [[0.10, 0.32, 0.20], [0.26, 0.52, 0.26]],
    [[0.34, 0.52, 0.16], [0.66, 0.76, 0.28]],
    [[0.06, 0.24, 0.22], [0.16, 0.42, 0.34]],
];
/// The branch from the upper right, from its foot to its tip.
const BRANCH: [(f32, f32); 6] =
    [(1.35, 0.02), (1.27, 0.055), (1.20, 0.045), (1.135, 0.085), (1.075, 0.075), (1.02, 0.045)];
/// Ferns: foot, direction, length, lean.
const FERNS: [(f32, f32, f32, f32, f32); 5] = [
    (0.06, 1.02, -1.25, 0.30, 0.55),
    (-0.01, 1.00, -0.75, 0.36, 0.45),
    (0.14, 1.03, -1.75, 0.21, -0.5),
    (1.30, 1.03, -1.95, 0.25, -0.6),
    (1.22, 1.03, -1.45, 0.17, 0.4),
];

fn paint(blade: Blade, [dark, light]: [Color; 2]) -> Color {
    let tone = if blade.aside > 0.0 { dark } else { light };
    if blade.is_vein { mix(tone, [0.99, 0.94, 0.76], 0.65) } else { tone }
}

pub(super) fn color(x: f32, y: f32, under: Color) -> Color {
    let color = afloat(x, y, under);
    let color = ferns(x, y, color);
    blossoms(x, y, branch(x, y, in_the_wind(x, y, color)))
}

/// Down the brook, each with its shadow on the water.
fn afloat(x: f32, y: f32, under: Color) -> Color {
    if y < HORIZON {
        return under;
    }
    let mut color = under;
    for leaf in 0..17 {
        let down = 0.16 + 0.80 * ((leaf as f32 + hash(leaf, 1, 701)) / 17.0);
        let (middle, half) = course(down);
        let stalk = (middle + half * (1.5 * hash(leaf, 2, 701) - 0.75), HORIZON + down * (1.0 - HORIZON));
        let (angle, size) = (TAU * hash(leaf, 3, 701), 0.008 + 0.028 * down);
        let lower = (stalk.0 + 0.006, stalk.1 + 0.008);
        if blade(x, y, lower, angle, size, 0.5).is_some() {
            color = mix(color, [0.02, 0.12, 0.18], 0.7);
        }
        if let Some(place) = blade(x, y, stalk, angle, size, 0.5) {
            color = paint(place, AUTUMN[leaf as usize % 3]);
        }
    }
    color
}

/// Few, across the sky.
fn in_the_wind(x: f32, y: f32, under: Color) -> Color {
    if y > HORIZON {
        return under;
    }
    let mut color = under;
    for leaf in 0..15 {
        let stalk = (0.05 + 1.2 * hash(leaf, 1, 711), 0.17 + 0.27 * hash(leaf, 2, 711));
        let (angle, size) = (TAU * hash(leaf, 3, 711), 0.008 + 0.009 * hash(leaf, 4, 711));
        if let Some(place) = blade(x, y, stalk, angle, size, 0.45) {
            color = paint(place, if leaf % 3 == 0 { GREEN[1] } else { AUTUMN[leaf as usize % 2] });
        }
    }
    color
}

/// Fronds that bend, with leaflets that get smaller towards the tip.
fn ferns(x: f32, y: f32, under: Color) -> Color {
    const LEAFLETS: i32 = 15;
    let mut color = under;
    for (number, (right, down, angle, length, lean)) in (0..).zip(FERNS) {
        if (x - right).hypot(y - down) > length * 1.25 {
            continue;
        }
        for leaflet in (0..LEAFLETS).rev() {
            let way = (leaflet as f32 + 0.5) / LEAFLETS as f32;
            let bent = angle + lean * way;
            let stalk = (right + length * way * bent.cos(), down + length * way * bent.sin());
            let size = 0.5 * length * (0.30 - 0.24 * way) * (0.85 + 0.3 * hash(leaflet, number, 721));
            for side in [-1.0, 1.0] {
                let out = bent + lean * way + side * (1.05 - 0.35 * way);
                if let Some(place) = blade(x, y, stalk, out, size, 0.34) {
                    let kind = usize::from(hash(leaflet, number, 722) < 0.35);
                    color = paint(place, GREEN[if number % 2 == 1 { 2 - 2 * kind } else { kind }]);
                }
            }
        }
    }
    color
}

fn branch(x: f32, y: f32, under: Color) -> Color {
    if x < 0.90 || y > 0.24 {
        return under;
    }
    let mut color = under;
    for (piece, ends) in (0..).zip(BRANCH.windows(2)) {
        let (distance, _) = line(x, y, ends[0], ends[1]);
        if distance < 0.0085 - 0.0014 * piece as f32 {
            color = if y < ends[0].1 { [0.38, 0.24, 0.16] } else { [0.22, 0.13, 0.10] };
        }
        for leaf in 0..4 {
            let way = hash(leaf, piece, 731);
            let stalk = (ends[0].0 + (ends[1].0 - ends[0].0) * way, ends[0].1 + (ends[1].1 - ends[0].1) * way);
            let (angle, size) = (TAU * hash(leaf, piece, 732), 0.015 + 0.014 * hash(leaf, piece, 733));
            if let Some(place) = blade(x, y, stalk, angle, size, 0.42) {
                color = paint(place, GREEN[(leaf + piece) as usize % 2]);
            }
        }
    }
    color
}

/// Five petals each, along the branch and among the ferns.
fn blossoms(x: f32, y: f32, under: Color) -> Color {
    let mut color = under;
    for flower in 0..26 {
        let (right, down, size) = if flower < 11 {
            let foot = BRANCH[flower as usize % 6];
            let (right, down) = (hash(flower, 1, 741) - 0.5, hash(flower, 2, 741) - 0.4);
            (foot.0 + 0.07 * right, foot.1 + 0.07 * down, 0.011 + 0.009 * hash(flower, 3, 741))
        } else {
            let place = hash(flower, 1, 742);
            let right = if flower % 2 == 0 { 0.02 + 0.30 * place } else { 1.02 + 0.30 * place };
            (right, 0.84 + 0.14 * hash(flower, 2, 742), 0.012 + 0.014 * hash(flower, 3, 742))
        };
        let (along, aside) = turned((x - right) / size, (y - down) / size, TAU * hash(flower, 4, 741));
        let from = along.hypot(aside);
        if from > 1.1 {
            continue;
        }
        let petal = (aside.atan2(along) * 2.5).cos().abs();
        if from < 0.30 {
            color = [0.95, 0.66, 0.16];
        } else if from < 0.45 + 0.6 * petal.sqrt() {
            let light = if flower % 3 == 0 { [0.99, 0.97, 0.92] } else { [0.98, 0.76, 0.74] };
            color = if petal < 0.35 || from < 0.40 { mix(light, [0.80, 0.28, 0.34], 0.75) } else { light };
        }
    }
    color
}
