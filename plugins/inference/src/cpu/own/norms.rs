//! Norms, softmax: what looks at a whole row before it changes it.

use super::{Call, Kernel};
use crate::cpu::error::ExecutorError;
use crate::cpu::kernels::Instructions;
use crate::net::Op;

/// What is done to rows.
#[derive(Debug)]
pub(super) enum Norm {
    /// Zero mean, unit variance; then factor and summand for each element, where there are some.
    Layer { weight: Option<Vec<f32>>, bias: Option<Vec<f32>>, epsilon: f32 },
    /// The same with factor and summand for each of `channels`, whose planes follow one another; a row has `rows_channels`.
    Group { weight: Option<Vec<f32>>, bias: Option<Vec<f32>>, epsilon: f32, channels: usize, row_channels: usize },
    /// Unit mean square.
    Rms { weight: Option<Vec<f32>>, epsilon: f32 },
}

/// A norm over rows of so many elements.
#[derive(Debug)]
pub(super) struct Rows {
    pub norm: Norm,
    pub row: usize,
}

/// The greatest; NaN if one is.
pub(super) fn greatest(values: impl Iterator<Item = f32>) -> f32 {
    values.fold(f32::NEG_INFINITY, |most, value| if value > most || value.is_nan() { value } else { most })
}

/// The mean, and the mean square of what is left of each element without it.
fn moments(row: &[f32]) -> (f32, f32) {
    let share = 1.0 / row.len() as f64;
    let mean = (sum(row, |x| x) * share) as f32;
    let square = (sum(row, |x| (x - mean) * (x - mean)) * share) as f32;
    (mean, square)
}

/// In lanes of eight, so that it can be done by vectors, and in `f64` at last.
fn sum(row: &[f32], made: impl Fn(f32) -> f32) -> f64 {
    let mut total = 0.0;
    for piece in row.chunks(1024) {
        let mut lanes = [0.0_f32; 8];
        let (eights, rest) = piece.as_chunks::<8>();
        for eight in eights {
            lanes.iter_mut().zip(eight).for_each(|(lane, &x)| *lane += made(x));
        }
        let rest: f32 = rest.iter().map(|&x| made(x)).sum();
        total += f64::from(lanes.into_iter().sum::<f32>() + rest);
    }
    total
}

impl Kernel for Rows {
    fn name(&self) -> &'static str {
        "norm"
    }

    fn copied_bytes(&self) -> usize {
        let (weight, bias) = match &self.norm {
            Norm::Layer { weight, bias, .. } | Norm::Group { weight, bias, .. } => (weight, bias),
            Norm::Rms { weight, .. } => (weight, &None),
        };
        [weight, bias].into_iter().flatten().map(|values| size_of_val(values.as_slice())).sum()
    }

    fn run(&self, call: Call<'_>) -> Result<(), ExecutorError> {
        let Call { team, inputs, out, .. } = call;
        let x = inputs[0].0;
        let element = |tensor: &Option<Vec<f32>>, index: usize, otherwise: f32| {
            tensor.as_ref().map_or(otherwise, |tensor| tensor[index])
        };
        team.chunks(out, self.row, &|index, out, _| {
            let x = &x[index * self.row..][..self.row];
            match &self.norm {
                Norm::Layer { weight, bias, epsilon } => {
                    let (mean, square) = moments(x);
                    let factor = 1.0 / (square + epsilon).sqrt();
                    for (at, (out, x)) in out.iter_mut().zip(x).enumerate() {
                        *out = (x - mean) * factor * element(weight, at, 1.0) + element(bias, at, 0.0);
                    }
                }
                Norm::Group { weight, bias, epsilon, channels, row_channels } => {
                    let (mean, square) = moments(x);
                    let factor = 1.0 / (square + epsilon).sqrt();
                    let plane = self.row / row_channels;
                    for (at, (out, x)) in out.chunks_mut(plane).zip(x.chunks(plane)).enumerate() {
                        let channel = (index * row_channels + at) % channels;
                        let scale = factor * element(weight, channel, 1.0);
                        let shift = element(bias, channel, 0.0);
                        out.iter_mut().zip(x).for_each(|(out, x)| *out = (x - mean) * scale + shift);
                    }
                }
                Norm::Rms { weight, epsilon } => {
                    let square = (sum(x, |x| x * x) / x.len() as f64) as f32;
                    let factor = 1.0 / (square + epsilon).sqrt();
                    for (at, (out, x)) in out.iter_mut().zip(x).enumerate() {
                        *out = x * factor * element(weight, at, 1.0);
                    }
                }
            }
        });
        Ok(())
    }
}

/// What is done along an axis whose neighbours lie `inner` apart.
#[derive(Debug)]
pub(super) struct Along {
    pub kind: AlongKind,
    pub extent: usize,
    pub inner: usize,
}

/// What is done.
#[derive(Debug, Clone, Copy)]
pub(super) enum AlongKind {
    Softmax,
    LogSoftmax,
    /// With the least norm.
    L2(f32),
}

impl Kernel for Along {
    fn name(&self) -> &'static str {
        "along an axis"
    }

    fn buffer(&self) -> usize {
        2 * self.inner
    }

    fn run(&self, call: Call<'_>) -> Result<(), ExecutorError> {
        let Call { team, instructions, inputs, out, buffers, .. } = call;
        let block = self.extent * self.inner;
        let x = inputs[0].0;
        team.chunks(out, block, &|index, out, thread| {
            let x = &x[index * block..][..block];
            if self.inner == 1 {
                self.line(x, out, instructions);
            } else {
                self.lines(x, out, &mut super::buffer(buffers, thread), instructions);
            }
        });
        Ok(())
    }
}

impl Along {
    /// One line, packed.
    fn line(&self, x: &[f32], out: &mut [f32], instructions: Instructions) {
        match self.kind {
            AlongKind::Softmax | AlongKind::LogSoftmax => {
                let most = greatest(x.iter().copied());
                out.iter_mut().zip(x).for_each(|(out, x)| *out = x - most);
                instructions.activate(&Op::Exp {}, out);
                let total = sum(out, |x| x) as f32;
                if matches!(self.kind, AlongKind::Softmax) {
                    let share = 1.0 / total;
                    out.iter_mut().for_each(|out| *out *= share);
                } else {
                    let shift = most + total.ln();
                    out.iter_mut().zip(x).for_each(|(out, x)| *out = x - shift);
                }
            }
            AlongKind::L2(least) => {
                let norm = (sum(x, |x| x * x) as f32).sqrt();
                let share = 1.0 / if norm < least { least } else { norm };
                out.iter_mut().zip(x).for_each(|(out, x)| *out = x * share);
            }
        }
    }

    /// As many lines side by side as lie between neighbours of one.
    fn lines(&self, x: &[f32], out: &mut [f32], buffer: &mut [f32], instructions: Instructions) {
        let (most, rest) = buffer.split_at_mut(self.inner);
        let total = &mut rest[..self.inner];
        total.fill(0.0);
        if let AlongKind::L2(least) = self.kind {
            for x in x.chunks(self.inner) {
                total.iter_mut().zip(x).for_each(|(total, x)| *total += x * x);
            }
            total.iter_mut().for_each(|total| {
                let norm = total.sqrt();
                *total = 1.0 / if norm < least { least } else { norm };
            });
            for (out, x) in out.chunks_mut(self.inner).zip(x.chunks(self.inner)) {
                out.iter_mut().zip(x).zip(&*total).for_each(|((out, x), share)| *out = x * share);
            }
            return;
        }
        most.fill(f32::NEG_INFINITY);
        for x in x.chunks(self.inner) {
            let greater = |(most, &x): (&mut f32, &f32)| *most = if x > *most || x.is_nan() { x } else { *most };
            most.iter_mut().zip(x).for_each(greater);
        }
        for (out, x) in out.chunks_mut(self.inner).zip(x.chunks(self.inner)) {
            out.iter_mut().zip(x).zip(&*most).for_each(|((out, x), most)| *out = x - most);
            instructions.activate(&Op::Exp {}, out);
            total.iter_mut().zip(&*out).for_each(|(total, out)| *total += out);
        }
        let is_logarithm = matches!(self.kind, AlongKind::LogSoftmax);
        total.iter_mut().for_each(|total| *total = if is_logarithm { total.ln() } else { 1.0 / *total });
        for (out, x) in out.chunks_mut(self.inner).zip(x.chunks(self.inner)) {
            for (at, (out, x)) in out.iter_mut().zip(x).enumerate() {
                *out = if is_logarithm { x - most[at] - total[at] } else { *out * total[at] };
            }
        }
    }
}
