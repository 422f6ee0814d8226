//! Pixels into blocks of waves.

use std::f32::consts::{FRAC_1_SQRT_2, PI};

use crate::picture::Picture;

/// The places of a block in zigzag, from the mean to the finest.
pub(super) fn order() -> [usize; 64] {
    let mut order: [usize; 64] = std::array::from_fn(|place| place);
    order.sort_by_key(|place| {
        let (row, column) = (place / 8, place % 8);
        (row + column, if (row + column) % 2 == 0 { column } else { row })
    });
    order
}

/// A block's numbers in zigzag, in steps.
pub(super) struct Block {
    /// 0 for brightness, 1 and 2 for colour.
    pub(super) plane: usize,
    pub(super) numbers: [i32; 64],
}

/// The picture's blocks as they are coded: four of brightness and two of colour for each square of 16 pixels.
pub(super) fn blocks(picture: &Picture, order: &[usize; 64], steps: &[[u16; 64]; 2]) -> Vec<Block> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let part = |place: usize, parts: [f32; 3], middle: f32| {
        let sum: f32 = (0..3).map(|channel| parts[channel] * f32::from(picture.bytes[3 * place + channel])).sum();
        sum - middle
    };
    let bright = |x: usize, y: usize| part(y * width + x, [0.299, 0.587, 0.114], 128.0);
    let colors = [[-0.168_736, -0.331_264, 0.5], [0.5, -0.418_688, -0.081_312]];
    let color = |plane: usize, x: usize, y: usize| {
        let corner = 2 * y * width + 2 * x;
        let corners = [corner, corner + 1, corner + width, corner + width + 1];
        corners.map(|place| part(place, colors[plane], 0.0)).iter().sum::<f32>() / 4.0
    };
    let waves = waves();
    let block = |plane: usize, light: &dyn Fn(usize, usize) -> f32| {
        let pixels = std::array::from_fn(|place| light(place % 8, place / 8));
        let found = transformed(&pixels, &waves);
        let steps = &steps[plane.min(1)];
        let numbers = std::array::from_fn(|place| {
            let parts = found[order[place]] / f32::from(steps[place]);
            // What is hardly more than half a step is mostly noise, and dear.
            let least = if place == 0 { 0.5 } else { 0.62 };
            ((parts.abs() + 1.0 - least).floor() * parts.signum()) as i32
        });
        Block { plane, numbers }
    };
    let mut blocks = Vec::new();
    for place in 0..width * height / 256 {
        let (left, top) = (place % (width / 16) * 16, place / (width / 16) * 16);
        for (right, down) in [(0, 0), (8, 0), (0, 8), (8, 8)] {
            blocks.push(block(0, &|x, y| bright(left + right + x, top + down + y)));
        }
        for plane in [0, 1] {
            blocks.push(block(plane + 1, &|x, y| color(plane, left / 2 + x, top / 2 + y)));
        }
    }
    blocks
}

/// The cosines of the transform, a wave in each row.
fn waves() -> [[f32; 8]; 8] {
    std::array::from_fn(|wave| {
        let scale = if wave == 0 { FRAC_1_SQRT_2 / 2.0 } else { 0.5 };
        std::array::from_fn(|place| scale * (PI / 16.0 * (2 * place + 1) as f32 * wave as f32).cos())
    })
}

/// How much of each wave there is.
fn transformed(pixels: &[f32; 64], waves: &[[f32; 8]; 8]) -> [f32; 64] {
    let sum = |from: &[f32; 64], wave: usize, start: usize, stride: usize| -> f32 {
        (0..8).map(|place| waves[wave][place] * from[start + place * stride]).sum()
    };
    let rows: [f32; 64] = std::array::from_fn(|place| sum(pixels, place % 8, place / 8 * 8, 1));
    std::array::from_fn(|place| sum(&rows, place / 8, place % 8, 8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_a_zigzag() {
        assert_eq!(order()[..12], [0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25]);
        assert_eq!(order()[60..], [47, 55, 62, 63]);
    }

    #[test]
    fn a_block_of_one_tone_is_its_mean() {
        let found = transformed(&[3.0; 64], &waves());
        assert!((found[0] - 24.0).abs() < 1e-4 && found[1..].iter().all(|part| part.abs() < 1e-4), "{found:?}");
    }
}
