//! The poster's brook: water in cut lines between banks of pebbles.

use super::land::HORIZON;
use super::shape::Cell;
use crate::noise::{hash, smooth};
use crate::picture::{Color, mix};

const WATER: [Color; 5] =
    [[0.04, 0.22, 0.31], [0.06, 0.33, 0.42], [0.13, 0.47, 0.54], [0.36, 0.66, 0.68], [0.90, 0.95, 0.90]];
const STONES: [Color; 6] = [
    [0.62, 0.56, 0.48],
    [0.84, 0.78, 0.68],
    [0.46, 0.44, 0.46],
    [0.72, 0.50, 0.38],
    [0.56, 0.62, 0.62],
    [0.93, 0.89, 0.80],
];

/// The middle of the brook and half its width, this far from the horizon to the poster's foot.
pub(super) fn course(down: f32) -> (f32, f32) {
    let bends = 0.30 * (1.0 - 0.55 * down) * (7.4 * down.powf(0.72) + 0.5).sin() * down.sqrt();
    (0.66 + bends - 0.05 * down, 0.010 + 0.27 * down.powf(1.3))
}

pub(super) fn color(x: f32, y: f32, land: Color) -> Color {
    let down = (y - HORIZON) / (1.0 - HORIZON);
    if down < 0.0 {
        return land;
    }
    let (middle, half) = course(down);
    let across = (x - middle) / half;
    let away = 1.0 / (down + 0.16);
    let rough = 0.13 * (smooth(x * 24.0, y * 24.0, 1 << 10, 601) - 0.5) + 0.004 / (down + 0.1);
    let bank = across.abs() + rough;
    if bank < 1.0 {
        water(across, away, down)
    } else if bank < 1.05 {
        WATER[4]
    } else if bank < 1.30 + 0.22 * smooth(y * 9.0, across.signum() * 5.0, 1 << 10, 602) {
        pebble(20.0 * (x - 0.62) * away, 27.0 * away.ln())
    } else {
        land
    }
}

/// Lines that run with the stream, broken here and there, with a net of light where it is shallow.
fn water(across: f32, away: f32, down: f32) -> Color {
    let lanes = 5.0 + 12.0 * down;
    let drift = 0.9 * (smooth(away * 4.0, across * 2.0, 1 << 10, 611) - 0.5)
        + 0.30 * (smooth(away * 13.0, across * 5.0, 1 << 10, 612) - 0.5);
    let lane = across * lanes.round() + drift * (1.0 + 3.0 * down);
    let (number, within) = (lane.floor() as i32, lane - lane.floor());
    let run = away * (6.0 + 5.0 * hash(number, 1, 613)) + 7.0 * hash(number, 2, 613);
    let (piece, along) = (run.floor() as i32, run - run.floor());
    let length = 0.35 + 0.6 * hash(number, piece, 614);
    // A line is thickest in its middle.
    let thick = 0.62 * (1.0 - (2.0 * along / length - 1.0).powi(2));
    let deep = 1.0 - across.abs() + 0.25 * (smooth(away * 3.0, across * 3.0, 1 << 10, 615) - 0.5);
    let base = usize::from(deep < 0.62) + usize::from(deep < 0.26);
    if along < length && (within - 0.5).abs() < thick / 2.0 {
        return match hash(number, piece, 616) {
            kind if kind < 0.30 => WATER[4],
            kind if kind < 0.62 => WATER[3],
            _ => WATER[base + 1],
        };
    }
    let net = Cell::at(across * (2.0 + 7.0 * down), away * 7.5, 617);
    let is_net = net.inside < 0.055 && deep < 0.52 && down > 0.12;
    if is_net { mix(WATER[base], WATER[3], 0.8) } else { WATER[base] }
}

fn pebble(x: f32, y: f32) -> Color {
    const GAP: f32 = 0.055;
    let stone = Cell::at(x, y, 621);
    if stone.inside < GAP {
        return [0.16, 0.15, 0.16];
    }
    let color = STONES[(stone.chance(622) * 6.0) as usize % STONES.len()];
    let up_left = stone.right + stone.down;
    if stone.inside < GAP + 0.10 && up_left > 0.05 {
        color.map(|part| part * 0.62)
    } else if (stone.right + 0.10).hypot(stone.down + 0.10) < 0.10 {
        mix(color, [1.0, 0.99, 0.94], 0.7)
    } else {
        color
    }
}
