//! Every layer in candle's own operations, which every device of candle has: the path on CUDA and Metal.
//!
//! Where candle has no operation for a layer's parameters (different strides for rows and columns, a dilated pool), the
//! layer is a sum, or maximum, of shifted slices.

mod elements;
mod norms;
mod slices;
mod views;
mod windows;

use std::collections::HashMap;

use candle_core::{DType, Device, Result, Tensor};

use crate::net::{Activation, Op, Plan, Step, Storage, TensorSource, ValueId};

use super::error::ExecutorError;

/// A plan whose weights lie on a device.
#[derive(Debug)]
pub(super) struct Generic {
    device: Device,
    dtype: DType,
    /// Tensors by name, as they are in the file.
    weights: HashMap<String, Tensor>,
    /// Factor and summand of each step's result, ready to be broadcast.
    affine: Vec<[Option<Tensor>; 2]>,
    values: Vec<Option<Tensor>>,
    /// The step after which a value is read no more.
    last_reads: Vec<usize>,
    bytes: usize,
}

impl Generic {
    pub(super) fn new(
        plan: &Plan,
        source: &dyn TensorSource,
        device: Device,
        dtype: DType,
    ) -> std::result::Result<Self, ExecutorError> {
        let mut made = Self {
            device,
            dtype,
            weights: HashMap::new(),
            affine: Vec::with_capacity(plan.steps.len()),
            values: vec![None; plan.values.len()],
            last_reads: last_reads(plan),
            bytes: 0,
        };
        for step in &plan.steps {
            made.load_step(plan, step, source)?;
        }
        for value in &plan.values {
            if let Storage::Constant(name) = &value.storage {
                made.load(&value.name, name, source)?;
            }
        }
        Ok(made)
    }

    /// Bytes of the weights, which lie in candle's tensors.
    pub(super) fn copied_bytes(&self) -> usize {
        self.bytes
    }

    fn load_step(
        &mut self,
        plan: &Plan,
        step: &Step,
        source: &dyn TensorSource,
    ) -> std::result::Result<(), ExecutorError> {
        let candle = |cause| ExecutorError::Candle { layer: step.name.clone(), source: cause };
        let bias = own_bias(&step.op);
        let activation = match &step.epilogue.activation {
            Activation::Op(op) => op.tensors(),
            Activation::None => Vec::new(),
        };
        for name in step.op.tensors().into_iter().chain(activation).filter(|&name| Some(name) != bias) {
            self.load(&step.name, name, source)?;
        }
        let has_affine = bias.is_some() || step.epilogue.norm.is_some();
        let mut affine = [None, None];
        if has_affine {
            let shape = plan.shape(step.output);
            let axis = if matches!(step.op, Op::Linear { .. }) { shape.rank() - 1 } else { 1 };
            let channels = shape.axis(axis);
            let made = step.epilogue.scale_shift(channels, bias, source);
            let (scale, shift) = made.ok_or_else(|| ExecutorError::missing_of(step, source))?;
            let mut axes = vec![1; shape.rank()];
            axes[axis] = channels;
            let upload = |values: Vec<f32>| {
                Tensor::from_vec(values, axes.clone(), &self.device).and_then(|tensor| tensor.to_dtype(self.dtype))
            };
            if step.epilogue.norm.is_some() {
                affine[0] = Some(upload(scale).map_err(candle)?);
            }
            affine[1] = Some(upload(shift).map_err(candle)?);
        }
        self.bytes += affine.iter().flatten().map(bytes).sum::<usize>();
        self.affine.push(affine);
        Ok(())
    }

    fn load(&mut self, layer: &str, name: &str, source: &dyn TensorSource) -> std::result::Result<(), ExecutorError> {
        if self.weights.contains_key(name) {
            return Ok(());
        }
        let view = source.view(name).ok_or_else(|| ExecutorError::missing(layer, name))?;
        let tensor = Tensor::from_slice(&view.to_f32(), view.info.shape.clone(), &self.device)
            .and_then(|tensor| tensor.to_dtype(self.dtype))
            .map_err(|cause| ExecutorError::Candle { layer: layer.to_owned(), source: cause })?;
        self.bytes += bytes(&tensor);
        self.weights.insert(name.to_owned(), tensor);
        Ok(())
    }

    pub(super) fn begin(&mut self, plan: &Plan, inputs: &[&[f32]]) -> Result<()> {
        self.values.fill(None);
        for (index, input) in inputs.iter().enumerate() {
            let shape = plan.shape(ValueId(index)).to_vec();
            self.values[index] = Some(Tensor::from_slice(input, shape, &self.device)?.to_dtype(self.dtype)?);
        }
        Ok(())
    }

    pub(super) fn step(&mut self, plan: &Plan, index: usize) -> Result<()> {
        let step = &plan.steps[index];
        let inputs: Vec<Tensor> = step.inputs.iter().map(|&input| self.value(plan, input)).collect::<Result<_>>()?;
        let shape = plan.shape(step.output).to_vec();
        let [scale, shift] = &self.affine[index];
        let mut made = self.apply(&step.op, &inputs, &shape)?;
        if let Some(scale) = scale {
            made = made.broadcast_mul(scale)?;
        }
        if let Some(shift) = shift {
            made = made.broadcast_add(shift)?;
        }
        if let Some(other) = step.epilogue.add {
            made = (made + self.value(plan, other)?)?;
        }
        if let Activation::Op(op) = &step.epilogue.activation {
            made = self.apply(op, &[made], &shape)?;
        }
        self.values[step.output.0] = Some(made);
        for ValueId(read) in plan.reads(step) {
            if self.last_reads[read] == index {
                self.values[read] = None;
            }
        }
        Ok(())
    }

    /// A value, as `f32` on the host.
    pub(super) fn output(&self, plan: &Plan, value: ValueId) -> Result<Vec<f32>> {
        self.value(plan, value)?.to_dtype(DType::F32)?.flatten_all()?.to_vec1()
    }

    /// A value in the shape that it has under this name.
    fn value(&self, plan: &Plan, value: ValueId) -> Result<Tensor> {
        let held = plan.held(value);
        let tensor = match &plan.values[held.0].storage {
            Storage::Constant(name) => self.weight(name)?.clone(),
            _ => match &self.values[held.0] {
                Some(tensor) => tensor.clone(),
                None => candle_core::bail!("value `{}` is not made yet", plan.values[held.0].name),
            },
        };
        if held == value { Ok(tensor) } else { tensor.reshape(plan.shape(value).to_vec()) }
    }

    fn weight(&self, name: &str) -> Result<&Tensor> {
        match self.weights.get(name) {
            Some(tensor) => Ok(tensor),
            None => candle_core::bail!("tensor `{name}` is not there"),
        }
    }

    fn optional(&self, name: &Option<String>) -> Result<Option<&Tensor>> {
        name.as_deref().map(|name| self.weight(name)).transpose()
    }

    /// What a layer makes, without its bias where it is a convolution or linear.
    fn apply(&self, op: &Op, inputs: &[Tensor], shape: &[usize]) -> Result<Tensor> {
        let x = || match inputs.first() {
            Some(x) => Ok(x),
            None => candle_core::bail!("no input"),
        };
        match op {
            Op::Conv2d { weight, stride, padding, dilation, groups, .. } => {
                let window = slices::Slices { stride: *stride, padding: *padding, dilation: *dilation };
                windows::conv(x()?, self.weight(weight)?, window, *groups, shape)
            }
            Op::ConvTranspose2d { weight, stride, padding, dilation, groups, .. } => {
                windows::conv_transpose(x()?, self.weight(weight)?, (*stride, *padding, *dilation), *groups, shape)
            }
            Op::Linear { weight, .. } => windows::linear(x()?, self.weight(weight)?, shape),
            Op::Matmul { transpose_b } => windows::matmul(inputs, *transpose_b, shape),
            Op::Attention { heads, scale, causal } => windows::attention(inputs, *heads, *scale, *causal),
            Op::MaxPool2d { kernel, stride, padding, dilation, .. } => {
                let window = slices::Slices { stride: *stride, padding: *padding, dilation: *dilation };
                windows::max_pool(x()?, *kernel, window, shape)
            }
            Op::AvgPool2d { kernel, stride, padding, dilation, count_padding, .. } => {
                let window = slices::Slices { stride: *stride, padding: *padding, dilation: *dilation };
                windows::avg_pool(x()?, *kernel, window, *count_padding, shape)
            }
            Op::Resize { mode, coordinates, .. } => views::resize(x()?, *mode, *coordinates, shape),
            Op::BatchNorm { scale, shift, mean, variance, epsilon } => {
                let names = [scale, shift, mean, variance];
                let tensors = names.map(|name| self.weight(name));
                let [scale, shift, mean, variance] = tensors;
                norms::batch_norm(x()?, [scale?, shift?, mean?, variance?], *epsilon)
            }
            Op::LayerNorm { weight, bias, axes_count, epsilon } => {
                norms::layer_norm(x()?, self.optional(weight)?, self.optional(bias)?, *axes_count, *epsilon)
            }
            Op::GroupNorm { groups, weight, bias, epsilon } => {
                norms::group_norm(x()?, self.optional(weight)?, self.optional(bias)?, *groups, *epsilon)
            }
            Op::RmsNorm { weight, epsilon } => norms::rms_norm(x()?, self.optional(weight)?, *epsilon),
            Op::Softmax { axis } => candle_nn::ops::softmax(x()?, *axis as usize),
            Op::LogSoftmax { axis } => candle_nn::ops::log_softmax(x()?, *axis as usize),
            Op::L2Normalize { axis, epsilon } => norms::l2_normalize(x()?, *axis as usize, *epsilon),
            Op::GlobalAvgPool2d {} => x()?.mean_keepdim((2, 3)),
            Op::Mean(over) => norms::reduce(x()?, &over.axes, norms::Gather::Mean)?.reshape(shape),
            Op::Sum(over) => norms::reduce(x()?, &over.axes, norms::Gather::Sum)?.reshape(shape),
            Op::MaxOver(over) => norms::reduce(x()?, &over.axes, norms::Gather::Max)?.reshape(shape),
            Op::Prelu { slope } => elements::prelu(x()?, self.weight(slope)?),
            Op::Embedding { weight } => views::embedding(x()?, self.weight(weight)?, shape),
            Op::Concat { axis } => views::concat(inputs, *axis as usize),
            Op::Reshape { .. } => x()?.reshape(shape),
            Op::Transpose { axes } => x()?.permute(axes.as_slice())?.contiguous(),
            Op::Slice { axis, start, step, .. } => {
                let axis = *axis as usize;
                slices::every(x()?, axis, *start as usize, *step, shape[axis])?.contiguous()
            }
            Op::Pad { before, after, value } => views::pad(x()?, before, after, *value),
            Op::PixelShuffle { factor } => views::pixel_shuffle(x()?, *factor, shape),
            Op::PixelUnshuffle { factor } => views::pixel_unshuffle(x()?, *factor, shape),
            op => match inputs {
                [x] => elements::unary(op, x),
                [a, b] => elements::binary(op, a, b),
                _ => candle_core::bail!("no such layer"),
            },
        }
    }
}

/// The bias that a step's factor and summand take in.
fn own_bias(op: &Op) -> Option<&str> {
    match op {
        Op::Conv2d { bias, .. } | Op::ConvTranspose2d { bias, .. } | Op::Linear { bias, .. } => bias.as_deref(),
        _ => None,
    }
}

fn last_reads(plan: &Plan) -> Vec<usize> {
    let mut last = vec![usize::MAX; plan.values.len()];
    for (index, step) in plan.steps.iter().enumerate() {
        for ValueId(read) in plan.reads(step) {
            last[read] = index;
        }
    }
    for &output in &plan.outputs {
        last[plan.held(output).0] = usize::MAX;
    }
    last
}

fn bytes(tensor: &Tensor) -> usize {
    tensor.elem_count() * tensor.dtype().size_in_bytes()
}
