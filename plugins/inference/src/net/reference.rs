//! What each layer computes, in the plainest words: loops over every element, sums in `f64`. Slow; executors are tested
//! against it.

mod elements;
mod norms;
mod views;
mod windows;

use crate::net::{Net, Op, Shape, TensorSource, ValueId};

/// Elements and extents of a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Extents.
    pub shape: Shape,
    /// Elements, row-major.
    pub data: Vec<f32>,
}

impl Array {
    /// An array whose elements follow from their place.
    fn from_fn(shape: Shape, mut element: impl FnMut(&[usize]) -> f64) -> Self {
        let axes = shape.to_vec();
        let mut place = vec![0; axes.len()];
        let data = (0..shape.elements())
            .map(|_| {
                let value = element(&place) as f32;
                for axis in (0..axes.len()).rev() {
                    place[axis] += 1;
                    if place[axis] < axes[axis] {
                        break;
                    }
                    place[axis] = 0;
                }
                value
            })
            .collect();
        Self { shape, data }
    }

    /// The element at a place.
    fn at(&self, place: &[usize]) -> f64 {
        let index: usize = place.iter().zip(self.shape.strides()).map(|(at, stride)| at * stride).sum();
        f64::from(self.data[index])
    }

    /// The element at a place of a shape that this one is broadcast to.
    fn broadcast_at(&self, place: &[usize]) -> f64 {
        let skipped = place.len() - self.shape.rank();
        let own: Vec<usize> = place[skipped..]
            .iter()
            .enumerate()
            .map(|(axis, &at)| if self.shape.axis(axis) == 1 { 0 } else { at })
            .collect();
        self.at(&own)
    }
}

/// Runs a net layer by layer. One array for each value: inputs first, then what the layers make. `None` when a tensor is
/// gone, or an input is not of its size.
pub fn evaluate(net: &Net, source: &dyn TensorSource, inputs: &[&[f32]]) -> Option<Vec<Array>> {
    let mut values: Vec<Array> = Vec::with_capacity(net.values());
    if inputs.len() != net.inputs.len() {
        return None;
    }
    for (input, data) in net.inputs.iter().zip(inputs) {
        if data.len() != input.shape.elements() {
            return None;
        }
        values.push(Array { shape: input.shape, data: data.to_vec() });
    }
    for layer in &net.layers {
        let read: Vec<&Array> = layer.inputs.iter().map(|&ValueId(input)| &values[input]).collect();
        values.push(evaluate_layer(&layer.op, &read, layer.shape, source)?);
    }
    Some(values)
}

/// What comes out of a net, in the order of its outputs; see [`evaluate`].
pub fn outputs(net: &Net, source: &dyn TensorSource, inputs: &[&[f32]]) -> Option<Vec<Vec<f32>>> {
    let values = evaluate(net, source, inputs)?;
    Some(net.outputs.iter().map(|output| values[output.value.0].data.clone()).collect())
}

/// What one layer makes, of that shape. `None` when a tensor is gone.
pub fn evaluate_layer(op: &Op, inputs: &[&Array], shape: Shape, source: &dyn TensorSource) -> Option<Array> {
    let read = |name: &String| tensor(name, source);
    let optional = |name: &Option<String>| match name {
        Some(name) => Some(Some(tensor(name, source)?)),
        None => Some(None),
    };
    Some(match op {
        Op::Constant { tensor } => read(tensor)?,
        Op::Conv2d { weight, bias, stride, padding, dilation, groups } => {
            let place = windows::Place { stride: *stride, padding: *padding, dilation: *dilation };
            windows::conv(inputs[0], &read(weight)?, optional(bias)?, place, *groups, shape)
        }
        Op::ConvTranspose2d { weight, bias, stride, padding, dilation, groups, .. } => {
            let place = windows::Place { stride: *stride, padding: *padding, dilation: *dilation };
            windows::conv_transpose(inputs[0], &read(weight)?, optional(bias)?, place, *groups, shape)
        }
        Op::MaxPool2d { kernel, stride, padding, dilation, .. } => {
            let place = windows::Place { stride: *stride, padding: *padding, dilation: *dilation };
            windows::max_pool(inputs[0], *kernel, place, shape)
        }
        Op::AvgPool2d { kernel, stride, padding, dilation, count_padding, .. } => {
            let place = windows::Place { stride: *stride, padding: *padding, dilation: *dilation };
            windows::avg_pool(inputs[0], *kernel, place, *count_padding, shape)
        }
        Op::Resize { mode, coordinates, .. } => windows::resize(inputs[0], *mode, *coordinates, shape),
        Op::Linear { weight, bias } => windows::linear(inputs[0], &read(weight)?, optional(bias)?, shape),
        Op::Matmul { transpose_b } => windows::matmul(inputs[0], inputs[1], *transpose_b, shape),
        Op::Attention { heads, scale, causal } => {
            norms::attention([inputs[0], inputs[1], inputs[2]], *heads, *scale, *causal)
        }
        Op::BatchNorm { scale, shift, mean, variance, epsilon } => {
            let tensors = [read(scale)?, read(shift)?, read(mean)?, read(variance)?];
            norms::batch_norm(inputs[0], &tensors, *epsilon)
        }
        Op::LayerNorm { weight, bias, axes_count, epsilon } => {
            norms::layer_norm(inputs[0], optional(weight)?, optional(bias)?, *axes_count, *epsilon)
        }
        Op::GroupNorm { groups, weight, bias, epsilon } => {
            norms::group_norm(inputs[0], optional(weight)?, optional(bias)?, *groups, *epsilon)
        }
        Op::RmsNorm { weight, epsilon } => norms::rms_norm(inputs[0], optional(weight)?, *epsilon),
        Op::Softmax { axis } => norms::softmax(inputs[0], *axis as usize, false),
        Op::LogSoftmax { axis } => norms::softmax(inputs[0], *axis as usize, true),
        Op::L2Normalize { axis, epsilon } => norms::l2_normalize(inputs[0], *axis as usize, *epsilon),
        Op::GlobalAvgPool2d {} => norms::reduce(inputs[0], &[2, 3], norms::Gather::Mean, shape),
        Op::Mean(over) => norms::reduce(inputs[0], &over.axes, norms::Gather::Mean, shape),
        Op::Sum(over) => norms::reduce(inputs[0], &over.axes, norms::Gather::Sum, shape),
        Op::MaxOver(over) => norms::reduce(inputs[0], &over.axes, norms::Gather::Max, shape),
        Op::Prelu { slope } => elements::prelu(inputs[0], &read(slope)?),
        Op::Embedding { weight } => views::embedding(inputs[0], &read(weight)?, shape),
        Op::Concat { axis } => views::concat(inputs, *axis as usize, shape),
        Op::Reshape { .. } => Array { shape, data: inputs[0].data.clone() },
        Op::Transpose { axes } => views::transpose(inputs[0], axes, shape),
        Op::Slice { axis, start, step, .. } => views::slice(inputs[0], *axis as usize, *start as usize, *step, shape),
        Op::Pad { before, value, .. } => views::pad(inputs[0], before, *value, shape),
        Op::PixelShuffle { factor } => views::pixel_shuffle(inputs[0], *factor, shape),
        Op::PixelUnshuffle { factor } => views::pixel_unshuffle(inputs[0], *factor, shape),
        op => match inputs {
            [x] => Array { shape, data: x.data.iter().map(|&x| elements::unary(op, f64::from(x)) as f32).collect() },
            [a, b] => Array::from_fn(shape, |at| elements::binary(op, a.broadcast_at(at), b.broadcast_at(at))),
            _ => return None,
        },
    })
}

fn tensor(name: &str, source: &dyn TensorSource) -> Option<Array> {
    let view = source.view(name)?;
    Some(Array { shape: Shape::new(&view.info.shape)?, data: view.to_f32().into_owned() })
}

#[cfg(test)]
mod tests;
