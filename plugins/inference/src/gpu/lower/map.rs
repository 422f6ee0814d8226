//! Element by element: copies along strides, two operands, batch norms.

use super::*;
use crate::net::MAX_RANK;

const D: [&str; 6] = ["D0", "D1", "D2", "D3", "D4", "D5"];
const A: [&str; 6] = ["A0", "A1", "A2", "A3", "A4", "A5"];
const B: [&str; 6] = ["B0", "B1", "B2", "B3", "B4", "B5"];
const O: [&str; 6] = ["O0", "O1", "O2", "O3", "O4", "O5"];
const E: [&str; 6] = ["E0", "E1", "E2", "E3", "E4", "E5"];
const F: [&str; 6] = ["F0", "F1", "F2", "F3", "F4", "F5"];

/// Numbers for the last axes; `fill` before them.
fn last(values: &[usize], fill: usize) -> [usize; MAX_RANK] {
    let mut all = [fill; MAX_RANK];
    all[MAX_RANK - values.len()..].copy_from_slice(values);
    all
}

/// How an element is reached: extents that are gone through, steps in the operand and in the result.
struct Walk {
    extents: [usize; MAX_RANK],
    a: [usize; MAX_RANK],
    b: [usize; MAX_RANK],
    out: [usize; MAX_RANK],
    a_base: usize,
    out_base: usize,
}

impl Walk {
    fn of(shape: &Shape) -> Self {
        let strides = last(&shape.strides(), 0);
        Self { extents: last(&shape.to_vec(), 1), a: strides, b: [0; MAX_RANK], out: strides, a_base: 0, out_base: 0 }
    }

    /// Neighbouring axes that all operands go through alike become one.
    fn merge(mut self) -> Self {
        let mut at = MAX_RANK - 1;
        while at > 0 {
            let inner = self.extents[at];
            let joins = |steps: &[usize; MAX_RANK]| steps[at - 1] == steps[at] * inner;
            if inner == 1 || self.extents[at - 1] == 1 || (joins(&self.a) && joins(&self.b) && joins(&self.out)) {
                let keep = if inner == 1 { at - 1 } else { at };
                self.extents[at] = inner * self.extents[at - 1];
                for steps in [&mut self.a, &mut self.b, &mut self.out] {
                    steps[at] = steps[keep];
                    steps.copy_within(0..at - 1, 1);
                    steps[0] = 0;
                }
                self.extents.copy_within(0..at - 1, 1);
                self.extents[0] = 1;
                if self.extents[..at].iter().all(|&extent| extent == 1) {
                    break;
                }
            } else {
                at -= 1;
            }
        }
        self
    }

    fn write(&self, header: &mut Header) -> usize {
        for axis in 0..MAX_RANK {
            header.set(D[axis], self.extents[axis]).set(A[axis], self.a[axis]);
            header.set(B[axis], self.b[axis]).set(O[axis], self.out[axis]);
            header.set(E[axis], 1_u32).set(F[axis], 0_u32);
        }
        header.set("A_BASE", self.a_base).set("OUT_BASE", self.out_base).set("FILL", 0.0_f32);
        self.extents.iter().product()
    }
}

/// A plain copy.
pub(super) fn copy(header: &mut Header, elements: usize) {
    let (mut extents, mut steps) = ([1; MAX_RANK], [0; MAX_RANK]);
    (extents[MAX_RANK - 1], steps[MAX_RANK - 1]) = (elements, 1);
    Walk { extents, a: steps, b: [0; MAX_RANK], out: steps, a_base: 0, out_base: 0 }.write(header);
    header.set("MODE", 0_u32);
}

/// Steps of an operand that is broadcast to `shape`.
fn broadcast(operand: &Shape, shape: &Shape) -> [usize; MAX_RANK] {
    let (extents, mut strides) = (last(&operand.to_vec(), 1), last(&operand.strides(), 0));
    let wanted = last(&shape.to_vec(), 1);
    for axis in 0..MAX_RANK {
        if extents[axis] == 1 && wanted[axis] != 1 {
            strides[axis] = 0;
        }
    }
    strides
}

impl Lowering<'_> {
    pub(super) fn map(&mut self, step: &Step) -> Result<Cost, GpuError> {
        if let Op::Concat { axis } = &step.op {
            return self.concat(step, *axis as usize);
        }
        let mut header = Header::new();
        let mut places = self.finish(step, &mut header)?;
        let a = self.place(step.inputs[0])?;
        header.set("A_SPACE", a.space as u32);
        places.a = a.offset;
        let shape = self.shape(step.output);
        let source = self.shape(step.inputs[0]);
        let mut walk = Walk::of(&shape);
        let mut mode = 0_u32;
        match &step.op {
            Op::Add {} | Op::Sub {} | Op::Mul {} | Op::Div {} | Op::Max {} | Op::Min {} | Op::Pow {} => {
                let b = self.place(step.inputs[1])?;
                header.set("B_SPACE", b.space as u32);
                places.b = b.offset;
                walk.a = broadcast(&source, &shape);
                walk.b = broadcast(&self.shape(step.inputs[1]), &shape);
                mode = operation(&step.op);
            }
            Op::BatchNorm { .. } => {
                let (inner, count) = channels(shape);
                header.set("CHANNEL_INNER", inner).set("CHANNELS", count);
                places.shift = self.aux(Aux::Norm, count * 2)?;
                mode = 8;
            }
            Op::Transpose { axes } => {
                let strides = source.strides();
                walk.a = last(&axes.iter().map(|&axis| strides[axis]).collect::<Vec<_>>(), 0);
            }
            Op::Slice { axis, start, step, .. } => {
                let stride = source.strides()[*axis as usize];
                walk.a = last(&source.strides(), 0);
                walk.a[MAX_RANK - source.rank() + *axis as usize] *= *step;
                walk.a_base = *start as usize * stride;
            }
            Op::PixelShuffle { factor } => {
                let [n, c, h, w] = [0, 1, 2, 3].map(|axis| shape.axis(axis));
                let (f, h, w) = (*factor, h / *factor, w / *factor);
                walk.extents = [n, c, h, f, w, f];
                walk.a = [c * f * f * h * w, f * f * h * w, w, f * h * w, 1, h * w];
                walk.out = [c * h * f * w * f, h * f * w * f, f * w * f, w * f, f, 1];
            }
            Op::PixelUnshuffle { factor } => {
                let [n, c, h, w] = [0, 1, 2, 3].map(|axis| shape.axis(axis));
                let (f, c) = (*factor, c / (*factor * *factor));
                walk.extents = [n, c, f, f, h, w];
                walk.a = [c * h * f * w * f, h * f * w * f, w * f, 1, f * w * f, f];
                walk.out = [c * f * f * h * w, f * f * h * w, f * h * w, h * w, w, 1];
            }
            Op::Pad { before, value, .. } => {
                walk.a = last(&source.strides(), 0);
                mode = 9;
                let total = walk.write(&mut header);
                let (extents, before) = (last(&source.to_vec(), 1), last(before, 0));
                for axis in 0..MAX_RANK {
                    header.set(E[axis], extents[axis]).set(F[axis], before[axis]);
                }
                header.set("MODE", mode);
                self.number(&mut header, "FILL", *value)?;
                self.dispatch_each(Kernel::Map, header, places, (total, 0))?;
                return Ok(Cost::simple(Kernel::Map, 1));
            }
            op => places.slope = self.activation(op, shape, &mut header)?,
        }
        let total = walk.merge().write(&mut header);
        header.set("MODE", mode);
        self.dispatch_each(Kernel::Map, header, places, (total, 0))?;
        Ok(Cost::simple(Kernel::Map, 1))
    }

    /// Each operand is copied to its part of the result.
    fn concat(&mut self, step: &Step, axis: usize) -> Result<Cost, GpuError> {
        let shape = self.shape(step.output);
        let strides = shape.strides();
        let mut start = 0;
        for &input in &step.inputs {
            let mut header = Header::new();
            let mut places = self.finish(step, &mut header)?;
            let (a, source) = (self.place(input)?, self.shape(input));
            header.set("A_SPACE", a.space as u32).set("MODE", 0_u32);
            places.a = a.offset;
            let mut walk = Walk::of(&source);
            walk.out = last(&strides, 0);
            walk.out_base = start * strides[axis];
            start += source.axis(axis);
            let total = walk.merge().write(&mut header);
            self.dispatch_each(Kernel::Map, header, places, (total, 0))?;
        }
        Ok(Cost::simple(Kernel::Map, 1))
    }

    pub(super) fn embedding(&mut self, step: &Step, weight: &str) -> Result<Cost, GpuError> {
        let mut header = Header::new();
        let mut places = self.finish(step, &mut header)?;
        let ids = self.place(step.inputs[0])?;
        header.set("B_SPACE", ids.space as u32);
        places.b = ids.offset;
        let table = self.tensor_shape(weight)?;
        header.set("V", table[0]).set("D", table[1]);
        let layout = Layout::Rows { k: table[1], packed: table[1] };
        let (shard, offset) = self.weight(weight, layout, table[0] * table[1])?;
        places.weight = offset;
        self.dispatch_each(Kernel::Embedding, header, places, (self.shape(step.output).elements(), shard))?;
        Ok(Cost::simple(Kernel::Embedding, 1))
    }
}

/// The number of an operation in `map.wgsl`.
fn operation(op: &Op) -> u32 {
    match op {
        Op::Add {} => 1,
        Op::Sub {} => 2,
        Op::Mul {} => 3,
        Op::Div {} => 4,
        Op::Max {} => 5,
        Op::Min {} => 6,
        _ => 7,
    }
}
