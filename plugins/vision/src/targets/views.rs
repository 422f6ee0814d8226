//! Views of a flat picture from other directions, simulated.
//!
//! ```text
//!  picture ─► blur for the scale ─► blur along the tilt ─► warp ─► view
//! ```
//!
//! From some distance a flat picture looks like an affine map of itself: turned, shrunk along one direction by the
//! tilt, scaled. Simulating a few tilts makes features that are not invariant to them match all the same (ASIFT: Morel
//! and Yu 2009, "ASIFT: A New Framework for Fully Affine Invariant Image Comparison").
//!
//! Around the picture its edge goes on: any other ground would put corners there that no camera sees.

use super::pixels::Pixels;

/// From where a picture is seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Viewpoint {
    /// How many times shorter the picture looks along `direction`: 1 from the front, 2 at 60 degrees.
    pub(super) tilt: f32,
    /// Radians, of x towards y.
    pub(super) direction: f32,
    /// Size of the view, 1 or less.
    pub(super) scale: f32,
}

/// A simulated view.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct View {
    /// Codes, row by row.
    pub(super) luma: Vec<u8>,
    /// Columns.
    pub(super) width: usize,
    /// Rows.
    pub(super) height: usize,
    /// Where its pixels come from.
    pub(super) picture_from_view: Affine,
}

/// A map of the plane: `linear · at + shift`, rows first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Affine {
    pub(super) linear: [[f32; 2]; 2],
    pub(super) shift: [f32; 2],
}

impl Affine {
    pub(super) fn point(&self, at: [f32; 2]) -> [f32; 2] {
        let turned = self.direction(at);
        [turned[0] + self.shift[0], turned[1] + self.shift[1]]
    }

    pub(super) fn direction(&self, way: [f32; 2]) -> [f32; 2] {
        self.linear.map(|row| row[0] * way[0] + row[1] * way[1])
    }

    /// How much longer lengths become, on average.
    pub(super) fn stretch(&self) -> f32 {
        let [[a, b], [c, d]] = self.linear;
        (a * d - b * c).abs().sqrt()
    }
}

/// Shows one picture from many sides.
#[derive(Debug)]
pub(super) struct Simulator {
    picture: Pixels,
    /// Blurred for this scale.
    blurred: Option<(f32, Pixels)>,
}

/// Least side of a view in pixels.
const LEAST_SIDE: f32 = 8.0;

impl Simulator {
    /// For a picture of at most 4,096 pixels on a side.
    pub(super) fn new(luma: &[u8], width: usize, height: usize) -> Self {
        Self { picture: Pixels::new(luma, width, height), blurred: None }
    }

    /// The picture as seen from there. Fast for viewpoints of the same scale, one after another.
    pub(super) fn view(&mut self, from: Viewpoint) -> View {
        if self.blurred.as_ref().is_none_or(|(scale, _)| *scale != from.scale) {
            self.blurred = Some((from.scale, self.picture.clone().blurred(deviation(1.0 / from.scale))));
        }
        let tilted = match &self.blurred {
            Some((_, blurred)) if from.tilt > 1.01 => &blurred.blurred_along(from.direction, deviation(from.tilt)),
            Some((_, blurred)) => blurred,
            None => &self.picture,
        };
        warp(tilted, from)
    }
}

/// Of the Gaussian that must come before shrinking so many times (Morel and Yu 2009), in pixels.
fn deviation(shrinking: f32) -> f32 {
    0.8 * (shrinking * shrinking - 1.0).max(0.0).sqrt()
}

fn warp(picture: &Pixels, from: Viewpoint) -> View {
    let (sine, cosine) = from.direction.sin_cos();
    // scale · (I + (stretch - 1) d dᵀ), d: the direction of the tilt.
    let along = |scale: f32, stretch: f32| {
        let [xx, xy, yy] = [cosine * cosine, cosine * sine, sine * sine].map(|part| scale * (stretch - 1.0) * part);
        [[scale + xx, xy], [xy, scale + yy]]
    };
    let forward = along(from.scale, 1.0 / from.tilt);
    // The extent of an upright rectangle; its middle stays the middle.
    let sides = [picture.width as f32, picture.height as f32];
    let extent = forward.map(|row| row[0].abs() * sides[0] + row[1].abs() * sides[1]);
    // A rounding error must not add an empty column.
    let [width, height] = extent.map(|side| (side - 1e-3).ceil().max(LEAST_SIDE));
    let mut picture_from_view = Affine { linear: along(1.0 / from.scale, from.tilt), shift: [0.0; 2] };
    let middle = picture_from_view.direction([(extent[0] - 1.0) / 2.0, (extent[1] - 1.0) / 2.0]);
    picture_from_view.shift = [(sides[0] - 1.0) / 2.0 - middle[0], (sides[1] - 1.0) / 2.0 - middle[1]];
    let (width, height) = (width as usize, height as usize);
    let mut luma = vec![0; width * height];
    for (y, row) in luma.chunks_exact_mut(width).enumerate() {
        let start = picture_from_view.point([0.0, y as f32]);
        let step = [picture_from_view.linear[0][0], picture_from_view.linear[1][0]];
        picture.sample_line(start, step, row);
    }
    View { luma, width, height, picture_from_view }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f32::consts::{FRAC_PI_2, FRAC_PI_4};

    fn gradient(width: usize, height: usize) -> Vec<u8> {
        (0..width * height).map(|at| (at % width + at / width) as u8).collect()
    }

    #[test]
    fn from_the_front_at_full_size_nothing_changes() {
        let luma = gradient(90, 60);
        let view = Simulator::new(&luma, 90, 60).view(Viewpoint { tilt: 1.0, direction: 0.0, scale: 1.0 });
        assert_eq!((view.width, view.height), (90, 60));
        assert!(view.luma == luma);
        assert_eq!(view.picture_from_view.point([3.0, 4.0]), [3.0, 4.0]);
    }

    #[test]
    fn a_tilt_shrinks_along_its_direction() {
        let mut simulator = Simulator::new(&gradient(90, 60), 90, 60);
        let side = |direction| {
            let view = simulator.view(Viewpoint { tilt: 2.0, direction, scale: 1.0 });
            (view.width, view.height)
        };
        assert_eq!([0.0, FRAC_PI_2].map(side), [(45, 60), (90, 30)]);
    }

    /// A gradient is itself again after any warp: the code at each place of the view tells where it comes from.
    #[test]
    fn pixels_come_from_where_the_map_says() {
        let (width, height) = (120, 100);
        let mut simulator = Simulator::new(&gradient(width, height), width, height);
        for (tilt, direction, scale) in [(1.0, 0.0, 0.5), (1.5, FRAC_PI_4, 0.8), (2.0, 2.0, 0.7), (1.2, 3.0, 1.0)] {
            let view = simulator.view(Viewpoint { tilt, direction, scale });
            let mut judged = 0;
            for (at, code) in view.luma.iter().enumerate() {
                let [x, y] = view.picture_from_view.point([(at % view.width) as f32, (at / view.width) as f32]);
                if x > 6.0 && y > 6.0 && x < width as f32 - 7.0 && y < height as f32 - 7.0 {
                    assert!((f32::from(*code) - (x + y)).abs() < 1.5, "{x} {y}: {code}, tilt {tilt}");
                    judged += 1;
                }
            }
            assert!(judged > 1_000);
        }
    }

    #[test]
    fn fine_stripes_vanish_across_the_tilt_and_stay_along_it() {
        let luma: Vec<u8> = (0..64 * 64).map(|at| if at % 2 == 0 { 0 } else { 200 }).collect();
        let mut simulator = Simulator::new(&luma, 64, 64);
        let mut contrast = |direction| {
            let view = simulator.view(Viewpoint { tilt: 2.0, direction, scale: 1.0 });
            let row = &view.luma[view.width * (view.height / 2)..][view.width / 4..view.width / 2];
            row.iter().max().unwrap() - row.iter().min().unwrap()
        };
        assert!(contrast(0.0) < 10);
        assert!(contrast(FRAC_PI_2) > 150);
    }
}
