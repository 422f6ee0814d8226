//! What a camera is and what it offers.

use std::fmt;
use std::path::PathBuf;

use freshet_base::PixelFormat;

/// A camera and what it offers.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraDescription {
    /// The system's number of it, as in `camera:0`.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its device file, where the system has such.
    pub path: PathBuf,
    /// What it offers.
    pub formats: Vec<CameraFormat>,
    /// Why it does not tell its formats.
    pub fault: Option<String>,
}

/// A coding, a size, and the rates at which they come.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraFormat {
    /// How the camera codes its pictures.
    pub fourcc: FourCc,
    /// Their size.
    pub size: CameraSize,
    /// Frames per second that it offers, fastest first; none when it does not tell.
    pub rates_hz: Vec<f64>,
}

/// The sizes of a camera's pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CameraSize {
    /// This size.
    Exactly {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// Any size from the least to the most, in steps; each as columns and rows.
    Between {
        /// The smallest size.
        least: (u32, u32),
        /// The largest size.
        most: (u32, u32),
        /// From one size to the next.
        step: (u32, u32),
    },
}

/// A coding's name of four letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FourCc(pub [u8; 4]);

/// How the pictures of a coding are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    /// As they are.
    Raw(PixelFormat),
    /// As JPEG pictures.
    Jpeg,
}

impl FourCc {
    /// How pictures of this coding are read; `None` when they are not.
    pub(crate) fn coding(self) -> Option<Coding> {
        Some(match &self.0 {
            b"YUYV" => Coding::Raw(PixelFormat::Yuyv),
            b"UYVY" => Coding::Raw(PixelFormat::Uyvy),
            b"NV12" => Coding::Raw(PixelFormat::Nv12),
            b"YU12" => Coding::Raw(PixelFormat::I420),
            b"422P" => Coding::Raw(PixelFormat::I422),
            b"RGB3" => Coding::Raw(PixelFormat::Rgb24),
            b"BGR3" => Coding::Raw(PixelFormat::Bgr24),
            b"GREY" => Coding::Raw(PixelFormat::Gray8),
            b"MJPG" | b"JPEG" => Coding::Jpeg,
            _ => return None,
        })
    }

    /// Whether pictures of this coding are read.
    pub fn is_read(self) -> bool {
        self.coding().is_some()
    }
}

impl fmt::Display for FourCc {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The highest bit marks the order of bytes, by V4L2's use.
        let [a, b, c, d] = self.0;
        let order = if d & 0x80 == 0 { "" } else { "-BE" };
        write!(out, "{}{order}", [a, b, c, d & 0x7F].escape_ascii())
    }
}

impl CameraSize {
    /// The offered size nearest to the one wished for.
    pub fn nearest(self, (width, height): (u32, u32)) -> (u32, u32) {
        match self {
            Self::Exactly { width, height } => (width, height),
            Self::Between { least, most, step } => {
                (step_to(width, least.0, most.0, step.0), step_to(height, least.1, most.1, step.1))
            }
        }
    }
}

/// The number nearest to `wanted` that some steps reach from `least`, not beyond `most`.
fn step_to(wanted: u32, least: u32, most: u32, step: u32) -> u32 {
    let (most, step) = (most.max(least), step.max(1));
    let steps = (wanted.clamp(least, most) - least + step / 2) / step;
    least + steps.min((most - least) / step) * step
}

impl fmt::Display for CameraSize {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly { width, height } => write!(out, "{width}x{height}"),
            Self::Between { least, most, step } => {
                write!(out, "{}x{} to {}x{} in steps of {}x{}", least.0, least.1, most.0, most.1, step.0, step.1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn steps_reach_the_nearest_size() {
        let size = CameraSize::Between { least: (48, 48), most: (1920, 1080), step: (16, 8) };
        assert_eq!(size.nearest((640, 480)), (640, 480));
        assert_eq!(size.nearest((645, 483)), (640, 480));
        assert_eq!(size.nearest((9999, 9999)), (1920, 1080));
        assert_eq!(size.nearest((1, 1)), (48, 48));
    }

    proptest! {
        #[test]
        fn nearest_sizes_are_offered(
            wanted in (0_u32..5000, 0_u32..5000),
            least in (0_u32..5000, 0_u32..5000),
            most in (0_u32..5000, 0_u32..5000),
            step in (0_u32..100, 0_u32..100),
        ) {
            let (width, height) = CameraSize::Between { least, most, step }.nearest(wanted);
            prop_assert!(width >= least.0 && width <= most.0.max(least.0) && (width - least.0) % step.0.max(1) == 0);
            prop_assert!(height >= least.1 && height <= most.1.max(least.1) && (height - least.1) % step.1.max(1) == 0);
        }
    }
}
