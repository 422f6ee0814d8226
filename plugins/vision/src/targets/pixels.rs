//! A picture with an edge around it, blurred and sampled.

use std::array;

/// Pixels added on each side, copies of the outermost ones: what blurs and samples may reach.
const MARGIN: usize = 8;

/// What lies outside of a blur's reach is left out.
const REACH: i32 = MARGIN as i32 - 1;

/// Codes of luma with an edge around them.
#[derive(Debug, Clone)]
pub(super) struct Pixels {
    /// Columns without the edge.
    pub(super) width: usize,
    /// Rows without the edge.
    pub(super) height: usize,
    codes: Vec<u8>,
}

/// One pixel of a blur: where from and how much, of [`WHOLE`].
#[derive(Debug, Clone, Copy, PartialEq)]
struct Tap {
    x: i32,
    y: i32,
    weight: u16,
}

/// Weights add up to this, so that a sum of codes fits 16 bits: eight of them are added at once.
const WHOLE: u16 = 256;

impl Pixels {
    /// A picture, row by row.
    pub(super) fn new(luma: &[u8], width: usize, height: usize) -> Self {
        let mut pixels = Self::empty(width, height);
        for (y, row) in luma.chunks_exact(width).enumerate() {
            let start = (y + MARGIN) * pixels.stride() + MARGIN;
            pixels.codes[start..start + width].copy_from_slice(row);
        }
        pixels.extend_edges();
        pixels
    }

    /// Blurred alike in all directions, by a Gaussian of so many pixels.
    pub(super) fn blurred(self, deviation: f32) -> Self {
        if deviation < 0.3 {
            return self;
        }
        self.mixed(&line([1.0, 0.0], deviation)).mixed(&line([0.0, 1.0], deviation))
    }

    /// Blurred along a direction (radians, of x towards y) only.
    pub(super) fn blurred_along(&self, direction: f32, deviation: f32) -> Self {
        let (sine, cosine) = direction.sin_cos();
        self.mixed(&line([cosine, sine], deviation))
    }

    /// Reads along a line into `out`: pixel i at `start + i * step`, from the nearest four pixels. Beyond the picture
    /// it goes on as at its edge.
    pub(super) fn sample_line(&self, start: [f32; 2], step: [f32; 2], out: &mut [u8]) {
        // Fixed point, 16 bits after the point; with the margin added nothing in the picture is negative.
        let fixed = |value: f32| (value * 65536.0).round() as i32;
        let [mut x, mut y] = start.map(|start| fixed(start + MARGIN as f32));
        let [step_x, step_y] = step.map(fixed);
        let least = (MARGIN as i32 - 1) << 16;
        let [most_x, most_y] = [self.width, self.height].map(|side| ((MARGIN + side) as i32) << 16);
        let stride = self.stride();
        for out in out {
            let (column, row) = (x.clamp(least, most_x), y.clamp(least, most_y));
            let at = (row >> 16) as usize * stride + (column >> 16) as usize;
            let [above, below] = [&self.codes[at..at + 2], &self.codes[at + stride..at + stride + 2]];
            let (right, down) = (((column >> 8) & 255) as u32, ((row >> 8) & 255) as u32);
            let mix = |pair: &[u8]| u32::from(pair[0]) * (256 - right) + u32::from(pair[1]) * right;
            *out = ((mix(above) * (256 - down) + mix(below) * down + 0x8000) >> 16) as u8;
            x += step_x;
            y += step_y;
        }
    }

    /// Each pixel the weighted mean of those at the taps.
    fn mixed(&self, taps: &[Tap]) -> Self {
        let mut mixed = Self::empty(self.width, self.height);
        let stride = self.stride();
        let mut sums = vec![0_u16; self.width];
        for y in MARGIN..MARGIN + self.height {
            sums.fill(WHOLE / 2);
            for tap in taps {
                let row = (y as i32 + tap.y) as usize * stride + (MARGIN as i32 + tap.x) as usize;
                for (sum, code) in sums.iter_mut().zip(&self.codes[row..row + self.width]) {
                    *sum += tap.weight * u16::from(*code);
                }
            }
            let row = &mut mixed.codes[y * stride + MARGIN..][..self.width];
            for (code, sum) in row.iter_mut().zip(&sums) {
                *code = (sum / WHOLE) as u8;
            }
        }
        mixed.extend_edges();
        mixed
    }

    fn empty(width: usize, height: usize) -> Self {
        Self { width, height, codes: vec![0; (width + 2 * MARGIN) * (height + 2 * MARGIN)] }
    }

    fn stride(&self) -> usize {
        self.width + 2 * MARGIN
    }

    fn extend_edges(&mut self) {
        let (stride, width, height) = (self.stride(), self.width, self.height);
        for row in self.codes.chunks_exact_mut(stride) {
            let (first, last) = (row[MARGIN], row[MARGIN + width - 1]);
            row[..MARGIN].fill(first);
            row[MARGIN + width..].fill(last);
        }
        for y in 0..MARGIN {
            self.codes.copy_within(MARGIN * stride..(MARGIN + 1) * stride, y * stride);
            let last = (MARGIN + height - 1) * stride;
            self.codes.copy_within(last..last + stride, (MARGIN + height + y) * stride);
        }
    }
}

/// A Gaussian along a direction (of length 1), one tap or two in each column it passes, or in each row if it is steep.
fn line(way: [f32; 2], deviation: f32) -> Vec<Tap> {
    let steep = way[1].abs() > way[0].abs();
    let (long, short) = if steep { (way[1], way[0]) } else { (way[0], way[1]) };
    // Pixels along the line for one step, and sideways.
    let (step, slope) = (1.0 / long.abs(), short / long);
    let reach = ((3.0 * deviation / step).ceil() as i32).min(REACH);
    let height = |at: i32| (-0.5 * (at as f32 * step / deviation).powi(2)).exp();
    let whole: f32 = (-reach..=reach).map(height).sum();
    let tap = |at: i32, side: i32, weight: f32| {
        let [x, y] = if steep { [side, at] } else { [at, side] };
        Tap { x, y, weight: weight.round() as u16 }
    };
    let mut taps = Vec::with_capacity(4 * REACH as usize + 2);
    for at in -reach..=reach {
        let weight = height(at) / whole * f32::from(WHOLE);
        let side = at as f32 * slope;
        let share = side - side.floor();
        let sides: [i32; 2] = array::from_fn(|more| side.floor() as i32 + more as i32);
        taps.push(tap(at, sides[0], weight * (1.0 - share)));
        taps.push(tap(at, sides[1], weight * share));
    }
    taps.retain(|tap| tap.weight > 0);
    // What rounding took or gave is the middle's.
    let given: u16 = taps.iter().filter(|tap| (tap.x, tap.y) != (0, 0)).map(|tap| tap.weight).sum();
    if let Some(middle) = taps.iter_mut().find(|tap| (tap.x, tap.y) == (0, 0)) {
        middle.weight = WHOLE.saturating_sub(given);
    }
    taps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_add_up_whatever_the_direction() {
        for step in 0..64 {
            let (sine, cosine) = (step as f32 * 0.1).sin_cos();
            for deviation in [0.3, 0.6, 1.0, 1.4, 1.6] {
                let taps = line([cosine, sine], deviation);
                assert_eq!(taps.iter().map(|tap| u32::from(tap.weight)).sum::<u32>(), u32::from(WHOLE));
                assert!(taps.iter().all(|tap| tap.x.abs() <= REACH && tap.y.abs() <= REACH));
            }
        }
    }

    #[test]
    fn a_blur_spreads_a_dot_as_wide_as_asked() {
        let mut luma = vec![0; 41 * 41];
        luma[20 * 41 + 20] = 255;
        for direction in [0.0, 0.4, std::f32::consts::FRAC_PI_4, 1.2, 2.0] {
            let blurred = Pixels::new(&luma, 41, 41).blurred_along(direction, 1.4);
            let (mut sum, mut spread) = (0.0, [0.0; 2]);
            for y in 0..41 {
                for x in 0..41 {
                    let code = f32::from(blurred.codes[(y + MARGIN) * blurred.stride() + x + MARGIN]);
                    let (dx, dy) = (x as f32 - 20.0, y as f32 - 20.0);
                    let (sine, cosine) = f32::sin_cos(direction);
                    sum += code;
                    spread[0] += code * (dx * cosine + dy * sine).powi(2);
                    spread[1] += code * (dy * cosine - dx * sine).powi(2);
                }
            }
            let spread = spread.map(|spread| (spread / sum).sqrt());
            assert!((spread[0] - 1.4).abs() < 0.15 && spread[1] < 0.55, "{direction}: {spread:?}");
        }
    }

    #[test]
    fn a_flat_picture_stays_flat_up_to_its_edge() {
        let blurred = Pixels::new(&[90; 30 * 20], 30, 20).blurred(1.5);
        assert!(blurred.codes.iter().all(|code| *code == 90));
    }

    #[test]
    fn beyond_the_edge_it_goes_on_as_at_the_edge() {
        let luma: Vec<u8> = (0..30 * 20).map(|at| (at % 30 * 8) as u8).collect();
        let pixels = Pixels::new(&luma, 30, 20);
        for y in [-1e3, -1.0, 3.0, 19.9, 500.0] {
            let mut out = [1; 80];
            pixels.sample_line([-25.0, y], [1.0, 0.0], &mut out);
            assert!(out[..26].iter().all(|code| *code == 0) && out[54..].iter().all(|code| *code == 29 * 8));
            assert_eq!(out[25..28], [0, 8, 16]);
        }
    }
}
