//! A table of planks, for things to lie on.

use crate::noise::{hash, smooth};
use crate::picture::{Color, mix, step};

const PLANK_M: f32 = 0.115;

/// The table at a place in metres, as a pixel sees it that covers `wide` metres there.
pub(crate) fn color([x, y]: [f32; 2], wide: f32) -> Color {
    // The planks lie a little askew, so that no line of theirs runs with the poster's.
    let (along, aside) = (x * 0.978 - y * 0.208 + 7.0, y * 0.978 + x * 0.208 + 7.0);
    let place = aside / PLANK_M;
    let plank = place.floor() as i32;
    let from_gap = (place - place.round()).abs() * PLANK_M;
    let shift = 9.0 * hash(plank, 1, 801);
    // What is finer than a pixel is not there to be seen.
    let seen = |size: f32| 1.0 - step(0.4, 1.4, wide / size);
    let grain = |length: f32, width: f32, seed: u32| {
        let bend = 0.02 * smooth(along * 5.0 + shift, aside * 6.0, 1 << 20, seed);
        (smooth((along + shift) / length, (aside + bend) / width, 1 << 20, seed + 1) - 0.5) * seen(width)
    };
    let tone =
        0.5 + 0.6 * (hash(plank, 2, 801) - 0.5) + 0.55 * grain(0.45, 0.024, 811) + 0.10 * grain(0.15, 0.008, 821);
    let wood = mix([0.27, 0.18, 0.13], [0.45, 0.33, 0.24], tone);
    // A gap takes its share of the pixel that it falls into.
    let half = 0.0012_f32;
    let gap = (1.0 - step(half, half + wide.max(0.0006), from_gap)) * (2.0 * half / wide).min(1.0);
    mix(wood, [0.13, 0.09, 0.07], 0.85 * gap)
}
