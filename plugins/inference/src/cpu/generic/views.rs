//! Layers that only move elements, and resizing.

use candle_core::{DType, Result, Tensor};

use super::slices::pad_axis;
use crate::cpu::samples::{Sample, samples};
use crate::net::{Coordinates, ResizeMode};

pub(super) fn embedding(ids: &Tensor, table: &Tensor, shape: &[usize]) -> Result<Tensor> {
    let last = table.dim(0)? - 1;
    let ids = ids.to_dtype(DType::F32)?.clamp(0.0, last as f64)?.to_dtype(DType::U32)?.flatten_all()?;
    table.index_select(&ids, 0)?.reshape(shape)
}

pub(super) fn concat(inputs: &[Tensor], axis: usize) -> Result<Tensor> {
    Tensor::cat(inputs, axis)?.contiguous()
}

pub(super) fn pad(x: &Tensor, before: &[usize], after: &[usize], value: f32) -> Result<Tensor> {
    let axes = before.iter().zip(after).enumerate();
    axes.into_iter().try_fold(x.clone(), |x, (axis, (&before, &after))| pad_axis(&x, axis, before, after, value))
}

pub(super) fn pixel_shuffle(x: &Tensor, factor: usize, shape: &[usize]) -> Result<Tensor> {
    let (n, c, h, w) = x.dims4()?;
    // Six axes at most at once: batch and channels are one.
    let planes = n * c / (factor * factor);
    x.reshape(&[planes, factor, factor, h, w])?.permute(&[0, 3, 1, 4, 2][..])?.contiguous()?.reshape(shape)
}

pub(super) fn pixel_unshuffle(x: &Tensor, factor: usize, shape: &[usize]) -> Result<Tensor> {
    let (n, c, h, w) = x.dims4()?;
    let apart = x.reshape(&[n * c, h / factor, factor, w / factor, factor])?;
    apart.permute(&[0, 2, 4, 1, 3][..])?.contiguous()?.reshape(shape)
}

/// Rows, then columns, each by its index; linear ones are two, weighed.
pub(super) fn resize(x: &Tensor, mode: ResizeMode, coordinates: Coordinates, shape: &[usize]) -> Result<Tensor> {
    let mut x = x.contiguous()?;
    for axis in 2..4 {
        let samples = samples(mode, coordinates, x.dim(axis)?, shape[axis]);
        let select = |of: fn(&Sample) -> u32| {
            x.index_select(&Tensor::new(samples.iter().map(of).collect::<Vec<_>>(), x.device())?, axis)
        };
        let first = select(|sample| sample.first as u32)?;
        x = if mode == ResizeMode::Nearest {
            first
        } else {
            let second = select(|sample| sample.second as u32)?;
            let mut axes = [1; 4];
            axes[axis] = samples.len();
            let between: Vec<f32> = samples.iter().map(|sample| sample.between).collect();
            let between = Tensor::from_vec(between, &axes, x.device())?.to_dtype(x.dtype())?;
            (&first + (second - &first)?.broadcast_mul(&between)?)?
        };
    }
    Ok(x)
}
