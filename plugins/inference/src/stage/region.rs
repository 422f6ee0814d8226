//! Which part of a frame a net looks at.

use std::marker::PhantomData;

use bevy::ecs::component::Component;
use bevy::math::{Affine2, Mat2, Vec2};

/// How a whole frame is put into a net's input when their proportions differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InputFit {
    /// All of the frame, distorted to the input's proportions: what most classifiers were trained with.
    #[default]
    Stretch,
    /// All of the frame, undistorted; black where nothing is left of it.
    Contain,
    /// The middle of the frame, undistorted, without black.
    Cover,
}

/// A part of a frame: a rectangle that may be turned. Pixels of the frame; y points down, and the angle from x to y.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    /// The middle.
    pub center_px: Vec2,
    /// Width and height.
    pub size_px: Vec2,
    /// By which the rectangle is turned.
    pub angle_rad: f32,
}

/// On a stream: what net `R` looks at. Without it, all of the frame, as the plugin says.
///
/// It may change with each frame; results carry the region that they were computed from
/// ([`NetOutputs::image_from_input`](super::NetOutputs::image_from_input)).
#[derive(Component, Debug, Clone, Copy, PartialEq)]
pub struct NetRegion<R: Send + Sync + 'static> {
    /// What it looks at.
    pub region: Region,
    net: PhantomData<fn() -> R>,
}

impl<R: Send + Sync + 'static> NetRegion<R> {
    /// The net looks at this region.
    pub const fn new(region: Region) -> Self {
        Self { region, net: PhantomData }
    }
}

impl Region {
    /// Whether it is a region: finite numbers, and sizes above 0.
    pub fn is_valid(&self) -> bool {
        let numbers = [self.center_px.x, self.center_px.y, self.size_px.x, self.size_px.y, self.angle_rad];
        numbers.into_iter().all(f32::is_finite) && self.size_px.min_element() > 0.0
    }
}

/// From pixels of a net's input to those of the frame. The middle of the first pixel is `(0.5, 0.5)` in both.
pub(crate) fn image_from_input(region: Region, input: Vec2) -> Affine2 {
    let scale = region.size_px / input;
    let turned = Mat2::from_angle(region.angle_rad) * Mat2::from_diagonal(scale);
    Affine2 { matrix2: turned, translation: region.center_px - turned * (input / 2.0) }
}

impl InputFit {
    /// The region that puts a frame of this size into an input of that.
    pub fn region(self, frame: Vec2, input: Vec2) -> Region {
        let scale = frame / input;
        let size_px = match self {
            Self::Stretch => frame,
            Self::Contain => input * scale.max_element(),
            Self::Cover => input * scale.min_element(),
        };
        Region { center_px: frame / 2.0, size_px, angle_rad: 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_corners_of_the_input_are_those_of_the_region() {
        let (frame, input) = (Vec2::new(640.0, 360.0), Vec2::new(224.0, 224.0));
        let corners = |fit: InputFit| {
            let image = image_from_input(fit.region(frame, input), input);
            [image.transform_point2(Vec2::ZERO), image.transform_point2(input)]
        };
        let near = |found: [Vec2; 2], wanted: [Vec2; 2]| {
            assert!(found.iter().zip(wanted).all(|(found, wanted)| found.distance(wanted) < 1e-3), "{found:?}");
        };
        near(corners(InputFit::Stretch), [Vec2::ZERO, frame]);
        near(corners(InputFit::Contain), [Vec2::new(0.0, -140.0), Vec2::new(640.0, 500.0)]);
        near(corners(InputFit::Cover), [Vec2::new(140.0, 0.0), Vec2::new(500.0, 360.0)]);
    }

    proptest! {
        /// The middle stays the middle, whatever the turn, and areas scale by the sizes.
        #[test]
        fn regions_are_turned_about_their_middle(
            angle_rad in -7.0_f32..7.0, x in 1.0_f32..500.0, y in 1.0_f32..500.0, w in 1.0_f32..300.0, h in 1.0_f32..300.0,
        ) {
            let region = Region { center_px: Vec2::new(x, y), size_px: Vec2::new(w, h), angle_rad };
            let input = Vec2::new(112.0, 96.0);
            let image = image_from_input(region, input);
            prop_assert!(image.transform_point2(input / 2.0).distance(region.center_px) < 1e-2);
            let area = image.matrix2.determinant() * input.x * input.y;
            prop_assert!((area / (w * h) - 1.0).abs() < 1e-3);
        }
    }
}
