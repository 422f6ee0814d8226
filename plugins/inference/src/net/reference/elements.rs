//! Layers that work on each number alone. NaN stays NaN.

use super::Array;
use crate::net::Op;

/// A layer with one input. NaN for one that this is not.
pub(super) fn unary(op: &Op, x: f64) -> f64 {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    match op {
        Op::Relu {} => max(x, 0.0),
        Op::Silu {} => x * sigmoid(x),
        Op::Gelu {} => x * 0.5 * (1.0 + erf(x / 2.0_f64.sqrt())),
        Op::GeluTanh {} => {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x);
            x * 0.5 * (1.0 + inner.tanh())
        }
        Op::Sigmoid {} => sigmoid(x),
        Op::Tanh {} => x.tanh(),
        Op::HardSigmoid {} => min(max(x / 6.0 + 0.5, 0.0), 1.0),
        Op::HardSwish {} => x * min(max(x / 6.0 + 0.5, 0.0), 1.0),
        Op::Mish {} => x * if x > 40.0 { x } else { x.exp().ln_1p() }.tanh(),
        Op::Exp {} => x.exp(),
        Op::Sqrt {} => x.sqrt(),
        Op::Abs {} => x.abs(),
        Op::Neg {} => -x,
        Op::Erf {} => erf(x),
        Op::Identity {} => x,
        Op::Clip { min: least, max: most } => {
            let x = least.map_or(x, |least| max(x, f64::from(least)));
            most.map_or(x, |most| min(x, f64::from(most)))
        }
        Op::LeakyRelu { slope } => negative(x, f64::from(*slope) * x),
        Op::Elu { alpha } => negative(x, f64::from(*alpha) * x.exp_m1()),
        _ => f64::NAN,
    }
}

/// A layer with two inputs. NaN for one that this is not.
pub(super) fn binary(op: &Op, a: f64, b: f64) -> f64 {
    match op {
        Op::Add {} => a + b,
        Op::Sub {} => a - b,
        Op::Mul {} => a * b,
        Op::Div {} => a / b,
        Op::Max {} => max(a, b),
        Op::Min {} => min(a, b),
        Op::Pow {} => a.powf(b),
        _ => f64::NAN,
    }
}

pub(super) fn prelu(x: &Array, slope: &Array) -> Array {
    Array::from_fn(x.shape, |at| {
        let channel = if slope.data.len() == 1 { 0 } else { at[1] };
        negative(x.at(at), f64::from(slope.data[channel]) * x.at(at))
    })
}

/// The greater; NaN if either is.
pub(super) fn max(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

/// The lesser; NaN if either is.
fn min(a: f64, b: f64) -> f64 {
    -max(-a, -b)
}

fn negative(x: f64, otherwise: f64) -> f64 {
    if x < 0.0 { otherwise } else { x }
}

/// By its series of positive terms (Abramowitz and Stegun 7.1.6).
pub(super) fn erf(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x.abs() > 6.0 {
        return x.signum();
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..200 {
        term *= 2.0 * x * x / f64::from(2 * n + 1);
        sum += term;
    }
    2.0 / std::f64::consts::PI.sqrt() * (-x * x).exp() * sum
}
