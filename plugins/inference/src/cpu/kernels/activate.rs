//! Layers that work on single numbers, on whole slices. Plain loops without branches: compiled for each width of vectors.

use crate::net::Op;

/// Replaces elements by what a layer makes of them. Others than those that work on single numbers do nothing.
#[inline(always)]
pub(super) fn activate(op: &Op, x: &mut [f32]) {
    match op {
        Op::Relu {} => each(x, |x| if x < 0.0 { 0.0 } else { x }),
        Op::Silu {} => each(x, |x| x * sigmoid(x)),
        Op::Gelu {} => each(x, |x| 0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))),
        Op::GeluTanh {} => each(x, |x| {
            let inner = 0.797_884_6 * (x + 0.044_715 * x * x * x);
            x * sigmoid(2.0 * inner)
        }),
        Op::Sigmoid {} => each(x, sigmoid),
        Op::Tanh {} => each(x, tanh),
        Op::HardSigmoid {} => each(x, hard_sigmoid),
        Op::HardSwish {} => each(x, |x| x * hard_sigmoid(x)),
        // tanh(ln(1 + e^x)) is (e^2x + 2 e^x) / (e^2x + 2 e^x + 2).
        Op::Mish {} => each(x, |x| {
            let e = exp(if x > 20.0 { 20.0 } else { x });
            let n = e * (e + 2.0);
            x * (n / (n + 2.0))
        }),
        Op::Exp {} => each(x, exp),
        Op::Sqrt {} => each(x, f32::sqrt),
        Op::Abs {} => each(x, f32::abs),
        Op::Neg {} => each(x, |x| -x),
        Op::Erf {} => each(x, erf),
        Op::Clip { min, max } => {
            let (min, max) = (min.unwrap_or(f32::NEG_INFINITY), max.unwrap_or(f32::INFINITY));
            each(x, |x| clamp(x, min, max));
        }
        Op::LeakyRelu { slope } => {
            let slope = *slope;
            each(x, |x| if x < 0.0 { x * slope } else { x });
        }
        Op::Elu { alpha } => {
            let alpha = *alpha;
            each(x, |x| if x < 0.0 { alpha * exp_m1(x) } else { x });
        }
        _ => {}
    }
}

#[inline(always)]
fn each(x: &mut [f32], made: impl Fn(f32) -> f32) {
    for x in x {
        *x = made(*x);
    }
}

#[inline(always)]
fn clamp(x: f32, least: f32, most: f32) -> f32 {
    let x = if x < least { least } else { x };
    if x > most { most } else { x }
}

#[inline(always)]
fn hard_sigmoid(x: f32) -> f32 {
    clamp(x * (1.0 / 6.0) + 0.5, 0.0, 1.0)
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// Within some 2 units in the last place: a power of two times a polynomial (Cephes `expf`). NaN stays NaN.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    let bounded = clamp(x, -87.336_54, 88.722_83);
    let n = (bounded * std::f32::consts::LOG2_E + 0.5).floor();
    let r = bounded - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    for c in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_6e-1, 0.5] {
        p = p * r + c;
    }
    let p = p * r * r + r + 1.0;
    // Two halves of the exponent, since the largest alone is beyond what the bits hold.
    let n = n as i32;
    let half = n >> 1;
    let scale = |n: i32| f32::from_bits(((n + 127) << 23) as u32);
    let made = p * scale(half) * scale(n - half);
    let made = if x > 88.722_83 { f32::INFINITY } else { made };
    let made = if x < -87.336_54 { 0.0 } else { made };
    if x.is_nan() { x } else { made }
}

/// `e^x - 1`, for x not above zero.
#[inline(always)]
fn exp_m1(x: f32) -> f32 {
    // Near zero the difference would lose all its digits.
    let small = x + x * x * (0.5 + x * (1.0 / 6.0 + x * (1.0 / 24.0 + x * (1.0 / 120.0 + x * (1.0 / 720.0)))));
    if x > -0.35 { small } else { exp(x) - 1.0 }
}

#[inline(always)]
fn tanh(x: f32) -> f32 {
    // Cephes: a polynomial near zero.
    let square = x * x;
    let mut p = -5.704_988_7e-3;
    for c in [2.063_908_8e-2, -5.373_971_5e-2, 1.333_144_2e-1, -3.333_327_7e-1] {
        p = p * square + c;
    }
    let small = x + x * square * p;
    let large = 1.0 - 2.0 / (exp(2.0 * x.abs()) + 1.0);
    let large = if x < 0.0 { -large } else { large };
    if x.abs() < 0.625 { small } else { large }
}

/// Abramowitz and Stegun 7.1.26 loses digits near zero: there its Taylor series.
#[inline(always)]
fn erf(x: f32) -> f32 {
    let size = x.abs();
    let t = 1.0 / (1.0 + 0.327_591_1 * size);
    let mut p = 1.061_405_4;
    for c in [-1.453_152, 1.421_413_8, -0.284_496_74, 0.254_829_6] {
        p = p * t + c;
    }
    let large = 1.0 - p * t * exp(-size * size);
    let square = x * x;
    let mut s = 1.0 / 1320.0;
    for c in [1.0 / 216.0, 1.0 / 42.0, 0.1, 1.0 / 3.0] {
        s = c - square * s;
    }
    // Σ (-1)^n x^(2n+1) / (n! (2n+1))
    let small = std::f32::consts::FRAC_2_SQRT_PI * (x - x * square * s);
    let large = if x < 0.0 { -large } else { large };
    if size < 0.5 { small } else { large }
}
