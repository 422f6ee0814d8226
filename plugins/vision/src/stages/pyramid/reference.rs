//! The same pyramid on the CPU, plainly.

use super::prepare::levels;

/// One level: its size and its texels, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// One byte a texel.
    pub texels: Vec<u8>,
}

/// The levels of the pyramid of a luma picture, from 1/2 on.
pub fn pyramid(width: u32, height: u32, luma: &[u8]) -> Vec<Level> {
    let mut above = Level { width, height, texels: luma.to_vec() };
    let below = (0..levels(width, height)).map(|_| {
        above = half(&above);
        above.clone()
    });
    below.collect()
}

fn half(above: &Level) -> Level {
    let (width, height) = ((above.width / 2).max(1), (above.height / 2).max(1));
    let texel = |x: u32, y: u32| {
        let (x, y) = (x.min(above.width - 1), y.min(above.height - 1));
        u32::from(above.texels[(y * above.width + x) as usize])
    };
    let mean = |x: u32, y: u32| {
        let four = texel(x, y) + texel(x + 1, y) + texel(x, y + 1) + texel(x + 1, y + 1);
        ((four + 2) / 4) as u8
    };
    let texels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| mean(2 * x, 2 * y)).collect();
    Level { width, height, texels }
}
