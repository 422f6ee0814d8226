//! What shape a layer's result has, and of what shape its tensors must be.

use super::op::{Op, Window};
use super::rearrange::{attention, concat, matmul, pad, reduce, reshape, slice, transpose};
use super::shape::Shape;
use super::tensors::{TensorInfo, Tensors};

/// Larger strides, paddings, kernels and sizes are mistakes, or malice.
const LARGEST: usize = 1 << 20;

/// What is wrong with a layer, for a sentence that begins with its name.
pub(super) type Result<T> = std::result::Result<T, String>;

impl Op {
    /// How many inputs it takes: at least and at most.
    pub(super) fn input_count(&self) -> (usize, usize) {
        match self {
            Self::Constant { .. } => (0, 0),
            Self::Concat { .. } => (1, usize::MAX),
            Self::Attention { .. } => (3, 3),
            Self::Matmul { .. }
            | Self::Add {}
            | Self::Sub {}
            | Self::Mul {}
            | Self::Div {}
            | Self::Max {}
            | Self::Min {}
            | Self::Pow {} => (2, 2),
            _ => (1, 1),
        }
    }

    /// Names of the tensors that it reads.
    pub fn tensors(&self) -> Vec<&str> {
        match self {
            Self::Conv2d { weight, bias, .. }
            | Self::ConvTranspose2d { weight, bias, .. }
            | Self::Linear { weight, bias } => std::iter::once(weight.as_str()).chain(bias.as_deref()).collect(),
            Self::BatchNorm { scale, shift, mean, variance, .. } => vec![scale, shift, mean, variance],
            Self::LayerNorm { weight, bias, .. } | Self::GroupNorm { weight, bias, .. } => {
                weight.as_deref().into_iter().chain(bias.as_deref()).collect()
            }
            Self::RmsNorm { weight, .. } => weight.as_deref().into_iter().collect(),
            Self::Prelu { slope } => vec![slope],
            Self::Constant { tensor } => vec![tensor],
            Self::Embedding { weight } => vec![weight],
            _ => Vec::new(),
        }
    }

    /// Makes relative parameters absolute, and gives the shape of the result.
    pub(super) fn settle(&mut self, inputs: &[Shape], tensors: &dyn Tensors) -> Result<Shape> {
        let first = inputs.first().copied();
        let x = move || first.ok_or_else(|| "has no input".to_owned());
        match self {
            Self::Conv2d { weight, bias, stride, padding, dilation, groups } => {
                let weight = shape_of(tensors, weight)?;
                let window =
                    Window { kernel: kernel_of(&weight)?, stride: *stride, padding: *padding, dilation: *dilation };
                conv(x()?, &weight, window, *groups, (tensors, bias.as_deref()))
            }
            Self::ConvTranspose2d { weight, bias, stride, padding, dilation, output_padding, groups } => {
                let weight = shape_of(tensors, weight)?;
                let window =
                    Window { kernel: kernel_of(&weight)?, stride: *stride, padding: *padding, dilation: *dilation };
                conv_transpose(x()?, &weight, window, *output_padding, *groups, (tensors, bias.as_deref()))
            }
            Self::Linear { weight, bias } => linear(x()?, &shape_of(tensors, weight)?, (tensors, bias.as_deref())),
            Self::BatchNorm { scale, shift, mean, variance, .. } => {
                let shape = x()?;
                let channels = channels(&shape)?;
                [scale, shift, mean, variance].into_iter().try_for_each(|name| expect(tensors, name, &[channels]))?;
                Ok(shape)
            }
            Self::LayerNorm { weight, bias, axes_count, .. } => {
                let shape = x()?;
                if *axes_count == 0 || *axes_count > shape.rank() {
                    return Err(format!("cannot normalise {axes_count} axes of {shape}"));
                }
                let normalised = &shape.to_vec()[shape.rank() - *axes_count..];
                optional([weight, bias], |name| expect(tensors, name, normalised))?;
                Ok(shape)
            }
            Self::GroupNorm { groups, weight, bias, .. } => {
                let shape = x()?;
                let channels = channels(&shape)?;
                if *groups == 0 || !channels.is_multiple_of(*groups) {
                    return Err(format!("cannot divide {channels} channels into {groups} groups"));
                }
                optional([weight, bias], |name| expect(tensors, name, &[channels]))?;
                Ok(shape)
            }
            Self::RmsNorm { weight, .. } => {
                let shape = x()?;
                optional([&*weight], |name| expect(tensors, name, &[shape.last()]))?;
                Ok(shape)
            }
            Self::Prelu { slope } => {
                let shape = x()?;
                let found = info(tensors, slope)?;
                let channels = if shape.rank() > 1 { shape.axis(1) } else { 1 };
                if found.elements() != 1 && found.elements() != channels {
                    return Err(format!("tensor `{slope}` is {:?}; 1 or {channels} slopes are needed", found.shape));
                }
                Ok(shape)
            }
            Self::Constant { tensor } => shape_of(tensors, tensor),
            Self::Embedding { weight } => embedding(&x()?, &shape_of(tensors, weight)?),
            _ => self.settle_plain(inputs),
        }
    }

    /// The same for layers without tensors.
    fn settle_plain(&mut self, inputs: &[Shape]) -> Result<Shape> {
        let first = inputs.first().copied();
        let x = move || first.ok_or_else(|| "has no input".to_owned());
        match self {
            Self::Matmul { transpose_b } => matmul(inputs, *transpose_b),
            Self::Add {} | Self::Sub {} | Self::Mul {} | Self::Div {} | Self::Max {} | Self::Min {} | Self::Pow {} => {
                let [a, b] = inputs else { return Err("has no two inputs".to_owned()) };
                a.broadcast(b).ok_or_else(|| format!("cannot broadcast {a} and {b}"))
            }
            Self::Concat { axis } => {
                let first = x()?;
                *axis = absolute(*axis, &first)? as isize;
                concat(inputs, *axis as usize)
            }
            Self::MaxPool2d { kernel, stride, padding, dilation, ceil } => {
                own_stride(stride, *kernel);
                let window = Window { kernel: *kernel, stride: *stride, padding: *padding, dilation: *dilation };
                pool(x()?, window, *ceil)
            }
            Self::AvgPool2d { kernel, stride, padding, dilation, ceil, .. } => {
                own_stride(stride, *kernel);
                if *dilation != [1, 1] {
                    return Err("a mean over a dilated window is not known".to_owned());
                }
                let window = Window { kernel: *kernel, stride: *stride, padding: *padding, dilation: *dilation };
                pool(x()?, window, *ceil)
            }
            Self::GlobalAvgPool2d {} => {
                let [n, c, _, _] = picture(&x()?)?;
                shape(&[n, c, 1, 1])
            }
            Self::Mean(over) | Self::Sum(over) | Self::MaxOver(over) => reduce(x()?, over),
            Self::Resize { size, .. } => {
                let [n, c, _, _] = picture(&x()?)?;
                small(size)?;
                shape(&[n, c, size[0], size[1]])
            }
            Self::PixelShuffle { factor } => {
                let [n, c, h, w] = picture(&x()?)?;
                small(&[*factor])?;
                let square = *factor * *factor;
                if square == 0 || c % square != 0 {
                    return Err(format!("cannot divide {c} channels by {factor}²"));
                }
                shape(&[n, c / square, h * *factor, w * *factor])
            }
            Self::PixelUnshuffle { factor } => {
                let [n, c, h, w] = picture(&x()?)?;
                small(&[*factor])?;
                if *factor == 0 || h % *factor != 0 || w % *factor != 0 {
                    return Err(format!("cannot divide {h}x{w} by {factor}"));
                }
                shape(&[n, c * *factor * *factor, h / *factor, w / *factor])
            }
            Self::Softmax { axis } | Self::LogSoftmax { axis } | Self::L2Normalize { axis, .. } => {
                let shape = x()?;
                *axis = absolute(*axis, &shape)? as isize;
                Ok(shape)
            }
            Self::Attention { heads, .. } => attention(inputs, *heads),
            Self::Reshape { shape } => reshape(&x()?, shape),
            Self::Transpose { axes } => transpose(&x()?, axes),
            Self::Slice { axis, start, end, step } => slice(&x()?, axis, start, end, *step),
            Self::Pad { before, after, .. } => pad(&x()?, before, after),
            // What is left works element by element.
            _ => x(),
        }
    }

    /// Where the kernel of a convolution or pool goes. `None` for other layers.
    pub fn window(&self, tensors: &dyn Tensors) -> Option<Window> {
        match self {
            Self::Conv2d { weight, stride, padding, dilation, .. }
            | Self::ConvTranspose2d { weight, stride, padding, dilation, .. } => {
                let kernel = kernel_of(&shape_of(tensors, weight).ok()?).ok()?;
                Some(Window { kernel, stride: *stride, padding: *padding, dilation: *dilation })
            }
            Self::MaxPool2d { kernel, stride, padding, dilation, .. }
            | Self::AvgPool2d { kernel, stride, padding, dilation, .. } => {
                Some(Window { kernel: *kernel, stride: *stride, padding: *padding, dilation: *dilation })
            }
            _ => None,
        }
    }
}

pub(super) fn shape(axes: &[usize]) -> Result<Shape> {
    Shape::new(axes).ok_or_else(|| format!("would make {axes:?}, which no executor can hold"))
}

fn info(tensors: &dyn Tensors, name: &str) -> Result<TensorInfo> {
    tensors.info(name).ok_or_else(|| super::check::missing(name))
}

fn shape_of(tensors: &dyn Tensors, name: &str) -> Result<Shape> {
    let found = info(tensors, name)?;
    Shape::new(&found.shape).ok_or_else(|| format!("tensor `{name}` is {:?}, which no executor can hold", found.shape))
}

fn expect(tensors: &dyn Tensors, name: &str, shape: &[usize]) -> Result<()> {
    let found = info(tensors, name)?;
    if found.shape == shape {
        return Ok(());
    }
    Err(format!("tensor `{name}` is {:?} where {shape:?} is needed", found.shape))
}

fn optional<const N: usize>(names: [&Option<String>; N], check: impl FnMut(&str) -> Result<()>) -> Result<()> {
    names.into_iter().filter_map(|name| name.as_deref()).try_for_each(check)
}

fn picture(shape: &Shape) -> Result<[usize; 4]> {
    if shape.rank() != 4 {
        return Err(format!("needs [N, C, H, W] and gets {shape}"));
    }
    Ok([shape.axis(0), shape.axis(1), shape.axis(2), shape.axis(3)])
}

fn channels(shape: &Shape) -> Result<usize> {
    if shape.rank() < 2 { Err(format!("needs channels on axis 1 and gets {shape}")) } else { Ok(shape.axis(1)) }
}

fn kernel_of(weight: &Shape) -> Result<[usize; 2]> {
    let [.., rows, columns] = picture(weight)?;
    Ok([rows, columns])
}

pub(super) fn small(numbers: &[usize]) -> Result<()> {
    match numbers.iter().find(|&&number| number > LARGEST) {
        Some(number) => Err(format!("{number} is beyond {LARGEST}")),
        None => Ok(()),
    }
}

pub(super) fn absolute(axis: isize, shape: &Shape) -> Result<usize> {
    let rank = shape.rank() as isize;
    if !(-rank..rank).contains(&axis) {
        return Err(format!("there is no axis {axis} in {shape}"));
    }
    Ok(axis.rem_euclid(rank) as usize)
}

fn own_stride(stride: &mut [usize; 2], kernel: [usize; 2]) {
    if *stride == [0, 0] {
        *stride = kernel;
    }
}

impl Window {
    /// Rows and columns of what a kernel makes of `rows` x `columns`, if it fits anywhere.
    fn covers(&self, size: [usize; 2], ceil: bool) -> Result<[usize; 2]> {
        let Self { kernel, stride, padding, dilation } = *self;
        small(&[kernel, stride, dilation].concat())?;
        small(&padding)?;
        let along = |axis: usize| {
            let [before, after] = [padding[axis], padding[axis + 2]];
            let (input, reach) = (size[axis] + before + after, dilation[axis] * kernel[axis].saturating_sub(1) + 1);
            if kernel[axis] == 0 || stride[axis] == 0 || dilation[axis] == 0 || input < reach {
                return Err(format!(
                    "a kernel of {kernel:?} (stride {stride:?}, dilation {dilation:?}) does not fit {size:?} with padding {padding:?}"
                ));
            }
            let steps = (input - reach) / stride[axis] + 1;
            // One more where a window would begin within the picture or the padding before it.
            let more = ceil && (input - reach) % stride[axis] != 0 && steps * stride[axis] < size[axis] + before;
            Ok(steps + usize::from(more))
        };
        Ok([along(0)?, along(1)?])
    }
}

/// Where a bias is looked for, and its name.
type Bias<'a> = (&'a dyn Tensors, Option<&'a str>);

fn conv(x: Shape, weight: &Shape, window: Window, groups: usize, (tensors, bias): Bias<'_>) -> Result<Shape> {
    let [n, c, h, w] = picture(&x)?;
    let outputs = weight.axis(0);
    if groups == 0 || c % groups != 0 || !outputs.is_multiple_of(groups) || weight.axis(1) != c / groups {
        return Err(format!("a weight of {weight} in {groups} groups does not fit {c} channels"));
    }
    bias.map_or(Ok(()), |name| expect(tensors, name, &[outputs]))?;
    let [rows, columns] = window.covers([h, w], false)?;
    shape(&[n, outputs, rows, columns])
}

fn conv_transpose(
    x: Shape,
    weight: &Shape,
    window: Window,
    output_padding: [usize; 2],
    groups: usize,
    (tensors, bias): Bias<'_>,
) -> Result<Shape> {
    let [n, c, h, w] = picture(&x)?;
    if groups == 0 || c % groups != 0 || weight.axis(0) != c || weight.axis(1).checked_mul(groups).is_none() {
        return Err(format!("a weight of {weight} in {groups} groups does not fit {c} channels"));
    }
    let outputs = weight.axis(1) * groups;
    bias.map_or(Ok(()), |name| expect(tensors, name, &[outputs]))?;
    let Window { kernel, stride, padding, dilation } = window;
    small(&[kernel, stride, dilation, output_padding].concat())?;
    small(&padding)?;
    let along = |axis: usize, input: usize| {
        let full =
            (input - 1) * stride[axis] + dilation[axis] * kernel[axis].saturating_sub(1) + 1 + output_padding[axis];
        let size = full.checked_sub(padding[axis] + padding[axis + 2]).filter(|&size| size > 0);
        let valid = kernel[axis] > 0 && stride[axis] > 0 && dilation[axis] > 0;
        size.filter(|_| valid).ok_or_else(|| format!("padding {padding:?} leaves nothing of {full}"))
    };
    shape(&[n, outputs, along(0, h)?, along(1, w)?])
}

fn linear(x: Shape, weight: &Shape, (tensors, bias): Bias<'_>) -> Result<Shape> {
    if weight.rank() != 2 || weight.axis(1) != x.last() {
        return Err(format!("a weight of {weight} does not fit {x}"));
    }
    bias.map_or(Ok(()), |name| expect(tensors, name, &[weight.axis(0)]))?;
    let mut axes = x.to_vec();
    axes[x.rank() - 1] = weight.axis(0);
    shape(&axes)
}

fn pool(x: Shape, window: Window, ceil: bool) -> Result<Shape> {
    let [n, c, h, w] = picture(&x)?;
    let Window { kernel, padding, .. } = window;
    if padding[0].max(padding[2]) >= kernel[0].max(1) || padding[1].max(padding[3]) >= kernel[1].max(1) {
        return Err(format!("padding {padding:?} is not less than the window {kernel:?}"));
    }
    let [rows, columns] = window.covers([h, w], ceil)?;
    shape(&[n, c, rows, columns])
}

fn embedding(ids: &Shape, table: &Shape) -> Result<Shape> {
    if table.rank() != 2 {
        return Err(format!("the table is {table} and not [V, D]"));
    }
    let mut axes = ids.to_vec();
    axes.push(table.axis(1));
    shape(&axes)
}
