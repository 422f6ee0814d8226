//! The sequence parameter set of H.264: size and colours (ITU-T H.264, 7.3.2.1.1 and E.1.1).

use freshet_base::{ColorMatrix, ColorRange};

/// What a sequence parameter set says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sps {
    pub(super) width: u32,
    pub(super) height: u32,
    /// 0 is gray, 1 is 4:2:0, 2 is 4:2:2, 3 is 4:4:4.
    pub(super) chroma: u32,
    /// Bits of a sample.
    pub(super) bits: u32,
    /// Pictures may be two fields woven together.
    pub(super) interlaced: bool,
    pub(super) matrix: Option<ColorMatrix>,
    pub(super) range: Option<ColorRange>,
}

/// Profiles whose sets tell chroma and bits.
const HIGH_PROFILES: [u32; 13] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

impl Sps {
    /// Reads a NAL unit that holds a sequence parameter set.
    pub(super) fn read(nal: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(nal);
        bits.skip(8)?;
        let profile = bits.take(8)?;
        bits.skip(16)?;
        bits.count()?;
        let (chroma, depth, has_own_planes) =
            if HIGH_PROFILES.contains(&profile) { read_high(&mut bits)? } else { (1, 8, false) };
        bits.count()?;
        skip_picture_order(&mut bits)?;
        bits.count()?;
        bits.skip(1)?;
        let (columns, rows) = (bits.count()?.checked_add(1)?, bits.count()?.checked_add(1)?);
        // Fields hold every second row, so their map units are twice as high.
        let frames_only = bits.take(1)?;
        if frames_only == 0 {
            bits.skip(1)?;
        }
        bits.skip(1)?;
        let height = rows.checked_mul(16 * (2 - frames_only))?;
        let cropped = read_crop(&mut bits, if has_own_planes { 0 } else { chroma }, frames_only)?;
        let (matrix, range) = read_colors(&mut bits).unwrap_or_default();
        Some(Self {
            width: columns.checked_mul(16)?.checked_sub(cropped.0)?,
            height: height.checked_sub(cropped.1)?,
            chroma,
            bits: depth,
            interlaced: frames_only == 0,
            matrix,
            range,
        })
    }
}

/// Chroma, bits, and whether the colours are three pictures of their own.
fn read_high(bits: &mut Bits<'_>) -> Option<(u32, u32, bool)> {
    let chroma = bits.count()?;
    let has_own_planes = chroma == 3 && bits.take(1)? == 1;
    let depth = bits.count()?.checked_add(8)?;
    bits.count()?;
    bits.skip(1)?;
    if bits.take(1)? == 1 {
        for list in 0..if chroma == 3 { 12 } else { 8 } {
            if bits.take(1)? == 1 {
                skip_scaling_list(bits, if list < 6 { 16 } else { 64 })?;
            }
        }
    }
    (chroma <= 3 && depth <= 14).then_some((chroma, depth, has_own_planes))
}

fn skip_scaling_list(bits: &mut Bits<'_>, entries: u32) -> Option<()> {
    let (mut last, mut next) = (8, 8);
    for _ in 0..entries {
        if next != 0 {
            next = (last + bits.signed()?).rem_euclid(256);
        }
        last = if next == 0 { last } else { next };
    }
    Some(())
}

fn skip_picture_order(bits: &mut Bits<'_>) -> Option<()> {
    match bits.count()? {
        0 => bits.count().map(drop),
        1 => {
            bits.skip(1)?;
            bits.signed()?;
            bits.signed()?;
            for _ in 0..bits.count()?.min(255) {
                bits.signed()?;
            }
            Some(())
        }
        _ => Some(()),
    }
}

/// Columns and rows that are cut away.
fn read_crop(bits: &mut Bits<'_>, chroma: u32, frames_only: u32) -> Option<(u32, u32)> {
    if bits.take(1)? == 0 {
        return Some((0, 0));
    }
    let (across, down) = match chroma {
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    };
    let mut sum = || bits.count()?.checked_add(bits.count()?);
    let (columns, rows) = (sum()?, sum()?);
    Some((columns.checked_mul(across)?, rows.checked_mul(down * (2 - frames_only))?))
}

fn read_colors(bits: &mut Bits<'_>) -> Option<(Option<ColorMatrix>, Option<ColorRange>)> {
    if bits.take(1)? == 0 {
        return None;
    }
    if bits.take(1)? == 1 && bits.take(8)? == 255 {
        bits.skip(32)?;
    }
    if bits.take(1)? == 1 {
        bits.skip(1)?;
    }
    if bits.take(1)? == 0 {
        return None;
    }
    bits.skip(3)?;
    let range = if bits.take(1)? == 1 { ColorRange::Full } else { ColorRange::Limited };
    if bits.take(1)? == 0 {
        return Some((None, Some(range)));
    }
    bits.skip(16)?;
    let matrix = match bits.take(8)? {
        1 => Some(ColorMatrix::Bt709),
        4..=6 => Some(ColorMatrix::Bt601),
        9 | 10 => Some(ColorMatrix::Bt2020),
        _ => None,
    };
    Some((matrix, Some(range)))
}

/// Bits of a NAL unit, first the most significant of each byte, without the bytes that keep start codes out.
#[derive(Debug)]
struct Bits<'a> {
    bytes: &'a [u8],
    /// Bytes of value zero just passed.
    zeros: u32,
    byte: u8,
    left: u32,
}

impl<'a> Bits<'a> {
    const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, zeros: 0, byte: 0, left: 0 }
    }

    fn bit(&mut self) -> Option<u32> {
        if self.left == 0 {
            let (mut byte, mut rest) = self.bytes.split_first()?;
            if self.zeros >= 2 && *byte == 3 {
                self.zeros = 0;
                (byte, rest) = rest.split_first()?;
            }
            self.zeros = if *byte == 0 { self.zeros + 1 } else { 0 };
            (self.byte, self.bytes, self.left) = (*byte, rest, 8);
        }
        self.left -= 1;
        Some(u32::from(self.byte >> self.left) & 1)
    }

    fn take(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0_u32, |value, _| Some(value << 1 | self.bit()?))
    }

    fn skip(&mut self, count: u32) -> Option<()> {
        self.take(count).map(drop)
    }

    /// An unsigned number in Exp-Golomb code, `ue(v)`.
    fn count(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some(((1_u32 << zeros) - 1) + self.take(zeros)?)
    }

    /// A signed number in Exp-Golomb code, `se(v)`.
    fn signed(&mut self) -> Option<i32> {
        let code = i64::from(self.count()?);
        i32::try_from(if code % 2 == 0 { -code / 2 } else { (code + 1) / 2 }).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn exp_golomb_codes_are_those_of_the_standard() {
        // 1 | 010 | 011 | 00100 | 00101 …
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0010, 0b1000_0000]);
        assert_eq!([(); 5].map(|()| bits.count()), [0, 1, 2, 3, 4].map(Some));
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0010, 0b1000_0000]);
        assert_eq!([(); 5].map(|()| bits.signed()), [0, 1, -1, 2, -2].map(Some));
    }

    #[test]
    fn bytes_that_keep_start_codes_out_are_passed_over() {
        let mut bits = Bits::new(&[0, 0, 3, 1, 0, 0, 3, 0xFF]);
        assert_eq!(bits.take(24), Some(1));
        assert_eq!(bits.take(24), Some(0xFF));
        assert_eq!(bits.take(1), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            if let Some(set) = Sps::read(&bytes) {
                prop_assert!(set.bits >= 8);
            }
        }
    }
}
