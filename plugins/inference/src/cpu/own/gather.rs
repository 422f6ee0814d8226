//! Means, sums and maxima over axes.

use super::norms::greatest;
use super::{Call, Kernel};
use crate::cpu::error::ExecutorError;
use crate::net::Shape;

/// What is made of elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Mean,
    Sum,
    Max,
}

/// A layer that gathers over axes.
#[derive(Debug)]
pub(super) struct Gather {
    pub of: Of,
    /// Whether an axis of the input is gathered over.
    pub gone: Vec<bool>,
}

impl Gather {
    /// Elements that are made one: `(innermost run, how many runs)`. `None` unless the axes gathered over are the last.
    fn last_run(&self, shape: Shape) -> Option<usize> {
        let first = self.gone.iter().position(|&gone| gone).unwrap_or(self.gone.len());
        let extents = shape.to_vec();
        self.gone[first..].iter().all(|&gone| gone).then(|| extents[first..].iter().product())
    }
}

/// A sum of few or many, in lanes.
fn sum(row: &[f32]) -> f32 {
    let mut total = 0.0_f64;
    for piece in row.chunks(1024) {
        let mut lanes = [0.0_f32; 16];
        let (runs, rest) = piece.as_chunks::<16>();
        for run in runs {
            lanes.iter_mut().zip(run).for_each(|(lane, x)| *lane += x);
        }
        total += f64::from(lanes.into_iter().sum::<f32>() + rest.iter().sum::<f32>());
    }
    total as f32
}

impl Kernel for Gather {
    fn name(&self) -> &'static str {
        "gather"
    }

    fn run(&self, call: Call<'_>) -> Result<(), ExecutorError> {
        let Call { team, inputs, out, .. } = call;
        let (x, shape) = inputs[0];
        let count = x.len() / out.len();
        let share = if self.of == Of::Mean { 1.0 / count as f32 } else { 1.0 };
        if let Some(run) = self.last_run(shape) {
            let together = (16384 / run).max(1);
            team.chunks(out, together, &|index, out, _| {
                for (at, out) in out.iter_mut().enumerate() {
                    let row = &x[(index * together + at) * run..][..run];
                    *out = if self.of == Of::Max { greatest(row.iter().copied()) } else { sum(row) * share };
                }
            });
            return Ok(());
        }
        let extents = shape.to_vec();
        let mut strides = vec![0; extents.len()];
        let mut next = 1;
        for axis in (0..extents.len()).rev() {
            if !self.gone[axis] {
                strides[axis] = next;
                next *= extents[axis];
            }
        }
        out.fill(if self.of == Of::Max { f32::NEG_INFINITY } else { 0.0 });
        let last = extents[extents.len() - 1];
        let (step, mut place) = (strides[extents.len() - 1], vec![0; extents.len()]);
        for row in x.chunks(last) {
            let start: usize = place.iter().zip(&strides).map(|(at, stride)| at * stride).sum();
            for (at, &x) in row.iter().enumerate() {
                let out = &mut out[start + at * step];
                *out = if self.of == Of::Max { greatest([*out, x].into_iter()) } else { *out + x };
            }
            for axis in (0..extents.len() - 1).rev() {
                place[axis] += 1;
                if place[axis] < extents[axis] {
                    break;
                }
                place[axis] = 0;
            }
        }
        if self.of == Of::Mean {
            out.iter_mut().for_each(|out| *out *= share);
        }
        Ok(())
    }
}
