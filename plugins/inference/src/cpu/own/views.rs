//! Layers that only move elements.

use super::weight::Weight;
use super::{Call, FEW, Kernel};
use crate::cpu::error::ExecutorError;
use crate::net::Shape;

/// Elements of the result are elements of the input, at places that advance by a stride for each axis of the result.
#[derive(Debug)]
pub(super) struct Strided {
    /// The first.
    pub start: usize,
    pub strides: Vec<usize>,
    /// The extents to walk through, which make up the result.
    pub extents: Vec<usize>,
}

impl Kernel for Strided {
    fn name(&self) -> &'static str {
        "move"
    }

    fn run(&self, call: Call<'_>) -> Result<(), ExecutorError> {
        let Call { team, inputs, out, .. } = call;
        let x = inputs[0].0;
        let axes = self.extents.len();
        let (last, step) = (self.extents[axes - 1], self.strides[axes - 1]);
        let together = (FEW / 4 / last).max(1);
        team.chunks(out, together * last, &|index, out, _| {
            for (at, out) in out.chunks_mut(last).enumerate() {
                let mut rest = index * together + at;
                let mut from = self.start;
                for axis in (0..axes - 1).rev() {
                    from += rest % self.extents[axis] * self.strides[axis];
                    rest /= self.extents[axis];
                }
                if step == 1 {
                    out.copy_from_slice(&x[from..from + last]);
                } else {
                    out.iter_mut().enumerate().for_each(|(at, out)| *out = x[from + at * step]);
                }
            }
        });
        Ok(())
    }
}

/// Inputs one after the other along an axis.
#[derive(Debug)]
pub(super) struct Concat {
    pub axis: usize,
}

impl Kernel for Concat {
    fn name(&self) -> &'static str {
        "move"
    }

    fn run(&self, call: Call<'_>) -> Result<(), ExecutorError> {
        let Call { inputs, out, shape, .. } = call;
        let row = |shape: Shape| shape.to_vec()[self.axis..].iter().product::<usize>();
        let mut start = 0;
        for (x, own) in inputs {
            let piece = row(own);
            for (out, x) in out.chunks_mut(row(shape)).zip(x.chunks(piece)) {
                out[start..start + piece].copy_from_slice(x);
            }
            start += piece;
        }
        Ok(())
    }
}

/// More elements around.
#[derive(Debug)]
pub(super) struct Pad {
    pub before: Vec<usize>,
    pub value: f32,
}

impl Kernel for Pad {
    fn name(&self) -> &'static str {
        "move"
    }

    fn run(&self, call: Call<'_>) -> Result<(), ExecutorError> {
        let Call { inputs, out, shape, .. } = call;
        let (x, own) = inputs[0];
        // Axes that are whole in both are one with the one before.
        let (strides, extents) = (shape.strides(), own.to_vec());
        let mut axis = extents.len() - 1;
        while axis > 0 && extents[axis] == shape.axis(axis) {
            axis -= 1;
        }
        let run: usize = extents[axis..].iter().product();
        let start = self.before[axis] * strides[axis];
        out.fill(self.value);
        for (index, x) in x.chunks(run).enumerate() {
            let (mut rest, mut to) = (index, start);
            for at in (0..axis).rev() {
                to += (rest % extents[at] + self.before[at]) * strides[at];
                rest /= extents[at];
            }
            out[to..to + run].copy_from_slice(x);
        }
        Ok(())
    }
}

/// Rows of a table.
#[derive(Debug)]
pub(super) struct Embedding {
    pub table: Weight,
    /// Rows, and elements of one.
    pub size: [usize; 2],
}

impl Kernel for Embedding {
    fn name(&self) -> &'static str {
        "rows of a table"
    }

    fn copied_bytes(&self) -> usize {
        self.table.copied_bytes()
    }

    fn run(&self, call: Call<'_>) -> Result<(), ExecutorError> {
        let Call { source, layer, inputs, out, .. } = call;
        let table = self.table.get(layer, source)?;
        let [rows, width] = self.size;
        for (out, &id) in out.chunks_mut(width).zip(inputs[0].0) {
            // NaN takes the first.
            let row = (id.max(0.0) as usize).min(rows - 1);
            out.copy_from_slice(&table[row * width..][..width]);
        }
        Ok(())
    }
}
