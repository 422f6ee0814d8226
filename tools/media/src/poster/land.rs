//! The poster's land: fields with furrows, some of them under water, hedges and trees.

use super::brook;
use super::shape::{Cell, turned};
use crate::noise::{hash, smooth};
use crate::picture::{Color, mix};

/// Where the land begins.
pub(super) const HORIZON: f32 = 0.475;

const FIELDS: [Color; 6] = [
    [0.62, 0.70, 0.26],
    [0.36, 0.55, 0.22],
    [0.86, 0.78, 0.36],
    [0.24, 0.44, 0.22],
    [0.74, 0.58, 0.30],
    [0.50, 0.64, 0.36],
];

/// A place on the ground: to the right of the middle, and how far away.
pub(super) fn ground(x: f32, y: f32) -> (f32, f32) {
    let near = y - HORIZON + 0.085;
    ((x - 0.62) / near, 1.0 / near)
}

pub(super) fn color(x: f32, y: f32) -> Color {
    let (east, depth) = ground(x, y);
    let bend = 0.35 * (smooth(east * 2.0, depth, 1 << 10, 501) - 0.5);
    let field = Cell::at(east * 0.95 + bend, depth * 0.80 + bend, 502);
    let hedge = 0.035 + 0.05 * smooth(x * 85.0, y * 110.0, 1 << 10, 503);
    if field.inside < hedge {
        let is_lit = smooth(x * 120.0, y * 140.0, 1 << 10, 504) > 0.55;
        return if is_lit { [0.26, 0.46, 0.22] } else { [0.09, 0.24, 0.17] };
    }
    let kind = field.chance(505);
    if kind > 0.80 {
        return flooded(x, y);
    }
    let base = FIELDS[(kind * 7.5) as usize % FIELDS.len()];
    let (_, aside) = turned(field.right, field.down, 3.0 * field.chance(506) + 0.3);
    let rows = aside * (5.0 + 7.0 * field.chance(507)) + 0.25 * smooth(x * 40.0, y * 40.0, 1 << 10, 508);
    let is_furrow = rows - rows.floor() < 0.38;
    let (column, row) = ((rows.floor()) as i32, ((x + y) * 44.0 + 0.7 * rows.floor()).floor() as i32);
    // A furrow is broken now and then, and something grows in it.
    match (is_furrow, hash(column, row, 509)) {
        (true, chance) if chance < 0.22 => mix(base, [0.99, 0.95, 0.72], 0.8),
        (true, chance) if chance < 0.80 => base.map(|part| part * 0.62),
        (false, chance) if chance < 0.10 => base.map(|part| part * 0.80),
        _ => base,
    }
}

/// A field that the flood has taken.
fn flooded(x: f32, y: f32) -> Color {
    let wave = y * 120.0 + 1.6 * smooth(x * 18.0, y * 30.0, 1 << 10, 511);
    let is_line = wave - wave.floor() < 0.34 && smooth(x * 26.0, wave.floor(), 1 << 10, 512) > 0.46;
    if is_line { [0.86, 0.93, 0.88] } else { [0.36, 0.66, 0.68] }
}

/// A tree: where it stands, and how large it is.
pub(super) struct Tree {
    number: i32,
    middle: f32,
    foot: f32,
    size: f32,
}

/// Trees all over the land but not in the water, from the far ones to the near ones.
pub(super) fn forest() -> Vec<Tree> {
    const COUNT: i32 = 92;
    let tree = |number| {
        let way = (number as f32 + hash(number, 1, 521)) / COUNT as f32;
        let down = way.powf(2.1) * 0.44;
        let (foot, size) = (HORIZON + 0.012 + down, 0.017 + 0.135 * down);
        let middle = 1.36 * hash(number, 2, 521) - 0.01;
        let (brook, half) = brook::course(down / (1.0 - HORIZON));
        let clear = 1.35 * half + size;
        let aside = clear.copysign(middle - brook) * (1.0 + 0.5 * hash(number, 3, 521));
        let middle = if (middle - brook).abs() < clear { brook + aside } else { middle };
        Tree { number, middle, foot, size }
    };
    (0..COUNT).map(tree).collect()
}

impl Tree {
    /// Its colour here, where it is.
    pub(super) fn color(&self, x: f32, y: f32) -> Option<Color> {
        let (right, up) = ((x - self.middle) / self.size, (self.foot - y) / self.size);
        if right.abs() > 1.0 || !(-0.2..2.6).contains(&up) {
            return None;
        }
        let is_pine = hash(self.number, 4, 521) < 0.55;
        if is_pine { pine(right, up, self.number) } else { broad(right, up, self.number) }
    }
}

fn pine(right: f32, up: f32, tree: i32) -> Option<Color> {
    let tiers = 3.0 + (3.0 * hash(tree, 5, 521)).floor();
    let way = (up - 0.25) / 2.1;
    if way < 0.0 {
        return (right.abs() < 0.09 && up > -0.05).then_some([0.28, 0.18, 0.12]);
    }
    let step = (way * tiers).fract();
    let edge = 0.62 * (1.0 - way) * (1.12 - 0.55 * step) + 0.02;
    let is_snagged = (right * 9.0 + up * 5.0).sin() > 0.72;
    (way < 1.0 && right.abs() < edge).then_some(match (right > 0.05, is_snagged) {
        (true, true) => [0.46, 0.60, 0.34],
        (true, false) => [0.18, 0.42, 0.29],
        _ => [0.05, 0.20, 0.18],
    })
}

fn broad(right: f32, up: f32, tree: i32) -> Option<Color> {
    let (from, top) = (right.hypot(up - 1.05), 0.66 + 0.10 * (9.0 * (up - 1.05).atan2(right) + tree as f32).sin());
    if from > top {
        return (right.abs() < 0.10 && (-0.05..0.6).contains(&up)).then_some([0.30, 0.18, 0.12]);
    }
    let is_blossom = tree % 4 == 1;
    let [dark, light] =
        if is_blossom { [[0.80, 0.42, 0.42], [0.99, 0.80, 0.76]] } else { [[0.16, 0.36, 0.16], [0.58, 0.70, 0.26]] };
    let spot = Cell::at(right * 4.0, up * 4.0, 530 + tree as u32 % 7);
    let is_light = right + 0.4 * (up - 1.05) > -0.1;
    let is_spot = spot.inside > 0.12 && spot.chance(540) < if is_light { 0.75 } else { 0.22 };
    Some(if is_spot { light } else { dark })
}
