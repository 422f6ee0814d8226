//! Norms, and what gathers over axes.

use candle_core::{D, Result, Tensor};

/// `tensors`: scale, shift, mean, variance.
pub(super) fn batch_norm(x: &Tensor, tensors: [&Tensor; 4], epsilon: f32) -> Result<Tensor> {
    let [scale, shift, mean, variance] = tensors;
    let factor = (scale / (variance + f64::from(epsilon))?.sqrt()?)?;
    let summand = (shift - (mean * &factor)?)?;
    let axes = channels_only(x);
    x.broadcast_mul(&factor.reshape(axes.as_slice())?)?.broadcast_add(&summand.reshape(axes.as_slice())?)
}

/// The shape of a tensor that has an element for each channel.
pub(super) fn channels_only(x: &Tensor) -> Vec<usize> {
    let mut axes = vec![1; x.rank()];
    if let Some(axis) = axes.get_mut(1) {
        *axis = x.dims()[1];
    }
    axes
}

/// Zero mean and unit variance along the last axis.
fn normalise(x: &Tensor, epsilon: f32) -> Result<Tensor> {
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    centred.broadcast_div(&(variance + f64::from(epsilon))?.sqrt()?)
}

fn affine(x: Tensor, weight: Option<Tensor>, bias: Option<Tensor>) -> Result<Tensor> {
    let x = weight.map_or(Ok(x.clone()), |weight| x.broadcast_mul(&weight))?;
    bias.map_or(Ok(x.clone()), |bias| x.broadcast_add(&bias))
}

pub(super) fn layer_norm(
    x: &Tensor,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
    axes_count: usize,
    epsilon: f32,
) -> Result<Tensor> {
    let row: usize = x.dims()[x.rank() - axes_count..].iter().product();
    let made = normalise(&x.contiguous()?.reshape(((), row))?, epsilon)?.reshape(x.dims())?;
    affine(made, weight.cloned(), bias.cloned())
}

pub(super) fn group_norm(
    x: &Tensor,
    weight: Option<&Tensor>,
    bias: Option<&Tensor>,
    groups: usize,
    epsilon: f32,
) -> Result<Tensor> {
    let made = normalise(&x.contiguous()?.reshape((x.dim(0)? * groups, ()))?, epsilon)?.reshape(x.dims())?;
    let axes = channels_only(x);
    let shaped = |tensor: Option<&Tensor>| tensor.map(|tensor| tensor.reshape(axes.as_slice())).transpose();
    affine(made, shaped(weight)?, shaped(bias)?)
}

pub(super) fn rms_norm(x: &Tensor, weight: Option<&Tensor>, epsilon: f32) -> Result<Tensor> {
    let square = x.sqr()?.mean_keepdim(D::Minus1)?;
    affine(x.broadcast_div(&(square + f64::from(epsilon))?.sqrt()?)?, weight.cloned(), None)
}

pub(super) fn l2_normalize(x: &Tensor, axis: usize, epsilon: f32) -> Result<Tensor> {
    let norm = x.sqr()?.sum_keepdim(axis)?.sqrt()?;
    x.broadcast_div(&norm.maximum(f64::from(epsilon))?)
}

/// What is made of the elements along axes.
#[derive(Clone, Copy)]
pub(super) enum Gather {
    Mean,
    Sum,
    Max,
}

/// Axes stay, with an extent of 1.
pub(super) fn reduce(x: &Tensor, axes: &[isize], gather: Gather) -> Result<Tensor> {
    let mut axes: Vec<usize> = axes.iter().map(|&axis| axis as usize).collect();
    axes.sort_unstable();
    axes.dedup();
    match gather {
        Gather::Mean => x.mean_keepdim(axes),
        Gather::Sum => x.sum_keepdim(axes),
        Gather::Max => axes.into_iter().try_fold(x.clone(), |x, axis| x.max_keepdim(axis)),
    }
}
