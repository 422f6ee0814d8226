//! The poster: a brook in flood, as if cut in linoleum and printed in a few inks.
//!
//! It is what the image trackers look for, so there are edges and corners of every size all over it, and none of it
//! repeats.

mod brook;
mod hills;
mod land;
mod leaves;
mod shape;
mod sky;

use std::f32::consts::PI;

use crate::font;
use crate::noise::{hash, smooth};
use crate::picture::{Color, Picture, mix};
use land::Tree;
use shape::turned;

/// The poster's size in pixels.
pub(crate) const SIZE: (u32, u32) = (600, 450);

const PAPER: Color = [0.97, 0.94, 0.86];
const INK: Color = [0.05, 0.15, 0.21];

/// Paints the poster.
pub(crate) fn poster() -> Picture {
    let forest = land::forest();
    Picture::paint(2 * SIZE.0, 2 * SIZE.1, |x, y| color(x, y, &forest)).halved()
}

fn color(x: f32, y: f32, forest: &[Tree]) -> Color {
    let wide = SIZE.0 as f32 / SIZE.1 as f32;
    let ragged =
        0.010 + 0.006 * smooth(x * 31.0, y * 31.0, 1 << 10, 201) + 0.003 * smooth(x * 97.0, y * 97.0, 1 << 10, 202);
    if x.min(wide - x).min(y).min(1.0 - y) < ragged {
        return PAPER;
    }
    title(x, y).unwrap_or_else(|| leaves::color(x, y, flecks(x, y, landscape(x, y, forest))))
}

fn landscape(x: f32, y: f32, forest: &[Tree]) -> Color {
    let far = hills::color(x, y, sky::color(x, y));
    let edge = 0.006 * smooth(x * 40.0, 0.0, 1, 203);
    let ground = if y < land::HORIZON + edge { far } else { brook::color(x, y, land::color(x, y)) };
    forest.iter().rev().find_map(|tree| tree.color(x, y)).unwrap_or(ground)
}

/// What the gouge leaves: short cuts that follow the form, lighter than what they are cut into.
fn flecks(x: f32, y: f32, under: Color) -> Color {
    const SIDE: f32 = 0.021;
    let (column, row) = ((x / SIDE).floor() as i32, (y / SIDE).floor() as i32);
    for place in 0..9 {
        let (column, row) = (column + place % 3 - 1, row + place / 3 - 1);
        let kind = hash(column, row, 211);
        if kind < 0.55 {
            continue;
        }
        let (right, down) = (column as f32 + hash(column, row, 212), row as f32 + hash(column, row, 213));
        let angle = PI * 1.6 * smooth(right * 0.11, down * 0.11, 1 << 10, 214) + 0.5 * hash(column, row, 215);
        let (along, aside) = turned(x / SIDE - right, y / SIDE - down, angle);
        let (half, thick) = (0.20 + 0.45 * hash(column, row, 216), 0.06 + 0.07 * hash(column, row, 217));
        // Pointed at one end, as a gouge goes in, and blunt where it comes out.
        if along.abs() < half && aside.abs() < thick * (along / half + 1.0) / 2.0 {
            return if kind > 0.85 { mix(under, INK, 0.35) } else { mix(under, PAPER, 0.45) };
        }
    }
    under
}

/// The name, on a shadow of its own, and a line below it.
fn title(x: f32, y: f32) -> Option<Color> {
    let large = |shift: f32| font::covers("FRESHET", (x - 0.052 - shift) / 0.0235, (y - 0.050 - shift) / 0.0235);
    let small = |shift: f32| font::covers("A SPRING FLOOD", (x - 0.054 - shift) / 0.0068, (y - 0.186 - shift) / 0.0068);
    // The ink did not take everywhere.
    let is_worn = smooth(x * 75.0, y * 60.0, 1 << 10, 221) > 0.80;
    if large(0.0) {
        return Some(if is_worn { [0.96, 0.70, 0.36] } else { PAPER });
    }
    if large(0.0085) || large(0.0045) {
        return Some(INK);
    }
    small(0.0).then_some(INK)
}
