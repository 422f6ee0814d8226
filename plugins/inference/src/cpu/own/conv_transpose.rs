//! Transposed convolutions: every element of the input times the whole kernel, in one product of matrices; the results are
//! then added where they overlap.

use super::elements::Epilogue;
use super::weight::Weight;
use super::{Call, Kernel, buffer};
use crate::cpu::error::ExecutorError;
use crate::cpu::kernels::{Left, MOST_LANES, Offsets};
use crate::net::Window;

/// A transposed convolution, with norm, sum and activation.
#[derive(Debug)]
pub(super) struct ConvTranspose {
    pub weight: Weight,
    pub epilogue: Epilogue,
    pub window: Window,
    pub groups: usize,
    /// Channels of a group: of the input, and of the result.
    pub channels: [usize; 2],
    /// Rows and columns of the input, and of the result.
    pub from: [usize; 2],
    pub to: [usize; 2],
    pub offsets: Offsets,
}

impl ConvTranspose {
    fn plane(&self) -> usize {
        self.from[0] * self.from[1]
    }

    /// Adds products of one element of the kernel, one for each element of the input, to a channel of the result.
    fn spread(&self, products: &[f32], [ky, kx]: [usize; 2], out: &mut [f32]) {
        let Window { stride, padding, dilation, .. } = self.window;
        for y in 0..self.from[0] {
            let Some(row) = (y * stride[0] + ky * dilation[0]).checked_sub(padding[0]).filter(|&row| row < self.to[0])
            else {
                continue;
            };
            let out = &mut out[row * self.to[1]..(row + 1) * self.to[1]];
            for (x, product) in products[y * self.from[1]..][..self.from[1]].iter().enumerate() {
                let column = (x * stride[1] + kx * dilation[1]).checked_sub(padding[1]);
                if let Some(out) = column.and_then(|column| out.get_mut(column)) {
                    *out += product;
                }
            }
        }
    }
}

impl Kernel for ConvTranspose {
    fn name(&self) -> &'static str {
        "conv_transpose: product"
    }

    fn buffer(&self) -> usize {
        let kernel = self.window.kernel[0] * self.window.kernel[1];
        kernel * self.plane().next_multiple_of(MOST_LANES) + MOST_LANES
    }

    fn copied_bytes(&self) -> usize {
        self.weight.copied_bytes() + self.epilogue.copied_bytes()
    }

    fn run(&self, call: Call<'_>) -> Result<(), ExecutorError> {
        let Call { team, instructions, source, layer, inputs, add, out, shape, buffers, .. } = call;
        let weight = self.weight.get(layer, source)?;
        let x = inputs[0].0;
        let kernel = self.window.kernel[0] * self.window.kernel[1];
        let row = self.plane().next_multiple_of(MOST_LANES);
        let [inputs, outputs] = self.channels;
        let channels = self.groups * outputs;
        team.chunks(out, self.to[0] * self.to[1], &|index, out, thread| {
            let (n, channel) = (index / channels, index % channels);
            let (group, o) = (channel / outputs, channel % outputs);
            let mut buffer = buffer(buffers, thread);
            let x = &x[(n * self.groups + group) * inputs * self.plane()..][..inputs * self.plane()];
            // Element `(k, i)` of the left operand is `weight[group · inputs + i][o][k]`.
            let a = &weight[(group * inputs * outputs + o) * kernel..];
            let a = Left { elements: a, row: 1, step: outputs * kernel };
            let (offsets, range) = (&self.offsets, 0..inputs);
            instructions.multiply(a, (x, 0), (offsets, range), (&mut buffer, row), [kernel, self.plane()], false);
            out.fill(0.0);
            for ky in 0..self.window.kernel[0] {
                for kx in 0..self.window.kernel[1] {
                    let products = &buffer[(ky * self.window.kernel[1] + kx) * row..];
                    self.spread(products, [ky, kx], out);
                }
            }
        });
        self.epilogue.apply(team, instructions, shape, add, out);
        Ok(())
    }
}
