//! Why a picture cannot be a target.

use thiserror::Error;

use super::database::TargetDatabase;
use super::enrol::EnrolledTarget;

/// Why a picture cannot be a target.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum EnrolError {
    /// The picture is too small or too large.
    #[error(
        "a target's picture needs {} to {} pixels on a side, this one has {width}x{height}",
        EnrolledTarget::LEAST_SIDE,
        EnrolledTarget::MOST_SIDE
    )]
    Size {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// The number of luma values is not that of the pixels.
    #[error("{width}x{height} pixels are {} values of luma, {found} were given", *width as usize * *height as usize)]
    Length {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// Values that were given.
        found: usize,
    },
    /// There is nothing in the picture, or almost nothing.
    #[error("the picture is blank: all of it has nearly the same brightness; use one with details")]
    Blank,
    /// Too little to hold on to.
    #[error(
        "the picture has too little texture: score {score:.1} of 100, {} are needed; use one with more corners and \
         edges, spread over all of it, and without repetition",
        EnrolledTarget::LEAST_SCORE
    )]
    Texture {
        /// The score, 0 to 100.
        score: f32,
    },
    /// No more targets fit.
    #[error("there are {} targets already, as many as the database holds", TargetDatabase::CAPACITY)]
    DatabaseFull,
}
