//! Other sizes of pictures.

use super::{Call, FEW, Kernel};
use crate::cpu::error::ExecutorError;
use crate::cpu::samples::Sample;

/// A resized picture: the samples of its rows, and of its columns.
#[derive(Debug)]
pub(super) struct Resize {
    pub rows: Vec<Sample>,
    pub columns: Vec<Sample>,
    /// Whether samples are taken as they are.
    pub nearest: bool,
    /// Rows and columns of the input.
    pub from: [usize; 2],
}

impl Kernel for Resize {
    fn name(&self) -> &'static str {
        "resize"
    }

    fn run(&self, call: Call<'_>) -> Result<(), ExecutorError> {
        let Call { team, inputs, out, .. } = call;
        let (x, _) = inputs[0];
        let (plane, own) = (self.from[0] * self.from[1], self.rows.len() * self.columns.len());
        let together = (FEW / 4 / own).max(1);
        team.chunks(out, together * own, &|index, out, _| {
            for (at, out) in out.chunks_mut(own).enumerate() {
                self.plane(&x[(index * together + at) * plane..][..plane], out);
            }
        });
        Ok(())
    }
}

impl Resize {
    fn plane(&self, x: &[f32], out: &mut [f32]) {
        let width = self.from[1];
        let mut last: Option<(usize, usize)> = None;
        for (at, sample) in self.rows.iter().enumerate() {
            let (done, rest) = out.split_at_mut(at * self.columns.len());
            let out = &mut rest[..self.columns.len()];
            let first = &x[sample.first * width..][..width];
            if self.nearest {
                // A row again is copied from the row before.
                if let Some((row, from)) = last
                    && row == sample.first
                {
                    out.copy_from_slice(&done[from..from + self.columns.len()]);
                } else {
                    out.iter_mut().zip(&self.columns).for_each(|(out, column)| *out = first[column.first]);
                }
                last = Some((sample.first, at * self.columns.len()));
                continue;
            }
            let second = &x[sample.second * width..][..width];
            for (out, column) in out.iter_mut().zip(&self.columns) {
                let across =
                    |row: &[f32]| row[column.first] + (row[column.second] - row[column.first]) * column.between;
                let (upper, lower) = (across(first), across(second));
                *out = upper + (lower - upper) * sample.between;
            }
        }
    }
}
