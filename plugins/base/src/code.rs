//! The frame code: a number written into the pixels, and how a reader finds it.
//!
//! ```text
//!  cell   0 … 7     8 … 39        40 … 47
//!        ┌────────┬─────────────┬─────────┐
//!  bits  │ 1100…  │ seq, bit 31 │ check   │   one row of cells at the top of the picture,
//!        │ sync   │ first       │         │   the same row again at its bottom
//!        └────────┴─────────────┴─────────┘
//! ```
//!
//! Cells are black or white squares. Both rows must agree, so a picture torn between two frames is noticed.

use bevy::ecs::component::Component;
use serde::Serialize;

use crate::attachment::Attachment;
use crate::product::Product;

/// The number read back from a frame's pixels by the GPU: proof of which frame the pixels belong to.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FrameCode {
    /// The low 32 bits of the frame's `seq` as the pixels say it; `None` when the picture holds no intact code.
    pub seq: Option<u32>,
    /// Whether the rows at the top and at the bottom of the picture say the same.
    pub whole: bool,
}

impl Attachment for FrameCode {
    const NAME: &'static str = "frame_code";
}

impl Product for FrameCode {
    const NAME: &'static str = "frame_code";
}

impl FrameCode {
    /// Cells in a row of code.
    pub const CELLS: u32 = 48;
    /// The first eight cells.
    pub const SYNC: u8 = 0b1100_1010;

    /// The side of a cell in pixels for a picture of this size, or `None` where a code does not fit.
    ///
    /// Even, so that a cell never shares a chroma sample with its neighbour.
    pub const fn cell_side(width: u32, height: u32) -> Option<u32> {
        let side = width / Self::CELLS / 2 * 2;
        let side = if side > 16 { 16 } else { side };
        if side < 2 || height < 2 * side { None } else { Some(side) }
    }

    /// The cells of the code for `seq`, cell 0 in bit 47.
    pub const fn encode(seq: u32) -> u64 {
        ((Self::SYNC as u64) << 40) | ((seq as u64) << 8) | Self::check(seq) as u64
    }

    /// The number that a row of cells says, if it is intact.
    pub const fn decode(cells: u64) -> Option<u32> {
        let seq = (cells >> 8) as u32;
        if (cells >> 40) as u8 == Self::SYNC && cells as u8 == Self::check(seq) { Some(seq) } else { None }
    }

    /// CRC-8 of the number (polynomial x⁸ + x² + x + 1, as in ATM's header check), most significant byte first.
    const fn check(seq: u32) -> u8 {
        let bytes = seq.to_be_bytes();
        let mut crc = 0_u8;
        let mut index = 0;
        while index < bytes.len() {
            crc ^= bytes[index];
            let mut bit = 0;
            while bit < 8 {
                crc = if crc & 0x80 == 0 { crc << 1 } else { (crc << 1) ^ 0x07 };
                bit += 1;
            }
            index += 1;
        }
        crc
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cells_fit_the_picture() {
        assert_eq!(FrameCode::cell_side(640, 480), Some(12));
        assert_eq!(FrameCode::cell_side(3840, 2160), Some(16));
        assert_eq!(FrameCode::cell_side(95, 480), None);
        assert_eq!(FrameCode::cell_side(640, 23), None);
    }

    proptest! {
        #[test]
        fn reads_what_was_written(seq: u32) {
            prop_assert_eq!(FrameCode::decode(FrameCode::encode(seq)), Some(seq));
        }

        #[test]
        fn a_flipped_cell_is_noticed(seq: u32, cell in 0..FrameCode::CELLS) {
            prop_assert_eq!(FrameCode::decode(FrameCode::encode(seq) ^ (1 << cell)), None);
        }
    }
}
