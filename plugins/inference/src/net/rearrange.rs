//! What shape a result has that is made of the same elements in another order, or of products and gatherings of them.

use super::op::Reduce;
use super::shape::Shape;
use super::shapes::{Result, absolute, shape, small};

pub(super) fn matmul(inputs: &[Shape], transpose_b: bool) -> Result<Shape> {
    let [a, b] = inputs else { return Err("has no two inputs".to_owned()) };
    let misfit = || format!("cannot multiply {a} by {b}{}", if transpose_b { ", transposed" } else { "" });
    if a.rank() < 2 || b.rank() < 2 {
        return Err(misfit());
    }
    let last = |shape: &Shape| (shape.axis(shape.rank() - 2), shape.last());
    let ((m, k), (b_rows, b_columns)) = (last(a), last(b));
    let (b_k, n) = if transpose_b { (b_columns, b_rows) } else { (b_rows, b_columns) };
    if k != b_k {
        return Err(misfit());
    }
    let batch = |shape: &Shape| {
        let axes = shape.to_vec();
        Shape::new(if axes.len() > 2 { &axes[..axes.len() - 2] } else { &[1] })
    };
    let (Some(batch_a), Some(batch_b)) = (batch(a), batch(b)) else { return Err(misfit()) };
    let together = batch_a.broadcast(&batch_b).ok_or_else(misfit)?;
    let mut axes = if a.rank().max(b.rank()) > 2 { together.to_vec() } else { Vec::new() };
    axes.extend([m, n]);
    shape(&axes)
}

pub(super) fn concat(inputs: &[Shape], axis: usize) -> Result<Shape> {
    let mut axes = inputs[0].to_vec();
    for other in &inputs[1..] {
        let same = other.rank() == axes.len() && (0..axes.len()).all(|at| at == axis || other.axis(at) == axes[at]);
        if !same {
            return Err(format!("cannot put {} and {other} together along axis {axis}", inputs[0]));
        }
        axes[axis] += other.axis(axis);
    }
    shape(&axes)
}

pub(super) fn reduce(x: Shape, over: &mut Reduce) -> Result<Shape> {
    let mut axes = x.to_vec();
    let mut gone = [false; super::shape::MAX_RANK];
    for axis in &mut over.axes {
        let at = absolute(*axis, &x)?;
        *axis = at as isize;
        axes[at] = 1;
        gone[at] = true;
    }
    if !over.keep {
        axes = axes.iter().zip(gone).filter(|(_, gone)| !gone).map(|(&axis, _)| axis).collect();
    }
    if axes.is_empty() {
        axes.push(1);
    }
    shape(&axes)
}

pub(super) fn attention(inputs: &[Shape], heads: usize) -> Result<Shape> {
    let [query, key, value] = inputs else { return Err("has no query, key and value".to_owned()) };
    let fits = [query, key, value].iter().all(|shape| shape.rank() == 3 && shape.axis(0) == query.axis(0))
        && key.axis(1) == value.axis(1)
        && [key, value].iter().all(|shape| shape.axis(2) == query.axis(2));
    if !fits {
        return Err(format!("query {query}, key {key} and value {value} are not [N, L, D]"));
    }
    if heads == 0 || query.axis(2) % heads != 0 {
        return Err(format!("cannot divide {} into {heads} heads", query.axis(2)));
    }
    Ok(*query)
}

pub(super) fn reshape(x: &Shape, axes: &mut [isize]) -> Result<Shape> {
    let misfit = format!("cannot give {x} the shape {axes:?}");
    let free = axes.iter().filter(|&&axis| axis == -1).count();
    let known = axes
        .iter()
        .filter(|&&axis| axis != -1)
        .try_fold(1_usize, |all, &axis| all.checked_mul(usize::try_from(axis).ok()?));
    let Some(known) = known.filter(|&known| known > 0 && free <= 1 && x.elements().is_multiple_of(known)) else {
        return Err(misfit);
    };
    for axis in axes.iter_mut().filter(|axis| **axis == -1) {
        *axis = (x.elements() / known) as isize;
    }
    let made = shape(&axes.iter().map(|&axis| axis as usize).collect::<Vec<_>>())?;
    if made.elements() == x.elements() { Ok(made) } else { Err(misfit) }
}

pub(super) fn transpose(x: &Shape, axes: &[usize]) -> Result<Shape> {
    let mut sorted = axes.to_vec();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..x.rank()) {
        return Err(format!("{axes:?} is no order of the axes of {x}"));
    }
    shape(&axes.iter().map(|&axis| x.axis(axis)).collect::<Vec<_>>())
}

pub(super) fn slice(x: &Shape, axis: &mut isize, start: &mut isize, end: &mut isize, step: usize) -> Result<Shape> {
    let at = absolute(*axis, x)?;
    let extent = x.axis(at) as isize;
    let place = |from: isize| if from < 0 { from.saturating_add(extent) } else { from }.clamp(0, extent);
    (*axis, *start, *end) = (at as isize, place(*start), place(*end));
    if step == 0 || *end <= *start {
        return Err(format!("nothing is left of axis {at} of {x} from {start} to {end} by {step}"));
    }
    let mut axes = x.to_vec();
    axes[at] = ((*end - *start) as usize).div_ceil(step);
    shape(&axes)
}

pub(super) fn pad(x: &Shape, before: &[usize], after: &[usize]) -> Result<Shape> {
    if before.len() != x.rank() || after.len() != x.rank() {
        return Err(format!("padding of {} and {} axes does not fit {x}", before.len(), after.len()));
    }
    small(before)?;
    small(after)?;
    let axes: Vec<usize> =
        x.to_vec().iter().zip(before).zip(after).map(|((axis, before), after)| axis + before + after).collect();
    shape(&axes)
}
