//! Convolutions as products of matrices: rows are channels of the result, columns places of it, terms the elements of the
//! kernel over all channels. Weights are read in the order in which files have them; what a kernel's element meets at
//! neighbouring places lies side by side in the padded picture, so nothing is gathered.

use super::pad::{Padded, ROOM};
use super::weight::Weight;
use super::{Call, FEW, Kernel, buffer};
use crate::cpu::error::ExecutorError;
use crate::cpu::kernels::{Affine, Flat, Left, MOST_LANES, Offsets};
use crate::net::Op;

/// Flat places of a tile at least: four vectors.
const PLACES: usize = 4 * MOST_LANES;

/// Elements of inputs that are copied together for a tile: they stay in the first cache.
const PACKED: usize = 8 << 10;

/// Terms that are summed before the next rows: their inputs stay in the first cache.
const TERMS: usize = 256;

/// The same where inputs have been copied together.
const PACKED_TERMS: usize = 256;

/// Rows that are finished before the next are begun: their sums stay in the first cache, too.
const FEW_ROWS: usize = 12;

/// The same where terms are summed in pieces: more rows for each piece of inputs.
const MANY_ROWS: usize = 48;

/// A convolution, with norm, sum and activation.
#[derive(Debug)]
pub(super) struct Conv {
    pub weight: Weight,
    pub affine: Affine,
    /// What comes last where `affine` cannot do it.
    pub activation: Option<Op>,
    pub padded: Padded,
    pub groups: usize,
    /// Channels of a group: of the input, and of the result.
    pub channels: [usize; 2],
    /// Places of terms in a group of the padded picture.
    pub offsets: Offsets,
    /// The same where a tile's inputs are copied together first.
    pub packed: Option<Offsets>,
    /// Flat places of a tile at most.
    pub places: usize,
    /// Elements of a plane of the input, padded or not, and of the result.
    pub planes: [usize; 2],
    /// Channels of the result, and flat places, and places of the result, between which tiles lie.
    pub row_cuts: Vec<usize>,
    pub flat_cuts: Vec<usize>,
    pub column_cuts: Vec<usize>,
    /// Columns of the result's rows.
    pub width: usize,
}

/// Where to cut `extent` in pieces of a multiple of `unit`, about `pieces` of them.
pub(super) fn cuts(extent: usize, pieces: usize, unit: usize) -> Vec<usize> {
    let size = extent.div_ceil(pieces.max(1)).next_multiple_of(unit);
    (0..extent).step_by(size.max(1)).chain([extent]).collect()
}

/// Flat places of a tile of so many terms, where inputs are copied together.
pub(super) fn places(terms: usize) -> usize {
    (PACKED / terms / PLACES * PLACES).clamp(PLACES, 8 * PLACES)
}

impl Conv {
    /// Chooses tiles: enough for all threads, and none so small that handing it out costs more than doing it.
    pub(super) fn cut(&mut self, flat: usize, threads: usize) {
        let work = self.groups * self.channels[1] * flat * self.offsets.len();
        let wanted = if threads == 1 { 1 } else { (work / FEW).clamp(1, threads * 4) };
        let panels = flat.div_ceil(self.places);
        self.flat_cuts = cuts(flat, panels, MOST_LANES);
        let across = self.flat_cuts.len() - 1;
        let pieces = wanted.div_ceil(across * self.groups);
        let within = cuts(self.channels[1], pieces, 6);
        let own = self.channels[1];
        let group = |group: usize| within[..within.len() - 1].iter().map(move |cut| group * own + cut);
        self.row_cuts = (0..self.groups).flat_map(group).chain([self.groups * own]).collect();
        let pitch = if self.padded.is_plain() { flat } else { self.padded.pitch() };
        let width = if self.padded.is_plain() { flat } else { self.width };
        self.column_cuts = self.flat_cuts.iter().map(|&place| Flat::results(pitch, width, place)).collect();
    }

    fn pitch_and_width(&self, flat: usize) -> (usize, usize) {
        if self.padded.is_plain() { (flat, flat) } else { (self.padded.pitch(), self.width) }
    }
}

impl Kernel for Conv {
    fn name(&self) -> &'static str {
        if self.padded.is_plain() { "conv: product" } else { "conv: padded product" }
    }

    fn padded(&self) -> usize {
        if self.padded.is_plain() { 0 } else { self.groups * self.channels[0] * self.planes[0] + ROOM }
    }

    fn buffer(&self) -> usize {
        let packed = if self.packed.is_some() { self.offsets.len() * self.places } else { 0 };
        MANY_ROWS * self.places + MOST_LANES + packed
    }

    fn copied_bytes(&self) -> usize {
        let affine = self.affine.scale.len() + self.affine.shift.len() + self.affine.slope.len();
        self.weight.copied_bytes() + affine * size_of::<f32>()
    }

    fn run(&self, call: Call<'_>) -> Result<(), ExecutorError> {
        let Call { team, instructions, source, layer, inputs, add, out, shape, padded, buffers } = call;
        let weight = self.weight.get(layer, source)?;
        let (x, from) = inputs[0];
        let channels = self.groups * self.channels[0];
        let input_plane = from.axis(2) * from.axis(3);
        let results = shape.axis(1) * self.planes[1];
        let terms = self.offsets.len();
        let flat = self.flat_cuts.last().copied().unwrap_or(0);
        let (pitch, width) = self.pitch_and_width(flat);
        for (n, out) in out.chunks_mut(results).enumerate() {
            let x = &x[n * channels * input_plane..(n + 1) * channels * input_plane];
            let add = add.map(|add| &add[n * results..(n + 1) * results]);
            let x: &[f32] = if self.padded.is_plain() {
                x
            } else {
                let plane = self.planes[0];
                let together = (4096 / plane).clamp(1, channels);
                let whole = &mut padded[..channels * plane];
                team.chunks(whole, together * plane, &|chunk, to, _| {
                    to.fill(0.0);
                    for (index, to) in to.chunks_mut(plane).enumerate() {
                        let from = (chunk * together + index) * input_plane;
                        self.padded.lay(&x[from..from + input_plane], to, instructions);
                    }
                });
                &padded[..channels * plane]
            };
            team.tiles(out, self.planes[1], [&self.row_cuts, &self.column_cuts], &|[_, across], mut tile, thread| {
                let places = [self.flat_cuts[across], self.flat_cuts[across + 1]];
                let (rows, columns) = (tile.rows(), places[1] - places[0]);
                let group = rows.start / self.channels[1];
                let x = &x[group * self.channels[0] * self.planes[0]..(group + 1) * self.channels[0] * self.planes[0]];
                let mut buffer = buffer(buffers, thread);
                let (sums, packed) = buffer.split_at_mut(MANY_ROWS * self.places + MOST_LANES);
                let (b, start, offsets) = match &self.packed {
                    Some(offsets) => {
                        let to = (&mut packed[..terms * self.places], self.places);
                        instructions.copy_rows((&x[places[0]..], self.planes[0], 1), to, [terms, columns]);
                        (&packed[..terms * self.places], 0, offsets)
                    }
                    None => (x, places[0], &self.offsets),
                };
                let size = if self.packed.is_some() { PACKED_TERMS } else { TERMS };
                let weights =
                    |row: usize, first: usize| Left { elements: &weight[row * terms + first..], row: terms, step: 1 };
                if self.padded.is_plain() && terms <= 2 * size {
                    // Nothing is between rows of sums: they need not be written before they are finished.
                    let a = weights(rows.start, 0);
                    instructions.multiply_tile(a, (b, start), offsets, &mut tile, add, (&self.affine, rows.start));
                } else {
                    let mut row = rows.start;
                    while row < rows.end {
                        let count = if terms <= size { FEW_ROWS } else { MANY_ROWS }.min(rows.end - row);
                        for first in (0..terms).step_by(size) {
                            let range = first..(first + size).min(terms);
                            let sums = (&mut *sums, self.places);
                            let a = weights(row, first);
                            instructions.multiply(a, (b, start), (offsets, range), sums, [count, columns], first > 0);
                        }
                        let flat = Flat { places, pitch, width };
                        let mut tile = tile.some(row..row + count);
                        instructions.finish(&mut tile, (sums, self.places), flat, add, (&self.affine, row));
                        row += count;
                    }
                }
                if let Some(activation) = &self.activation {
                    rows.for_each(|row| instructions.activate(activation, tile.row(row)));
                }
            });
        }
        Ok(())
    }
}
