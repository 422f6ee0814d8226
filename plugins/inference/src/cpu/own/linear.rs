//! Linear layers and products of matrices.

use super::conv::cuts;
use super::elements::{Epilogue, broadcast_strides};
use super::weight::Weight;
use super::{Call, FEW, Kernel};
use crate::cpu::error::ExecutorError;
use crate::cpu::kernels::{Instructions, Left, MOST_LANES, Offsets};
use crate::cpu::team::Team;
use crate::net::Shape;

/// A linear layer, with norm, sum and activation. Rows of the weight are read where they lie.
#[derive(Debug)]
pub(super) struct Linear {
    pub weight: Weight,
    pub epilogue: Epilogue,
    /// Elements of a row of the input, and of the result.
    pub widths: [usize; 2],
}

/// Rows of the input that are multiplied by the same rows of the weight before the next.
const ROWS: usize = 64;

impl Kernel for Linear {
    fn name(&self) -> &'static str {
        "linear: products of rows"
    }

    fn copied_bytes(&self) -> usize {
        self.weight.copied_bytes() + self.epilogue.copied_bytes()
    }

    fn run(&self, call: Call<'_>) -> Result<(), ExecutorError> {
        let Call { team, instructions, source, layer, inputs, add, out, shape, .. } = call;
        let weight = self.weight.get(layer, source)?;
        products_of_rows(team, instructions, inputs[0].0, weight, self.widths, out);
        self.epilogue.apply(team, instructions, shape, add, out);
        Ok(())
    }
}

/// `out[m][o] = Σ_i x[m][i] · weight[o][i]`; `widths`: how many `i`, how many `o`.
fn products_of_rows(
    team: &mut Team,
    instructions: Instructions,
    x: &[f32],
    weight: &[f32],
    [inputs, outputs]: [usize; 2],
    out: &mut [f32],
) {
    let rows = out.len() / outputs;
    let work = rows * inputs * outputs;
    let pieces = if team.threads() == 1 { 1 } else { (work / FEW).clamp(1, team.threads() * 4) };
    let row_cuts = cuts(rows, rows.div_ceil(ROWS), 4);
    let column_cuts = cuts(outputs, pieces.div_ceil(row_cuts.len() - 1), 4);
    team.tiles(out, outputs, [&row_cuts, &column_cuts], &|_, mut tile, _| {
        let (rows, columns) = (tile.rows(), tile.columns());
        let x = &x[rows.start * inputs..rows.end * inputs];
        let weight = &weight[columns.start * inputs..columns.end * inputs];
        instructions.dot_tile(x, weight, inputs, &mut tile);
    });
}

/// A product of two values, batch by batch.
#[derive(Debug)]
pub(super) struct Matmul {
    pub transpose_b: bool,
    /// Rows, terms, columns.
    pub size: [usize; 3],
    pub offsets: Offsets,
}

impl Kernel for Matmul {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn buffer(&self) -> usize {
        let [rows, _, columns] = self.size;
        if self.transpose_b { 0 } else { rows * columns.next_multiple_of(MOST_LANES) }
    }

    fn run(&self, call: Call<'_>) -> Result<(), ExecutorError> {
        let Call { team, instructions, inputs, out, shape, buffers, .. } = call;
        let [(a, a_shape), (b, b_shape)] = [inputs[0], inputs[1]];
        let [rows, terms, columns] = self.size;
        let batches = out.len() / (rows * columns);
        let [a_from, b_from] = [(a_shape, rows * terms), (b_shape, terms * columns)]
            .map(|(operand, matrix)| batch_starts(operand, shape, matrix, batches));
        team.chunks(out, rows * columns, &|batch, out, thread| {
            let a = &a[a_from[batch]..][..rows * terms];
            let b = &b[b_from[batch]..][..terms * columns];
            if self.transpose_b {
                instructions.dot(a, b, terms, (out, columns), [rows, columns]);
                return;
            }
            let wide = columns.next_multiple_of(MOST_LANES);
            let mut buffer = super::buffer(buffers, thread);
            let left = Left { elements: a, row: terms, step: 1 };
            let size = [rows, columns];
            instructions.multiply(left, (b, 0), (&self.offsets, 0..terms), (&mut buffer, wide), size, false);
            instructions.copy_rows((&buffer, wide, 1), (out, columns), size);
        });
        Ok(())
    }
}

/// Where each batch of an operand begins, which may repeat.
fn batch_starts(operand: Shape, shape: Shape, matrix: usize, batches: usize) -> Vec<usize> {
    // The last two axes are the matrices, of other extents than the result's.
    let of = |shape: Shape| {
        let axes = shape.to_vec();
        let mut batch = axes[..axes.len() - 2].to_vec();
        if batch.is_empty() {
            batch.push(1);
        }
        Shape::new(&batch)
    };
    let (Some(own), Some(all)) = (of(operand), of(shape)) else { return vec![0; batches] };
    let (strides, extents) = (broadcast_strides(own, all), all.to_vec());
    (0..batches)
        .map(|batch| {
            let mut rest = batch;
            let mut start = 0;
            for axis in (0..extents.len()).rev() {
                start += rest % extents[axis] * strides[axis] * matrix;
                rest /= extents[axis];
            }
            start
        })
        .collect()
}
