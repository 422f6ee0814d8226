//! A flat picture of known size.

use bevy::math::DVec2;
use serde::Serialize;

use super::error::PoseError;

/// A flat picture with its size in pixels and in the world.
///
/// ```text
///   (-0.5, -0.5)┌─────────────┐
///               │      y      │     target pixels: integer = centre of a texel
///               │      ▲      │     target space, Bevy: metres from the centre, z towards the viewer
///               │      └─▶ x  │     target space, OpenCV (here): y down, z away from the viewer
///               └─────────────┘(width − 0.5, height − 0.5)
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PlanarTarget {
    width_px: f64,
    height_px: f64,
    width_m: f64,
}

impl PlanarTarget {
    /// A picture of `width_px × height_px` pixels, `width_m` metres wide when printed; square pixels.
    ///
    /// # Errors
    ///
    /// When one is not finite or not above 0.
    pub fn new(width_px: f64, height_px: f64, width_m: f64) -> Result<Self, PoseError> {
        let sizes = [width_px, height_px, width_m];
        let sound = sizes.iter().all(|size| *size > 0.0 && size.is_finite());
        if sound {
            Ok(Self { width_px, height_px, width_m })
        } else {
            Err(PoseError::Target { width_px, height_px, width_m })
        }
    }

    /// Columns.
    pub fn width_px(&self) -> f64 {
        self.width_px
    }

    /// Rows.
    pub fn height_px(&self) -> f64 {
        self.height_px
    }

    /// Width, metres.
    pub fn width_m(&self) -> f64 {
        self.width_m
    }

    /// Height, metres.
    pub fn height_m(&self) -> f64 {
        self.height_px * self.metres_per_pixel()
    }

    /// The place of a target pixel on the plane, metres from the centre, x right, y down.
    pub fn plane_from_pixel(&self, pixel: DVec2) -> DVec2 {
        (pixel - self.middle()) * self.metres_per_pixel()
    }

    /// The target pixel at a place on the plane.
    pub fn pixel_from_plane(&self, place: DVec2) -> DVec2 {
        place / self.metres_per_pixel() + self.middle()
    }

    fn middle(&self) -> DVec2 {
        DVec2::new(self.width_px - 1.0, self.height_px - 1.0) / 2.0
    }

    fn metres_per_pixel(&self) -> f64 {
        self.width_m / self.width_px
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_half_the_size_away() {
        let target = PlanarTarget::new(400.0, 200.0, 0.2).unwrap();
        assert!((target.height_m() - 0.1).abs() < 1e-12);
        let corner = DVec2::new(-0.5, 199.5);
        let place = target.plane_from_pixel(corner);
        assert!(place.distance(DVec2::new(-0.1, 0.05)) < 1e-12);
        assert!(target.pixel_from_plane(place).distance(corner) < 1e-12);
    }

    #[test]
    fn targets_without_size_are_refused() {
        for (width, metres) in [(0.0, 0.2), (-4.0, 0.2), (400.0, f64::NAN), (400.0, 0.0), (f64::INFINITY, 0.1)] {
            assert!(matches!(PlanarTarget::new(width, 200.0, metres), Err(PoseError::Target { .. })));
        }
    }
}
