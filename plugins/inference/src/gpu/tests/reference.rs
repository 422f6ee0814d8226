//! Every layer in plain loops, as its definition reads.

use super::device::Weights;
use crate::net::{Coordinates, Net, Op, ResizeMode, Shape, TensorSource, ValueId};

type Value = (Vec<usize>, Vec<f32>);

/// All outputs of a net.
pub(super) fn run(net: &Net, weights: &Weights, inputs: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let mut values: Vec<Value> =
        net.inputs.iter().zip(inputs).map(|(input, values)| (input.shape.to_vec(), values.clone())).collect();
    for layer in &net.layers {
        let operands: Vec<&Value> = layer.inputs.iter().map(|&ValueId(index)| &values[index]).collect();
        let made = evaluate(&layer.op, &operands, layer.shape, weights);
        assert_eq!(made.len(), layer.shape.elements(), "{}", layer.name);
        values.push((layer.shape.to_vec(), made));
    }
    net.outputs.iter().map(|output| values[output.value.0].1.clone()).collect()
}

fn tensor(weights: &Weights, name: &str) -> Value {
    let view = weights.view(name).unwrap();
    (view.info.shape.clone(), view.to_f32().into_owned())
}

fn optional(weights: &Weights, name: Option<&String>) -> Option<Vec<f32>> {
    name.map(|name| tensor(weights, name).1)
}

/// Calls `f` with each place of `shape`, in order.
fn each(shape: &[usize], mut f: impl FnMut(&[usize]) -> f32) -> Vec<f32> {
    let total: usize = shape.iter().product();
    let mut place = vec![0; shape.len()];
    (0..total)
        .map(|mut index| {
            for axis in (0..shape.len()).rev() {
                place[axis] = index % shape[axis];
                index /= shape[axis];
            }
            f(&place)
        })
        .collect()
}

fn at(value: &Value, place: &[usize]) -> f32 {
    let index = value.0.iter().zip(place).fold(0, |index, (extent, at)| index * extent + at);
    value.1[index]
}

/// An element of an operand that is broadcast.
fn spread(value: &Value, place: &[usize]) -> f32 {
    let skip = place.len() - value.0.len();
    let own: Vec<usize> =
        value.0.iter().zip(&place[skip..]).map(|(&extent, &at)| if extent == 1 { 0 } else { at }).collect();
    at(value, &own)
}

pub(super) fn number(op: &Op, x: f32) -> Option<f32> {
    let sigmoid = |x: f32| 1.0 / (1.0 + (-x).exp());
    let hard = |x: f32| (x / 6.0 + 0.5).clamp(0.0, 1.0);
    Some(match op {
        Op::Relu {} => {
            if x < 0.0 {
                0.0
            } else {
                x
            }
        }
        Op::Silu {} => x * sigmoid(x),
        Op::Gelu {} => (f64::from(x) * 0.5 * (1.0 + erf(f64::from(x) / 2.0_f64.sqrt()))) as f32,
        Op::GeluTanh {} => 0.5 * x * (1.0 + (0.797_884_6 * (x + 0.044_715 * x * x * x)).tanh()),
        Op::Sigmoid {} => sigmoid(x),
        Op::Tanh {} => x.tanh(),
        Op::HardSigmoid {} => hard(x),
        Op::HardSwish {} => x * hard(x),
        Op::Mish {} => x * x.exp().ln_1p().tanh(),
        Op::Exp {} => x.exp(),
        Op::Sqrt {} => x.sqrt(),
        Op::Abs {} => x.abs(),
        Op::Neg {} => -x,
        Op::Erf {} => erf(f64::from(x)) as f32,
        Op::Identity {} => x,
        Op::Clip { min, max } => {
            let x = if min.is_some_and(|min| x < min) { min.unwrap() } else { x };
            if max.is_some_and(|max| x > max) { max.unwrap() } else { x }
        }
        Op::LeakyRelu { slope } => {
            if x < 0.0 {
                slope * x
            } else {
                x
            }
        }
        Op::Elu { alpha } => {
            if x < 0.0 {
                alpha * x.exp_m1()
            } else {
                x
            }
        }
        _ => return None,
    })
}

/// The error function by its series, or what is left of 1 by a sum.
fn erf(x: f64) -> f64 {
    let steps = 2000;
    let width = x / f64::from(steps);
    let f = |t: f64| (-t * t).exp();
    let sum: f64 = (0..steps)
        .map(|i| {
            let t = width * f64::from(i);
            f(t) + 4.0 * f(t + width / 2.0) + f(t + width)
        })
        .sum();
    sum * width / 6.0 * 2.0 / std::f64::consts::PI.sqrt()
}

fn evaluate(op: &Op, operands: &[&Value], shape: Shape, weights: &Weights) -> Vec<f32> {
    let out = shape.to_vec();
    if let Some(x) = operands.first()
        && number(op, 0.0).is_some()
    {
        return x.1.iter().map(|&x| number(op, x).unwrap()).collect();
    }
    let pair = |f: &dyn Fn(f32, f32) -> f32| each(&out, |p| f(spread(operands[0], p), spread(operands[1], p)));
    match op {
        Op::Add {} => pair(&|a, b| a + b),
        Op::Sub {} => pair(&|a, b| a - b),
        Op::Mul {} => pair(&|a, b| a * b),
        Op::Div {} => pair(&|a, b| a / b),
        Op::Max {} => pair(&|a, b| if a.is_nan() || b.is_nan() { f32::NAN } else { a.max(b) }),
        Op::Min {} => pair(&|a, b| if a.is_nan() || b.is_nan() { f32::NAN } else { a.min(b) }),
        Op::Pow {} => pair(&f32::powf),
        Op::Constant { tensor: name } => tensor(weights, name).1,
        Op::Reshape { .. } => operands[0].1.clone(),
        Op::Prelu { slope } => {
            let slopes = tensor(weights, slope).1;
            each(&out, |p| {
                let x = at(operands[0], p);
                let slope = if slopes.len() == 1 { slopes[0] } else { slopes[p[1]] };
                if x < 0.0 { slope * x } else { x }
            })
        }
        Op::Conv2d { .. } => conv(op, operands[0], &out, weights),
        Op::ConvTranspose2d { .. } => conv_transpose(op, operands[0], &out, weights),
        Op::Linear { weight, bias } => {
            let (w, bias) = (tensor(weights, weight), optional(weights, bias.as_ref()));
            each(&out, |p| {
                let (o, mut q) = (p[p.len() - 1], p.to_vec());
                let sum: f64 = (0..w.0[1])
                    .map(|k| {
                        *q.last_mut().unwrap() = k;
                        f64::from(at(operands[0], &q)) * f64::from(w.1[o * w.0[1] + k])
                    })
                    .sum();
                sum as f32 + bias.as_ref().map_or(0.0, |bias| bias[o])
            })
        }
        Op::Matmul { transpose_b } => each(&out, |p| {
            let (rank, k) = (p.len(), operands[0].0[operands[0].0.len() - 1]);
            let (mut a, mut b) = (p.to_vec(), p.to_vec());
            let sum: f64 = (0..k)
                .map(|k| {
                    a[rank - 1] = k;
                    if *transpose_b {
                        (b[rank - 2], b[rank - 1]) = (p[rank - 1], k)
                    } else {
                        b[rank - 2] = k
                    }
                    f64::from(spread(operands[0], &a)) * f64::from(spread(operands[1], &b))
                })
                .sum();
            sum as f32
        }),
        Op::BatchNorm { scale, shift, mean, variance, epsilon } => {
            let [s, b, m, v] = [scale, shift, mean, variance].map(|name| tensor(weights, name).1);
            each(&out, |p| {
                let c = p[1];
                (at(operands[0], p) - m[c]) / (v[c] + epsilon).sqrt() * s[c] + b[c]
            })
        }
        Op::LayerNorm { .. } | Op::GroupNorm { .. } | Op::RmsNorm { .. } => norm(op, operands[0], weights),
        Op::Softmax { axis } => along(operands[0], *axis as usize, &|row| soft(row).iter().map(|x| x.exp()).collect()),
        Op::LogSoftmax { axis } => along(operands[0], *axis as usize, &|row| soft(row)),
        Op::L2Normalize { axis, epsilon } => along(operands[0], *axis as usize, &|row| {
            let norm = row.iter().map(|x| x * x).sum::<f32>().sqrt().max(*epsilon);
            row.iter().map(|x| x / norm).collect()
        }),
        Op::Concat { axis } => each(&out, |p| {
            let (mut q, axis) = (p.to_vec(), *axis as usize);
            for operand in operands {
                if q[axis] < operand.0[axis] {
                    return at(operand, &q);
                }
                q[axis] -= operand.0[axis];
            }
            unreachable!()
        }),
        Op::MaxPool2d { .. } | Op::AvgPool2d { .. } => pool(op, operands[0], &out, weights),
        Op::GlobalAvgPool2d {} => reduce(operands[0], &[2, 3], &out, &|all| all.iter().sum::<f32>() / all.len() as f32),
        Op::Mean(over) => reduce(operands[0], &over.axes, &out, &|all| all.iter().sum::<f32>() / all.len() as f32),
        Op::Sum(over) => reduce(operands[0], &over.axes, &out, &|all| all.iter().sum()),
        Op::MaxOver(over) => reduce(operands[0], &over.axes, &out, &|all| all.iter().fold(f32::MIN, |a, &b| a.max(b))),
        Op::Resize { mode, coordinates, .. } => resize(*mode, *coordinates, operands[0], &out),
        Op::PixelShuffle { factor: f } => {
            each(&out, |p| at(operands[0], &[p[0], p[1] * f * f + (p[2] % f) * f + p[3] % f, p[2] / f, p[3] / f]))
        }
        Op::PixelUnshuffle { factor: f } => {
            each(&out, |p| at(operands[0], &[p[0], p[1] / (f * f), p[2] * f + (p[1] / f) % f, p[3] * f + p[1] % f]))
        }
        Op::Attention { heads, scale, causal } => attention(operands, *heads, *scale, *causal),
        Op::Embedding { weight } => {
            let table = tensor(weights, weight);
            each(&out, |p| {
                let id = at(operands[0], &p[..p.len() - 1]).max(0.0) as usize;
                at(&table, &[id.min(table.0[0] - 1), p[p.len() - 1]])
            })
        }
        Op::Transpose { axes } => each(&out, |p| {
            let mut q = vec![0; p.len()];
            axes.iter().zip(p).for_each(|(&axis, &at)| q[axis] = at);
            at(operands[0], &q)
        }),
        Op::Slice { axis, start, step, .. } => each(&out, |p| {
            let mut q = p.to_vec();
            q[*axis as usize] = *start as usize + p[*axis as usize] * step;
            at(operands[0], &q)
        }),
        Op::Pad { before, value, .. } => each(&out, |p| {
            let q: Vec<usize> = p.iter().zip(before).map(|(at, before)| at.wrapping_sub(*before)).collect();
            if q.iter().zip(&operands[0].0).all(|(at, extent)| at < extent) { at(operands[0], &q) } else { *value }
        }),
        _ => panic!("{op:?} is not known here"),
    }
}

fn soft(row: &[f32]) -> Vec<f32> {
    let most = row.iter().fold(f32::MIN, |a, &b| a.max(b));
    let sum: f32 = row.iter().map(|x| (x - most).exp()).sum();
    row.iter().map(|x| x - most - sum.ln()).collect()
}

fn along(x: &Value, axis: usize, f: &dyn Fn(&[f32]) -> Vec<f32>) -> Vec<f32> {
    each(&x.0, |p| {
        let mut q = p.to_vec();
        let row: Vec<f32> = (0..x.0[axis])
            .map(|k| {
                q[axis] = k;
                at(x, &q)
            })
            .collect();
        f(&row)[p[axis]]
    })
}

fn reduce(x: &Value, axes: &[isize], out: &[usize], f: &dyn Fn(&[f32]) -> f32) -> Vec<f32> {
    let kept: Vec<usize> =
        x.0.iter()
            .enumerate()
            .map(|(axis, &extent)| if axes.contains(&(axis as isize)) { 1 } else { extent })
            .collect();
    let inner: Vec<usize> =
        x.0.iter()
            .enumerate()
            .map(|(axis, &extent)| if axes.contains(&(axis as isize)) { extent } else { 1 })
            .collect();
    let made = each(&kept, |p| {
        let all = each(&inner, |q| at(x, &p.iter().zip(q).map(|(a, b)| a + b).collect::<Vec<_>>()));
        f(&all)
    });
    assert_eq!(made.len(), out.iter().product::<usize>());
    made
}

fn norm(op: &Op, x: &Value, weights: &Weights) -> Vec<f32> {
    let total = x.1.len();
    let (length, weight, bias, epsilon, is_by_channel, centred) = match op {
        Op::LayerNorm { weight, bias, axes_count, epsilon } => {
            (x.0[x.0.len() - axes_count..].iter().product(), weight, bias.clone(), *epsilon, false, true)
        }
        Op::GroupNorm { groups, weight, bias, epsilon } => {
            (total / x.0[0] / groups, weight, bias.clone(), *epsilon, true, true)
        }
        Op::RmsNorm { weight, epsilon } => (x.0[x.0.len() - 1], weight, None, *epsilon, false, false),
        _ => unreachable!(),
    };
    let (weight, bias) = (optional(weights, weight.as_ref()), optional(weights, bias.as_ref()));
    let inner: usize = x.0.iter().skip(2).product();
    let mut made = Vec::new();
    for (row, values) in x.1.chunks(length).enumerate() {
        let mean = if centred { values.iter().sum::<f32>() / length as f32 } else { 0.0 };
        let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / length as f32;
        for (k, v) in values.iter().enumerate() {
            let at = if is_by_channel { ((row * length + k) / inner) % x.0[1] } else { k };
            let y = (v - mean) / (variance + epsilon).sqrt() * weight.as_ref().map_or(1.0, |w| w[at]);
            made.push(y + bias.as_ref().map_or(0.0, |b| b[at]));
        }
    }
    made
}

fn conv(op: &Op, x: &Value, out: &[usize], weights: &Weights) -> Vec<f32> {
    let Op::Conv2d { weight, bias, stride, padding, dilation, groups } = op else { unreachable!() };
    let (w, bias) = (tensor(weights, weight), optional(weights, bias.as_ref()));
    let per_group = out[1] / groups;
    each(out, |p| {
        let mut sum = 0.0_f64;
        for c in 0..w.0[1] {
            for ky in 0..w.0[2] {
                for kx in 0..w.0[3] {
                    let y = (p[2] * stride[0] + ky * dilation[0]).wrapping_sub(padding[0]);
                    let z = (p[3] * stride[1] + kx * dilation[1]).wrapping_sub(padding[1]);
                    if y < x.0[2] && z < x.0[3] {
                        let channel = (p[1] / per_group) * w.0[1] + c;
                        sum += f64::from(at(x, &[p[0], channel, y, z])) * f64::from(at(&w, &[p[1], c, ky, kx]));
                    }
                }
            }
        }
        sum as f32 + bias.as_ref().map_or(0.0, |bias| bias[p[1]])
    })
}

fn conv_transpose(op: &Op, x: &Value, out: &[usize], weights: &Weights) -> Vec<f32> {
    let Op::ConvTranspose2d { weight, bias, stride, padding, dilation, groups, .. } = op else { unreachable!() };
    let (w, bias) = (tensor(weights, weight), optional(weights, bias.as_ref()));
    let mut made = each(out, |p| bias.as_ref().map_or(0.0, |bias| bias[p[1]]));
    let per_group = x.0[1] / groups;
    each(&x.0, |p| {
        for o in 0..w.0[1] {
            for ky in 0..w.0[2] {
                for kx in 0..w.0[3] {
                    let y = (p[2] * stride[0] + ky * dilation[0]).wrapping_sub(padding[0]);
                    let z = (p[3] * stride[1] + kx * dilation[1]).wrapping_sub(padding[1]);
                    if y < out[2] && z < out[3] {
                        let channel = (p[1] / per_group) * w.0[1] + o;
                        made[((p[0] * out[1] + channel) * out[2] + y) * out[3] + z] +=
                            at(x, p) * at(&w, &[p[1], o, ky, kx]);
                    }
                }
            }
        }
        0.0
    });
    made
}

fn pool(op: &Op, x: &Value, out: &[usize], weights: &Weights) -> Vec<f32> {
    let window = op.window(weights).unwrap();
    each(out, |p| {
        let (mut most, mut sum, mut inside, mut padded) = (f32::NEG_INFINITY, 0.0, 0, 0);
        for ky in 0..window.kernel[0] {
            for kx in 0..window.kernel[1] {
                let y = p[2] * window.stride[0] + ky * window.dilation[0];
                let z = p[3] * window.stride[1] + kx * window.dilation[1];
                if y < x.0[2] + window.padding[0] + window.padding[2]
                    && z < x.0[3] + window.padding[1] + window.padding[3]
                {
                    padded += 1;
                }
                let (y, z) = (y.wrapping_sub(window.padding[0]), z.wrapping_sub(window.padding[1]));
                if y < x.0[2] && z < x.0[3] {
                    let value = at(x, &[p[0], p[1], y, z]);
                    most = if value.is_nan() || most.is_nan() { f32::NAN } else { most.max(value) };
                    sum += value;
                    inside += 1;
                }
            }
        }
        match op {
            Op::AvgPool2d { count_padding, .. } => sum / (if *count_padding { padded } else { inside }).max(1) as f32,
            _ => most,
        }
    })
}

fn resize(mode: ResizeMode, coordinates: Coordinates, x: &Value, out: &[usize]) -> Vec<f32> {
    let place = |i: usize, axis: usize| {
        let (i, from, into) = (i as f64, x.0[axis] as f64, out[axis] as f64);
        let half = if mode == ResizeMode::Nearest { 0.0 } else { 0.5 };
        match coordinates {
            Coordinates::HalfPixel => (i + 0.5) * from / into - half,
            Coordinates::Asymmetric => i * from / into,
            Coordinates::AlignCorners => i * (from - 1.0) / (into - 1.0).max(1.0),
        }
    };
    each(out, |p| {
        let around = |axis: usize| {
            // A hair above, so that what is whole stays so.
            let y = (place(p[axis], axis)).clamp(0.0, x.0[axis] as f64 - 1.0 + 1e-9);
            let low = ((y + 1e-9).floor() as usize).min(x.0[axis] - 1);
            (low, (low + 1).min(x.0[axis] - 1), (y - low as f64) as f32)
        };
        let ((y0, y1, fy), (x0, x1, fx)) = (around(2), around(3));
        let v = |y, z| at(x, &[p[0], p[1], y, z]);
        match mode {
            ResizeMode::Nearest => v(y0, x0),
            ResizeMode::Linear => {
                let (top, bottom) = (v(y0, x0) * (1.0 - fx) + v(y0, x1) * fx, v(y1, x0) * (1.0 - fx) + v(y1, x1) * fx);
                top * (1.0 - fy) + bottom * fy
            }
        }
    })
}

fn attention(operands: &[&Value], heads: usize, scale: Option<f32>, causal: bool) -> Vec<f32> {
    let [q, k, v] = operands else { unreachable!() };
    let depth = q.0[2] / heads;
    let scale = scale.unwrap_or(1.0 / (depth as f32).sqrt());
    each(&q.0, |p| {
        let head = p[2] / depth;
        let keys = if causal { (p[1] + 1).min(k.0[1]) } else { k.0[1] };
        let scores: Vec<f32> = (0..keys)
            .map(|key| {
                (0..depth)
                    .map(|d| at(q, &[p[0], p[1], head * depth + d]) * at(k, &[p[0], key, head * depth + d]))
                    .sum::<f32>()
                    * scale
            })
            .collect();
        soft(&scores).iter().enumerate().map(|(key, weight)| weight.exp() * at(v, &[p[0], key, p[2]])).sum()
    })
}
