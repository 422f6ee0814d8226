//! Layers that work on each number alone.

use candle_core::{Result, Tensor};
use candle_nn::ops;

use super::norms::channels_only;
use crate::net::Op;

pub(super) fn unary(op: &Op, x: &Tensor) -> Result<Tensor> {
    match op {
        Op::Relu {} => x.relu(),
        Op::Silu {} => x.silu(),
        Op::Gelu {} => x.gelu_erf(),
        Op::GeluTanh {} => x.gelu(),
        Op::Sigmoid {} => ops::sigmoid(x),
        Op::Tanh {} => x.tanh(),
        Op::HardSigmoid {} => hard_sigmoid(x),
        Op::HardSwish {} => x * hard_sigmoid(x)?,
        // For large x the exponential is infinite, its logarithm too, and tanh 1.
        Op::Mish {} => x * (x.exp()? + 1.0)?.log()?.tanh()?,
        Op::Exp {} => x.exp(),
        Op::Sqrt {} => x.sqrt(),
        Op::Abs {} => x.abs(),
        Op::Neg {} => x.neg(),
        Op::Erf {} => x.erf(),
        Op::Identity {} => Ok(x.clone()),
        Op::Clip { min, max } => {
            let x = min.map_or(Ok(x.clone()), |min| x.maximum(f64::from(min)))?;
            max.map_or(Ok(x.clone()), |max| x.minimum(f64::from(max)))
        }
        Op::LeakyRelu { slope } => negatives(x, &(x * f64::from(*slope))?),
        Op::Elu { alpha } => x.elu(f64::from(*alpha)),
        _ => candle_core::bail!("no layer with one input: {op:?}"),
    }
}

fn hard_sigmoid(x: &Tensor) -> Result<Tensor> {
    x.affine(1.0 / 6.0, 0.5)?.clamp(0.0, 1.0)
}

/// `x`, or the other where `x` is below zero.
fn negatives(x: &Tensor, otherwise: &Tensor) -> Result<Tensor> {
    x.lt(0.0)?.where_cond(otherwise, x)
}

pub(super) fn prelu(x: &Tensor, slope: &Tensor) -> Result<Tensor> {
    let slope =
        if slope.elem_count() == 1 { slope.reshape(vec![1; x.rank()])? } else { slope.reshape(channels_only(x))? };
    negatives(x, &x.broadcast_mul(&slope)?)
}

pub(super) fn binary(op: &Op, a: &Tensor, b: &Tensor) -> Result<Tensor> {
    match op {
        Op::Add {} => a.broadcast_add(b),
        Op::Sub {} => a.broadcast_sub(b),
        Op::Mul {} => a.broadcast_mul(b),
        Op::Div {} => a.broadcast_div(b),
        Op::Max {} => a.broadcast_maximum(b),
        Op::Min {} => a.broadcast_minimum(b),
        Op::Pow {} => power(a, b),
        _ => candle_core::bail!("no layer with two inputs: {op:?}"),
    }
}

/// Candle has powers by logarithms alone: for a base below zero, the power of its absolute value, with the sign that a
/// whole exponent gives it (for another there is none).
fn power(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let shape = a.broadcast_add(b)?.shape().clone();
    let (a, b) = (a.broadcast_as(&shape)?.contiguous()?, b.broadcast_as(&shape)?.contiguous()?);
    let size = (a.abs()?.log()? * &b)?.exp()?;
    let odd = (&b - ((&b / 2.0)?.floor()? * 2.0)?)?;
    let signed = (&size * odd.affine(-2.0, 1.0)?)?;
    let whole = b.eq(&b.floor()?)?;
    let below = whole.where_cond(&signed, &Tensor::full(f32::NAN, &shape, a.device())?.to_dtype(a.dtype())?)?;
    let made = a.lt(0.0)?.where_cond(&below, &size)?;
    b.eq(0.0)?.where_cond(&made.ones_like()?, &made)
}
