//! A picture behind everything a camera sees.

mod render;

use bevy::asset::Handle;
use bevy::ecs::component::Component;
use bevy::image::Image;
use bevy::math::Vec2;
use bevy::render::extract_component::ExtractComponent;

pub(crate) use render::{BackgroundPipelines, draw_background, prepare_backgrounds};

/// On a 2D or 3D camera: draws a picture, mostly a stream's, behind everything else, before the main pass.
///
/// The picture is not lit. On a camera with `Hdr` it is tone-mapped with the rest of the picture.
#[derive(Component, Debug, Clone, ExtractComponent)]
pub struct Background {
    /// The picture; see `LivePictures::show`.
    pub image: Handle<Image>,
    /// How it is brought to the size of the view. Default: [`Fit::Cover`].
    pub fit: Fit,
    /// Whether left and right are swapped, as in a mirror. Default: no.
    pub mirrored: bool,
}

impl Background {
    /// This picture, filling the view.
    pub fn new(image: Handle<Image>) -> Self {
        Self { image, fit: Fit::Cover, mirrored: false }
    }
}

/// How a picture is brought to the size of a view.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// Fills the view; what does not fit is cut off.
    #[default]
    Cover,
    /// All of the picture is seen; the rest of the view is black.
    Contain,
    /// Fills the view exactly, out of proportion if need be.
    Stretch,
}

impl Fit {
    /// The size of the picture on the view, as a share of the view: 1 fills it. Sizes in pixels.
    pub fn picture_share(self, picture: Vec2, view: Vec2) -> Vec2 {
        Vec2::ONE / self.scale(picture, view)
    }

    /// What view coordinates, measured from the centre, are multiplied by to be picture coordinates.
    fn scale(self, picture: Vec2, view: Vec2) -> Vec2 {
        let (picture_ratio, view_ratio) = (picture.x / picture.y, view.x / view.y);
        let wider = view_ratio / picture_ratio;
        match self {
            Self::Stretch => Vec2::ONE,
            Self::Cover => Vec2::new(wider.min(1.0), (1.0 / wider).min(1.0)),
            Self::Contain => Vec2::new(wider.max(1.0), (1.0 / wider).max(1.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_keep_their_proportions() {
        let (wide, square) = (Vec2::new(200.0, 100.0), Vec2::new(50.0, 50.0));
        assert_eq!(Fit::Cover.scale(wide, square), Vec2::new(0.5, 1.0));
        assert_eq!(Fit::Contain.scale(wide, square), Vec2::new(1.0, 2.0));
        assert_eq!(Fit::Cover.scale(square, wide), Vec2::new(1.0, 0.5));
        assert_eq!(Fit::Stretch.scale(square, wide), Vec2::ONE);
    }
}
