//! What a target looks like, in several sizes: the align stage lays it over the frame.

use super::area::{codes, shrink};

/// A pyramid of the target's luma, and the blocks of each level that the align stage compares.
///
/// Texel centres are whole numbers: texel `t` of level `k` is at `(t + 0.5) · 2ᵏ · pixels_per_texel - 0.5` in the target's
/// pixels.
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
    pub const BLOCKS: usize = 64;

    /// Texels on a side of a block.
    const BLOCK: usize = 8;
    /// A level's shorter side at least, but for the first level: a block and its border.
    const LEAST: usize = Self::BLOCK + 2;

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
        while template.blocks.len() < Self::LEVELS && level.width.min(level.height) / 2 >= Self::LEAST {
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

    /// For each level up to [`Self::BLOCKS`] blocks of 8x8 texels: column of the upper left texel in bits 0 to 11, row in
    /// bits 12 to 23, how many the level has in bits 24 to 31. Entries beyond that are 0.
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

/// Upper left texels of the blocks of a level, all at least one texel away from the border.
fn blocks(luma: &[u8], width: usize, height: usize) -> Vec<[usize; 2]> {
    if width.min(height) < Template::LEAST {
        return Vec::new();
    }
    if (width - 2) / Template::BLOCK * ((height - 2) / Template::BLOCK) <= Template::BLOCKS {
        lattice(width, height)
    } else {
        telling_blocks(luma, width, height)
    }
}

/// A regular lattice, overlapping if need be.
fn lattice(width: usize, height: usize) -> Vec<[usize; 2]> {
    let (across, down) = (width - Template::LEAST, height - Template::LEAST);
    let (mut columns, mut rows) = (1, 1);
    for more in 1..22 {
        let shape = (height - Template::BLOCK) as f64 / (width - Template::BLOCK) as f64;
        let matching = ((more as f64 * shape).round_ties_even() as usize).max(1);
        // Steps below 4 texels add nothing but work.
        let wide = |span: usize, count: usize| span >= 4 * (count - 1).max(1);
        let fits = more * matching <= Template::BLOCKS && more <= across + 1 && matching <= down + 1;
        if fits && (more == 1 || (wide(across, more) && wide(down, matching))) {
            (columns, rows) = (more, matching);
        }
    }
    let place = |index: usize, count: usize, span: usize| match count {
        1 => 1 + span / 2,
        _ => 1 + (index as f64 * span as f64 / (count - 1) as f64).round_ties_even() as usize,
    };
    (0..rows * columns)
        .map(|index| [place(index % columns, columns, across), place(index / columns, rows, down)])
        .collect()
}

/// The most telling block of each of up to 64 cells.
fn telling_blocks(luma: &[u8], width: usize, height: usize) -> Vec<[usize; 2]> {
    let tensor = Tensor::new(luma, width, height);
    let most = Template::BLOCKS;
    let columns = ((most as f64 * width as f64 / height as f64).sqrt().round_ties_even() as usize).clamp(1, most);
    let rows = most / columns;
    // First and last place of a cell.
    let span = |index: usize, count: usize, side: usize| {
        let first = 1 + index * (side - 2) / count;
        let end = 1 + (index + 1) * (side - 2) / count;
        let last = end.saturating_sub(Template::BLOCK).max(first).min(side + 1 - Template::LEAST);
        (first.min(last), last)
    };
    let best = |index: usize| {
        let (left, right) = span(index % columns, columns, width);
        let (top, bottom) = span(index / columns, rows, height);
        let mut best = ([left, top], f64::NEG_INFINITY);
        for y in top..=bottom {
            for x in left..=right {
                let telling = tensor.telling(x, y);
                if telling > best.1 {
                    best = ([x, y], telling);
                }
            }
        }
        best.0
    };
    (0..rows * columns).map(best).collect()
}

/// Sums of products of gradients above and left of each texel.
struct Tensor {
    stride: usize,
    sums: Vec<[i64; 3]>,
}

impl Tensor {
    fn new(luma: &[u8], width: usize, height: usize) -> Self {
        let stride = width + 1;
        let mut sums = vec![[0; 3]; stride * (height + 1)];
        for y in 0..height {
            let mut line = [0; 3];
            for x in 0..width {
                let at = y * width + x;
                let difference = |inside: bool, step: usize| match inside {
                    true => i64::from(luma[at + step]) - i64::from(luma[at - step]),
                    false => 0,
                };
                let gx = difference((1..width - 1).contains(&x), 1);
                let gy = difference((1..height - 1).contains(&y), width);
                let above = sums[y * stride + x + 1];
                for (index, product) in [gx * gx, gx * gy, gy * gy].into_iter().enumerate() {
                    line[index] += product;
                    sums[(y + 1) * stride + x + 1][index] = above[index] + line[index];
                }
            }
        }
        Self { stride, sums }
    }

    /// The smaller eigenvalue of the block's structure tensor (Shi and Tomasi 1994): how well it fixes both directions. A
    /// little of both, so that an edge is better than nothing.
    fn telling(&self, x: usize, y: usize) -> f64 {
        let (top, low) = (y * self.stride + x, (y + Template::BLOCK) * self.stride + x);
        let right = Template::BLOCK;
        let [xx, xy, yy] = [0, 1, 2].map(|index| {
            let sum = |at: usize| self.sums[at][index];
            (sum(low + right) - sum(low) - sum(top + right) + sum(top)) as f64
        });
        (xx + yy) / 2.0 - ((xx - yy) / 2.0).hypot(xy) + 0.02 * (xx + yy)
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
    fn blocks_stay_inside_whatever_the_shape() {
        for (width, height) in [(48, 48), (256, 256), (256, 11), (13, 256), (100, 300), (8192, 48), (700, 200)] {
            let luma: Vec<u8> = (0..width * height).map(|at| (at * 7919 % 256) as u8).collect();
            let template = Template::new(&luma, width, height);
            for (level, table) in template.blocks().iter().enumerate() {
                let (width, height) = (template.width() >> level, template.height() >> level);
                let count = (table[0] >> 24) as usize;
                assert!(count <= Template::BLOCKS && (count > 0 || height < 10), "{width}x{height}");
                for entry in &table[..count] {
                    let (x, y) = (entry & 0xfff, entry >> 12 & 0xfff);
                    assert!(x >= 1 && y >= 1 && x + 9 <= width && y + 9 <= height, "{x} {y} of {width}x{height}");
                }
                assert!(table[count..].iter().all(|entry| *entry == 0));
            }
        }
    }

    #[test]
    fn a_corner_is_more_telling_than_an_edge() {
        let (width, height) = (128, 128);
        // One dot in each cell of 16.
        let luma: Vec<u8> =
            (0..width * height).map(|at| if at % 16 == 9 && at / width % 16 == 5 { 255 } else { 0 }).collect();
        for place in blocks(&luma, width, height) {
            let holds = |first: usize, dot: usize| (first..first + 8).any(|at| at % 16 == dot);
            assert!(holds(place[0], 9) && holds(place[1], 5), "{place:?}");
        }
    }
}
