//! Windows that stay within a channel: depthwise convolutions and pools.

use std::ops::Range;

use super::pad::Padded;
use super::weight::Weight;
use super::{Call, FEW, Kernel, buffer};
use crate::cpu::error::ExecutorError;
use crate::cpu::kernels::{Affine, Flat, Instructions, MOST_LANES, Offsets};
use crate::cpu::team::Tile;
use crate::net::Op;

/// What a window makes of what lies under it.
#[derive(Debug)]
pub(super) enum Window {
    /// A sum with weights, `[channel][element]`.
    Weighted(Weight),
    /// A sum with the same weights for all channels.
    Mean(Vec<f32>),
    /// The greatest.
    Greatest,
}

/// A depthwise convolution or a pool.
#[derive(Debug)]
pub(super) struct Sliding {
    pub window: Window,
    pub affine: Affine,
    /// What comes last where `affine` cannot do it.
    pub activation: Option<Op>,
    /// A factor for each place of a plane.
    pub shares: Option<Vec<f32>>,
    pub padded: Padded,
    pub offsets: Offsets,
    /// How many channels of the result are made of one.
    pub multiplier: usize,
    /// Elements of a plane of the input, and of the result.
    pub planes: [usize; 2],
    /// Columns of the result's rows.
    pub width: usize,
}

/// Elements of planes that are laid out together: they stay in the first cache.
const TOGETHER: usize = 4096;

impl Sliding {
    /// Elements of a padded plane, with room for whole vectors.
    fn plane(&self) -> usize {
        (self.padded.elements() + MOST_LANES).next_multiple_of(MOST_LANES)
    }

    /// Elements of sums of a plane.
    fn sums(&self) -> usize {
        self.padded.flat().next_multiple_of(MOST_LANES)
    }

    /// Channels of the input that are done together.
    fn together(&self) -> usize {
        if self.multiplier == 1 { (TOGETHER / self.plane()).clamp(1, 16) } else { 1 }
    }

    /// Some channels of the result, made of `count` channels of the input. Around the planes in `buffer` lies what belongs
    /// there.
    fn channels(&self, part: Part<'_>, tile: &mut Tile<'_>, buffer: &mut [f32]) {
        let Part { x, weights, add, rows, channels, instructions } = part;
        let (flat, terms) = (self.padded.flat(), self.offsets.len());
        let (planes, sums) = buffer.split_at_mut(self.together() * self.plane() + MOST_LANES);
        let first = rows.start / self.multiplier;
        let inputs = rows.len() / self.multiplier;
        for index in 0..inputs {
            let from = &x[(first + index) * self.planes[0]..][..self.planes[0]];
            self.padded.lay(from, &mut planes[index * self.plane()..], instructions);
        }
        let channel = rows.start % channels;
        for copy in 0..self.multiplier {
            let weights = match (&self.window, weights) {
                (Window::Weighted(_), Some(weights)) => Some((&weights[(channel + copy) * terms..], terms)),
                (Window::Mean(weights), _) => Some((weights.as_slice(), 0)),
                _ => None,
            };
            let rows = if self.multiplier == 1 { rows.clone() } else { rows.start + copy..rows.start + copy + 1 };
            let from = (&*planes, self.plane());
            instructions.slide(from, &self.offsets, weights, (&mut *sums, self.sums()), [inputs, flat]);
            let places = Flat { places: [0, flat], pitch: self.padded.pitch(), width: self.width };
            let mut tile = tile.some(rows.clone());
            instructions.finish(&mut tile, (sums, self.sums()), places, add, (&self.affine, rows.start % channels));
            for row in rows {
                if let Some(shares) = &self.shares {
                    tile.row(row).iter_mut().zip(shares).for_each(|(x, share)| *x *= share);
                }
                if let Some(activation) = &self.activation {
                    instructions.activate(activation, tile.row(row));
                }
            }
        }
    }
}

/// What some channels are made of.
struct Part<'a> {
    x: &'a [f32],
    weights: Option<&'a [f32]>,
    add: Option<&'a [f32]>,
    /// Channels of the result, over all pictures.
    rows: Range<usize>,
    /// Channels of a picture of the result.
    channels: usize,
    instructions: Instructions,
}

impl Kernel for Sliding {
    fn name(&self) -> &'static str {
        match self.window {
            Window::Weighted(_) => "depthwise",
            Window::Mean(_) | Window::Greatest => "pool",
        }
    }

    fn buffer(&self) -> usize {
        self.together() * (self.plane() + self.sums()) + 2 * MOST_LANES
    }

    fn copied_bytes(&self) -> usize {
        let affine = self.affine.scale.len() + self.affine.shift.len() + self.affine.slope.len();
        let weight = match &self.window {
            Window::Weighted(weight) => weight.copied_bytes(),
            Window::Mean(_) | Window::Greatest => 0,
        };
        weight + affine * size_of::<f32>()
    }

    fn run(&self, call: Call<'_>) -> Result<(), ExecutorError> {
        let Call { team, instructions, source, layer, inputs, add, out, shape, buffers, .. } = call;
        let weights = match &self.window {
            Window::Weighted(weight) => Some(weight.get(layer, source)?),
            Window::Mean(_) | Window::Greatest => None,
        };
        let (x, _) = inputs[0];
        let channels = shape.axis(1);
        let all = channels * shape.axis(0);
        let around = if matches!(self.window, Window::Greatest) { f32::NEG_INFINITY } else { 0.0 };
        let work = all * self.padded.flat() * (self.offsets.len() + 4);
        let pieces = if team.threads() == 1 { 1 } else { (work / FEW).clamp(1, team.threads() * 4) };
        let row_cuts = super::conv::cuts(all, pieces, self.multiplier);
        team.tiles(out, self.planes[1], [&row_cuts, &[0, self.planes[1]]], &|_, mut tile, thread| {
            let mut buffer = buffer(buffers, thread);
            buffer[..self.together() * self.plane()].fill(around);
            let Range { mut start, end } = tile.rows();
            while start < end {
                // Channels of one picture, whose factors and weights follow one another.
                let next = (start + self.together() * self.multiplier).min(end).min((start / channels + 1) * channels);
                let part = Part { x, weights, add, rows: start..next, channels, instructions };
                self.channels(part, &mut tile, &mut buffer);
                start = next;
            }
        });
        Ok(())
    }
}
