//! The same features on the CPU, plainly: corners of Harris and Stephens on several scales, spread over the picture, with an angle and
//! a descriptor of 256 bits.
//!
//! ```text
//! luma -> levels (1, 1.5, 2, 3, 4, 6 times smaller) -> responses -> maxima -> cells of 32x32 -> strongest of all -> angle, descriptor
//! ```
//!
//! Sums that decide are whole numbers in `f32`, as in the shaders, so that both agree.

use std::f32::consts::{PI, TAU};

/// What to find.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Points at most. Default 2000.
    pub capacity: usize,
    /// Scale levels: 1, 1.5, 2, 3, 4, 6, 8, 12 times smaller than the picture. More finds larger things. At most 8, default 6.
    pub levels: usize,
    /// Least Harris response of a corner, in codes^4. Higher drops faint corners. Default 40.
    pub threshold: f32,
    /// A candidate counts `fade` times less than the next stronger one of its cell. Lower spreads points more evenly, 1 takes just the
    /// strongest. Default 0.95.
    pub fade: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { capacity: 2000, levels: 6, threshold: 40.0, fade: 0.95 }
    }
}

/// A point with what tells it from others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Feature {
    /// Pixels from the centre of the first pixel to the right.
    pub x: f32,
    /// Pixels from the centre of the first pixel downward.
    pub y: f32,
    /// Pixels of the picture for one of the level.
    pub scale: f32,
    /// Direction in radians, of x towards y, in -pi..=pi.
    pub angle: f32,
    /// Harris response in codes^4, times the square of the scale.
    pub response: f32,
    /// Level it was found in.
    pub level: u32,
    /// Bits to compare by Hamming distance.
    pub descriptor: [u32; 8],
}

/// Side of a cell in pixels of the picture.
const CELL: usize = 32;
/// Candidates of a cell that are looked at.
const KEEP: usize = 64;
/// Bins of responses, 64 an octave.
const BINS: usize = 2048;
/// Pixels of a level at its edge that have no points.
const MARGIN: usize = 5;
/// Comparisons: boxes, bits of the threshold. Made by `train_pattern.py`.
use super::pattern::PATTERN;

/// The features of a picture, cell by cell.
pub fn detect(luma: &[u8], width: usize, height: usize, settings: Settings) -> Vec<Feature> {
    let levels = levels(luma, width, height, settings.levels.min(8) + 2);
    let (columns, rows) = (width.div_ceil(CELL), height.div_ceil(CELL));
    let mut cells = vec![Vec::new(); columns * rows];
    for (number, level) in levels.iter().enumerate().take(levels.len().saturating_sub(2)) {
        for candidate in maxima(&responses(level), level, number, settings.threshold) {
            let cell = |at: usize, count: usize| ((2 * at + 1) * doubled_scale(number) / (4 * CELL)).min(count - 1);
            cells[cell(candidate.y, rows) * columns + cell(candidate.x, columns)].push(candidate);
        }
    }
    let chosen = choose(&mut cells, settings);
    chosen.iter().map(|candidate| feature(candidate, &levels)).collect()
}

/// Pixels of one scale, smoothed; rows are padded to whole words of four with at least one pixel more than wide.
struct Level {
    width: usize,
    height: usize,
    stride: usize,
    pixels: Vec<u8>,
}

impl Level {
    fn new(width: usize, height: usize) -> Self {
        let stride = (width + 4) / 4 * 4;
        Self { width, height, stride, pixels: vec![0; stride * height] }
    }

    fn row(&self, y: isize) -> &[u8] {
        let y = y.clamp(0, self.height as isize - 1) as usize;
        &self.pixels[y * self.stride..][..self.stride]
    }

    fn at(&self, x: usize, y: usize) -> f32 {
        f32::from(self.pixels[y * self.stride + x])
    }
}

/// Twice how much smaller than the picture a level is.
fn doubled_scale(level: usize) -> usize {
    (2 + level % 2) << (level / 2)
}

fn levels(luma: &[u8], width: usize, height: usize, count: usize) -> Vec<Level> {
    let mut levels = Vec::new();
    let mut half = (luma.to_vec(), width, height);
    while levels.len() < count && half.1.min(half.2) >= 4 {
        let even = smooth(&half.0, half.1, half.2);
        let odd = reduce(&even);
        levels.extend([even, odd]);
        half = halve(&half.0, half.1, half.2);
    }
    levels.truncate(count);
    levels
}

/// The rounded mean of each four pixels.
fn halve(pixels: &[u8], width: usize, height: usize) -> (Vec<u8>, usize, usize) {
    let (columns, rows) = ((width / 2).max(1), (height / 2).max(1));
    let mut out = Vec::with_capacity(columns * rows);
    for y in 0..rows {
        let above = &pixels[2 * y * width..][..width];
        let below = &pixels[(2 * y + 1).min(height - 1) * width..][..width];
        for x in 0..columns {
            let (left, right) = (2 * x, (2 * x + 1).min(width - 1));
            let sum = [above[left], above[right], below[left], below[right]].map(u32::from).iter().sum::<u32>();
            out.push(((sum + 2) / 4) as u8);
        }
    }
    (out, columns, rows)
}

/// Binomial smoothing, 1 4 6 4 1 each way.
fn smooth(pixels: &[u8], width: usize, height: usize) -> Level {
    let mut level = Level::new(width, height);
    let mut columns = vec![0_u32; level.stride + 4]; // sums down the rows, two pixels of edge before the first
    for y in 0..height {
        let row =
            |offset: isize| &pixels[(y as isize + offset).clamp(0, height as isize - 1) as usize * width..][..width];
        let rows = [row(-2), row(-1), row(0), row(1), row(2)];
        for (x, sum) in columns[2..2 + width].iter_mut().enumerate() {
            let [a, b, c, d, e] = rows.map(|row| u32::from(row[x]));
            *sum = a + e + 4 * (b + d) + 6 * c;
        }
        let (first, last) = (columns[2], columns[width + 1]);
        columns[..2].fill(first);
        columns[width + 2..].fill(last);
        let out = &mut level.pixels[y * level.stride..][..level.stride];
        for (out, near) in out.iter_mut().zip(columns.windows(5)) {
            *out = ((near[0] + near[4] + 4 * (near[1] + near[3]) + 6 * near[2] + 128) >> 8) as u8;
        }
    }
    level
}

/// Two thirds of the size: weights 9 10 9 4 (of 32) from the nearer side on.
fn reduce(even: &Level) -> Level {
    let mut odd = Level::new((even.width * 2 / 3).max(1), (even.height * 2 / 3).max(1));
    let mut sums = vec![0_u32; even.stride];
    for y in 0..odd.height {
        let first = (y / 2 * 3) as isize;
        let (rows, weights) = if y % 2 == 0 { (first - 1, [9, 10, 9, 4]) } else { (first, [4, 9, 10, 9]) };
        let rows = [0, 1, 2, 3].map(|i| even.row(rows + i));
        for (x, sum) in sums.iter_mut().enumerate() {
            *sum = (0..4).map(|i| weights[i] * u32::from(rows[i][x])).sum();
        }
        let out = &mut odd.pixels[y * odd.stride..][..odd.width];
        for (pair, out) in out.chunks_mut(2).enumerate() {
            let at = pair * 3;
            let left = 9 * sums[at.saturating_sub(1)]
                + 10 * sums[at]
                + 9 * sums[at + 1]
                + 4 * sums[(at + 2).min(even.stride - 1)];
            out[0] = ((left + 512) >> 10) as u8;
            if let Some(out) = out.get_mut(1) {
                let right = 4 * sums[at] + 9 * sums[at + 1] + 10 * sums[at + 2] + 9 * sums[at + 3];
                *out = ((right + 512) >> 10) as u8;
            }
        }
    }
    odd
}

/// Harris response of every pixel of a level: det - 0.04 trace^2 of the structure tensor.
fn responses(level: &Level) -> Vec<f32> {
    let (width, height) = (level.width, level.height);
    let mut out = vec![0.0; width * height];
    if width <= 2 * MARGIN || height <= 2 * MARGIN {
        return out;
    }
    let mut rings = [0; 3].map(|_| vec![vec![0.0_f32; width]; 7]); // the last seven rows, each summed across
    let mut line = [0; 3].map(|_| vec![0.0_f32; width]);
    for y in 1..height - 1 {
        let (above, row, below) = (level.row(y as isize - 1), level.row(y as isize), level.row(y as isize + 1));
        gradients([above, row, below].map(|row| &row[..width]), &mut line);
        for (line, ring) in line.iter().zip(&mut rings) {
            across(line, &mut ring[y % 7]);
        }
        if y >= 7 {
            let out = &mut out[(y - 3) * width..][..width];
            let tensor = [0, 1, 2].map(|i| down(&rings[i], y, width));
            for (x, out) in out.iter_mut().enumerate().take(width - 4).skip(4) {
                *out = harris(tensor[0][x] / 1024.0, tensor[1][x] / 1024.0, tensor[2][x] / 1024.0);
            }
        }
    }
    out
}

/// Products of the (doubled) gradients of a row: xx, xy, yy.
fn gradients(rows: [&[u8]; 3], products: &mut [Vec<f32>; 3]) {
    let [above, row, below] = rows;
    let last = row.len() - 1;
    let [xx, xy, yy] = products.each_mut().map(|line| &mut line[1..last]);
    let (left, right) = (&row[..last - 1], &row[2..]);
    let (above, below) = (&above[1..last], &below[1..last]);
    for x in 0..xx.len() {
        let across = f32::from(right[x]) - f32::from(left[x]);
        let down = f32::from(below[x]) - f32::from(above[x]);
        xx[x] = across * across;
        xy[x] = across * down;
        yy[x] = down * down;
    }
}

/// Weights 1 2 3 4 3 2 1 down the last seven rows, of which `y` is the newest.
fn down(ring: &[Vec<f32>], y: usize, width: usize) -> Vec<f32> {
    let row = |back: usize| &ring[(y - back) % 7][..width];
    let (a, b, c, d, e, f, g) = (row(0), row(1), row(2), row(3), row(4), row(5), row(6));
    (0..width).map(|x| a[x] + g[x] + 2.0 * (b[x] + f[x]) + 3.0 * (c[x] + e[x]) + 4.0 * d[x]).collect()
}

/// Weights 1 2 3 4 3 2 1 along a row.
fn across(line: &[f32], out: &mut [f32]) {
    for (near, out) in line.windows(7).zip(&mut out[3..]) {
        *out = near[0] + near[6] + 2.0 * (near[1] + near[5]) + 3.0 * (near[2] + near[4]) + 4.0 * near[3];
    }
}

fn harris(xx: f32, xy: f32, yy: f32) -> f32 {
    let trace = xx + yy;
    (xx * yy - xy * xy - 0.04 * (trace * trace)).max(0.0)
}

/// A local maximum.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    response: f32,
    level: usize,
    x: usize,
    y: usize,
    offset: [f32; 2],
}

/// Pixels stronger than their eight neighbours; of equal ones the first.
fn maxima(responses: &[f32], level: &Level, number: usize, threshold: f32) -> Vec<Candidate> {
    let (width, height) = (level.width, level.height);
    let mut found = Vec::new();
    for y in MARGIN..height.saturating_sub(MARGIN).max(MARGIN) {
        for x in MARGIN..width.saturating_sub(MARGIN).max(MARGIN) {
            let at = y * width + x;
            let response = responses[at];
            if response <= threshold {
                continue;
            }
            let rows = [at - width, at, at + width].map(|at| [responses[at - 1], responses[at], responses[at + 1]]);
            let above = rows[0].iter().all(|r| response > *r) && response > rows[1][0];
            let below = rows[2].iter().all(|r| response >= *r) && response >= rows[1][2];
            if above && below {
                let response = response * (doubled_scale(number).pow(2) as f32 * 0.25); // coarse corners outlast blur and noise
                found.push(Candidate { response, level: number, x, y, offset: fit(rows) });
            }
        }
    }
    found
}

/// Maximum of the quadric through 3x3 responses, as an offset from the middle.
fn fit(rows: [[f32; 3]; 3]) -> [f32; 2] {
    let [above, row, below] = rows;
    let (gx, gy) = ((row[2] - row[0]) * 0.5, (below[1] - above[1]) * 0.5);
    let xx = row[2] - 2.0 * row[1] + row[0];
    let yy = below[1] - 2.0 * row[1] + above[1];
    let xy = (below[2] - below[0] - above[2] + above[0]) * 0.25;
    let determinant = xx * yy - xy * xy;
    if determinant <= 0.0 {
        return [0.0; 2];
    }
    [xy * gy - yy * gx, xy * gx - xx * gy].map(|offset| (offset / determinant).clamp(-0.6, 0.6))
}

/// The strongest of all cells, each faded by its rank in the cell, cell by cell.
fn choose(cells: &mut [Vec<Candidate>], settings: Settings) -> Vec<Candidate> {
    let fades: Vec<f32> = std::iter::successors(Some(1.0), |fade| Some(fade * settings.fade)).take(KEEP).collect();
    let mut histogram = vec![0; BINS];
    for cell in cells.iter_mut() {
        cell.sort_by(|a, b| b.response.total_cmp(&a.response).then((a.level, a.y, a.x).cmp(&(b.level, b.y, b.x))));
        cell.truncate(KEEP);
        cell.iter().zip(&fades).for_each(|(candidate, fade)| histogram[bin(candidate.response * fade)] += 1);
    }
    let (limit, mut spare) = last_bin(&histogram, settings.capacity);
    let mut chosen = Vec::with_capacity(settings.capacity);
    for cell in cells.iter() {
        for (candidate, fade) in cell.iter().zip(&fades) {
            let here = bin(candidate.response * fade);
            if here > limit || (here == limit && spare > 0) {
                chosen.push(*candidate);
                spare -= usize::from(here == limit);
            }
        }
    }
    chosen
}

fn bin(response: f32) -> usize {
    (((response.max(1.0).to_bits() - 1.0_f32.to_bits()) >> 17) as usize).min(BINS - 1)
}

/// The bin in which the capacity is reached, from the highest down, and how many of it still have room.
fn last_bin(histogram: &[usize], capacity: usize) -> (usize, usize) {
    let mut room = capacity;
    for (bin, count) in histogram.iter().enumerate().rev() {
        if *count >= room {
            return (bin, room);
        }
        room -= count;
    }
    (0, capacity)
}

fn feature(candidate: &Candidate, levels: &[Level]) -> Feature {
    let centre = [candidate.x as f32 + candidate.offset[0], candidate.y as f32 + candidate.offset[1]];
    let scale = doubled_scale(candidate.level) as f32 * 0.5;
    let angle = orientation(&levels[candidate.level + 2], centre.map(|c| c * 0.5 - 0.25));
    Feature {
        x: (centre[0] + 0.5) * scale - 0.5,
        y: (centre[1] + 0.5) * scale - 0.5,
        scale,
        angle,
        response: candidate.response,
        level: candidate.level as u32,
        descriptor: describe(&patch(&levels[candidate.level], centre, angle)),
    }
}

/// Terms 1 to 4 of the Fourier series of a histogram of directions.
type Series = [[f32; 2]; 4];

/// Where the histogram of gradient directions around a point, smoothed, is highest. Read in the level of half the size.
fn orientation(level: &Level, centre: [f32; 2]) -> f32 {
    let series = directions(level, centre);
    let values: [f32; 64] = std::array::from_fn(|i| value(&series, i as f32 * (TAU / 64.0) - PI));
    let peak = (1..64).fold(0, |peak, i| if values[i] > values[peak] { i } else { peak });
    let (left, right) = (values[(peak + 63) % 64], values[(peak + 1) % 64]);
    let bend = left - 2.0 * values[peak] + right;
    let fraction = if bend < 0.0 { 0.5 * (left - right) / bend } else { 0.0 };
    let angle = (peak as f32 + fraction) * (TAU / 64.0) - PI;
    if angle <= -PI { angle + TAU } else { angle }
}

/// 16x16 gradients, weighted by a Gaussian of 3.5 pixels.
fn directions(level: &Level, centre: [f32; 2]) -> Series {
    let [left, top] = centre.map(|c| c.floor() as isize - 7);
    let weight = |at: isize, centre: f32| (-(at as f32 - centre).powi(2) / 24.5).exp();
    let weights: [f32; 16] = std::array::from_fn(|i| weight(left + i as isize, centre[0]));
    let mut series = Series::default();
    for y in top.max(1)..(top + 16).min(level.height as isize - 1) {
        let down = weight(y, centre[1]);
        let (above, row, below) = (level.row(y - 1), level.row(y), level.row(y + 1));
        for x in left.max(1)..(left + 16).min(level.width as isize - 1) {
            let weight = weights[(x - left) as usize] * down;
            let x = x as usize;
            let gx = f32::from(row[x + 1]) - f32::from(row[x - 1]);
            let gy = f32::from(below[x]) - f32::from(above[x]);
            let length = (gx * gx + gy * gy).max(0.25).sqrt();
            let (ux, uy) = (gx / length, gy / length);
            let mut term = [gx * weight, gy * weight];
            for sum in &mut series {
                sum[0] += term[0];
                sum[1] += term[1];
                term = [term[0] * ux - term[1] * uy, term[0] * uy + term[1] * ux];
            }
        }
    }
    series
}

/// Value of a series at an angle; its terms fall as under a Gaussian of 0.4 radians.
fn value(series: &Series, angle: f32) -> f32 {
    let (s, c) = angle.sin_cos();
    let mut turn = [c, s];
    let mut sum = 0.0;
    for (term, share) in series.iter().zip([0.923_116_4, 0.726_149, 0.486_752_26, 0.278_037_3]) {
        sum += share * (term[0] * turn[0] + term[1] * turn[1]);
        turn = [turn[0] * c - turn[1] * s, turn[1] * c + turn[0] * s];
    }
    sum
}

/// 16x16 samples about two pixels apart, turned; codes less 128.
fn patch(level: &Level, centre: [f32; 2], angle: f32) -> [f32; 256] {
    let (s, c) = angle.sin_cos();
    let (c, s) = (c * 2.0, s * 2.0);
    let last = [level.width - 1, level.height - 1];
    std::array::from_fn(|i| {
        let (u, v) = ((i % 16) as f32 - 7.5, (i / 16) as f32 - 7.5);
        let x = (centre[0] + (u * c - v * s)).clamp(0.0, last[0] as f32);
        let y = (centre[1] + (u * s + v * c)).clamp(0.0, last[1] as f32);
        level.at((x + 0.5) as usize, (y + 0.5) as usize) - 128.0
    })
}

/// One bit for each pair of boxes: is the mean of the first higher by more than so many standard deviations of the patch?
fn describe(patch: &[f32; 256]) -> [u32; 8] {
    let mean = patch.iter().sum::<f32>() / 256.0;
    let square = patch.iter().map(|value| value * value).sum::<f32>() / 256.0;
    let deviation = (square - mean * mean).max(0.0).sqrt();
    let table = sums(patch);
    let mut bits = [0; 8];
    for (number, [boxes, threshold]) in PATTERN.iter().enumerate() {
        let first = box_mean(&table, boxes & 511, boxes >> 9 & 15);
        let second = box_mean(&table, boxes >> 13 & 511, boxes >> 22 & 15);
        let bit = first - second > f32::from_bits(*threshold) * deviation;
        bits[number / 32] |= u32::from(bit) << (number % 32);
    }
    bits
}

/// Sums of all samples above and left, 17x17.
fn sums(patch: &[f32; 256]) -> [f32; 289] {
    let mut table = [0.0; 289];
    for y in 0..16 {
        let mut sum = 0.0;
        for x in 0..16 {
            sum += patch[y * 16 + x];
            table[(y + 1) * 17 + x + 1] = table[y * 17 + x + 1] + sum;
        }
    }
    table
}

fn box_mean(table: &[f32; 289], corner: u32, side: u32) -> f32 {
    let (corner, side) = (corner as usize, side as usize);
    let low = corner + side * 17;
    (table[low + side] - table[low] - table[corner + side] + table[corner]) / (side * side) as f32
}
