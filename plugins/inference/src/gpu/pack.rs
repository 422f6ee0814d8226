//! Weights in the order in which kernels read them.

use half::f16;

use super::error::GpuError;
use crate::net::{Op, Plan, Step, TensorSource};

/// Weights of a step, and how they are put in order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WeightJob {
    pub(super) step: usize,
    pub(super) tensor: String,
    pub(super) layout: Layout,
    pub(super) shard: usize,
    /// First element within the shard.
    pub(super) offset: usize,
    /// Elements in the packed order.
    pub(super) elements: usize,
}

/// Orders of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// Rows of `k` numbers, one for each channel of the result, each filled up to `packed`.
    Rows { k: usize, packed: usize },
    /// `[group][row tile][k][row]` where `k` runs over taps, then channels; filled up.
    Tiles { groups: usize, rows: usize, channels: usize, taps: usize, tile: usize, depth: usize, transposed: bool },
    /// `[row tile][k slice][row][k]`, filled up: what matrix units load.
    Blocks { rows: usize, channels: usize, taps: usize, tile: usize, depth: usize },
}

/// Small weights, and what they are.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AuxJob {
    pub(super) step: usize,
    /// First element.
    pub(super) offset: usize,
    pub(super) elements: usize,
    pub(super) what: Aux,
}

/// Kinds of small weights.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Aux {
    /// Summands of the channels: bias and norm of the step's epilogue.
    Shift,
    /// Summands, then factors of a batch norm.
    Norm,
    /// A tensor as it is.
    Tensor(String),
}

/// The name of a step's bias.
fn bias(op: &Op) -> Option<&str> {
    match op {
        Op::Conv2d { bias, .. } | Op::ConvTranspose2d { bias, .. } | Op::Linear { bias, .. } => bias.as_deref(),
        _ => None,
    }
}

/// Factors and summands of a step's channels.
fn scale_shift(step: &Step, channels: usize, source: &dyn TensorSource) -> Result<(Vec<f32>, Vec<f32>), GpuError> {
    let epilogue = match &step.op {
        norm @ Op::BatchNorm { .. } => crate::net::Epilogue { norm: Some(norm.clone()), ..Default::default() },
        _ => step.epilogue.clone(),
    };
    let missing = || GpuError::Missing { step: step.name.clone(), tensor: "of its norm or bias".to_owned() };
    epilogue.scale_shift(channels, bias(&step.op), source).ok_or_else(missing)
}

impl AuxJob {
    /// Its numbers.
    pub(super) fn values(&self, plan: &Plan, source: &dyn TensorSource) -> Result<Vec<f32>, GpuError> {
        let mut values = match &self.what {
            Aux::Shift => scale_shift(&plan.steps[self.step], self.elements, source)?.1,
            Aux::Norm => {
                let (scale, mut shift) = scale_shift(&plan.steps[self.step], self.elements / 2, source)?;
                shift.extend(scale);
                shift
            }
            Aux::Tensor(name) => {
                let step = plan.steps.get(self.step).map_or_else(String::new, |step| step.name.clone());
                let missing = || GpuError::Missing { step, tensor: name.clone() };
                source.view(name).ok_or_else(missing)?.to_f32().into_owned()
            }
        };
        values.resize(self.elements, 0.0);
        Ok(values)
    }
}

/// Takes numbers in the packed order and hands them on as bytes of the wanted kind.
struct Writer<'a> {
    half: bool,
    at: usize,
    bytes: Vec<u8>,
    write: &'a mut dyn FnMut(usize, &[u8]),
}

impl Writer<'_> {
    fn push(&mut self, value: f32) {
        if self.half {
            self.bytes.extend_from_slice(&f16::from_f32(value).to_le_bytes());
        } else {
            self.bytes.extend_from_slice(&value.to_le_bytes());
        }
        if self.bytes.len() >= 1 << 16 {
            self.flush();
        }
    }

    fn flush(&mut self) {
        (self.write)(self.at, &self.bytes);
        self.at += self.bytes.len();
        self.bytes.clear();
    }
}

impl Layout {
    /// `[group][row tile][k][row]`
    fn tiles(&self, weights: &[f32], scale: &[f32], out: &mut Writer<'_>) {
        let Self::Tiles { groups, rows, channels, taps, tile, depth, transposed } = *self else { return };
        let length = (channels * taps).next_multiple_of(depth);
        for group in 0..groups {
            for first in (0..rows).step_by(tile) {
                for k in 0..length {
                    let (tap, channel) = (k / channels, k % channels);
                    for row in first..first + tile {
                        let (outer, inner, inners) = if transposed {
                            (group * channels + channel, row, rows)
                        } else {
                            (group * rows + row, channel, channels)
                        };
                        let inside = row < rows && tap < taps;
                        let index = (outer * inners + inner) * taps + tap;
                        out.push(if inside { weights[index] * scale[group * rows + row] } else { 0.0 });
                    }
                }
            }
        }
    }

    /// `[row tile][k slice][row][k]`
    fn blocks(&self, weights: &[f32], scale: &[f32], out: &mut Writer<'_>) {
        let Self::Blocks { rows, channels, taps, tile, depth } = *self else { return };
        let length = (channels * taps).next_multiple_of(depth);
        for first in (0..rows).step_by(tile) {
            for start in (0..length).step_by(depth) {
                for row in first..first + tile {
                    for k in start..start + depth {
                        let (tap, channel) = (k / channels, k % channels);
                        let index = (row * channels + channel) * taps + tap;
                        // Beyond the last row there is no scale either.
                        let value = scale.get(row).filter(|_| tap < taps).map(|scale| weights[index] * scale);
                        out.push(value.unwrap_or(0.0));
                    }
                }
            }
        }
    }
}

impl WeightJob {
    /// Bytes of the packed order.
    pub(super) fn bytes(&self, half: bool) -> usize {
        self.elements * if half { 2 } else { 4 }
    }

    /// Puts a tensor in order, piece by piece: `write(offset in bytes, bytes)`, offsets rising without gaps.
    pub(super) fn pack(
        &self,
        plan: &Plan,
        half: bool,
        source: &dyn TensorSource,
        write: &mut dyn FnMut(usize, &[u8]),
    ) -> Result<(), GpuError> {
        let step = &plan.steps[self.step];
        let missing = || GpuError::Missing { step: step.name.clone(), tensor: self.tensor.clone() };
        let view = source.view(&self.tensor).ok_or_else(missing)?;
        let mut out = Writer { half, at: 0, bytes: Vec::with_capacity(1 << 16), write };
        match self.layout {
            // Row by row: tables of words are the largest tensors of all.
            Layout::Rows { k, packed } => {
                let scale = self.scale(step, view.info.elements() / k, source)?;
                for (row, &scale) in scale.iter().enumerate() {
                    view.range_f32(row * k..(row + 1) * k).iter().for_each(|&weight| out.push(weight * scale));
                    (k..packed).for_each(|_| out.push(0.0));
                }
            }
            Layout::Tiles { groups, rows, .. } => {
                let (weights, scale) = (view.to_f32(), self.scale(step, groups * rows, source)?);
                self.layout.tiles(&weights, &scale, &mut out);
            }
            Layout::Blocks { rows, .. } => {
                let (weights, scale) = (view.to_f32(), self.scale(step, rows, source)?);
                self.layout.blocks(&weights, &scale, &mut out);
            }
        }
        let rest = self.bytes(half).saturating_sub(out.at + out.bytes.len());
        out.bytes.resize(out.bytes.len() + rest, 0);
        out.flush();
        Ok(())
    }

    fn scale(&self, step: &Step, channels: usize, source: &dyn TensorSource) -> Result<Vec<f32>, GpuError> {
        if step.epilogue.norm.is_none() {
            return Ok(vec![1.0; channels]);
        }
        Ok(scale_shift(step, channels, source)?.0)
    }
}
