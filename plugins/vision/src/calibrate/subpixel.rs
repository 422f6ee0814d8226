//! Corners to a fraction of a pixel.

use bevy::math::{DMat2, DVec2};

use super::luma::Picture;

/// Moves a corner to where all gradients around it point past it: every edge of a crossing runs through its centre, so
/// the gradient at `q` is at a right angle to `q − centre` (Förstner & Gülch, ISPRS 1987).
///
/// `reach` is half the side of the window in pixels. `None` when the window leaves the picture, shows no crossing, or
/// the corner runs away by more than `reach`.
pub(super) fn refine(picture: &Picture, start: DVec2, reach: usize) -> Option<DVec2> {
    const STEPS: usize = 30;
    const GOOD: f64 = 1e-3;

    let mut place = start;
    for _ in 0..STEPS {
        let next = step(picture, place, reach)?;
        if next.distance(start) > reach as f64 {
            return None;
        }
        let moved = next.distance(place);
        place = next;
        if moved < GOOD {
            break;
        }
    }
    Some(place)
}

/// One solution of the normal equations with the window around `place`.
fn step(picture: &Picture, place: DVec2, reach: usize) -> Option<DVec2> {
    let extent = reach as f64;
    if !picture.holds(place, extent + 1.0) {
        return None;
    }
    let side = 2 * reach + 1;
    let mut normal = DMat2::ZERO;
    let mut right = DVec2::ZERO;
    for index in 0..side * side {
        let offset = DVec2::new((index % side) as f64 - extent, (index / side) as f64 - extent);
        let at = place + offset;
        let slope = |along: DVec2| picture.sample(at + along) - picture.sample(at - along);
        let gradient = DVec2::new(slope(DVec2::X), slope(DVec2::Y));
        // The far pixels see other corners, bent lines and shadows.
        let weight = (-offset.length_squared() / (extent * extent)).exp();
        let outer = DMat2::from_cols(gradient * gradient.x, gradient * gradient.y) * weight;
        normal += outer;
        right += outer * offset;
    }
    let trace = normal.x_axis.x + normal.y_axis.y;
    // One edge alone gives no point: the smaller eigenvalue would be nothing against the larger.
    let crossing = normal.determinant() > 0.003 * trace * trace;
    crossing.then(|| place + normal.inverse() * right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::luma::Luma;
    use proptest::prelude::*;

    /// A crossing of two smooth edges, as a lens shows it.
    fn crossing(place: DVec2, angles: [f64; 2]) -> Picture {
        let normals = angles.map(|angle| DVec2::from_angle(angle).perp());
        let pixels: Vec<u8> = (0..32 * 32)
            .map(|index| {
                let pixel = DVec2::new(f64::from(index % 32), f64::from(index / 32));
                let [a, b] = normals.map(|normal| ((pixel - place).dot(normal) / 0.9).tanh());
                (128.0 + 100.0 * a * b).round() as u8
            })
            .collect();
        Picture::from(Luma::new(&pixels, 32, 32).unwrap())
    }

    #[test]
    fn an_edge_alone_is_refused() {
        let pixels: Vec<u8> = (0..1024).map(|index| if index % 32 < 16 { 10 } else { 200 }).collect();
        let edge = Picture::from(Luma::new(&pixels, 32, 32).unwrap());
        assert_eq!(refine(&edge, DVec2::splat(16.0), 5), None);
        assert_eq!(refine(&edge, DVec2::splat(1.0), 5), None);
    }

    proptest! {
        #[test]
        fn crossings_are_met(
            x in 15.0..17.0_f64, y in 15.0..17.0_f64, first in -1.5..1.5_f64, between in 0.8..2.3_f64,
            off in prop::array::uniform2(-1.2..1.2_f64),
        ) {
            let place = DVec2::new(x, y);
            let found = refine(&crossing(place, [first, first + between]), place + DVec2::from_array(off), 5);
            prop_assert!(found.is_some_and(|found| found.distance(place) < 0.08), "{found:?} for {place}");
        }
    }
}
