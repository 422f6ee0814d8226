//! One layer of each kind, of random extents.

use super::Maker;
use super::windows::{conv, conv_transpose, linear, matmul, pool, resize};
use crate::net::{Op, Reduce};

/// All kinds of layers, by their names in a file; a few twice, for the cases that executors treat apart.
pub const KINDS: [&str; 67] = [
    "conv2d",
    "conv2d/pointwise",
    "conv2d/depthwise",
    "conv2d/grouped",
    "conv2d/3x3",
    "conv2d/stem",
    "conv_transpose2d",
    "linear",
    "linear/row",
    "matmul",
    "matmul/batched",
    "batch_norm",
    "layer_norm",
    "group_norm",
    "rms_norm",
    "relu",
    "silu",
    "gelu",
    "gelu_tanh",
    "sigmoid",
    "tanh",
    "hard_sigmoid",
    "hard_swish",
    "mish",
    "exp",
    "sqrt",
    "abs",
    "neg",
    "erf",
    "identity",
    "clip",
    "leaky_relu",
    "elu",
    "prelu",
    "add",
    "sub",
    "mul",
    "div",
    "max",
    "min",
    "pow",
    "add/same",
    "mul/channels",
    "constant",
    "concat",
    "concat/channels",
    "max_pool2d",
    "avg_pool2d",
    "global_avg_pool2d",
    "mean",
    "sum",
    "max_over",
    "resize/nearest",
    "resize/linear",
    "pixel_shuffle",
    "pixel_unshuffle",
    "softmax",
    "log_softmax",
    "attention",
    "embedding",
    "reshape",
    "transpose",
    "slice",
    "pad",
    "l2_normalize",
    "l2_normalize/zero",
    "identity/output",
];

pub(super) fn make(m: &mut Maker, kind: &str) -> String {
    let (op, variant) = kind.split_once('/').unwrap_or((kind, ""));
    match op {
        "conv2d" => conv(m, variant),
        "conv_transpose2d" => conv_transpose(m),
        "linear" => linear(m, variant),
        "matmul" => matmul(m, variant),
        "batch_norm" | "layer_norm" | "group_norm" | "rms_norm" => norm(m, op),
        "prelu" => prelu(m),
        "add" | "sub" | "mul" | "div" | "max" | "min" | "pow" => binary(m, op, variant),
        "constant" => constant(m),
        "concat" => concat(m, variant),
        "max_pool2d" | "avg_pool2d" => pool(m, op),
        "mean" | "sum" | "max_over" => reduce(m, op),
        "resize" => resize(m, variant),
        "pixel_shuffle" | "pixel_unshuffle" => shuffle(m, op),
        "softmax" | "log_softmax" | "l2_normalize" => along_axis(m, op, variant),
        "attention" => attention(m),
        "embedding" => embedding(m),
        "reshape" | "transpose" | "slice" | "pad" | "identity" => view(m, op, variant),
        _ => unary(m, op),
    }
}

pub(super) fn picture(m: &mut Maker, channels: usize) -> [usize; 4] {
    [m.random.pick(&[1, 1, 1, 2]), channels, m.random.between(1, 19), m.random.between(1, 23)]
}

pub(super) fn any_shape(m: &mut Maker) -> Vec<usize> {
    let rank = m.random.between(1, 5);
    (0..rank).map(|_| m.random.between(1, 7)).collect()
}

fn norm(m: &mut Maker, op: &str) -> String {
    let groups = m.random.between(1, 5);
    let channels = groups * m.random.between(1, 5);
    let mut shape = vec![m.random.between(1, 3), channels];
    for _ in 0..m.random.between(0, 3) {
        shape.push(m.random.between(2, 7));
    }
    let x = m.input(&shape, -2.0, 3.0);
    let op = match op {
        "batch_norm" => Op::BatchNorm {
            scale: m.tensor(&[channels], 0.5, 1.5),
            shift: m.tensor(&[channels], -1.0, 1.0),
            mean: m.tensor(&[channels], -1.0, 1.0),
            variance: m.tensor(&[channels], 0.1, 2.0),
            epsilon: 1e-5,
        },
        "layer_norm" => {
            let axes_count = m.random.between(1, shape.len());
            let normalised = &shape[shape.len() - axes_count..];
            let (weight, bias) = (m.maybe_tensor(normalised, 0.5, 1.5), m.maybe_tensor(normalised, -1.0, 1.0));
            Op::LayerNorm { weight, bias, axes_count, epsilon: 1e-3 }
        }
        "group_norm" => {
            let (weight, bias) = (m.maybe_tensor(&[channels], 0.5, 1.5), m.maybe_tensor(&[channels], -1.0, 1.0));
            Op::GroupNorm { groups, weight, bias, epsilon: 1e-3 }
        }
        _ => Op::RmsNorm { weight: m.maybe_tensor(&shape[shape.len() - 1..], 0.5, 1.5), epsilon: 1e-3 },
    };
    m.layer(op, &[&x])
}

fn unary(m: &mut Maker, op: &str) -> String {
    let shape = any_shape(m);
    let least = if op == "sqrt" { 0.0 } else { -6.0 };
    let op = match op {
        "relu" => Op::Relu {},
        "silu" => Op::Silu {},
        "gelu" => Op::Gelu {},
        "gelu_tanh" => Op::GeluTanh {},
        "sigmoid" => Op::Sigmoid {},
        "tanh" => Op::Tanh {},
        "hard_sigmoid" => Op::HardSigmoid {},
        "hard_swish" => Op::HardSwish {},
        "mish" => Op::Mish {},
        "exp" => Op::Exp {},
        "sqrt" => Op::Sqrt {},
        "abs" => Op::Abs {},
        "neg" => Op::Neg {},
        "erf" => Op::Erf {},
        "clip" => Op::Clip {
            min: m.random.pick(&[None, Some(0.0), Some(-1.0)]),
            max: m.random.pick(&[None, Some(3.0), Some(6.0)]),
        },
        "leaky_relu" => Op::LeakyRelu { slope: m.random.float(-0.5, 0.5) },
        "elu" => Op::Elu { alpha: m.random.float(0.5, 2.0) },
        "global_avg_pool2d" => {
            let channels = m.random.between(1, 40);
            let shape = picture(m, channels);
            let x = m.input(&shape, -1.0, 2.0);
            return m.layer(Op::GlobalAvgPool2d {}, &[&x]);
        }
        other => panic!("no kind of layer: {other}"),
    };
    let x = m.input(&shape, least, 6.0);
    m.layer(op, &[&x])
}

fn prelu(m: &mut Maker) -> String {
    let shape = any_shape(m);
    let slopes = if m.random.coin() { 1 } else { shape.get(1).copied().unwrap_or(1) };
    let x = m.input(&shape, -3.0, 3.0);
    let slope = m.tensor(&[slopes], -0.5, 0.5);
    m.layer(Op::Prelu { slope }, &[&x])
}

fn binary(m: &mut Maker, op: &str, variant: &str) -> String {
    let mut a = any_shape(m);
    let mut b = a.clone();
    match variant {
        "same" => {}
        "channels" => {
            a = picture(m, 5).to_vec();
            b = vec![a[0], 5, 1, 1];
        }
        _ => {
            for axis in 0..a.len() {
                match m.random.between(0, 4) {
                    0 => a[axis] = 1,
                    1 => b[axis] = 1,
                    _ => {}
                }
            }
            let cut = m.random.between(0, a.len() - 1);
            if m.random.coin() {
                b.drain(..cut);
            } else {
                a.drain(..cut);
            }
        }
    }
    let (op, least) = match op {
        "add" => (Op::Add {}, -3.0),
        "sub" => (Op::Sub {}, -3.0),
        "mul" => (Op::Mul {}, -3.0),
        "div" => (Op::Div {}, 0.5),
        "max" => (Op::Max {}, -3.0),
        "min" => (Op::Min {}, -3.0),
        _ => (Op::Pow {}, 0.1),
    };
    let a = m.input(&a, least, 3.0);
    // A weight is an operand as good as any.
    let b = if m.random.coin() {
        m.input(&b, least, 3.0)
    } else {
        let tensor = m.tensor(&b, least, 3.0);
        m.layer(Op::Constant { tensor }, &[])
    };
    if m.random.coin() { m.layer(op, &[&a, &b]) } else { m.layer(op, &[&b, &a]) }
}

fn constant(m: &mut Maker) -> String {
    m.input(&[1], 0.0, 1.0);
    let shape = any_shape(m);
    let tensor = m.tensor(&shape, -1.0, 1.0);
    m.layer(Op::Constant { tensor }, &[])
}

fn concat(m: &mut Maker, variant: &str) -> String {
    let mut shape = if variant == "channels" { picture(m, 1).to_vec() } else { any_shape(m) };
    let axis = if variant == "channels" { 1 } else { m.random.between(0, shape.len() - 1) };
    let count = m.random.between(1, 4);
    let mut inputs = Vec::new();
    for _ in 0..count {
        shape[axis] = m.random.between(1, 20);
        inputs.push(m.input(&shape, -1.0, 1.0));
    }
    let negative = m.random.coin();
    let axis = if negative { axis as isize - shape.len() as isize } else { axis as isize };
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    m.layer(Op::Concat { axis }, &inputs)
}

fn reduce(m: &mut Maker, op: &str) -> String {
    let shape = any_shape(m);
    let mut axes: Vec<isize> = (0..shape.len() as isize).filter(|_| m.random.coin()).collect();
    if axes.is_empty() {
        axes.push(-1);
    }
    let over = Reduce { axes, keep: m.random.coin() };
    let x = m.input(&shape, -1.0, 2.0);
    let op = match op {
        "mean" => Op::Mean(over),
        "sum" => Op::Sum(over),
        _ => Op::MaxOver(over),
    };
    m.layer(op, &[&x])
}

fn shuffle(m: &mut Maker, op: &str) -> String {
    let factor = m.random.between(1, 3);
    let channels = m.random.between(1, 5);
    let mut shape = picture(m, channels);
    let op = if op == "pixel_shuffle" {
        shape[1] *= factor * factor;
        Op::PixelShuffle { factor }
    } else {
        shape[2] *= factor;
        shape[3] *= factor;
        Op::PixelUnshuffle { factor }
    };
    let x = m.input(&shape, -1.0, 1.0);
    m.layer(op, &[&x])
}

fn along_axis(m: &mut Maker, op: &str, variant: &str) -> String {
    let shape = any_shape(m);
    let axis = m.random.between(0, 2 * shape.len() - 1) as isize - shape.len() as isize;
    let reach = if variant == "zero" { 0.0 } else { 5.0 };
    let x = m.input(&shape, -reach, reach);
    let op = match op {
        "softmax" => Op::Softmax { axis },
        "log_softmax" => Op::LogSoftmax { axis },
        _ => Op::L2Normalize { axis, epsilon: 1e-6 },
    };
    m.layer(op, &[&x])
}

fn attention(m: &mut Maker) -> String {
    let heads = m.random.between(1, 4);
    let width = heads * m.random.between(1, 9);
    let (batch, queries) = (m.random.between(1, 2), m.random.between(1, 12));
    let keys = if m.random.coin() { queries } else { m.random.between(1, 12) };
    let query = m.input(&[batch, queries, width], -2.0, 2.0);
    let key = m.input(&[batch, keys, width], -2.0, 2.0);
    let value = m.input(&[batch, keys, width], -2.0, 2.0);
    let scale = m.random.pick(&[None, Some(0.3)]);
    let causal = m.random.coin();
    m.layer(Op::Attention { heads, scale, causal }, &[&query, &key, &value])
}

fn embedding(m: &mut Maker) -> String {
    let mut shape = any_shape(m);
    shape.truncate(4);
    let (rows, width) = (m.random.between(1, 20), m.random.between(1, 20));
    let x = m.input(&shape, 0.0, 1.0);
    // One row too many on either side: the nearest is taken.
    for id in &mut m.trial.inputs[0] {
        *id = (*id * (rows + 2) as f32).floor() - 1.0;
    }
    let weight = m.tensor(&[rows, width], -1.0, 1.0);
    m.layer(Op::Embedding { weight }, &[&x])
}

fn view(m: &mut Maker, op: &str, variant: &str) -> String {
    let shape = any_shape(m);
    let x = m.input(&shape, -1.0, 1.0);
    let axis = m.random.between(0, shape.len() - 1);
    let op = match op {
        "reshape" => {
            let mut axes: Vec<isize> = shape.iter().rev().map(|&axis| axis as isize).collect();
            let free = m.random.between(0, axes.len());
            if let Some(axis) = axes.get_mut(free) {
                *axis = -1;
            }
            Op::Reshape { shape: axes }
        }
        "transpose" => {
            let mut axes: Vec<usize> = (0..shape.len()).collect();
            for at in (1..axes.len()).rev() {
                let other = m.random.between(0, at);
                axes.swap(at, other);
            }
            Op::Transpose { axes }
        }
        "slice" => {
            let extent = shape[axis] as isize;
            let start = m.random.between(0, shape[axis] - 1) as isize;
            let end = start + m.random.between(1, shape[axis] + 1) as isize;
            let start = if m.random.coin() { start - extent } else { start };
            Op::Slice { axis: axis as isize, start, end, step: m.random.between(1, 3) }
        }
        "pad" => {
            let before = shape.iter().map(|_| m.random.between(0, 2)).collect();
            let after = shape.iter().map(|_| m.random.between(0, 2)).collect();
            Op::Pad { before, after, value: m.random.pick(&[0.0, 0.5]) }
        }
        _ if variant == "output" => {
            let name = m.layer(Op::Identity {}, &[&x]);
            return m.layer(Op::Identity {}, &[&name]);
        }
        _ => Op::Identity {},
    };
    m.layer(op, &[&x])
}
