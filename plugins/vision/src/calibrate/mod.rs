//! Calibration: pictures of a chessboard in, a [`CameraModel`](crate::camera::CameraModel) out.
//!
//! ```text
//!  luma ──▶ corners ──▶ grid ──▶ sub-pixel ──▶ ┐
//!  luma ──▶ …                                  ├──▶ closed form ──▶ fit of all numbers ──▶ Calibration
//!  luma ──▶ …                                  ┘    (Zhang)         (Levenberg-Marquardt)
//! ```
//!
//! [`Board::find`] finds the board in one picture, [`calibrate`] takes the corners of several. Neither belongs on the
//! frame path: both allocate and take milliseconds to seconds.

mod board;
mod calibration;
mod closed_form;
mod corner;
mod error;
mod fit;
mod grid;
mod luma;
mod subpixel;

pub use board::Board;
pub use calibration::{CalibrateSettings, Calibration, LensModel, calibrate, calibrate_pictures};
pub use error::CalibrateError;
pub use luma::Luma;
