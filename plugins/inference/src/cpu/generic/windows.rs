//! Convolutions, pools, and products of matrices.

use candle_core::{D, Result, Tensor};

use super::slices::Slices;

/// Without bias. Candle's own convolution where it takes these parameters, a sum of shifted slices elsewhere: candle makes
/// one convolution for each group, thousands of which a depthwise layer would be.
pub(super) fn conv(x: &Tensor, weight: &Tensor, window: Slices, groups: usize, shape: &[usize]) -> Result<Tensor> {
    let (_, inputs, rows, columns) = weight.dims4()?;
    let Slices { stride, padding, dilation } = window;
    let regular = stride[0] == stride[1] && dilation[0] == dilation[1];
    if regular && (groups <= 4 && inputs > 1) {
        let same = padding.iter().all(|&side| side == padding[0]);
        let padded = if same { x.clone() } else { window.padded(x, [rows, columns], shape, 0.0)? };
        let made = padded.conv2d(weight, if same { padding[0] } else { 0 }, stride[0], dilation[0], groups)?;
        // What was padded beyond the reach of the last window makes nothing more.
        return made.narrow(2, 0, shape[2])?.narrow(3, 0, shape[3])?.contiguous();
    }
    let padded = window.padded(x, [rows, columns], shape, 0.0)?;
    let mut sum: Option<Tensor> = None;
    for row in 0..rows {
        for column in 0..columns {
            let tap = window.tap(&padded, [row, column], shape)?;
            let weight = weight.narrow(2, row, 1)?.narrow(3, column, 1)?;
            let product = pointwise(&tap, &weight, groups)?;
            sum = Some(match sum {
                Some(sum) => (sum + product)?,
                None => product,
            });
        }
    }
    match sum {
        Some(sum) => sum.reshape(shape),
        None => candle_core::bail!("an empty kernel"),
    }
}

/// A picture times `[O, I / groups, 1, 1]`.
fn pointwise(x: &Tensor, weight: &Tensor, groups: usize) -> Result<Tensor> {
    let (n, c, h, w) = x.dims4()?;
    let (outputs, inputs) = (weight.dim(0)? / groups, c / groups);
    if inputs == 1 {
        let x = x.reshape((n, groups, 1, h * w))?;
        return x.broadcast_mul(&weight.contiguous()?.reshape((1, groups, outputs, 1))?)?.reshape((
            n,
            groups * outputs,
            h,
            w,
        ));
    }
    let x = x.contiguous()?.reshape((n, groups, inputs, h * w))?;
    let weight =
        weight.contiguous()?.reshape((1, groups, outputs, inputs))?.broadcast_as((n, groups, outputs, inputs))?;
    weight.contiguous()?.matmul(&x)?.reshape((n, groups * outputs, h, w))
}

/// Without bias: the convolution, by the kernel turned round, of the picture with zeros between its elements. `window` is
/// stride, cropping, dilation.
pub(super) fn conv_transpose(
    x: &Tensor,
    weight: &Tensor,
    window: ([usize; 2], [usize; 4], [usize; 2]),
    groups: usize,
    shape: &[usize],
) -> Result<Tensor> {
    let (stride, crop, dilation) = window;
    let (c, outputs, rows, columns) = weight.dims4()?;
    let inputs = c / groups;
    let x = spread(&spread(x, 2, stride[0])?, 3, stride[1])?;
    // [I, O / g, Kh, Kw] becomes [O, I / g, Kh, Kw], its rows and columns turned round.
    let turned = weight.reshape((groups, inputs, outputs, rows * columns))?.transpose(1, 2)?.contiguous()?;
    let turned = turned.reshape((groups * outputs, inputs, rows, columns))?;
    let backwards = |extent: usize| (0..extent as u32).rev().collect::<Vec<_>>();
    let turned = turned.index_select(&Tensor::new(backwards(rows), x.device())?, 2)?;
    let turned = turned.index_select(&Tensor::new(backwards(columns), x.device())?, 3)?;
    // Full padding; cropping takes from it, and goes below zero only where it cuts into the picture.
    let reach = [(rows - 1) * dilation[0], (columns - 1) * dilation[1]];
    let before = [reach[0].saturating_sub(crop[0]), reach[1].saturating_sub(crop[1])];
    let cut = [crop[0].saturating_sub(reach[0]), crop[1].saturating_sub(reach[1])];
    let x = x.narrow(2, cut[0], x.dim(2)? - cut[0])?.narrow(3, cut[1], x.dim(3)? - cut[1])?.contiguous()?;
    let window = Slices { stride: [1, 1], padding: [before[0], before[1], 0, 0], dilation };
    let mut padded = window.padded(&x, [rows, columns], shape, 0.0)?;
    for axis in 0..2 {
        let needed = shape[2 + axis] + reach[axis];
        padded = padded.narrow(2 + axis, 0, needed)?;
    }
    let window = Slices { padding: [0; 4], ..window };
    conv(&padded.contiguous()?, &turned, window, groups, shape)
}

/// `step - 1` zeros between the elements of an axis.
fn spread(x: &Tensor, axis: usize, step: usize) -> Result<Tensor> {
    if step == 1 {
        return Ok(x.clone());
    }
    let mut shape = x.dims().to_vec();
    let apart = x.unsqueeze(axis + 1)?.pad_with_zeros(axis + 1, 0, step - 1)?;
    shape[axis] *= step;
    apart.reshape(shape)?.narrow(axis, 0, (x.dim(axis)? - 1) * step + 1)?.contiguous()
}

pub(super) fn max_pool(x: &Tensor, kernel: [usize; 2], window: Slices, shape: &[usize]) -> Result<Tensor> {
    let padded = window.padded(x, kernel, shape, f32::NEG_INFINITY)?;
    let fits = window.dilation == [1, 1] && regular(&padded, kernel, window, shape)?;
    if fits {
        return padded.max_pool2d_with_stride((kernel[0], kernel[1]), (window.stride[0], window.stride[1]));
    }
    let mut most: Option<Tensor> = None;
    for row in 0..kernel[0] {
        for column in 0..kernel[1] {
            let tap = window.tap(&padded, [row, column], shape)?;
            most = Some(match most {
                Some(most) => most.maximum(&tap)?,
                None => tap.contiguous()?,
            });
        }
    }
    match most {
        Some(most) => Ok(most),
        None => candle_core::bail!("an empty kernel"),
    }
}

/// Whether a pool over the whole picture makes exactly this shape.
fn regular(x: &Tensor, kernel: [usize; 2], window: Slices, shape: &[usize]) -> Result<bool> {
    let along = |axis: usize| -> Result<bool> {
        Ok((x.dim(2 + axis)? - kernel[axis]) / window.stride[axis] + 1 == shape[2 + axis])
    };
    Ok(along(0)? && along(1)?)
}

pub(super) fn avg_pool(
    x: &Tensor,
    kernel: [usize; 2],
    window: Slices,
    count_padding: bool,
    shape: &[usize],
) -> Result<Tensor> {
    let padded = window.padded(x, kernel, shape, 0.0)?;
    let mut sum: Option<Tensor> = None;
    for row in 0..kernel[0] {
        for column in 0..kernel[1] {
            let tap = window.tap(&padded, [row, column], shape)?;
            sum = Some(match sum {
                Some(sum) => (sum + tap)?,
                None => tap.contiguous()?,
            });
        }
    }
    let Some(sum) = sum else { candle_core::bail!("an empty kernel") };
    let size = [x.dim(2)?, x.dim(3)?];
    let count = |axis: usize, at: usize| {
        let (before, extent) = (window.padding[axis], size[axis]);
        let places = (0..kernel[axis]).map(|k| at * window.stride[axis] + k);
        if count_padding {
            places.filter(|&at| at < before + extent + window.padding[axis + 2]).count()
        } else {
            places.filter(|&at| at >= before && at < before + extent).count()
        }
    };
    let shares = |axis: usize| -> Vec<f32> { (0..shape[2 + axis]).map(|at| 1.0 / count(axis, at) as f32).collect() };
    let rows = Tensor::from_vec(shares(0), (1, 1, shape[2], 1), x.device())?.to_dtype(x.dtype())?;
    let columns = Tensor::from_vec(shares(1), (1, 1, 1, shape[3]), x.device())?.to_dtype(x.dtype())?;
    sum.broadcast_mul(&rows)?.broadcast_mul(&columns)
}

/// Without bias.
pub(super) fn linear(x: &Tensor, weight: &Tensor, shape: &[usize]) -> Result<Tensor> {
    let inputs = weight.dim(1)?;
    x.contiguous()?.reshape(((), inputs))?.matmul(&weight.t()?)?.reshape(shape)
}

pub(super) fn matmul(inputs: &[Tensor], transpose_b: bool, shape: &[usize]) -> Result<Tensor> {
    let [a, b] = inputs else { candle_core::bail!("no two inputs") };
    let b = if transpose_b { b.transpose(D::Minus1, D::Minus2)? } else { b.clone() };
    a.contiguous()?.broadcast_matmul(&b.contiguous()?)?.reshape(shape)
}

pub(super) fn attention(inputs: &[Tensor], heads: usize, scale: Option<f32>, causal: bool) -> Result<Tensor> {
    let [query, key, value] = inputs else { candle_core::bail!("no query, key and value") };
    let (n, queries, width) = query.dims3()?;
    let keys = key.dim(1)?;
    let split = |x: &Tensor, rows: usize| x.reshape((n, rows, heads, width / heads))?.transpose(1, 2)?.contiguous();
    let scale = scale.map_or(1.0 / ((width / heads) as f64).sqrt(), f64::from);
    let scores = split(query, queries)?.matmul(&split(key, keys)?.t()?.contiguous()?)?;
    let mut scores = (scores * scale)?;
    if causal {
        let seen = |row: usize, column: usize| if column <= row { 0.0 } else { f32::NEG_INFINITY };
        let mask: Vec<f32> = (0..queries * keys).map(|at| seen(at / keys, at % keys)).collect();
        let mask = Tensor::from_vec(mask, (1, 1, queries, keys), query.device())?.to_dtype(query.dtype())?;
        scores = scores.broadcast_add(&mask)?;
    }
    let weights = candle_nn::ops::softmax(&scores, D::Minus1)?;
    weights.matmul(&split(value, keys)?)?.transpose(1, 2)?.contiguous()?.reshape((n, queries, width))
}
