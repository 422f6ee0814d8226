use super::*;
use crate::net::trials::MemoryTensors;
use crate::net::{Coordinates, ResizeMode};

fn array(shape: &[usize], data: &[f32]) -> Array {
    Array { shape: Shape::new(shape).unwrap(), data: data.to_vec() }
}

fn run(op: &Op, inputs: &[&Array], shape: &[usize], tensors: &[(&str, Array)]) -> Vec<f32> {
    let mut source = MemoryTensors::default();
    for (name, tensor) in tensors {
        source.insert(name, &tensor.shape.to_vec(), &tensor.data);
    }
    evaluate_layer(op, inputs, Shape::new(shape).unwrap(), &source).unwrap().data
}

#[test]
fn a_convolution_sums_what_lies_under_the_kernel() {
    let x = array(&[1, 1, 2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let tensors = [("w", array(&[1, 1, 1, 2], &[1.0, 10.0])), ("b", array(&[1], &[0.5]))];
    let op = Op::Conv2d {
        weight: "w".into(),
        bias: Some("b".into()),
        stride: [1, 2],
        padding: [0, 1, 0, 0],
        dilation: [1, 1],
        groups: 1,
    };
    assert_eq!(run(&op, &[&x], &[1, 1, 2, 2], &tensors), [10.5, 32.5, 40.5, 65.5]);
}

#[test]
fn a_transposed_convolution_spreads_the_kernel() {
    let x = array(&[1, 1, 1, 2], &[1.0, 2.0]);
    let op = Op::ConvTranspose2d {
        weight: "w".into(),
        bias: None,
        stride: [1, 2],
        padding: [0; 4],
        dilation: [1, 1],
        output_padding: [0, 1],
        groups: 1,
    };
    let tensors = [("w", array(&[1, 1, 1, 3], &[1.0, 10.0, 100.0]))];
    assert_eq!(run(&op, &[&x], &[1, 1, 1, 6], &tensors), [1.0, 10.0, 102.0, 20.0, 200.0, 0.0]);
}

#[test]
fn pooled_means_count_padding_or_not() {
    let x = array(&[1, 1, 1, 3], &[3.0, 6.0, 9.0]);
    let op = |count_padding| Op::AvgPool2d {
        kernel: [1, 3],
        stride: [1, 2],
        padding: [0, 1, 0, 0],
        dilation: [1, 1],
        ceil: true,
        count_padding,
    };
    assert_eq!(run(&op(true), &[&x], &[1, 1, 1, 2], &[]), [3.0, 6.0 + 1.5 - 0.0]);
    assert_eq!(run(&op(false), &[&x], &[1, 1, 1, 2], &[]), [4.5, 7.5]);
}

#[test]
fn resizing_meets_the_samples() {
    let x = array(&[1, 1, 1, 2], &[0.0, 4.0]);
    let op = |mode, coordinates| Op::Resize { mode, size: [1, 4], coordinates };
    let run = |mode, coordinates| run(&op(mode, coordinates), &[&x], &[1, 1, 1, 4], &[]);
    assert_eq!(run(ResizeMode::Linear, Coordinates::HalfPixel), [0.0, 1.0, 3.0, 4.0]);
    assert_eq!(run(ResizeMode::Linear, Coordinates::Asymmetric), [0.0, 2.0, 4.0, 4.0]);
    assert_eq!(run(ResizeMode::Nearest, Coordinates::HalfPixel), [0.0, 0.0, 4.0, 4.0]);
    assert_eq!(run(ResizeMode::Nearest, Coordinates::AlignCorners), [0.0, 0.0, 0.0, 4.0]);
}

#[test]
fn shuffled_pixels_come_from_channels() {
    let x = array(&[1, 4, 1, 1], &[1.0, 2.0, 3.0, 4.0]);
    assert_eq!(run(&Op::PixelShuffle { factor: 2 }, &[&x], &[1, 1, 2, 2], &[]), [1.0, 2.0, 3.0, 4.0]);
    let x = array(&[1, 1, 2, 4], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    let made = run(&Op::PixelUnshuffle { factor: 2 }, &[&x], &[1, 4, 1, 2], &[]);
    assert_eq!(made, [1.0, 3.0, 2.0, 4.0, 5.0, 7.0, 6.0, 8.0]);
}

#[test]
fn causal_attention_sees_no_later_key() {
    let query = array(&[1, 2, 1], &[1.0, 1.0]);
    let value = array(&[1, 2, 1], &[3.0, 5.0]);
    let op = Op::Attention { heads: 1, scale: None, causal: true };
    assert_eq!(run(&op, &[&query, &query, &value], &[1, 2, 1], &[]), [3.0, 4.0]);
}

#[test]
fn the_error_function_is_that_of_the_tables() {
    for (x, expected) in [(0.0, 0.0), (0.5, 0.520_499_877_8), (1.0, 0.842_700_792_9), (3.0, 0.999_977_909_5)] {
        assert!((elements::erf(x) - expected).abs() < 1e-10, "{x}");
        assert!((elements::erf(-x) + expected).abs() < 1e-10, "{x}");
    }
}
