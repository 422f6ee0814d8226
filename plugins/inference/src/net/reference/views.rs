//! Layers that only move elements.

use super::Array;
use crate::net::Shape;

pub(super) fn embedding(ids: &Array, table: &Array, shape: Shape) -> Array {
    let rank = shape.rank();
    Array::from_fn(shape, |at| {
        let row = ids.at(&at[..rank - 1]).clamp(0.0, (table.shape.axis(0) - 1) as f64);
        table.at(&[row as usize, at[rank - 1]])
    })
}

pub(super) fn concat(inputs: &[&Array], axis: usize, shape: Shape) -> Array {
    Array::from_fn(shape, |at| {
        let mut from = at.to_vec();
        for input in inputs {
            if from[axis] < input.shape.axis(axis) {
                return input.at(&from);
            }
            from[axis] -= input.shape.axis(axis);
        }
        f64::NAN
    })
}

pub(super) fn transpose(x: &Array, axes: &[usize], shape: Shape) -> Array {
    Array::from_fn(shape, |at| {
        let mut from = vec![0; at.len()];
        for (&axis, &at) in axes.iter().zip(at) {
            from[axis] = at;
        }
        x.at(&from)
    })
}

pub(super) fn slice(x: &Array, axis: usize, start: usize, step: usize, shape: Shape) -> Array {
    Array::from_fn(shape, |at| {
        let mut from = at.to_vec();
        from[axis] = start + at[axis] * step;
        x.at(&from)
    })
}

pub(super) fn pad(x: &Array, before: &[usize], value: f32, shape: Shape) -> Array {
    Array::from_fn(shape, |at| {
        let from: Option<Vec<usize>> = at.iter().zip(before).map(|(at, before)| at.checked_sub(*before)).collect();
        let within = from.filter(|from| from.iter().enumerate().all(|(axis, &at)| at < x.shape.axis(axis)));
        within.map_or(f64::from(value), |from| x.at(&from))
    })
}

pub(super) fn pixel_shuffle(x: &Array, factor: usize, shape: Shape) -> Array {
    Array::from_fn(shape, |at| {
        let &[n, c, row, column] = at else { return f64::NAN };
        let channel = c * factor * factor + row % factor * factor + column % factor;
        x.at(&[n, channel, row / factor, column / factor])
    })
}

pub(super) fn pixel_unshuffle(x: &Array, factor: usize, shape: Shape) -> Array {
    Array::from_fn(shape, |at| {
        let &[n, channel, row, column] = at else { return f64::NAN };
        let (c, y, x_) = (channel / (factor * factor), channel / factor % factor, channel % factor);
        x.at(&[n, c, row * factor + y, column * factor + x_])
    })
}
