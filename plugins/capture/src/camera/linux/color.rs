//! From V4L2's numbers to colours.

use freshet_base::{ColorMatrix, ColorRange, ColorSpace};

use super::device::Settled;

/// The colours that the driver declares, for pictures that are not JPEG; `None` when it leaves them open.
///
/// Where it names a colour space but no YUV coding or range, the standard's defaults for that colour space hold, as
/// V4L2's documentation lists them. For gray pictures drivers use the full range, as for RGB.
pub(super) fn declared(settled: &Settled, is_yuv: bool) -> Option<ColorSpace> {
    const JPEG: u32 = 7;
    let matrix = match (settled.yuv_coding, settled.color_space) {
        (1 | 3 | 5, _) => ColorMatrix::Bt601,
        (2 | 4 | 8, _) => ColorMatrix::Bt709,
        (6 | 7, _) => ColorMatrix::Bt2020,
        (_, 0) => return None,
        // SMPTE 240M, BT.709 and DCI-P3; the coefficients of the first differ from the second's by little.
        (_, 2 | 3 | 12) => ColorMatrix::Bt709,
        (_, 10) => ColorMatrix::Bt2020,
        _ => ColorMatrix::Bt601,
    };
    let range = match settled.range {
        1 => ColorRange::Full,
        2 => ColorRange::Limited,
        _ if !is_yuv || settled.color_space == JPEG => ColorRange::Full,
        _ => ColorRange::Limited,
    };
    Some(ColorSpace { matrix, range })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::FourCc;

    fn colors(color_space: u32, yuv_coding: u32, range: u32) -> Option<(ColorMatrix, ColorRange)> {
        let fourcc = FourCc(*b"YUYV");
        let settled = Settled { fourcc, width: 640, height: 480, stride: 0, color_space, yuv_coding, range };
        declared(&settled, true).map(|color| (color.matrix, color.range))
    }

    #[test]
    fn defaults_are_those_of_the_colour_space() {
        assert_eq!(colors(0, 0, 0), None);
        assert_eq!(colors(8, 0, 0), Some((ColorMatrix::Bt601, ColorRange::Limited)), "sRGB, most web cameras");
        assert_eq!(colors(3, 0, 0), Some((ColorMatrix::Bt709, ColorRange::Limited)), "BT.709");
        assert_eq!(colors(7, 0, 0), Some((ColorMatrix::Bt601, ColorRange::Full)), "JPEG");
        assert_eq!(colors(10, 0, 0), Some((ColorMatrix::Bt2020, ColorRange::Limited)), "BT.2020");
    }

    #[test]
    fn what_is_named_counts() {
        assert_eq!(colors(8, 2, 1), Some((ColorMatrix::Bt709, ColorRange::Full)));
        assert_eq!(colors(3, 1, 2), Some((ColorMatrix::Bt601, ColorRange::Limited)));
        assert_eq!(colors(0, 6, 0), Some((ColorMatrix::Bt2020, ColorRange::Limited)));
    }
}
