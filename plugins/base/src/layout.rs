//! How the native bytes of a picture lie in memory.
//!
//! ```text
//!  YUYV   │Y0 U Y1 V│Y2 U Y3 V│ …              one plane, two pixels in four bytes
//!  UYVY   │U Y0 V Y1│ …
//!  NV12   │Y Y Y Y …│  then  │U V U V …│        chroma at half the width and height
//!  I420   │Y Y Y Y …│  then  │U U …│ │V V …│
//!  I422, I444                                  the same with more chroma
//!  RGB24, BGR24, YUV24  │A B C│A B C│ …        three bytes a pixel
//!  RGBA   │R G B A│ …        GRAY8  │Y│Y│ …
//! ```
//!
//! Rows are packed tightly, planes follow one another without gaps: a native picture in a staging slot never holds
//! padding. One rule finds any sample of any format, so one shader reads them all:
//!
//! ```text
//! byte of component c at pixel (x, y) = offset + (y >> down_y) · stride + (x >> down_x) · step
//! ```

use arrayvec::ArrayVec;
use serde::Serialize;

/// How a source delivers its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum PixelFormat {
    /// 4:2:2, packed `Y0 U Y1 V`.
    Yuyv,
    /// 4:2:2, packed `U Y0 V Y1`.
    Uyvy,
    /// 4:2:0, luma plane, then interleaved `U V`.
    Nv12,
    /// 4:2:0, three planes.
    I420,
    /// 4:2:2, three planes.
    I422,
    /// 4:4:4, three planes.
    I444,
    /// Packed `Y U V`, as JPEG decoders deliver it.
    Yuv24,
    /// Packed `R G B`.
    Rgb24,
    /// Packed `B G R`.
    Bgr24,
    /// Packed `R G B A`; alpha is ignored, pictures are opaque.
    Rgba,
    /// Luma alone.
    Gray8,
}

/// One of the three samples that make a pixel: `Y U V` or `R G B`, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    /// Luma or red.
    First,
    /// Blue difference or green.
    Second,
    /// Red difference or blue.
    Third,
}

/// Where the samples of one component lie, in bytes; see the rule in the module's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComponentLayout {
    /// Byte of the first sample.
    pub offset: u32,
    /// Bytes from one sample of a row to the next.
    pub step: u32,
    /// Bytes from one row of samples to the next.
    pub stride: u32,
    /// Right-shift of `x`: 1 where a sample serves two columns.
    pub down_x: u32,
    /// Right-shift of `y`: 1 where a sample serves two rows.
    pub down_y: u32,
}

/// A rectangle of bytes within a native picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plane {
    /// Byte of its first row.
    pub offset: usize,
    /// Bytes in a row, which is also the distance from row to row.
    pub row_bytes: usize,
    /// Rows.
    pub rows: usize,
}

impl Plane {
    /// Bytes in the plane.
    pub const fn bytes(&self) -> usize {
        self.row_bytes * self.rows
    }
}

/// The planes of a picture, in memory order.
pub type Planes = ArrayVec<Plane, 3>;

impl PixelFormat {
    /// All formats.
    pub const ALL: [Self; 11] = [
        Self::Yuyv,
        Self::Uyvy,
        Self::Nv12,
        Self::I420,
        Self::I422,
        Self::I444,
        Self::Yuv24,
        Self::Rgb24,
        Self::Bgr24,
        Self::Rgba,
        Self::Gray8,
    ];

    /// The usual name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Yuyv => "YUYV",
            Self::Uyvy => "UYVY",
            Self::Nv12 => "NV12",
            Self::I420 => "I420",
            Self::I422 => "I422",
            Self::I444 => "I444",
            Self::Yuv24 => "YUV24",
            Self::Rgb24 => "RGB24",
            Self::Bgr24 => "BGR24",
            Self::Rgba => "RGBA",
            Self::Gray8 => "GRAY8",
        }
    }

    /// Whether the samples are red, green and blue rather than luma and chroma.
    pub const fn is_rgb(self) -> bool {
        matches!(self, Self::Rgb24 | Self::Bgr24 | Self::Rgba)
    }

    /// Whether there is no chroma.
    pub const fn is_gray(self) -> bool {
        matches!(self, Self::Gray8)
    }

    /// Bytes in a row of each plane, and rows of each plane.
    fn plane_sizes(self, width: usize, height: usize) -> ArrayVec<(usize, usize), 3> {
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        match self {
            Self::Yuyv | Self::Uyvy => [(half_width * 4, height)].into_iter().collect(),
            Self::Nv12 => [(width, height), (half_width * 2, half_height)].into_iter().collect(),
            Self::I420 => [(width, height), (half_width, half_height), (half_width, half_height)].into(),
            Self::I422 => [(width, height), (half_width, height), (half_width, height)].into(),
            Self::I444 => [(width, height); 3].into(),
            Self::Yuv24 | Self::Rgb24 | Self::Bgr24 => [(width * 3, height)].into_iter().collect(),
            Self::Rgba => [(width * 4, height)].into_iter().collect(),
            Self::Gray8 => [(width, height)].into_iter().collect(),
        }
    }

    /// The planes of a picture of this size, tightly packed.
    pub fn planes(self, width: u32, height: u32) -> Planes {
        let mut offset = 0;
        let mut planes = Planes::new();
        for (row_bytes, rows) in self.plane_sizes(width as usize, height as usize) {
            planes.push(Plane { offset, row_bytes, rows });
            offset += row_bytes * rows;
        }
        planes
    }

    /// Bytes in a tightly packed picture of this size.
    pub fn bytes(self, width: u32, height: u32) -> u64 {
        self.plane_sizes(width as usize, height as usize).iter().map(|&(row, rows)| row as u64 * rows as u64).sum()
    }

    /// Where a component's samples lie in a picture of this size. Gray pictures have luma only; asked for chroma they
    /// answer with luma, and whoever converts must not use it.
    pub fn component(self, component: Component, width: u32, height: u32) -> ComponentLayout {
        let planes = self.planes(width, height);
        let index = component as usize;
        let at = |plane: usize, first: u32, step: u32, down_x: u32, down_y: u32| ComponentLayout {
            offset: planes[plane].offset as u32 + first,
            step,
            stride: planes[plane].row_bytes as u32,
            down_x,
            down_y,
        };
        let chroma = |luma: ComponentLayout, other: ComponentLayout| if index == 0 { luma } else { other };
        match self {
            Self::Yuyv => chroma(at(0, 0, 2, 0, 0), at(0, [0, 1, 3][index], 4, 1, 0)),
            Self::Uyvy => chroma(at(0, 1, 2, 0, 0), at(0, [0, 0, 2][index], 4, 1, 0)),
            Self::Nv12 => chroma(at(0, 0, 1, 0, 0), at(1, [0, 0, 1][index], 2, 1, 1)),
            Self::I420 => chroma(at(0, 0, 1, 0, 0), at(index, 0, 1, 1, 1)),
            Self::I422 => chroma(at(0, 0, 1, 0, 0), at(index, 0, 1, 1, 0)),
            Self::I444 => at(index, 0, 1, 0, 0),
            Self::Yuv24 | Self::Rgb24 => at(0, index as u32, 3, 0, 0),
            Self::Bgr24 => at(0, 2 - index as u32, 3, 0, 0),
            Self::Rgba => at(0, index as u32, 4, 0, 0),
            Self::Gray8 => at(0, 0, 1, 0, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COMPONENTS: [Component; 3] = [Component::First, Component::Second, Component::Third];

    #[test]
    fn sizes_are_the_usual_ones() {
        assert_eq!(PixelFormat::Yuyv.bytes(640, 480), 640 * 480 * 2);
        assert_eq!(PixelFormat::Nv12.bytes(640, 480), 640 * 480 * 3 / 2);
        assert_eq!(PixelFormat::I420.bytes(641, 479), 641 * 479 + 2 * 321 * 240);
    }

    proptest! {
        /// Every byte of a picture belongs to exactly one sample, but for the second luma of the last pair in an odd
        /// row of a packed format and alpha.
        #[test]
        fn samples_cover_the_picture(width in 1_u32..40, height in 1_u32..40, format in 0..PixelFormat::ALL.len()) {
            let format = PixelFormat::ALL[format];
            let bytes = format.bytes(width, height) as usize;
            let mut uses = vec![0_u32; bytes];
            let components = if format.is_gray() { &COMPONENTS[..1] } else { &COMPONENTS[..] };
            for &component in components {
                let layout = format.component(component, width, height);
                for y in 0..height.div_ceil(1 << layout.down_y) {
                    for x in 0..width.div_ceil(1 << layout.down_x) {
                        uses[(layout.offset + y * layout.stride + x * layout.step) as usize] += 1;
                    }
                }
            }
            prop_assert!(uses.iter().all(|&count| count <= 1));
            let spare = match format {
                PixelFormat::Yuyv | PixelFormat::Uyvy => (width % 2 * height) as usize,
                PixelFormat::Rgba => (width * height) as usize,
                _ => 0,
            };
            prop_assert_eq!(uses.iter().filter(|&&count| count == 0).count(), spare);
        }
    }
}
