//! What can be wrong with a camera's numbers and with the files that hold them.

use thiserror::Error;

/// Why numbers are no camera, or why a pixel has no ray.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum CameraModelError {
    /// A number is NaN or infinite.
    #[error("{name} of the camera is {value}, which is not a number")]
    NotFinite {
        /// Which number.
        name: &'static str,
        /// What it is.
        value: f64,
    },
    /// The picture has no pixels, or more than any camera delivers.
    #[error("a camera's picture cannot be {width}x{height}; each side has 1 to {limit} pixels")]
    Size {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// The longest side allowed.
        limit: u32,
    },
    /// A focal length is zero, negative, or far from what lenses have.
    #[error("{name} of the camera is {value} px; a focal length lies between {least} and {most} px for this picture")]
    Focal {
        /// `fx` or `fy`.
        name: &'static str,
        /// What it is, pixels.
        value: f64,
        /// The least allowed, pixels.
        least: f64,
        /// The most allowed, pixels.
        most: f64,
    },
    /// The principal point lies more than a whole picture away from the picture.
    #[error(
        "{name} of the camera is {value} px; the principal point lies between {least} and {most} px for this picture"
    )]
    PrincipalPoint {
        /// `cx` or `cy`.
        name: &'static str,
        /// What it is, pixels.
        value: f64,
        /// The least allowed, pixels.
        least: f64,
        /// The most allowed, pixels.
        most: f64,
    },
    /// A distortion coefficient is far from what lenses have.
    #[error("distortion coefficient {name} is {value}; its size is at most {most}")]
    Coefficient {
        /// `k1` to `k6`, `p1`, `p2`.
        name: &'static str,
        /// What it is.
        value: f64,
        /// The most allowed, positive or negative.
        most: f64,
    },
    /// An unknown number of distortion coefficients.
    #[error("{count} distortion coefficients; OpenCV's models without thin prism and tilt have 0, 4, 5 or 8")]
    CoefficientCount {
        /// How many there are.
        count: usize,
    },
    /// A horizontal field of view that no flat picture has.
    #[error("a horizontal field of view of {radians} rad; it lies above 0 and below 3.1 rad (178 degrees)")]
    FieldOfView {
        /// What was asked for.
        radians: f64,
    },
    /// The distortion model has no inverse at this pixel: it lies beyond where the calibration holds.
    #[error("no ray leads to pixel ({x}, {y}): the distortion model folds over before it")]
    NoRay {
        /// Column.
        x: f64,
        /// Row.
        y: f64,
    },
}

/// Why a calibration file is none.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum CalibrationFileError {
    /// The text is broken.
    #[error("line {line}: {problem}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// The file is well formed and lacks something.
    #[error("no {what} in the file; it names {found}")]
    Missing {
        /// What is needed, with the names it may have.
        what: &'static str,
        /// The names at the file's top level.
        found: String,
    },
    /// A value has the wrong shape.
    #[error("line {line}: {name} {problem}")]
    Value {
        /// Counted from 1.
        line: usize,
        /// The name in the file.
        name: String,
        /// What is wrong with its value.
        problem: String,
    },
    /// The file is for a picture of another shape.
    #[error(
        "calibrated for {file_width}x{file_height}, which cannot be scaled to {width}x{height}: another aspect ratio"
    )]
    Aspect {
        /// Columns in the file.
        file_width: u32,
        /// Rows in the file.
        file_height: u32,
        /// Columns wanted.
        width: u32,
        /// Rows wanted.
        height: u32,
    },
    /// The numbers were read and are no camera.
    #[error("the file's numbers are no camera")]
    Model(#[from] CameraModelError),
}
