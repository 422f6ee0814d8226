//! Calibration files as OpenCV's `FileStorage` writes them.
//!
//! ```text
//!  text ──▶ yaml (JSON is part of it) ──┐
//!       └─▶ xml ────────────────────────┴──▶ tree with line numbers ──▶ CalibrationFile ──▶ CameraModel
//! ```
//!
//! OpenCV's YAML is not YAML enough for YAML libraries: its `%YAML:1.0` is no valid directive and its tags are its own.
//! So the reader here is small, tolerant, and knows only what such files hold; it also takes the files of ROS and what
//! Python's `yaml.dump` makes of lists.

mod node;
mod write;
mod xml;
mod yaml;

use super::distortion::Distortion;
use super::error::CalibrationFileError;
use super::model::{CameraModel, Intrinsics};
use node::{Node, Value};

/// What a calibration file says about a camera; not checked yet.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationFile {
    /// Columns and rows of the pictures it was calibrated with. Some files do not say.
    pub size: Option<(u32, u32)>,
    /// The camera matrix.
    pub intrinsics: Intrinsics,
    /// Distortion coefficients in OpenCV's order: `k1 k2 p1 p2 [k3 [k4 k5 k6 …]]`. Empty for none.
    ///
    /// OpenCV's fisheye model has four coefficients as well and looks just the same; only files that name their
    /// model (ROS) can be told apart.
    pub coefficients: Vec<f64>,
}

/// Names are compared in small letters, without `_`, `-` and spaces.
const MATRIX_NAMES: &[&str] = &["cameramatrix", "intrinsicmatrix", "intrinsics", "mtx", "k"];
const COEFFICIENT_NAMES: &[&str] = &[
    "distortioncoefficients",
    "distortioncoeffs",
    "distcoefficients",
    "distcoeffs",
    "distcoeff",
    "distortion",
    "dist",
    "d",
];
const WIDTH_NAMES: &[&str] = &["imagewidth", "width"];
const HEIGHT_NAMES: &[&str] = &["imageheight", "height"];
const SIZE_NAMES: &[&str] = &["imagesize", "framesize", "size", "resolution"];
const MODEL_NAMES: &[&str] = &["distortionmodel", "cameramodel"];

impl CalibrationFile {
    /// Longest file that is looked at, in bytes.
    pub const MAX_LENGTH: usize = 1 << 22;

    /// What a camera would be written as.
    pub fn from_model(camera: &CameraModel) -> Self {
        let all = camera.distortion().to_opencv();
        let used = if camera.distortion().is_rational() { 8 } else { 5 };
        Self {
            size: Some((camera.width(), camera.height())),
            intrinsics: camera.intrinsics(),
            coefficients: all[..used].to_vec(),
        }
    }

    /// Reads YAML, JSON or XML.
    ///
    /// # Errors
    ///
    /// With the line, when the text is broken or a value has the wrong shape; with the names found, when there is no
    /// camera matrix or no distortion.
    pub fn parse(text: &str) -> Result<Self, CalibrationFileError> {
        if text.len() > Self::MAX_LENGTH {
            let problem = format!("{} bytes are too many for a calibration file", text.len());
            return Err(CalibrationFileError::Syntax { line: 1, problem });
        }
        let text = text.trim_start_matches('\u{feff}');
        let root = if text.trim_start().starts_with('<') { xml::parse(text)? } else { yaml::parse(text)? };
        Self::from_tree(&root)
    }

    /// The camera for pictures of this size. Where the file names another size of the same aspect ratio (within 1 %)
    /// it is scaled; where it names none it is taken to be for this one.
    ///
    /// # Errors
    ///
    /// When the aspect ratio is another, or the numbers are no camera.
    pub fn model(&self, width: u32, height: u32) -> Result<CameraModel, CalibrationFileError> {
        let (file_width, file_height) = self.size.unwrap_or((width, height));
        let lens = Distortion::from_opencv(&self.coefficients)?;
        let camera = CameraModel::new(file_width, file_height, self.intrinsics, lens)?;
        let ratio = f64::from(file_width) * f64::from(height) / (f64::from(file_height) * f64::from(width));
        if !(0.99..=1.01).contains(&ratio) {
            return Err(CalibrationFileError::Aspect { file_width, file_height, width, height });
        }
        Ok(camera.scaled_to(width, height)?)
    }

    /// The camera at the size that the file names.
    ///
    /// # Errors
    ///
    /// When the file names no size, or the numbers are no camera.
    pub fn model_at_own_size(&self) -> Result<CameraModel, CalibrationFileError> {
        let (width, height) = self.size.ok_or(CalibrationFileError::Missing {
            what: "image size (image_width and image_height)",
            found: "only the camera".into(),
        })?;
        self.model(width, height)
    }

    fn from_tree(root: &Node) -> Result<Self, CalibrationFileError> {
        let missing = |what| CalibrationFileError::Missing { what, found: root.names() };
        refuse_other_models(root)?;
        let (name, matrix) =
            root.find(MATRIX_NAMES).ok_or_else(|| missing("camera matrix (camera_matrix, cameraMatrix, K)"))?;
        let intrinsics = read_intrinsics(name, matrix)?;
        let (name, coefficients) = root
            .find(COEFFICIENT_NAMES)
            .ok_or_else(|| missing("distortion (distortion_coefficients, distCoeffs, D)"))?;
        let coefficients = coefficients.numbers(name)?;
        Ok(Self { size: read_size(root)?, intrinsics, coefficients })
    }
}

/// Other lens models have coefficients that would be misread.
fn refuse_other_models(root: &Node) -> Result<(), CalibrationFileError> {
    const KNOWN: &[&str] =
        &["plumbbob", "rationalpolynomial", "radtan", "radialtangential", "pinhole", "opencv", "brown", "none"];
    let Some((name, node)) = root.find(MODEL_NAMES) else { return Ok(()) };
    let Value::Text(model) = &node.value else { return Ok(()) };
    if KNOWN.contains(&node::plain_name(model).as_str()) {
        return Ok(());
    }
    Err(node.wrong(name, format!("is {model}; only plumb_bob and rational_polynomial are read")))
}

fn read_intrinsics(name: &str, node: &Node) -> Result<Intrinsics, CalibrationFileError> {
    let numbers = node.numbers(name)?;
    let &[fx, skew, cx, below, fy, cy, g, h, last] = numbers.as_slice() else {
        return Err(node.wrong(name, format!("has {} numbers; a camera matrix has 3x3", numbers.len())));
    };
    if [below, g, h, last] != [0.0, 0.0, 0.0, 1.0] {
        return Err(node.wrong(name, "is no camera matrix: below the diagonal it must be 0, its last element 1".into()));
    }
    if skew.abs() > 1e-6 * fx.abs() {
        return Err(node.wrong(name, format!("has a skew of {skew}, which is not supported")));
    }
    Ok(Intrinsics { fx, fy, cx, cy })
}

fn read_size(root: &Node) -> Result<Option<(u32, u32)>, CalibrationFileError> {
    let sides = match (root.find(WIDTH_NAMES), root.find(HEIGHT_NAMES)) {
        (Some((width_name, width)), Some((height_name, height))) => {
            [(width.numbers(width_name)?, width, width_name), (height.numbers(height_name)?, height, height_name)]
        }
        _ => {
            let Some((name, node)) = root.find(SIZE_NAMES) else { return Ok(None) };
            let numbers = node.numbers(name)?;
            let &[width, height] = numbers.as_slice() else {
                return Err(node.wrong(name, format!("has {} numbers; a size has 2", numbers.len())));
            };
            [(vec![width], node, name), (vec![height], node, name)]
        }
    };
    let mut found = [0; 2];
    for (place, (numbers, node, name)) in found.iter_mut().zip(sides) {
        let whole = |side: f64| side.fract() == 0.0 && side >= 1.0 && side <= f64::from(CameraModel::MAX_SIDE);
        *place = match numbers.as_slice() {
            &[side] if whole(side) => side as u32,
            other => return Err(node.wrong(name, format!("is {other:?}, which is no number of pixels"))),
        };
    }
    Ok(Some((found[0], found[1])))
}

#[cfg(test)]
mod tests;
