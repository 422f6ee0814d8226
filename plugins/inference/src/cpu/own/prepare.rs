//! Which kernel does a step, and what it knows beforehand.

use super::Kernel;
use super::attention::Attention;
use super::conv::Conv;
use super::conv_transpose::ConvTranspose;
use super::elements::{Binary, Epilogue, Unary};
use super::gather::{Gather, Of};
use super::linear::{Linear, Matmul};
use super::norms::{Along, AlongKind, Norm, Rows};
use super::pad::Padded;
use super::resize::Resize;
use super::sliding::{Sliding, Window as SlidingWindow};
use super::views::{Concat, Embedding, Pad, Strided};
use super::weight::Weight;
use crate::cpu::error::ExecutorError;
use crate::cpu::kernels::{Affine, MOST_LANES, Offsets};
use crate::cpu::samples::samples;
use crate::net::{Activation, Op, Plan, Reduce, ResizeMode, Shape, Step, TensorSource, Window};

/// A step of a plan, and where its tensors come from.
#[derive(Clone, Copy)]
struct Maker<'a> {
    plan: &'a Plan,
    step: &'a Step,
    source: &'a dyn TensorSource,
    threads: usize,
    x: Shape,
    shape: Shape,
}

type Made = Result<Box<dyn Kernel>, ExecutorError>;

/// The kernel for a step.
pub(super) fn kernel(plan: &Plan, step: &Step, source: &dyn TensorSource, threads: usize) -> Made {
    let shape = plan.shape(step.output);
    let x = step.inputs.first().map_or(shape, |&input| plan.shape(input));
    let maker = Maker { plan, step, source, threads, x, shape };
    match &step.op {
        Op::Conv2d { .. } => maker.conv(),
        Op::ConvTranspose2d { .. } => maker.conv_transpose(),
        Op::Linear { .. } | Op::Matmul { .. } | Op::Attention { .. } => maker.product(),
        Op::MaxPool2d { .. } | Op::AvgPool2d { .. } => maker.pool(),
        Op::LayerNorm { .. } | Op::GroupNorm { .. } | Op::RmsNorm { .. } => maker.norm(),
        Op::Softmax { .. } | Op::LogSoftmax { .. } | Op::L2Normalize { .. } => Ok(maker.along()),
        Op::GlobalAvgPool2d {} | Op::Mean(_) | Op::Sum(_) | Op::MaxOver(_) => Ok(maker.gather()),
        Op::Resize { .. } => Ok(maker.resize()),
        Op::Concat { axis } => Ok(Box::new(Concat { axis: *axis as usize })),
        Op::Pad { before, value, .. } => Ok(Box::new(Pad { before: before.clone(), value: *value })),
        Op::Transpose { .. } | Op::Slice { .. } | Op::PixelShuffle { .. } | Op::PixelUnshuffle { .. } => {
            Ok(maker.strided())
        }
        Op::Embedding { weight } => {
            let size = plan_table(source, weight).ok_or_else(|| ExecutorError::missing(&step.name, weight))?;
            Ok(Box::new(Embedding { table: maker.weight(weight, size[0] * size[1])?, size }))
        }
        _ => maker.elements(),
    }
}

fn plan_table(source: &dyn TensorSource, name: &str) -> Option<[usize; 2]> {
    let [rows, width] = source.info(name)?.shape[..] else { return None };
    Some([rows, width])
}

impl Maker<'_> {
    /// A tensor of so many elements.
    fn weight(&self, name: &str, elements: usize) -> Result<Weight, ExecutorError> {
        let weight = Weight::new(&self.step.name, name, self.source)?;
        if weight.elements() == elements { Ok(weight) } else { Err(ExecutorError::missing(&self.step.name, name)) }
    }

    fn read(&self, name: &str) -> Result<Vec<f32>, ExecutorError> {
        Weight::read(&self.step.name, name, self.source)
    }

    fn optional(&self, name: &Option<String>) -> Result<Option<Vec<f32>>, ExecutorError> {
        name.as_deref().map(|name| self.read(name)).transpose()
    }

    fn offsets(&self, offsets: Option<Offsets>) -> Result<Offsets, ExecutorError> {
        offsets.ok_or_else(|| ExecutorError::TooLarge { layer: self.step.name.clone() })
    }

    fn scale_shift(&self, channels: usize, bias: Option<&str>) -> Result<(Vec<f32>, Vec<f32>), ExecutorError> {
        let made = self.step.epilogue.scale_shift(channels, bias, self.source);
        made.ok_or_else(|| ExecutorError::missing_of(self.step, self.source))
    }

    /// Slopes for each channel, or one.
    fn slopes(&self, name: &str) -> Result<Vec<f32>, ExecutorError> {
        self.read(name)
    }

    /// Factor, summand and activation of each channel, and the activation that these cannot express.
    fn affine(&self, bias: Option<&str>) -> Result<(Affine, Option<Op>), ExecutorError> {
        let channels = self.shape.axis(1);
        let (scale, shift) = self.scale_shift(channels, bias)?;
        let mut affine = Affine { scale, shift, slope: Vec::new(), range: [f32::NEG_INFINITY, f32::INFINITY] };
        let mut left = None;
        match &self.step.epilogue.activation {
            Activation::None => {}
            Activation::Op(op) => match op {
                Op::Relu {} => affine.range[0] = 0.0,
                Op::Clip { min, max } => {
                    affine.range = [min.unwrap_or(f32::NEG_INFINITY), max.unwrap_or(f32::INFINITY)];
                }
                Op::LeakyRelu { slope } => affine.slope = vec![*slope; channels],
                Op::Prelu { slope } => {
                    let slopes = self.slopes(slope)?;
                    affine.slope = if slopes.len() == channels { slopes } else { vec![slopes[0]; channels] };
                }
                other => left = Some(other.clone()),
            },
        }
        Ok((affine, left))
    }

    /// The same for a whole result, whose `axis` the bias and the norm are for.
    fn epilogue(&self, axis: usize, bias: Option<&str>) -> Result<Epilogue, ExecutorError> {
        let mut epilogue = Epilogue::default();
        if bias.is_some() || self.step.epilogue.norm.is_some() {
            let (scale, shift) = self.scale_shift(self.shape.axis(axis), bias)?;
            epilogue.affine = Some((axis, scale, shift));
        }
        match &self.step.epilogue.activation {
            Activation::None => {}
            Activation::Op(Op::Prelu { slope }) => epilogue.slopes = self.slopes(slope)?,
            Activation::Op(op) => epilogue.activation = Some(op.clone()),
        }
        Ok(epilogue)
    }

    fn sizes(&self) -> [[usize; 2]; 2] {
        [self.x, self.shape].map(|shape| [shape.axis(2), shape.axis(3)])
    }

    fn window(&self, weight: &str, stride: [usize; 2], padding: [usize; 4], dilation: [usize; 2]) -> Window {
        let shape = self.source.info(weight).map_or_else(Vec::new, |info| info.shape);
        let kernel = if let [_, _, rows, columns] = shape[..] { [rows, columns] } else { [1, 1] };
        Window { kernel, stride, padding, dilation }
    }

    fn conv(&self) -> Made {
        let Op::Conv2d { weight, bias, stride, padding, dilation, groups } = &self.step.op else {
            return self.elements();
        };
        let (affine, activation) = self.affine(bias.as_deref())?;
        let [from, to] = self.sizes();
        let window = self.window(weight, *stride, *padding, *dilation);
        let padded = Padded::new(window, from, to);
        let channels = [self.x.axis(1) / groups, self.shape.axis(1) / groups];
        let (own, result) = (from[0] * from[1], to[0] * to[1]);
        let weight = self.weight(weight, groups * channels[0] * channels[1] * window.kernel[0] * window.kernel[1])?;
        if channels[0] == 1 && channels[1] <= 2 {
            let window = SlidingWindow::Weighted(weight);
            return self.sliding(window, padded, channels[1], affine, activation, None);
        }
        let is_whole = to == [1, 1] && *padding == [0; 4] && *dilation == [1, 1] && window.kernel == from;
        if is_whole && *groups == 1 {
            let epilogue = self.epilogue(1, bias.as_deref())?;
            return Ok(Box::new(Linear { weight, epilogue, widths: [channels[0] * own, channels[1]] }));
        }
        let plane = if padded.is_plain() { own } else { apart(padded.elements()) };
        let offsets = self.offsets(padded.offsets_of(channels[0], plane))?;
        let flat = if padded.is_plain() { result } else { padded.flat() };
        let packs = padded.is_plain() && channels[1] >= 16 && flat > 4 * MOST_LANES;
        let places = if packs { super::conv::places(channels[0]) } else { 4 * MOST_LANES };
        let packed = packs.then(|| Offsets::new((0..channels[0]).map(|channel| channel * places)));
        let packed = packed.map(|offsets| self.offsets(offsets)).transpose()?;
        let mut conv = Conv {
            weight,
            affine,
            activation,
            padded,
            groups: *groups,
            channels,
            offsets,
            packed,
            places,
            planes: [plane, result],
            row_cuts: Vec::new(),
            flat_cuts: Vec::new(),
            column_cuts: Vec::new(),
            width: to[1],
        };
        conv.cut(flat, self.threads);
        Ok(Box::new(conv))
    }

    fn sliding(
        &self,
        window: SlidingWindow,
        padded: Padded,
        multiplier: usize,
        affine: Affine,
        activation: Option<Op>,
        shares: Option<Vec<f32>>,
    ) -> Made {
        let [from, to] = self.sizes();
        let offsets = self.offsets(padded.offsets_of(1, 0))?;
        let planes = [from[0] * from[1], to[0] * to[1]];
        let width = to[1];
        Ok(Box::new(Sliding { window, affine, activation, shares, padded, offsets, multiplier, planes, width }))
    }

    fn pool(&self) -> Made {
        let [from, to] = self.sizes();
        let (affine, _) = self.affine(None)?;
        match &self.step.op {
            Op::MaxPool2d { kernel, stride, padding, dilation, .. } => {
                let window = Window { kernel: *kernel, stride: *stride, padding: *padding, dilation: *dilation };
                self.sliding(SlidingWindow::Greatest, Padded::new(window, from, to), 1, affine, None, None)
            }
            Op::AvgPool2d { kernel, stride, padding, count_padding, .. } => {
                if *kernel == from && to == [1, 1] && *padding == [0; 4] {
                    return Ok(Box::new(Gather { of: Of::Mean, gone: vec![false, false, true, true] }));
                }
                let window = Window { kernel: *kernel, stride: *stride, padding: *padding, dilation: [1, 1] };
                let elements = kernel[0] * kernel[1];
                let shares = shares(window, from, to, *count_padding);
                let is_same = shares.iter().all(|&share| share == shares[0]);
                let (weight, shares) = if is_same { (shares[0], None) } else { (1.0, Some(shares)) };
                let mean = SlidingWindow::Mean(vec![weight; elements]);
                self.sliding(mean, Padded::new(window, from, to), 1, affine, None, shares)
            }
            _ => self.elements(),
        }
    }

    fn conv_transpose(&self) -> Made {
        let Op::ConvTranspose2d { weight, bias, stride, padding, dilation, groups, .. } = &self.step.op else {
            return self.elements();
        };
        let [from, to] = self.sizes();
        let channels = [self.x.axis(1) / groups, self.shape.axis(1) / groups];
        let offsets = Offsets::new((0..channels[0]).map(|channel| channel * from[0] * from[1]));
        let window = self.window(weight, *stride, *padding, *dilation);
        let elements = groups * channels[0] * channels[1] * window.kernel[0] * window.kernel[1];
        Ok(Box::new(ConvTranspose {
            window,
            weight: self.weight(weight, elements)?,
            epilogue: self.epilogue(1, bias.as_deref())?,
            groups: *groups,
            channels,
            from,
            to,
            offsets: self.offsets(offsets)?,
        }))
    }

    fn product(&self) -> Made {
        match &self.step.op {
            Op::Linear { weight, bias } => Ok(Box::new(Linear {
                weight: self.weight(weight, self.x.last() * self.shape.last())?,
                epilogue: self.epilogue(self.shape.rank() - 1, bias.as_deref())?,
                widths: [self.x.last(), self.shape.last()],
            })),
            Op::Attention { heads, scale, causal } => {
                let keys = self.plan.shape(self.step.inputs[1]).axis(1);
                let (depth, width) = (self.x.axis(2), self.x.axis(2) / heads);
                Ok(Box::new(Attention {
                    heads: *heads,
                    scale: scale.unwrap_or(1.0 / (width as f32).sqrt()),
                    causal: *causal,
                    size: [self.x.axis(1), keys, width],
                    offsets: self.offsets(Offsets::new((0..keys).map(|key| key * depth)))?,
                }))
            }
            Op::Matmul { transpose_b } => {
                let [rows, columns] = [self.shape.axis(self.shape.rank() - 2), self.shape.last()];
                let terms = self.x.last();
                let offsets = self.offsets(Offsets::new((0..terms).map(|term| term * columns)))?;
                Ok(Box::new(Matmul { transpose_b: *transpose_b, size: [rows, terms, columns], offsets }))
            }
            _ => self.elements(),
        }
    }

    fn norm(&self) -> Made {
        let (norm, row) = match &self.step.op {
            Op::LayerNorm { weight, bias, axes_count, epsilon } => {
                let (weight, bias) = (self.optional(weight)?, self.optional(bias)?);
                let row = self.x.to_vec()[self.x.rank() - axes_count..].iter().product();
                (Norm::Layer { weight, bias, epsilon: *epsilon }, row)
            }
            Op::GroupNorm { groups, weight, bias, epsilon } => {
                let (weight, bias) = (self.optional(weight)?, self.optional(bias)?);
                let channels = self.x.axis(1);
                let row_channels = channels / groups;
                let row = self.x.elements() / self.x.axis(0) / groups;
                (Norm::Group { weight, bias, epsilon: *epsilon, channels, row_channels }, row)
            }
            Op::RmsNorm { weight, epsilon } => {
                (Norm::Rms { weight: self.optional(weight)?, epsilon: *epsilon }, self.x.last())
            }
            _ => return self.elements(),
        };
        Ok(Box::new(Rows { norm, row }))
    }

    fn along(&self) -> Box<dyn Kernel> {
        let (kind, axis) = match &self.step.op {
            Op::LogSoftmax { axis } => (AlongKind::LogSoftmax, *axis),
            Op::L2Normalize { axis, epsilon } => (AlongKind::L2(*epsilon), *axis),
            Op::Softmax { axis } => (AlongKind::Softmax, *axis),
            _ => (AlongKind::Softmax, 0),
        };
        let axis = axis as usize;
        Box::new(Along { kind, extent: self.x.axis(axis), inner: self.x.strides()[axis] })
    }

    fn gather(&self) -> Box<dyn Kernel> {
        let gone = |over: &Reduce| (0..self.x.rank()).map(|axis| over.axes.contains(&(axis as isize))).collect();
        let (of, gone) = match &self.step.op {
            Op::Sum(over) => (Of::Sum, gone(over)),
            Op::MaxOver(over) => (Of::Max, gone(over)),
            Op::Mean(over) => (Of::Mean, gone(over)),
            _ => (Of::Mean, vec![false, false, true, true]),
        };
        Box::new(Gather { of, gone })
    }

    fn resize(&self) -> Box<dyn Kernel> {
        let [from, to] = self.sizes();
        let (mode, coordinates) = match &self.step.op {
            Op::Resize { mode, coordinates, .. } => (*mode, *coordinates),
            _ => (ResizeMode::Nearest, crate::net::Coordinates::HalfPixel),
        };
        let along = |axis: usize| samples(mode, coordinates, from[axis], to[axis]);
        Box::new(Resize { rows: along(0), columns: along(1), nearest: mode == ResizeMode::Nearest, from })
    }

    fn strided(&self) -> Box<dyn Kernel> {
        let (mut start, mut strides, mut extents) = (0, self.x.strides(), self.shape.to_vec());
        let [n, c, h, w] = [0, 1, 2, 3].map(|axis| self.x.axis(axis));
        match &self.step.op {
            Op::Transpose { axes } => strides = axes.iter().map(|&axis| strides[axis]).collect(),
            Op::Slice { axis, start: first, step, .. } => {
                let axis = *axis as usize;
                start = *first as usize * strides[axis];
                strides[axis] *= step;
            }
            Op::PixelShuffle { factor: f } => {
                extents = vec![n * c / (f * f), h, *f, w, *f];
                strides = vec![f * f * h * w, w, f * h * w, 1, h * w];
            }
            Op::PixelUnshuffle { factor: f } => {
                extents = vec![n * c, *f, *f, h / f, w / f];
                strides = vec![h * w, w, 1, f * w, *f];
            }
            _ => {}
        }
        Box::new(Strided { start, strides, extents })
    }

    /// What is left works on single numbers; a batch norm is a factor and a summand.
    fn elements(&self) -> Made {
        let epilogue = self.epilogue(1.min(self.shape.rank() - 1), None)?;
        match &self.step.op {
            Op::BatchNorm { .. } => {
                let own = crate::net::Epilogue { norm: Some(self.step.op.clone()), ..Default::default() };
                let channels = self.shape.axis(1);
                let made = own.scale_shift(channels, None, self.source);
                let (scale, shift) = made.ok_or_else(|| ExecutorError::missing_of(self.step, self.source))?;
                Ok(Box::new(Unary(Epilogue { affine: Some((1, scale, shift)), ..epilogue })))
            }
            Op::Prelu { slope } => Ok(Box::new(Unary(Epilogue { slopes: self.slopes(slope)?, ..epilogue }))),
            op if self.step.inputs.len() == 2 => Ok(Box::new(Binary { op: op.clone(), epilogue })),
            op => Ok(Box::new(Unary(Epilogue { activation: Some(op.clone()), ..epilogue }))),
        }
    }
}

/// Elements of a plane such that neighbouring planes do not fall on the same lines of the cache.
fn apart(elements: usize) -> usize {
    let rounded = elements.next_multiple_of(MOST_LANES);
    if rounded.is_multiple_of(256) { rounded + MOST_LANES } else { rounded }
}

/// What the sum of each window is multiplied by, for a mean.
fn shares(window: Window, from: [usize; 2], to: [usize; 2], count_padding: bool) -> Vec<f32> {
    let count = |axis: usize, at: usize| {
        let (before, after) = (window.padding[axis], window.padding[axis + 2]);
        let end = if count_padding { before + from[axis] + after } else { before + from[axis] };
        let start = if count_padding { 0 } else { before };
        let first = at * window.stride[axis];
        (first + window.kernel[axis]).min(end).saturating_sub(first.max(start))
    };
    let places = (0..to[0]).flat_map(|row| (0..to[1]).map(move |column| (row, column)));
    places.map(|(row, column)| 1.0 / (count(0, row) * count(1, column)) as f32).collect()
}
