//! Shapes cut out of paper.

use std::f32::consts::TAU;

use crate::noise::hash;

/// One piece of a mosaic of uneven cells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    /// Whose it is: the same all over the cell.
    pub(crate) column: i32,
    pub(crate) row: i32,
    /// From the cell's middle.
    pub(crate) right: f32,
    pub(crate) down: f32,
    /// How far inside of the cell's seam: 0 at the seam.
    pub(crate) inside: f32,
}

impl Cell {
    /// The cell here, of cells about one unit wide.
    pub(crate) fn at(x: f32, y: f32, seed: u32) -> Self {
        let mut nearest = (f32::MAX, Self { column: 0, row: 0, right: 0.0, down: 0.0, inside: 0.0 });
        let mut second = f32::MAX;
        for place in 0..9 {
            let (column, row) = (x.floor() as i32 + place % 3 - 1, y.floor() as i32 + place / 3 - 1);
            let right = x - column as f32 - 0.1 - 0.8 * hash(column, row, seed);
            let down = y - row as f32 - 0.1 - 0.8 * hash(column, row, seed + 1);
            let distance = right.hypot(down);
            if distance < nearest.0 {
                second = nearest.0;
                nearest = (distance, Self { column, row, right, down, inside: 0.0 });
            } else {
                second = second.min(distance);
            }
        }
        Self { inside: (second - nearest.0) / 2.0, ..nearest.1 }
    }

    /// A number from 0 to 1 that belongs to the cell.
    pub(crate) fn chance(&self, seed: u32) -> f32 {
        hash(self.column, self.row, seed)
    }
}

/// A place as seen along a direction: how far along it, and how far aside of it.
pub(crate) fn turned(right: f32, down: f32, angle: f32) -> (f32, f32) {
    let (sine, cosine) = angle.sin_cos();
    (right * cosine + down * sine, down * cosine - right * sine)
}

/// How far from a line between two points, and where along it, from 0 to 1.
pub(crate) fn line(x: f32, y: f32, from: (f32, f32), to: (f32, f32)) -> (f32, f32) {
    let (right, down) = (to.0 - from.0, to.1 - from.1);
    let along = ((x - from.0) * right + (y - from.1) * down) / (right * right + down * down);
    let along = along.clamp(0.0, 1.0);
    ((x - from.0 - along * right).hypot(y - from.1 - along * down), along)
}

/// A place in a leaf.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blade {
    /// From -1 at one edge to 1 at the other, 0 at the vein.
    pub(crate) aside: f32,
    /// The vein and those that leave it.
    pub(crate) is_vein: bool,
}

/// The place in a leaf of half this length which grows from a stalk in a direction; none outside of the leaf.
pub(crate) fn blade(x: f32, y: f32, stalk: (f32, f32), angle: f32, half: f32, width: f32) -> Option<Blade> {
    let (along, aside) = turned((x - stalk.0) / half, (y - stalk.1) / half, angle);
    let along = along - 1.0;
    // Widest before the middle, with a long tip.
    let edge = width * (1.0 - along * along) * (1.0 - 0.35 * along);
    if along.abs() >= 1.0 || aside.abs() >= edge {
        return None;
    }
    let aside = aside / edge;
    let side = (along - 0.5 * aside.abs()) * 3.5;
    let is_vein = aside.abs() * edge < 0.035 || side - side.floor() < 0.16 && aside.abs() < 0.8;
    Some(Blade { aside, is_vein })
}

/// The difference of two directions, from -half a turn to half a turn.
pub(crate) fn between(a: f32, b: f32) -> f32 {
    let turns = (a - b) / TAU;
    (turns - turns.round()) * TAU
}
