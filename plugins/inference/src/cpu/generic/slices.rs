//! Shifted and strided slices of pictures.

use candle_core::{Result, Tensor};

/// Where a window goes over a picture.
#[derive(Clone, Copy)]
pub(super) struct Slices {
    pub stride: [usize; 2],
    pub padding: [usize; 4],
    pub dilation: [usize; 2],
}

impl Slices {
    /// The picture with its padding, and as much more at the end as `kernel` reaches for `shape`. Every element added is
    /// `value`.
    pub(super) fn padded(&self, x: &Tensor, kernel: [usize; 2], shape: &[usize], value: f32) -> Result<Tensor> {
        let mut x = x.clone();
        for axis in 0..2 {
            let reach = (shape[2 + axis] - 1) * self.stride[axis] + (kernel[axis] - 1) * self.dilation[axis] + 1;
            let before = self.padding[axis];
            let after = reach.saturating_sub(x.dim(2 + axis)? + before);
            x = pad_axis(&x, 2 + axis, before, after, value)?;
        }
        Ok(x)
    }

    /// What lies under one element of the kernel, for all places.
    pub(super) fn tap(&self, padded: &Tensor, at: [usize; 2], shape: &[usize]) -> Result<Tensor> {
        let rows = every(padded, 2, at[0] * self.dilation[0], self.stride[0], shape[2])?;
        every(&rows, 3, at[1] * self.dilation[1], self.stride[1], shape[3])
    }
}

/// `count` elements of an axis, every `step`.
pub(super) fn every(x: &Tensor, axis: usize, start: usize, step: usize, count: usize) -> Result<Tensor> {
    if step == 1 {
        return x.narrow(axis, start, count);
    }
    let at: Vec<u32> = (0..count).map(|index| (start + index * step) as u32).collect();
    x.contiguous()?.index_select(&Tensor::new(at, x.device())?, axis)
}

/// More elements before and after along an axis.
pub(super) fn pad_axis(x: &Tensor, axis: usize, before: usize, after: usize, value: f32) -> Result<Tensor> {
    let fill = |count: usize| {
        let mut shape = x.dims().to_vec();
        shape[axis] = count;
        Tensor::full(value, shape, x.device())?.to_dtype(x.dtype())
    };
    match (before, after) {
        (0, 0) => Ok(x.clone()),
        (_, 0) => Tensor::cat(&[&fill(before)?, x], axis),
        (0, _) => Tensor::cat(&[x, &fill(after)?], axis),
        _ => Tensor::cat(&[&fill(before)?, x, &fill(after)?], axis),
    }
}
