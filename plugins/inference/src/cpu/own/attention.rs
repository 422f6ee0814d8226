//! Scaled dot-product attention, a head at a time.

use super::{Call, Kernel, buffer};
use crate::cpu::error::ExecutorError;
use crate::cpu::kernels::{Left, MOST_LANES, Offsets};

/// Queries that a thread takes at once.
const QUERIES: usize = 32;

/// Attention of `heads` heads.
#[derive(Debug)]
pub(super) struct Attention {
    pub heads: usize,
    pub scale: f32,
    pub causal: bool,
    /// Queries, keys, elements of a head.
    pub size: [usize; 3],
    pub offsets: Offsets,
}

impl Attention {
    fn queries(&self) -> usize {
        QUERIES.min(self.size[0])
    }
}

impl Kernel for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn buffer(&self) -> usize {
        let [_, keys, width] = self.size;
        let rows = self.queries();
        rows * width + keys * width + rows * keys + rows * width.next_multiple_of(MOST_LANES)
    }

    fn run(&self, call: Call<'_>) -> Result<(), ExecutorError> {
        let Call { team, instructions, inputs, out, buffers, .. } = call;
        let [query, key, value] = [inputs[0].0, inputs[1].0, inputs[2].0];
        let [queries, keys, width] = self.size;
        let depth = self.heads * width;
        let wide = width.next_multiple_of(MOST_LANES);
        // A task: some queries of a batch, and one head; rows of the result are queries, columns belong to heads.
        let rows = out.len() / depth;
        let starts =
            (0..rows / queries).flat_map(|n| (0..queries).step_by(self.queries()).map(move |at| n * queries + at));
        let row_cuts: Vec<usize> = starts.chain([rows]).collect();
        let column_cuts: Vec<usize> = (0..=self.heads).map(|head| head * width).collect();
        team.tiles(out, depth, [&row_cuts, &column_cuts], &|[_, head], mut tile, thread| {
            let mut buffer = buffer(buffers, thread);
            let rows = tile.rows();
            let count = rows.len();
            let (own, rest) = buffer.split_at_mut(self.queries() * width);
            let (others, rest) = rest.split_at_mut(keys * width);
            let (scores, sums) = rest.split_at_mut(self.queries() * keys);
            let n = rows.start / queries;
            let [from, all] = [rows.start * depth, n * keys * depth].map(|start| start + head * width);
            instructions.copy_rows((&query[from..], depth, 1), (own, width), [count, width]);
            instructions.copy_rows((&key[all..], depth, 1), (others, width), [keys, width]);
            instructions.dot(own, others, width, (scores, keys), [count, keys]);
            for (index, row) in scores.chunks_mut(keys).take(count).enumerate() {
                let seen = if self.causal { (rows.start + index - n * queries + 1).min(keys) } else { keys };
                softmax(&mut row[..seen], self.scale, instructions);
                row[seen..].fill(0.0);
            }
            let left = Left { elements: scores, row: keys, step: 1 };
            let size = [count, width];
            instructions.multiply(left, (&value[all..], 0), (&self.offsets, 0..keys), (sums, wide), size, false);
            for (index, row) in rows.enumerate() {
                tile.row(row).copy_from_slice(&sums[index * wide..][..width]);
            }
        });
        Ok(())
    }
}

/// `softmax(x · scale)`
fn softmax(x: &mut [f32], scale: f32, instructions: crate::cpu::kernels::Instructions) {
    let most = super::norms::greatest(x.iter().map(|x| x * scale));
    x.iter_mut().for_each(|x| *x = *x * scale - most);
    instructions.activate(&crate::net::Op::Exp {}, x);
    let share = 1.0 / x.iter().sum::<f32>();
    x.iter_mut().for_each(|x| *x *= share);
}
