//! The shape of a stream's frames.

use serde::Serialize;

use crate::bytes::Bytes;
use crate::color::{ColorSpace, RgbFromYuv};
use crate::layout::{PixelFormat, Planes};

/// The shape of a stream's frames: size, pixel format and colour space. Two frames of the same format are
/// interchangeable in every buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct FrameFormat {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// How the bytes lie.
    pub pixels: PixelFormat,
    /// How samples become colours.
    pub color: ColorSpace,
}

impl FrameFormat {
    /// Columns and rows beyond which a format is refused whatever the adapter: 2¹⁵.
    pub const MAX_SIDE: u32 = 1 << 15;

    /// A format with the colour space most likely for it: [`ColorSpace::JPEG`] for RGB, gray and packed YUV (as JPEG
    /// decoders deliver it), else [`ColorSpace::guess`].
    ///
    /// # Errors
    ///
    /// When a side is zero or larger than [`Self::MAX_SIDE`].
    pub const fn new(width: u32, height: u32, pixels: PixelFormat) -> Result<Self, FormatError> {
        if width == 0 || height == 0 {
            return Err(FormatError::Empty { width, height });
        }
        if width > Self::MAX_SIDE || height > Self::MAX_SIDE {
            return Err(FormatError::TooLarge { width, height, limit: Self::MAX_SIDE });
        }
        let color = if pixels.is_rgb() || pixels.is_gray() || matches!(pixels, PixelFormat::Yuv24) {
            ColorSpace::JPEG
        } else {
            ColorSpace::guess(height)
        };
        Ok(Self { width, height, pixels, color })
    }

    /// The same format read in another colour space.
    #[must_use]
    pub const fn with_color(self, color: ColorSpace) -> Self {
        Self { color, ..self }
    }

    /// Bytes in one frame, tightly packed.
    pub fn bytes(&self) -> Bytes {
        Bytes(self.pixels.bytes(self.width, self.height))
    }

    /// The planes of one frame.
    pub fn planes(&self) -> Planes {
        self.pixels.planes(self.width, self.height)
    }

    /// The conversion to gamma-encoded RGB; the identity for RGB formats.
    pub fn rgb_from_native(&self) -> RgbFromYuv {
        if self.pixels.is_rgb() { RgbFromYuv::IDENTITY } else { self.color.rgb_from_yuv() }
    }
}

impl std::fmt::Display for FrameFormat {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}x{} {}", self.width, self.height, self.pixels.name())
    }
}

/// Why a format is no format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormatError {
    /// A side is zero.
    Empty {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// A side is beyond the limit.
    TooLarge {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// The largest side.
        limit: u32,
    },
}

impl std::fmt::Display for FormatError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty { width, height } => write!(out, "a picture of {width}x{height} has no pixels"),
            Self::TooLarge { width, height, limit } => {
                write!(out, "a picture of {width}x{height} is larger than {limit} on a side")
            }
        }
    }
}

impl std::error::Error for FormatError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::ColorMatrix;

    #[test]
    fn sides_are_checked() {
        assert!(matches!(FrameFormat::new(0, 4, PixelFormat::Rgba), Err(FormatError::Empty { .. })));
        assert!(matches!(FrameFormat::new(1 << 16, 4, PixelFormat::Rgba), Err(FormatError::TooLarge { .. })));
    }

    #[test]
    fn colours_default_by_kind_and_height() {
        let format = |height, pixels| FrameFormat::new(64, height, pixels).unwrap().color;
        assert_eq!(format(480, PixelFormat::Yuyv).matrix, ColorMatrix::Bt601);
        assert_eq!(format(720, PixelFormat::Yuyv).matrix, ColorMatrix::Bt709);
        assert_eq!(format(720, PixelFormat::Rgba), ColorSpace::JPEG);
    }
}
