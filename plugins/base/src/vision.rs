//! What the vision stages find in a frame: small summaries that come back; the rest stays on the GPU.
//!
//! Pixel coordinates: x to the right, y down, a whole number is the centre of a pixel. Homographies are row-major and
//! scaled so that the last number is 1: `[h00, h01, h02, h10, h11, h12, h20, h21, 1]`.

use arrayvec::ArrayVec;
use bevy::ecs::component::Component;
use serde::Serialize;

use crate::attachment::Attachment;
use crate::product::Product;

/// Dense optical flow from the frame before to this one.
///
/// On the GPU: a texture of the frame's size, RGBA16F = (dx, dy, confidence 0 to 1, 0): the pixel that was at `(x, y)`
/// in the frame before is now at `(x + dx, y + dy)`. On the frame: this summary. The frame before is the newest whose luma
/// and pyramid were made: when GPU time is short, frames are passed over.
#[derive(Component, Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OpticalFlow {
    /// Mean of the trusted vectors, in pixels.
    pub mean_px: [f32; 2],
    /// Their standard deviation, in pixels.
    pub spread_px: f32,
    /// Share of the picture whose vectors are trusted, 0 to 1. 0 for a stream's first frame.
    pub trusted: f32,
    /// The motion of the whole picture: takes pixels of the frame before to pixels of this one.
    pub homography: [f32; 9],
}

/// Corners with descriptors.
///
/// On the GPU: a buffer of points and of 256-bit binary descriptors. On the frame: how many there are.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Features {
    /// Points found, at most the capacity that was set.
    pub count: u32,
}

/// Points followed from frame to frame.
///
/// On the GPU: a buffer of points with their numbers. On the frame: this summary.
#[derive(Component, Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Tracks {
    /// Points that are being followed.
    pub count: u32,
    /// Of these, those that began in this frame.
    pub fresh: u32,
    /// Mean age of the points, in frames.
    pub mean_age: f32,
}

/// A known target as it was found in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TargetSighting {
    /// The target's number in the database.
    pub target: u32,
    /// Takes pixels of the target's picture to pixels of the frame.
    pub homography: [f32; 9],
    /// Frames since it was found.
    pub age: u32,
    /// How well its picture agrees with the frame: normalised cross-correlation of what is not hidden, -1 to 1.
    pub score: f32,
    /// Root mean square of what is left of the alignment, in pixels.
    pub reprojection_px: f32,
    /// Samples of the picture that agree.
    pub inliers: u32,
}

/// All targets that were found in a frame.
#[derive(Component, Debug, Default, Clone, PartialEq)]
pub struct TargetSightings(pub ArrayVec<TargetSighting, { TargetSightings::MOST }>);

impl TargetSightings {
    /// Most targets that are followed at once.
    pub const MOST: usize = 20;
}

impl Serialize for TargetSightings {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

/// The light of a scene as its picture tells it: an average, and no more.
#[derive(Component, Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LightEstimate {
    /// Mean luma as it is displayed, 0 to 1.
    pub luma: f32,
    /// Mean colour, linear sRGB, 0 to 1.
    pub color: [f32; 3],
}

macro_rules! named {
    ($($kind:ident = $name:literal),+) => {$(
        impl Attachment for $kind {
            const NAME: &'static str = $name;
        }

        impl Product for $kind {
            const NAME: &'static str = $name;
        }
    )+};
}

named!(
    OpticalFlow = "flow",
    Features = "features",
    Tracks = "tracks",
    TargetSightings = "sightings",
    LightEstimate = "light"
);
