//! What a target looks like, in several sizes: the align stage lays it over the frame.

use super::area::{codes, shrink};
use super::blocks::{LEAST, MOST, blocks};

/// A pyramid of the target's luma, and the blocks of each level that the align stage compares.
///
/// Texel centres are whole numbers: texel `t` of level `k` is at `(t + 0.5) · 2ᵏ · pixels_per_texel - 0.5` in the
/// target's pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    width: u32,
    height: u32,
    pixels_per_texel: f32,
    words: Vec<u32>,
    blocks: Vec<[u32; Template::BLOCKS]>,
}

impl Template {
    /// Most texels on a side.
    pub const SIDE: u32 = 256;
    /// Most levels.
    pub const LEVELS: usize = 5;
    /// Most blocks of a level.
    pub const BLOCKS: usize = MOST;

    /// Makes the template of a picture, given row by row.
    pub(super) fn new(luma: &[u8], width: usize, height: usize) -> Self {
        // The same in both directions, exactly: what is left over at the right and at the bottom is left out.
        let ratio = (width.max(height) as f64 / f64::from(Self::SIDE)).max(1.0);
        let [columns, rows] = [width, height].map(|side| ((side as f64 / ratio + 1e-6) as usize).max(1));
        let mut level = Level { width: columns, height: rows, luma: shrink(luma, width, [ratio; 2], columns, rows) };
        let mut template = Self {
            width: columns as u32,
            height: rows as u32,
            pixels_per_texel: ratio as f32,
            words: Vec::new(),
            blocks: Vec::new(),
        };
        template.push(&level);
        while template.blocks.len() < Self::LEVELS && level.width.min(level.height) / 2 >= LEAST {
            level = level.half();
            template.push(&level);
        }
        template
    }

    fn push(&mut self, level: &Level) {
        let luma = codes(&level.luma);
        for row in luma.chunks_exact(level.width) {
            self.words.extend(row.chunks(4).map(|four| {
                let mut bytes = [0; 4];
                bytes[..four.len()].copy_from_slice(four);
                u32::from_le_bytes(bytes)
            }));
        }
        let places = blocks(&luma, level.width, level.height);
        let mut table = [0; Self::BLOCKS];
        for (entry, place) in table.iter_mut().zip(&places) {
            *entry = place[0] as u32 | (place[1] as u32) << 12 | (places.len() as u32) << 24;
        }
        self.blocks.push(table);
    }

    /// Columns of the first level.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows of the first level.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Levels, each half the size of the one before, rounded down.
    pub fn levels(&self) -> u32 {
        self.blocks.len() as u32
    }

    /// Pixels of the target's picture for one texel of the first level, 1 or more.
    pub fn pixels_per_texel(&self) -> f32 {
        self.pixels_per_texel
    }

    /// Luma, four texels a word, the first in the lowest byte; each row starts a word; levels one after another.
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// For each level up to [`Self::BLOCKS`] blocks of 8x8 texels: column of the upper left texel in bits 0 to 11, row
    /// in bits 12 to 23, how many the level has in bits 24 to 31. Entries beyond that are 0.
    pub fn blocks(&self) -> &[[u32; Self::BLOCKS]] {
        &self.blocks
    }
}

/// One size, not rounded to codes.
struct Level {
    width: usize,
    height: usize,
    luma: Vec<f32>,
}

impl Level {
    /// The mean of each four texels.
    fn half(&self) -> Self {
        let (width, height) = (self.width / 2, self.height / 2);
        let mean = |at: usize| {
            let first = at / width * 2 * self.width + at % width * 2;
            let second = first + self.width;
            0.25 * (self.luma[first] + self.luma[first + 1] + self.luma[second] + self.luma[second + 1])
        };
        Self { width, height, luma: (0..width * height).map(mean).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texel(template: &Template, first: usize, width: usize, x: usize, y: usize) -> u32 {
        let byte = y * width.div_ceil(4) * 4 + x;
        template.words()[first + byte / 4] >> (byte % 4 * 8) & 255
    }

    #[test]
    fn a_small_picture_is_its_own_first_level() {
        let luma: Vec<u8> = (0..50 * 48).map(|at| (at % 251) as u8).collect();
        let template = Template::new(&luma, 50, 48);
        assert_eq!((template.width(), template.height(), template.levels()), (50, 48, 3));
        assert_eq!(template.pixels_per_texel(), 1.0);
        assert_eq!(texel(&template, 0, 50, 49, 47), u32::from(luma[50 * 48 - 1]));
        let second = 13 * 48;
        let mean = [0, 1, 50, 51].map(|at| f32::from(luma[at])).iter().sum::<f32>() / 4.0;
        assert_eq!(texel(&template, second, 25, 0, 0), mean.round_ties_even() as u32);
        assert_eq!(template.words().len(), second + 7 * 24 + 3 * 12);
    }

    #[test]
    fn a_large_picture_is_shrunk_alike_in_both_directions() {
        let template = Template::new(&vec![40; 1000 * 601], 1000, 601);
        assert_eq!((template.width(), template.height()), (256, 153));
        assert_eq!(template.pixels_per_texel(), 1000.0 / 256.0);
        assert_eq!(template.levels(), 4);
        assert_eq!(texel(&template, 0, 256, 255, 152), 40);
    }

    #[test]
    fn entries_of_blocks_say_where_and_how_many() {
        let template = Template::new(&[9; 100 * 80], 100, 80);
        assert_eq!(template.levels(), 4);
        // The last level is 12x10.
        let [first, second] = [0, 1].map(|entry| template.blocks()[3][entry]);
        assert_eq!((first & 0xfff, first >> 12 & 0xfff, first >> 24, second), (2, 1, 1, 0));
        let first = template.blocks()[0][0];
        assert_eq!(template.blocks()[0].iter().filter(|entry| **entry != 0).count(), (first >> 24) as usize);
    }

    #[test]
    fn a_very_thin_picture_has_a_level_without_blocks() {
        let template = Template::new(&vec![9; 8192 * 48], 8192, 48);
        assert_eq!((template.width(), template.height(), template.levels()), (256, 1, 1));
        assert_eq!(template.blocks()[0][0], 0);
    }
}
