//! Layers that move a window over a picture, and products, of random extents.

use super::Maker;
use super::layers::{any_shape, picture};
use crate::net::{Coordinates, Op, ResizeMode};

/// Kernel, stride, padding and dilation that leave something of a picture of this size.
fn window(m: &mut Maker, size: [usize; 2], largest: usize) -> ([usize; 2], [usize; 2], [usize; 4], [usize; 2]) {
    let stride = [m.random.between(1, 3), m.random.between(1, 3)];
    let (mut kernel, mut padding, mut dilation) = ([1; 2], [0; 4], [1; 2]);
    for axis in 0..2 {
        kernel[axis] = m.random.between(1, largest);
        padding[axis] = m.random.between(0, kernel[axis] - 1);
        padding[axis + 2] = m.random.between(0, kernel[axis] - 1);
        let padded = size[axis] + padding[axis] + padding[axis + 2];
        kernel[axis] = kernel[axis].min(padded);
        padding[axis] = padding[axis].min(kernel[axis] - 1);
        padding[axis + 2] = padding[axis + 2].min(kernel[axis] - 1);
        let padded = size[axis] + padding[axis] + padding[axis + 2];
        kernel[axis] = kernel[axis].min(padded);
        if m.random.coin() && (kernel[axis] - 1) * 2 < padded {
            dilation[axis] = 2;
        }
    }
    (kernel, stride, padding, dilation)
}

pub(super) fn conv(m: &mut Maker, variant: &str) -> String {
    let groups = match variant {
        "depthwise" => m.random.between(1, 40),
        "grouped" => m.random.between(2, 4),
        _ => 1,
    };
    let inputs = match variant {
        "depthwise" => 1,
        "stem" => m.random.pick(&[1, 3]),
        _ => m.random.between(1, 37),
    };
    let outputs = if variant == "depthwise" { m.random.pick(&[1, 1, 1, 2]) } else { m.random.between(1, 41) };
    let shape = picture(m, inputs * groups);
    let size = [shape[2], shape[3]];
    let (kernel, stride, padding, dilation) = match variant {
        "pointwise" => ([1, 1], [m.random.pick(&[1, 1, 2]); 2], [0; 4], [1, 1]),
        "3x3" => ([3, 3], [m.random.between(1, 2); 2], [1, 1, 1, 1], [1, 1]),
        "stem" => ([7, 7], [2, 2], [3, 3, 3, 3], [1, 1]),
        "depthwise" if m.random.coin() => {
            let side = m.random.pick(&[3, 5]);
            ([side; 2], [m.random.between(1, 2); 2], [side / 2; 4], [1, 1])
        }
        _ => window(m, size, 5),
    };
    let x = m.input(&shape, -1.0, 1.0);
    let weight = m.tensor(&[outputs * groups, inputs, kernel[0], kernel[1]], -0.5, 0.5);
    let bias = m.maybe_tensor(&[outputs * groups], -0.5, 0.5);
    m.layer(Op::Conv2d { weight, bias, stride, padding, dilation, groups }, &[&x])
}

pub(super) fn conv_transpose(m: &mut Maker) -> String {
    let groups = m.random.pick(&[1, 1, 2, 3]);
    let (inputs, outputs) = (m.random.between(1, 9), m.random.between(1, 9));
    let shape = [m.random.between(1, 2), inputs * groups, m.random.between(2, 7), m.random.between(2, 7)];
    let kernel = [m.random.between(1, 4), m.random.between(1, 4)];
    let stride = [m.random.between(1, 3), m.random.between(1, 3)];
    let dilation = [m.random.between(1, 2), m.random.between(1, 2)];
    let mut padding = [0; 4];
    for (axis, padding) in padding.iter_mut().enumerate() {
        *padding = m.random.between(0, (kernel[axis % 2] - 1) / 2);
    }
    let output_padding = [m.random.between(0, stride[0] - 1), m.random.between(0, stride[1] - 1)];
    let x = m.input(&shape, -1.0, 1.0);
    let weight = m.tensor(&[inputs * groups, outputs, kernel[0], kernel[1]], -0.5, 0.5);
    let bias = m.maybe_tensor(&[outputs * groups], -0.5, 0.5);
    m.layer(Op::ConvTranspose2d { weight, bias, stride, padding, dilation, output_padding, groups }, &[&x])
}

pub(super) fn linear(m: &mut Maker, variant: &str) -> String {
    let (inputs, outputs) = (m.random.between(1, 70), m.random.between(1, 70));
    let mut shape = if variant == "row" { vec![1] } else { any_shape(m) };
    shape.push(inputs);
    let x = m.input(&shape, -1.0, 1.0);
    let weight = m.tensor(&[outputs, inputs], -0.5, 0.5);
    let bias = m.maybe_tensor(&[outputs], -0.5, 0.5);
    m.layer(Op::Linear { weight, bias }, &[&x])
}

pub(super) fn matmul(m: &mut Maker, variant: &str) -> String {
    let [rows, inner, columns] = [m.random.between(1, 20), m.random.between(1, 20), m.random.between(1, 20)];
    let transpose_b = m.random.coin();
    let (mut a, mut b) = (Vec::new(), Vec::new());
    if variant == "batched" {
        let batch = [m.random.between(1, 3), m.random.between(2, 3)];
        a = batch.to_vec();
        b = batch.to_vec();
        match m.random.between(0, 3) {
            0 => a = vec![1],
            1 => b = vec![],
            2 => b[0] = 1,
            _ => {}
        }
    }
    a.extend([rows, inner]);
    b.extend(if transpose_b { [columns, inner] } else { [inner, columns] });
    let (a, b) = (m.input(&a, -1.0, 1.0), m.input(&b, -1.0, 1.0));
    m.layer(Op::Matmul { transpose_b }, &[&a, &b])
}

pub(super) fn pool(m: &mut Maker, op: &str) -> String {
    let channels = m.random.between(1, 35);
    let shape = picture(m, channels);
    let (kernel, mut stride, padding, dilation) = window(m, [shape[2], shape[3]], 4);
    if m.random.between(0, 3) == 0 {
        stride = [0, 0];
    }
    let ceil = m.random.coin();
    let x = m.input(&shape, -1.0, 1.0);
    let op = if op == "max_pool2d" {
        Op::MaxPool2d { kernel, stride, padding, dilation, ceil }
    } else {
        Op::AvgPool2d { kernel, stride, padding, dilation: [1, 1], ceil, count_padding: m.random.coin() }
    };
    m.layer(op, &[&x])
}

pub(super) fn resize(m: &mut Maker, variant: &str) -> String {
    let channels = m.random.between(1, 19);
    let shape = picture(m, channels);
    let size =
        if m.random.coin() { [shape[2] * 2, shape[3] * 2] } else { [m.random.between(1, 30), m.random.between(1, 30)] };
    let mode = if variant == "nearest" { ResizeMode::Nearest } else { ResizeMode::Linear };
    let coordinates = m.random.pick(&[Coordinates::HalfPixel, Coordinates::Asymmetric, Coordinates::AlignCorners]);
    let x = m.input(&shape, -1.0, 1.0);
    m.layer(Op::Resize { mode, size, coordinates }, &[&x])
}
