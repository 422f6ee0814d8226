//! How native samples become colours.

use serde::Serialize;

/// The coefficients that tie red, green and blue to luma.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum ColorMatrix {
    /// ITU-R BT.601: standard definition, JPEG, most web cameras.
    Bt601,
    /// ITU-R BT.709: high definition.
    Bt709,
    /// ITU-R BT.2020, non-constant luminance: ultra high definition.
    Bt2020,
}

impl ColorMatrix {
    /// The share of red and of blue in luma (`Kr`, `Kb` of the standard).
    pub const fn red_and_blue(self) -> (f32, f32) {
        match self {
            Self::Bt601 => (0.299, 0.114),
            Self::Bt709 => (0.2126, 0.0722),
            Self::Bt2020 => (0.2627, 0.0593),
        }
    }

    /// The shares of red, green and blue in luma; they add up to 1.
    pub const fn luma_weights(self) -> [f32; 3] {
        let (red, blue) = self.red_and_blue();
        [red, 1.0 - red - blue, blue]
    }
}

/// The codes that stand for black and white.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum ColorRange {
    /// Luma 16 to 235, chroma 16 to 240: video.
    Limited,
    /// 0 to 255: JPEG, computer graphics.
    Full,
}

/// How a stream's YUV samples are to be read.
///
/// For RGB formats only the matrix counts: its weights make luma.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct ColorSpace {
    /// The coefficients of luma.
    pub matrix: ColorMatrix,
    /// The codes of black and white.
    pub range: ColorRange,
}

impl ColorSpace {
    /// What JPEG files (JFIF) use.
    pub const JPEG: Self = Self { matrix: ColorMatrix::Bt601, range: ColorRange::Full };

    /// What video of this height most likely uses when it does not say: BT.709 from 720 lines on, else BT.601, both in
    /// limited range.
    pub const fn guess(height: u32) -> Self {
        let matrix = if height >= 720 { ColorMatrix::Bt709 } else { ColorMatrix::Bt601 };
        Self { matrix, range: ColorRange::Limited }
    }

    /// The conversion to gamma-encoded RGB.
    pub fn rgb_from_yuv(self) -> RgbFromYuv {
        let (luma_zero, luma_codes, chroma_codes) = match self.range {
            ColorRange::Limited => (16.0, 219.0, 224.0),
            ColorRange::Full => (0.0, 255.0, 255.0),
        };
        let (red, blue) = self.matrix.red_and_blue();
        let green = 1.0 - red - blue;
        let (from_u, from_v) = (2.0 * (1.0 - blue), 2.0 * (1.0 - red));
        RgbFromYuv {
            scale: [255.0 / luma_codes, 255.0 / chroma_codes, 255.0 / chroma_codes],
            bias: [-luma_zero / luma_codes, -128.0 / chroma_codes, -128.0 / chroma_codes],
            rows: [[1.0, 0.0, from_v], [1.0, -from_u * blue / green, -from_v * red / green], [1.0, from_u, 0.0]],
        }
    }
}

/// An affine map from YUV samples (0 to 1, as a texture unit reads bytes) to RGB (0 to 1).
///
/// `rgb = rows · (scale · yuv + bias)`, clamped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RgbFromYuv {
    /// Factor of each sample.
    pub scale: [f32; 3],
    /// Added to each scaled sample.
    pub bias: [f32; 3],
    /// One row for each of red, green and blue.
    pub rows: [[f32; 3]; 3],
}

impl RgbFromYuv {
    /// The map for formats that are RGB already.
    pub const IDENTITY: Self =
        Self { scale: [1.0; 3], bias: [0.0; 3], rows: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]] };

    /// Maps one pixel.
    pub fn apply(&self, yuv: [f32; 3]) -> [f32; 3] {
        let level = [0, 1, 2].map(|index| self.scale[index] * yuv[index] + self.bias[index]);
        self.rows.map(|row| (row[0] * level[0] + row[1] * level[1] + row[2] * level[2]).clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(space: ColorSpace, yuv: [u8; 3]) -> [u8; 3] {
        space.rgb_from_yuv().apply(yuv.map(|code| f32::from(code) / 255.0)).map(|level| (level * 255.0).round() as u8)
    }

    #[test]
    fn black_and_white_are_black_and_white() {
        for matrix in [ColorMatrix::Bt601, ColorMatrix::Bt709, ColorMatrix::Bt2020] {
            let limited = ColorSpace { matrix, range: ColorRange::Limited };
            assert_eq!((bytes(limited, [16, 128, 128]), bytes(limited, [235, 128, 128])), ([0; 3], [255; 3]));
            let full = ColorSpace { matrix, range: ColorRange::Full };
            assert_eq!((bytes(full, [0, 128, 128]), bytes(full, [255, 128, 128])), ([0; 3], [255; 3]));
        }
    }

    /// 75 % colour bars as the standards code them.
    #[test]
    fn known_colours_come_out() {
        let bt601 = ColorSpace { matrix: ColorMatrix::Bt601, range: ColorRange::Limited };
        let near = |found: [u8; 3], wanted: [u8; 3]| found.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) <= 2);
        assert!(near(bytes(bt601, [81, 90, 240]), [255, 0, 0]), "{:?}", bytes(bt601, [81, 90, 240]));
        let bt709 = ColorSpace { matrix: ColorMatrix::Bt709, range: ColorRange::Limited };
        assert!(near(bytes(bt709, [63, 102, 240]), [255, 0, 0]), "{:?}", bytes(bt709, [63, 102, 240]));
        assert!(near(bytes(bt709, [173, 42, 26]), [0, 255, 0]), "{:?}", bytes(bt709, [173, 42, 26]));
        assert!(
            near(bytes(ColorSpace::JPEG, [29, 255, 107]), [0, 0, 255]),
            "{:?}",
            bytes(ColorSpace::JPEG, [29, 255, 107])
        );
    }
}
