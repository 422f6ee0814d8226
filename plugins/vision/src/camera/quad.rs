//! Whether four corners can be a flat picture seen by a camera.

use bevy::math::DVec2;
use thiserror::Error;

/// What is accepted as a view of a rectangular picture. Pixels of the frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuadLimits {
    /// Least area in square pixels. Higher drops far targets, lower lets noise in. Default 400 (20 × 20).
    pub least_area: f64,
    /// Least angle at a corner, radians. Higher drops steep views. Default 0.17 (10°).
    pub least_angle: f64,
    /// The longest side over the shortest. Lower drops steep views and long pictures. Default 20.
    pub side_ratio: f64,
}

impl Default for QuadLimits {
    fn default() -> Self {
        Self { least_area: 400.0, least_angle: 10_f64.to_radians(), side_ratio: 20.0 }
    }
}

/// Why four corners are no view of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
#[non_exhaustive]
pub enum ImplausibleQuad {
    /// A corner is NaN or infinite.
    #[error("a corner is not finite")]
    NotFinite,
    /// Corners run the other way round: the back of the picture, or a mirror.
    #[error("the corners run the wrong way round")]
    Mirrored,
    /// Sides cross, or a corner points inwards.
    #[error("the corners form no convex quadrilateral")]
    NotConvex,
    /// Too few pixels.
    #[error("an area of {square_pixels:.0} square pixels is too small")]
    TooSmall {
        /// What it is.
        square_pixels: f64,
    },
    /// A corner is too sharp or too flat.
    #[error("a corner of {radians:.2} rad is too sharp or too flat")]
    Angle {
        /// What it is.
        radians: f64,
    },
    /// One side is much longer than another.
    #[error("one side is {ratio:.1} times as long as another")]
    Sides {
        /// The longest over the shortest.
        ratio: f64,
    },
}

/// The area inside a polygon of four corners, negative when they run against the clock as seen with y down.
pub fn signed_area(quad: &[DVec2; 4]) -> f64 {
    (0..4).map(|index| quad[index].perp_dot(quad[(index + 1) % 4])).sum::<f64>() / 2.0
}

impl QuadLimits {
    /// Checks corners given in the order top left, top right, bottom right, bottom left.
    ///
    /// # Errors
    ///
    /// Naming the first limit that is broken.
    pub fn check(&self, quad: &[DVec2; 4]) -> Result<(), ImplausibleQuad> {
        if !quad.iter().all(|corner| corner.is_finite()) {
            return Err(ImplausibleQuad::NotFinite);
        }
        let sides = [0, 1, 2, 3].map(|index| quad[(index + 1) % 4] - quad[index]);
        let right_turns = (0..4).filter(|&index| sides[index].perp_dot(sides[(index + 1) % 4]) > 0.0).count();
        match right_turns {
            4 => {}
            0 => return Err(ImplausibleQuad::Mirrored),
            _ => return Err(ImplausibleQuad::NotConvex),
        }
        let square_pixels = signed_area(quad);
        if square_pixels < self.least_area {
            return Err(ImplausibleQuad::TooSmall { square_pixels });
        }
        for index in 0..4 {
            let radians = (-sides[index]).angle_to(sides[(index + 1) % 4]).abs();
            if radians < self.least_angle || radians > std::f64::consts::PI - self.least_angle {
                return Err(ImplausibleQuad::Angle { radians });
            }
        }
        let lengths = sides.map(DVec2::length);
        let longest = lengths.into_iter().fold(0.0, f64::max);
        let ratio = longest / lengths.into_iter().fold(f64::INFINITY, f64::min);
        if ratio > self.side_ratio { Err(ImplausibleQuad::Sides { ratio }) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::Homography;
    use crate::camera::homography::tests::view;
    use proptest::prelude::*;

    fn check(corners: [[f64; 2]; 4]) -> Result<(), ImplausibleQuad> {
        QuadLimits::default().check(&corners.map(DVec2::from_array))
    }

    #[test]
    fn each_limit_is_seen() {
        use ImplausibleQuad as Quad;
        assert_eq!(check([[0.0, 0.0], [100.0, 5.0], [90.0, 80.0], [3.0, 70.0]]), Ok(()));
        assert_eq!(check([[0.0, 0.0], [3.0, 70.0], [90.0, 80.0], [100.0, 5.0]]), Err(Quad::Mirrored));
        assert_eq!(check([[0.0, 0.0], [100.0, 0.0], [0.0, 80.0], [100.0, 80.0]]), Err(Quad::NotConvex));
        assert_eq!(check([[0.0, 0.0], [100.0, 0.0], [20.0, 20.0], [0.0, 100.0]]), Err(Quad::NotConvex));
        assert!(matches!(check([[0.0, 0.0], [9.0, 0.0], [9.0, 9.0], [0.0, 9.0]]), Err(Quad::TooSmall { .. })));
        assert!(matches!(check([[0.0, 0.0], [900.0, 0.0], [990.0, 9.0], [90.0, 9.0]]), Err(Quad::Angle { .. })));
        assert!(matches!(check([[0.0, 0.0], [900.0, 0.0], [900.0, 9.0], [0.0, 9.0]]), Err(Quad::Sides { .. })));
        assert_eq!(check([[f64::NAN; 2]; 4]), Err(Quad::NotFinite));
    }

    proptest! {
        #[test]
        fn turning_the_names_of_corners_changes_nothing(view in view(), by in 0..4_usize) {
            let mut quad = view.quad(640.0, 480.0).unwrap();
            let before = QuadLimits::default().check(&quad).is_ok();
            quad.rotate_left(by);
            prop_assert_eq!(QuadLimits::default().check(&quad).is_ok(), before);
            prop_assert!((signed_area(&Homography::corners(640.0, 480.0)) - 640.0 * 480.0).abs() < 1e-6);
        }
    }
}
