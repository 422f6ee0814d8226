//! Nets of many layers.

use super::{Maker, Trial};
use crate::net::{Coordinates, Op, ResizeMode};

/// A value on the way, and its extents.
#[derive(Clone)]
struct Picture {
    name: String,
    channels: usize,
    size: [usize; 2],
}

pub(super) fn make(mut m: Maker) -> Trial {
    let (channels, size) = (m.random.between(1, 20), [m.random.between(6, 18), m.random.between(6, 18)]);
    let name = m.input(&[1, channels, size[0], size[1]], -1.0, 1.0);
    let mut seen = vec![Picture { name, channels, size }];
    for _ in 0..m.random.between(2, 9) {
        let next = block(&mut m, &seen);
        seen.push(next);
    }
    let last = seen.pop().unwrap_or_else(|| unreachable!("there is an input"));
    let pooled = m.layer(Op::GlobalAvgPool2d {}, &[&last.name]);
    let flat = m.layer(Op::Reshape { shape: vec![1, -1] }, &[&pooled]);
    let weight = m.tensor(&[7, last.channels], -0.5, 0.5);
    let bias = m.maybe_tensor(&[7], -0.5, 0.5);
    let scores = m.layer(Op::Linear { weight, bias }, &[&flat]);
    let scores = m.layer(Op::Softmax { axis: -1 }, &[&scores]);
    let mut outputs = vec![scores];
    // What is on the way may come out, and is then not to be fused away; so may an input.
    if m.random.coin() {
        let index = m.random.between(0, seen.len() - 1);
        outputs.push(seen[index].name.clone());
    }
    if m.random.coin() {
        outputs.push(last.name);
    }
    m.finish(outputs)
}

fn block(m: &mut Maker, seen: &[Picture]) -> Picture {
    let index = m.random.between(seen.len().saturating_sub(2), seen.len() - 1);
    let x = seen[index].clone();
    match m.random.between(0, 9) {
        0 => pool(m, x),
        1 => resize(m, x),
        2 => join(m, x, seen),
        3 => gate(m, x),
        4 => depthwise(m, x),
        _ => convolution(m, x, seen),
    }
}

/// A convolution, and what may follow: norm, sum, activation.
fn convolution(m: &mut Maker, x: Picture, seen: &[Picture]) -> Picture {
    let side = m.random.pick(&[1, 1, 3, 3, 5]);
    let stride = if x.size[0].min(x.size[1]) > 6 { m.random.pick(&[1, 1, 1, 2]) } else { 1 };
    let channels = if stride == 1 && m.random.coin() { x.channels } else { m.random.between(1, 36) };
    let reach = (6.0 / (x.channels * side * side) as f32).sqrt();
    let weight = m.tensor(&[channels, x.channels, side, side], -reach, reach);
    let bias = m.maybe_tensor(&[channels], -0.5, 0.5);
    let op = Op::Conv2d { weight, bias, stride: [stride; 2], padding: [side / 2; 4], dilation: [1, 1], groups: 1 };
    let name = m.layer(op, &[&x.name]);
    let size = x.size.map(|extent| extent.div_ceil(stride));
    finish(m, Picture { name, channels, size }, seen)
}

fn depthwise(m: &mut Maker, x: Picture) -> Picture {
    let side = m.random.pick(&[3, 5]);
    let weight = m.tensor(&[x.channels, 1, side, side], -0.4, 0.4);
    let bias = m.maybe_tensor(&[x.channels], -0.5, 0.5);
    let op = Op::Conv2d { weight, bias, stride: [1, 1], padding: [side / 2; 4], dilation: [1, 1], groups: x.channels };
    let name = m.layer(op, &[&x.name]);
    finish(m, Picture { name, ..x }, &[])
}

fn finish(m: &mut Maker, mut x: Picture, seen: &[Picture]) -> Picture {
    if m.random.coin() {
        let channels = [x.channels];
        let op = Op::BatchNorm {
            scale: m.tensor(&channels, 0.5, 1.5),
            shift: m.tensor(&channels, -0.5, 0.5),
            mean: m.tensor(&channels, -0.5, 0.5),
            variance: m.tensor(&channels, 0.5, 2.0),
            epsilon: 1e-5,
        };
        x.name = m.layer(op, &[&x.name]);
    }
    let like = seen.iter().rev().find(|other| (other.channels, other.size) == (x.channels, x.size));
    if let Some(other) = like
        && m.random.coin()
    {
        x.name = if m.random.coin() {
            m.layer(Op::Add {}, &[&x.name, &other.name])
        } else {
            m.layer(Op::Add {}, &[&other.name, &x.name])
        };
    }
    let slope = [m.random.pick(&[1, x.channels])];
    let op = match m.random.between(0, 6) {
        0 => return x,
        1 => Op::Clip { min: Some(0.0), max: Some(6.0) },
        2 => Op::Silu {},
        3 => Op::Prelu { slope: m.tensor(&slope, 0.0, 0.5) },
        4 => Op::HardSwish {},
        _ => Op::Relu {},
    };
    x.name = m.layer(op, &[&x.name]);
    x
}

fn pool(m: &mut Maker, x: Picture) -> Picture {
    if x.size[0].min(x.size[1]) < 4 {
        return x;
    }
    let (kernel, stride, padding) = m.random.pick(&[([2, 2], [2, 2], [0; 4]), ([3, 3], [2, 2], [1, 1, 1, 1])]);
    let op = if m.random.coin() {
        Op::MaxPool2d { kernel, stride, padding, dilation: [1, 1], ceil: false }
    } else {
        Op::AvgPool2d { kernel, stride, padding, dilation: [1, 1], ceil: false, count_padding: true }
    };
    let size = x.size.map(|extent| (extent + 2 * padding[0] - kernel[0]) / 2 + 1);
    Picture { name: m.layer(op, &[&x.name]), size, ..x }
}

fn resize(m: &mut Maker, x: Picture) -> Picture {
    let size = [m.random.between(6, 16), m.random.between(6, 16)];
    let mode = if m.random.coin() { ResizeMode::Nearest } else { ResizeMode::Linear };
    let op = Op::Resize { mode, size, coordinates: Coordinates::HalfPixel };
    Picture { name: m.layer(op, &[&x.name]), size, ..x }
}

/// Channels one after the other, or halved.
fn join(m: &mut Maker, x: Picture, seen: &[Picture]) -> Picture {
    match seen.iter().find(|other| other.size == x.size && other.channels + x.channels < 80) {
        Some(other) => {
            let name = m.layer(Op::Concat { axis: 1 }, &[&x.name, &other.name]);
            Picture { name, channels: x.channels + other.channels, size: x.size }
        }
        None => {
            let channels = x.channels.div_ceil(2);
            let op = Op::Slice { axis: 1, start: 0, end: channels as isize, step: 1 };
            Picture { name: m.layer(op, &[&x.name]), channels, size: x.size }
        }
    }
}

/// Channels weighed by what they hold (squeeze and excitation; Hu et al. 2018).
fn gate(m: &mut Maker, x: Picture) -> Picture {
    let pooled = m.layer(Op::GlobalAvgPool2d {}, &[&x.name]);
    let weight = m.tensor(&[x.channels, x.channels, 1, 1], -0.5, 0.5);
    let op = Op::Conv2d { weight, bias: None, stride: [1, 1], padding: [0; 4], dilation: [1, 1], groups: 1 };
    let gate = m.layer(op, &[&pooled]);
    let gate = m.layer(Op::Sigmoid {}, &[&gate]);
    Picture { name: m.layer(Op::Mul {}, &[&x.name, &gate]), ..x }
}
