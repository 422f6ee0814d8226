//! Which samples of a row or column a resized one is made of.

use crate::net::{Coordinates, ResizeMode};

/// Two samples, and how far from the first to the second the place between them lies, in 0..1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample {
    pub first: usize,
    pub second: usize,
    pub between: f32,
}

/// The samples for each of `to` elements made of `from`.
pub(super) fn samples(mode: ResizeMode, coordinates: Coordinates, from: usize, to: usize) -> Vec<Sample> {
    (0..to)
        .map(|at| match mode {
            ResizeMode::Nearest => {
                let first = match coordinates {
                    Coordinates::HalfPixel => (2 * at + 1) * from / (2 * to),
                    Coordinates::Asymmetric => at * from / to,
                    Coordinates::AlignCorners => at * (from - 1) / (to - 1).max(1),
                };
                let first = first.min(from - 1);
                Sample { first, second: first, between: 0.0 }
            }
            ResizeMode::Linear => linear(place(coordinates, at as f64, from as f64, to as f64), from),
        })
        .collect()
}

fn place(coordinates: Coordinates, at: f64, from: f64, to: f64) -> f64 {
    match coordinates {
        Coordinates::HalfPixel => (at + 0.5) * from / to - 0.5,
        Coordinates::Asymmetric => at * from / to,
        Coordinates::AlignCorners => at * (from - 1.0) / (to - 1.0).max(1.0),
    }
}

fn linear(place: f64, from: usize) -> Sample {
    let last = from - 1;
    let place = place.clamp(0.0, last as f64);
    let first = place as usize;
    Sample { first, second: (first + 1).min(last), between: (place - first as f64) as f32 }
}
