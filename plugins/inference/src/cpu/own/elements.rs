//! Layers that work element by element, and what is done after others.

use super::{Call, Kernel};
use crate::cpu::error::ExecutorError;
use crate::cpu::kernels::Instructions;
use crate::cpu::team::Team;
use crate::net::{Op, Shape};

/// Elements that a thread takes at once.
const PIECE: usize = 16 << 10;

/// What is done to a whole result, where the kernel that made it does not.
#[derive(Debug, Default)]
pub(super) struct Epilogue {
    /// Factor and summand for each element of an axis.
    pub affine: Option<(usize, Vec<f32>, Vec<f32>)>,
    /// Slopes of what is below zero, for each channel (axis 1), or one.
    pub slopes: Vec<f32>,
    pub activation: Option<Op>,
}

impl Epilogue {
    pub(super) fn copied_bytes(&self) -> usize {
        let affine = self.affine.as_ref().map_or(0, |(_, scale, shift)| scale.len() + shift.len());
        (affine + self.slopes.len()) * size_of::<f32>()
    }

    pub(super) fn apply(
        &self,
        team: &mut Team,
        instructions: Instructions,
        shape: Shape,
        add: Option<&[f32]>,
        out: &mut [f32],
    ) {
        if let Some((axis, scale, shift)) = &self.affine {
            let inner = shape.strides()[*axis];
            team.chunks(out, PIECE, &|index, out, _| {
                for_runs(out, index * PIECE, inner, scale.len(), |channel, run| {
                    run.iter_mut().for_each(|x| *x = *x * scale[channel] + shift[channel]);
                });
            });
        }
        if let Some(add) = add {
            team.chunks(out, PIECE, &|index, out, _| {
                out.iter_mut().zip(&add[index * PIECE..]).for_each(|(out, add)| *out += add);
            });
        }
        if !self.slopes.is_empty() {
            let inner = if shape.rank() > 1 { shape.strides()[1] } else { 1 };
            team.chunks(out, PIECE, &|index, out, _| {
                for_runs(out, index * PIECE, inner, self.slopes.len(), |channel, run| {
                    let slope = self.slopes[channel];
                    run.iter_mut().for_each(|x| *x = if *x < 0.0 { *x * slope } else { *x });
                });
            });
        }
        if let Some(activation) = &self.activation {
            team.chunks(out, PIECE, &|_, out, _| instructions.activate(activation, out));
        }
    }
}

/// Runs of elements with the same index along an axis: `inner` elements each, `count` before they begin again. `start` is
/// the place of the first element.
fn for_runs(out: &mut [f32], start: usize, inner: usize, count: usize, mut work: impl FnMut(usize, &mut [f32])) {
    let mut at = 0;
    while at < out.len() {
        let place = start + at;
        let end = (at + inner - place % inner).min(out.len());
        work(place / inner % count, &mut out[at..end]);
        at = end;
    }
}

/// A layer with one input that works on single numbers.
#[derive(Debug)]
pub(super) struct Unary(pub Epilogue);

impl Kernel for Unary {
    fn name(&self) -> &'static str {
        "elements"
    }

    fn copied_bytes(&self) -> usize {
        self.0.copied_bytes()
    }

    fn run(&self, call: Call<'_>) -> Result<(), ExecutorError> {
        let Call { team, instructions, inputs, add, out, shape, .. } = call;
        out.copy_from_slice(inputs[0].0);
        self.0.apply(team, instructions, shape, add, out);
        Ok(())
    }
}

/// A layer with two inputs that works on single numbers.
#[derive(Debug)]
pub(super) struct Binary {
    pub op: Op,
    pub epilogue: Epilogue,
}

impl Kernel for Binary {
    fn name(&self) -> &'static str {
        "elements"
    }

    fn run(&self, call: Call<'_>) -> Result<(), ExecutorError> {
        let Call { team, instructions, inputs, add, out, shape, .. } = call;
        let [a, b] = [inputs[0], inputs[1]];
        match &self.op {
            Op::Add {} => combine(team, shape, a, b, out, |a, b| a + b),
            Op::Sub {} => combine(team, shape, a, b, out, |a, b| a - b),
            Op::Mul {} => combine(team, shape, a, b, out, |a, b| a * b),
            Op::Div {} => combine(team, shape, a, b, out, |a, b| a / b),
            Op::Max {} => combine(team, shape, a, b, out, |a, b| if a > b || a.is_nan() { a } else { b }),
            Op::Min {} => combine(team, shape, a, b, out, |a, b| if a < b || a.is_nan() { a } else { b }),
            _ => combine(team, shape, a, b, out, f32::powf),
        }
        self.epilogue.apply(team, instructions, shape, add, out);
        Ok(())
    }
}

/// Distances between neighbours along each axis of `shape`, 0 where an operand repeats.
pub(super) fn broadcast_strides(operand: Shape, shape: Shape) -> Vec<usize> {
    let own = operand.strides();
    let skipped = shape.rank() - operand.rank();
    let stride = |axis: usize| match axis.checked_sub(skipped) {
        Some(axis) if operand.axis(axis) > 1 => own[axis],
        _ => 0,
    };
    (0..shape.rank()).map(stride).collect()
}

/// The last axes as one, as far as both operands go through them together: `(elements, strides of both, axes left)`.
fn innermost(shape: Shape, strides: [&[usize]; 2]) -> (usize, [usize; 2], usize) {
    let mut axis = shape.rank();
    let (mut count, mut steps) = (1, [0, 0]);
    while axis > 0 {
        let own = [strides[0][axis - 1], strides[1][axis - 1]];
        let goes_on = |operand: usize| count == 1 || own[operand] == steps[operand] * count;
        if shape.axis(axis - 1) > 1 {
            if !(goes_on(0) && goes_on(1)) {
                break;
            }
            if count == 1 {
                steps = own;
            }
            count *= shape.axis(axis - 1);
        }
        axis -= 1;
    }
    (count, steps, axis)
}

fn combine(
    team: &mut Team,
    shape: Shape,
    (a, a_shape): (&[f32], Shape),
    (b, b_shape): (&[f32], Shape),
    out: &mut [f32],
    made: impl Fn(f32, f32) -> f32 + Sync + Copy,
) {
    let [a_strides, b_strides] = [a_shape, b_shape].map(|operand| broadcast_strides(operand, shape));
    let (count, [a_step, b_step], axes) = innermost(shape, [&a_strides, &b_strides]);
    let extents = shape.to_vec();
    let lines = (PIECE / count).max(1);
    // Long lines are cut; short ones are taken together.
    let size = if count > PIECE { PIECE } else { lines * count };
    team.chunks(out, size, &|index, out, _| {
        let mut done = 0;
        while done < out.len() {
            let place = index * size + done;
            let (line, within) = (place / count, place % count);
            let piece = (count - within).min(out.len() - done);
            let (mut rest, mut from_a, mut from_b) = (line, within * a_step, within * b_step);
            for axis in (0..axes).rev() {
                let at = rest % extents[axis];
                rest /= extents[axis];
                from_a += at * a_strides[axis];
                from_b += at * b_strides[axis];
            }
            let out = &mut out[done..done + piece];
            match (a_step, b_step) {
                (1, 1) => {
                    let (a, b) = (&a[from_a..from_a + piece], &b[from_b..from_b + piece]);
                    out.iter_mut().zip(a).zip(b).for_each(|((out, &a), &b)| *out = made(a, b));
                }
                (1, 0) => {
                    let (a, b) = (&a[from_a..from_a + piece], b[from_b]);
                    out.iter_mut().zip(a).for_each(|(out, &a)| *out = made(a, b));
                }
                (0, 1) => {
                    let (a, b) = (a[from_a], &b[from_b..from_b + piece]);
                    out.iter_mut().zip(b).for_each(|(out, &b)| *out = made(a, b));
                }
                _ => {
                    for (at, out) in out.iter_mut().enumerate() {
                        *out = made(a[from_a + at * a_step], b[from_b + at * b_step]);
                    }
                }
            }
            done += piece;
        }
    });
}
