//! Norms, softmax, attention, and what gathers over axes.

use super::{Array, elements};
use crate::net::Shape;

/// Mean and `1 / sqrt(variance + epsilon)`.
fn moments(values: &[f64], epsilon: f32) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    (mean, 1.0 / (variance + f64::from(epsilon)).sqrt())
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

fn element(tensor: &Option<Array>, index: usize, otherwise: f64) -> f64 {
    tensor.as_ref().map_or(otherwise, |tensor| f64::from(tensor.data[index]))
}

/// `tensors`: scale, shift, mean, variance.
pub(super) fn batch_norm(x: &Array, tensors: &[Array; 4], epsilon: f32) -> Array {
    Array::from_fn(x.shape, |at| {
        let [scale, shift, mean, variance] = tensors.each_ref().map(|tensor| f64::from(tensor.data[at[1]]));
        (x.at(at) - mean) / (variance + f64::from(epsilon)).sqrt() * scale + shift
    })
}

pub(super) fn layer_norm(
    x: &Array,
    weight: Option<Array>,
    bias: Option<Array>,
    axes_count: usize,
    epsilon: f32,
) -> Array {
    let row: usize = x.shape.to_vec()[x.shape.rank() - axes_count..].iter().product();
    let mut data = Vec::with_capacity(x.data.len());
    for values in x.data.chunks(row).map(wide) {
        let (mean, factor) = moments(&values, epsilon);
        for (index, value) in values.iter().enumerate() {
            data.push(((value - mean) * factor * element(&weight, index, 1.0) + element(&bias, index, 0.0)) as f32);
        }
    }
    Array { shape: x.shape, data }
}

pub(super) fn group_norm(x: &Array, weight: Option<Array>, bias: Option<Array>, groups: usize, epsilon: f32) -> Array {
    let channels = x.shape.axis(1);
    let plane = x.shape.elements() / x.shape.axis(0) / channels;
    let mut data = Vec::with_capacity(x.data.len());
    for (group, values) in x.data.chunks(plane * channels / groups).map(wide).enumerate() {
        let (mean, factor) = moments(&values, epsilon);
        for (index, value) in values.iter().enumerate() {
            let channel = group % groups * (channels / groups) + index / plane;
            data.push(((value - mean) * factor * element(&weight, channel, 1.0) + element(&bias, channel, 0.0)) as f32);
        }
    }
    Array { shape: x.shape, data }
}

pub(super) fn rms_norm(x: &Array, weight: Option<Array>, epsilon: f32) -> Array {
    let mut data = Vec::with_capacity(x.data.len());
    for values in x.data.chunks(x.shape.last()).map(wide) {
        let square = values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64;
        let factor = 1.0 / (square + f64::from(epsilon)).sqrt();
        data.extend(
            values.iter().enumerate().map(|(index, value)| (value * factor * element(&weight, index, 1.0)) as f32),
        );
    }
    Array { shape: x.shape, data }
}

/// All elements along an axis, through a place.
fn line(x: &Array, at: &[usize], axis: usize) -> Vec<f64> {
    let mut from = at.to_vec();
    let along = |index| {
        from[axis] = index;
        x.at(&from)
    };
    (0..x.shape.axis(axis)).map(along).collect()
}

pub(super) fn softmax(x: &Array, axis: usize, logarithm: bool) -> Array {
    Array::from_fn(x.shape, |at| {
        let line = line(x, at, axis);
        let most = line.iter().copied().fold(f64::NEG_INFINITY, elements::max);
        let sum: f64 = line.iter().map(|value| (value - most).exp()).sum();
        let shifted = line[at[axis]] - most;
        if logarithm { shifted - sum.ln() } else { shifted.exp() / sum }
    })
}

pub(super) fn l2_normalize(x: &Array, axis: usize, epsilon: f32) -> Array {
    Array::from_fn(x.shape, |at| {
        let norm = line(x, at, axis).iter().map(|value| value * value).sum::<f64>().sqrt();
        x.at(at) / elements::max(norm, f64::from(epsilon))
    })
}

/// What is made of the elements along axes.
#[derive(Clone, Copy)]
pub(super) enum Gather {
    Mean,
    Sum,
    Max,
}

pub(super) fn reduce(x: &Array, axes: &[isize], gather: Gather, shape: Shape) -> Array {
    let extents = x.shape.to_vec();
    let gone: Vec<bool> = (0..extents.len()).map(|axis| axes.contains(&(axis as isize))).collect();
    let kept: Vec<usize> = extents.iter().zip(&gone).map(|(&extent, &gone)| if gone { 1 } else { extent }).collect();
    let count = extents.iter().zip(&gone).filter(|(_, gone)| **gone).map(|(extent, _)| extent).product::<usize>();
    let start = if matches!(gather, Gather::Max) { f64::NEG_INFINITY } else { 0.0 };
    let mut sums = vec![start; kept.iter().product()];
    Array::from_fn(x.shape, |at| {
        let index =
            (0..extents.len()).fold(0, |index, axis| index * kept[axis] + if gone[axis] { 0 } else { at[axis] });
        sums[index] = match gather {
            Gather::Max => elements::max(sums[index], x.at(at)),
            Gather::Mean | Gather::Sum => sums[index] + x.at(at),
        };
        0.0
    });
    let divisor = if matches!(gather, Gather::Mean) { count as f64 } else { 1.0 };
    Array { shape, data: sums.into_iter().map(|sum| (sum / divisor) as f32).collect() }
}

/// `inputs`: query, key, value `[N, L, D]`.
pub(super) fn attention(inputs: [&Array; 3], heads: usize, scale: Option<f32>, causal: bool) -> Array {
    let [query, key, value] = inputs;
    let width = query.shape.axis(2) / heads;
    let scale = scale.map_or(1.0 / (width as f64).sqrt(), f64::from);
    Array::from_fn(query.shape, |at| {
        let &[n, row, column] = at else { return f64::NAN };
        let head = column / width * width..(column / width + 1) * width;
        let seen = if causal { (row + 1).min(key.shape.axis(1)) } else { key.shape.axis(1) };
        let score =
            |other: usize| scale * head.clone().map(|d| query.at(&[n, row, d]) * key.at(&[n, other, d])).sum::<f64>();
        let scores: Vec<f64> = (0..seen).map(score).collect();
        let most = scores.iter().copied().fold(f64::NEG_INFINITY, elements::max);
        let sum: f64 = scores.iter().map(|score| (score - most).exp()).sum();
        scores.iter().enumerate().map(|(l, score)| (score - most).exp() / sum * value.at(&[n, l, column])).sum()
    })
}
