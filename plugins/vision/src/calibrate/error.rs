//! Why a camera could not be calibrated.

use thiserror::Error;

use crate::camera::CameraModelError;

/// Why a camera could not be calibrated.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum CalibrateError {
    /// A board that cannot be.
    #[error("no chessboard has {columns}x{rows} inner corners and squares of {square_m} m; 3 to 100 each way are read")]
    Board {
        /// Inner corners along a row.
        columns: usize,
        /// Inner corners along a column.
        rows: usize,
        /// Side of a square, metres.
        square_m: f64,
    },
    /// The board, all of it, is not in a picture.
    #[error("the whole board is not in picture {picture}")]
    BoardNotFound {
        /// Counted from 1.
        picture: usize,
    },
    /// A picture has another size than the first one.
    #[error("picture {picture} is {found:?} pixels, the first one {expected:?}")]
    PictureSize {
        /// Counted from 1.
        picture: usize,
        /// Columns and rows of this one.
        found: (u32, u32),
        /// Columns and rows of the first.
        expected: (u32, u32),
    },
    /// Too few views to know anything.
    #[error("{found} views; a calibration needs 3, and 10 make a good one")]
    TooFewViews {
        /// How many there are.
        found: usize,
    },
    /// A view has another number of corners than the board, or one is not finite.
    #[error("view {view} has {found} finite corners, the board {expected}")]
    CornerCount {
        /// Counted from 1.
        view: usize,
        /// How many it has.
        found: usize,
        /// How many the board has.
        expected: usize,
    },
    /// All views show the board at one angle: focal length and distance cannot be told apart.
    #[error("all views show the board at the same angle (within {degrees:.1} degrees); tilt it by 20 to 40")]
    ParallelViews {
        /// The largest angle between the boards of two views.
        degrees: f64,
    },
    /// The views do not determine the camera.
    #[error("the views do not determine the camera; show the board tilted, near, and in every part of the picture")]
    Degenerate,
    /// The focal length is known too badly to be of use.
    #[error(
        "the focal length is {focal_px:.0} ± {deviation_px:.0} px, too uncertain; show the board tilted by 20 to 40 degrees"
    )]
    Undetermined {
        /// The focal length found, pixels.
        focal_px: f64,
        /// Its standard deviation, pixels.
        deviation_px: f64,
    },
    /// What came out is no camera.
    #[error("what came out of the calibration is no camera")]
    Model(#[from] CameraModelError),
}
