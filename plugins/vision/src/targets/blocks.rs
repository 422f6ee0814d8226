//! Where the align stage compares a level of a template with the frame.

/// Texels on a side of a block.
const SIDE: usize = 8;
/// Texels on the shorter side of a level that has blocks: one and its border.
pub(super) const LEAST: usize = SIDE + 2;
/// Most blocks of a level.
pub(super) const MOST: usize = 64;

/// Upper left texels of the blocks of a level, all at least one texel away from the border.
pub(super) fn blocks(luma: &[u8], width: usize, height: usize) -> Vec<[usize; 2]> {
    if width.min(height) < LEAST {
        return Vec::new();
    }
    if (width - 2) / SIDE * ((height - 2) / SIDE) <= MOST {
        lattice(width, height)
    } else {
        telling_blocks(luma, width, height)
    }
}

/// A regular lattice, overlapping if need be.
fn lattice(width: usize, height: usize) -> Vec<[usize; 2]> {
    let (across, down) = (width - LEAST, height - LEAST);
    let mut best = None;
    for more in 1..22 {
        let matching = (more * (height - SIDE)) as f64 / (width - SIDE) as f64;
        let matching = (matching.round_ties_even() as usize).max(1);
        // Steps below 4 texels add nothing but work.
        let wide = |span: usize, count: usize| span >= 4 * (count - 1).max(1);
        let fits = more * matching <= MOST && more <= across + 1 && matching <= down + 1;
        if fits && (best.is_none() || (wide(across, more) && wide(down, matching))) {
            best = Some((more, matching));
        }
    }
    let (columns, rows) = best.unwrap_or((1, 1));
    let place = |index: usize, count: usize, span: usize| match count {
        1 => 1 + span / 2,
        _ => (1.0 + index as f64 * (span as f64 / (count - 1) as f64)).round_ties_even() as usize,
    };
    (0..rows * columns)
        .map(|index| [place(index % columns, columns, across), place(index / columns, rows, down)])
        .collect()
}

/// The most telling block of each of up to 64 cells.
fn telling_blocks(luma: &[u8], width: usize, height: usize) -> Vec<[usize; 2]> {
    let tensor = Tensor::new(luma, width, height);
    let columns = ((MOST as f64 * width as f64 / height as f64).sqrt().round_ties_even() as usize).clamp(1, MOST);
    let rows = MOST / columns;
    // First and last place of a cell.
    let span = |index: usize, count: usize, side: usize| {
        let first = 1 + index * (side - 2) / count;
        let end = 1 + (index + 1) * (side - 2) / count;
        let last = end.saturating_sub(SIDE).max(first).min(side + 1 - LEAST);
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

    /// The smaller eigenvalue of the block's structure tensor (Shi and Tomasi 1994): how well it fixes both directions.
    /// A little of both, so that an edge is better than nothing.
    fn telling(&self, x: usize, y: usize) -> f64 {
        let (top, low) = (y * self.stride + x, (y + SIDE) * self.stride + x);
        let right = SIDE;
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

    #[test]
    fn blocks_stay_inside_whatever_the_shape() {
        let shapes = [(10, 10), (48, 48), (256, 256), (256, 11), (13, 256), (100, 300), (256, 73), (24, 180)];
        for (width, height) in shapes {
            let luma: Vec<u8> = (0..width * height).map(|at| (at * 7919 % 256) as u8).collect();
            let places = blocks(&luma, width, height);
            assert!((1..=MOST).contains(&places.len()), "{width}x{height}");
            for [x, y] in places {
                assert!(x >= 1 && y >= 1 && x + 9 <= width && y + 9 <= height, "{x} {y} of {width}x{height}");
            }
        }
    }

    #[test]
    fn what_is_thinner_than_a_block_and_its_border_has_none() {
        assert!(blocks(&[0; 256 * 9], 256, 9).is_empty());
        assert!(blocks(&[0; 256], 1, 256).is_empty());
    }

    #[test]
    fn a_small_level_is_covered_evenly() {
        assert_eq!(blocks(&[0; 12 * 12], 12, 12), [[2, 2]]);
        let places = blocks(&[0; 40 * 30], 40, 30);
        assert_eq!((places[0], places[places.len() - 1]), ([1, 1], [31, 21]));
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
