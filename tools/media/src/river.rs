//! The brook: where it runs, and what its water looks like.

use std::f32::consts::TAU;

use crate::noise::smooth;
use crate::picture::{Color, mix, step};

/// Bumps of the water's noise that pass in one round of the clip.
const FLOW: i32 = 6;

/// A place on the ground.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// From -1 at the left bank to 1 at the right.
    pub(crate) across: f32,
    /// How far away.
    pub(crate) depth: f32,
    /// How far to the right of the middle, at that depth.
    pub(crate) east: f32,
    /// 0 at the horizon, 1 at the picture's foot.
    down: f32,
}

/// The middle of the brook and half its width, this far down the picture.
pub(crate) fn course(down: f32) -> (f32, f32) {
    let bend = (1.0 - down) * (1.0 - down);
    (0.62 - 0.10 * bend * (down * 21.0).sin() - 0.04 * down, 0.016 + 0.40 * down.powf(1.25))
}

impl Place {
    /// The place that is seen here.
    pub(crate) fn of(x: f32, down: f32) -> Self {
        let (middle, half) = course(down);
        let depth = 1.0 / (down + 0.05);
        Self { across: (x - middle) / half, depth, east: (x - 0.62) * depth, down }
    }
}

/// Wet stones at the water's edge.
pub(crate) fn bank(place: &Place) -> Color {
    let stones = smooth(place.east * 9.0, place.depth * 14.0, 1 << 20, 91);
    mix([0.34, 0.28, 0.22], [0.62, 0.56, 0.47], stones)
}

/// The water: deep blue, with the sky in it, waves that run towards the eye, foam, and the sun's glitter.
pub(crate) fn water(place: &Place, time: f32, from_sun: f32) -> Color {
    let Place { across, depth, east, down } = *place;
    let near = step(0.0, 0.3, down);
    let flow = depth * 4.0 + FLOW as f32 * time;
    // Noise repeats after as many bumps as pass in a round, so the clip's end joins its start.
    let ripples = smooth(east * 6.0 + 0.6 * (depth * 5.0).sin(), flow * 2.0, 2 * FLOW, 92);
    let swell = (TAU * (3.0 * time + depth * 1.7) + 2.2 * across).sin()
        + (TAU * (2.0 * time + depth * 2.9) - 3.1 * across).sin();
    let height = 0.5 + 0.22 * swell * near + 0.5 * (ripples - 0.5);
    let deep = mix([0.05, 0.24, 0.36], [0.10, 0.40, 0.46], across * across);
    let color = mix(deep, [0.70, 0.80, 0.86], 0.75 * step(0.35, 0.95, height));
    let color = mix([0.78, 0.74, 0.68], color, 0.25 + 0.75 * near);
    let foam = smooth(east * 11.0 + 3.0 * across, flow * 1.5, 3 * FLOW / 2, 93);
    let foam = step(0.70, 0.86, foam) * (0.35 + 0.65 * step(0.55, 0.98, across.abs()));
    let color = mix(color, [0.95, 0.98, 1.0], 0.85 * foam * near);
    let glitter = (-(from_sun * from_sun) * 26.0).exp() * step(0.62, 0.82, height);
    mix(color, [1.0, 0.92, 0.70], 0.9 * glitter)
}
