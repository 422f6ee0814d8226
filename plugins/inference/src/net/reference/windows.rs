//! Layers that move a window over a picture, and products of matrices.

use super::{Array, elements};
use crate::net::{Coordinates, ResizeMode, Shape};

/// Where a window goes.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub stride: [usize; 2],
    pub padding: [usize; 4],
    pub dilation: [usize; 2],
}

impl Place {
    /// The row or column of the picture under element `k` of a window at `out`, if it lies within.
    fn source(&self, axis: usize, out: usize, k: usize, extent: usize) -> Option<usize> {
        let at = (out * self.stride[axis] + k * self.dilation[axis]).checked_sub(self.padding[axis])?;
        (at < extent).then_some(at)
    }

    /// All elements of a window at a place that lie within the picture: `(row of the window, its column, row, column)`.
    fn within(&self, kernel: [usize; 2], at: [usize; 2], size: [usize; 2]) -> Vec<[usize; 4]> {
        let mut found = Vec::new();
        for ky in 0..kernel[0] {
            for kx in 0..kernel[1] {
                let row = self.source(0, at[0], ky, size[0]);
                let column = self.source(1, at[1], kx, size[1]);
                if let (Some(row), Some(column)) = (row, column) {
                    found.push([ky, kx, row, column]);
                }
            }
        }
        found
    }
}

fn size(x: &Array) -> [usize; 2] {
    [x.shape.axis(2), x.shape.axis(3)]
}

fn bias_at(bias: &Option<Array>, channel: usize) -> f64 {
    bias.as_ref().map_or(0.0, |bias| f64::from(bias.data[channel]))
}

pub(super) fn conv(x: &Array, weight: &Array, bias: Option<Array>, place: Place, groups: usize, shape: Shape) -> Array {
    let (outputs, inputs) = (weight.shape.axis(0) / groups, weight.shape.axis(1));
    let kernel = size(weight);
    Array::from_fn(shape, |at| {
        let &[n, o, row, column] = at else { return f64::NAN };
        let group = o / outputs;
        let mut sum = bias_at(&bias, o);
        for [ky, kx, y, x_] in place.within(kernel, [row, column], size(x)) {
            for i in 0..inputs {
                sum += weight.at(&[o, i, ky, kx]) * x.at(&[n, group * inputs + i, y, x_]);
            }
        }
        sum
    })
}

/// Every element of the picture adds the kernel, times itself, to the result.
pub(super) fn conv_transpose(
    x: &Array,
    weight: &Array,
    bias: Option<Array>,
    place: Place,
    groups: usize,
    shape: Shape,
) -> Array {
    let inputs = weight.shape.axis(0) / groups;
    let outputs = weight.shape.axis(1);
    let [rows, columns] = size(x);
    let kernel = size(weight);
    Array::from_fn(shape, |at| {
        let &[n, o, row, column] = at else { return f64::NAN };
        let group = o / outputs;
        let mut sum = bias_at(&bias, o);
        for y in 0..rows {
            for ky in 0..kernel[0] {
                if y * place.stride[0] + ky * place.dilation[0] != row + place.padding[0] {
                    continue;
                }
                for x_ in 0..columns {
                    for kx in 0..kernel[1] {
                        if x_ * place.stride[1] + kx * place.dilation[1] != column + place.padding[1] {
                            continue;
                        }
                        for i in group * inputs..(group + 1) * inputs {
                            sum += weight.at(&[i, o % outputs, ky, kx]) * x.at(&[n, i, y, x_]);
                        }
                    }
                }
            }
        }
        sum
    })
}

pub(super) fn max_pool(x: &Array, kernel: [usize; 2], place: Place, shape: Shape) -> Array {
    Array::from_fn(shape, |at| {
        let &[n, c, row, column] = at else { return f64::NAN };
        let window = place.within(kernel, [row, column], size(x));
        window.into_iter().fold(f64::NEG_INFINITY, |most, [_, _, y, x_]| elements::max(most, x.at(&[n, c, y, x_])))
    })
}

/// What lies beyond the padded picture (where `ceil` adds a window) counts in no case.
pub(super) fn avg_pool(x: &Array, kernel: [usize; 2], place: Place, count_padding: bool, shape: Shape) -> Array {
    Array::from_fn(shape, |at| {
        let &[n, c, row, column] = at else { return f64::NAN };
        let window = place.within(kernel, [row, column], size(x));
        let padded = |axis: usize, at: usize| {
            let extent = size(x)[axis] + place.padding[axis] + place.padding[axis + 2];
            (0..kernel[axis]).filter(|k| at * place.stride[axis] + k < extent).count()
        };
        let count = if count_padding { padded(0, row) * padded(1, column) } else { window.len() };
        let sum: f64 = window.into_iter().map(|[_, _, y, x_]| x.at(&[n, c, y, x_])).sum();
        sum / count as f64
    })
}

pub(super) fn resize(x: &Array, mode: ResizeMode, coordinates: Coordinates, shape: Shape) -> Array {
    let [rows, columns] = size(x);
    let along = |at: usize, from: usize, to: usize| nearby(at, from, to, mode, coordinates);
    Array::from_fn(shape, |at| {
        let &[n, c, row, column] = at else { return f64::NAN };
        let [top, bottom, down] = along(row, rows, shape.axis(2));
        let [left, right, across] = along(column, columns, shape.axis(3));
        let sample = |row: f64, column: f64| x.at(&[n, c, row as usize, column as usize]);
        let upper = sample(top, left) * (1.0 - across) + sample(top, right) * across;
        let lower = sample(bottom, left) * (1.0 - across) + sample(bottom, right) * across;
        upper * (1.0 - down) + lower * down
    })
}

/// The two samples around element `at` of a result, and how far it lies on the way from one to the other.
fn nearby(at: usize, from: usize, to: usize, mode: ResizeMode, coordinates: Coordinates) -> [f64; 3] {
    let last = (from - 1) as f64;
    if mode == ResizeMode::Nearest {
        let sample = match coordinates {
            Coordinates::HalfPixel => (2 * at + 1) * from / (2 * to),
            Coordinates::Asymmetric => at * from / to,
            Coordinates::AlignCorners => at * (from - 1) / (to - 1).max(1),
        };
        let sample = (sample as f64).min(last);
        return [sample, sample, 0.0];
    }
    let (at, ratio) = (at as f64, from as f64 / to as f64);
    let x = match coordinates {
        Coordinates::HalfPixel => (at + 0.5) * ratio - 0.5,
        Coordinates::Asymmetric => at * ratio,
        Coordinates::AlignCorners if to > 1 => at * last / (to - 1) as f64,
        Coordinates::AlignCorners => 0.0,
    };
    let x = x.clamp(0.0, last);
    [x.floor(), (x.floor() + 1.0).min(last), x - x.floor()]
}

pub(super) fn linear(x: &Array, weight: &Array, bias: Option<Array>, shape: Shape) -> Array {
    Array::from_fn(shape, |at| {
        let (mut from, o) = (at.to_vec(), at[at.len() - 1]);
        let mut sum = bias_at(&bias, o);
        for i in 0..weight.shape.axis(1) {
            from[at.len() - 1] = i;
            sum += weight.at(&[o, i]) * x.at(&from);
        }
        sum
    })
}

pub(super) fn matmul(a: &Array, b: &Array, transpose_b: bool, shape: Shape) -> Array {
    let rank = shape.rank();
    Array::from_fn(shape, |at| {
        let (mut from_a, mut from_b) = (at.to_vec(), at.to_vec());
        let mut sum = 0.0;
        for k in 0..a.shape.last() {
            from_a[rank - 1] = k;
            [from_b[rank - 2], from_b[rank - 1]] = if transpose_b { [at[rank - 1], k] } else { [k, at[rank - 1]] };
            sum += a.broadcast_at(&from_a) * b.broadcast_at(&from_b);
        }
        sum
    })
}
