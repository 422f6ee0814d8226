//! How a net is run: layers fused into steps, in order, and where values lie.

use super::check::{Net, ValueId};
use super::fuse;
use super::memory::{self, Arena};
use super::op::Op;
use super::shape::Shape;

/// How a net is run, whatever runs it.
#[derive(Debug, Clone)]
pub struct Plan {
    /// All values: inputs first, then one for each layer.
    pub values: Vec<Value>,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// Values that come out, in the order of the net's outputs.
    pub outputs: Vec<ValueId>,
    /// How many of the values, the first ones, go in.
    pub inputs: usize,
}

/// A value of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Its name.
    pub name: String,
    /// Its extents.
    pub shape: Shape,
    /// Where it lies.
    pub storage: Storage,
}

/// Where a value lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// In memory of its own: an input, or what a step makes.
    Held,
    /// In another's memory, which holds the same elements: reshaped.
    Alias(ValueId),
    /// Among the weights: the tensor of this name.
    Constant(String),
    /// Nowhere: a step computes it on the way to another.
    Fused,
}

/// One thing that an executor does.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Names of the layers that it does, joined by `+`.
    pub name: String,
    /// The first of them.
    pub op: Op,
    /// What that reads.
    pub inputs: Vec<ValueId>,
    /// The others.
    pub epilogue: Epilogue,
    /// What the last of them makes.
    pub output: ValueId,
}

/// What is done to each element of a step's result before it is written: `activation(x · scale[c] + shift[c] + add)`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Epilogue {
    /// A batch norm: its `scale` and `shift` for each channel follow from its tensors, see [`Epilogue::scale_shift`].
    pub norm: Option<Op>,
    /// A value of the result's shape, added.
    pub add: Option<ValueId>,
    /// What comes last.
    pub activation: Activation,
}

/// What is done to a single number.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Activation {
    /// Nothing.
    #[default]
    None,
    /// One of the layers that work on single numbers: `relu`, `silu`, …, `clip`, `prelu`.
    Op(Op),
}

impl Plan {
    /// Plans a net: fuses what can be, leaves out what only renames.
    pub fn new(net: &Net) -> Self {
        fuse::plan(net)
    }

    /// The same without fusing: a step for each layer, for comparing layer by layer.
    pub fn unfused(net: &Net) -> Self {
        fuse::plan_unfused(net)
    }

    /// The value whose memory a value lies in.
    pub fn held(&self, mut value: ValueId) -> ValueId {
        while let Storage::Alias(other) = self.values[value.0].storage {
            value = other;
        }
        value
    }

    /// Extents of a value.
    pub fn shape(&self, value: ValueId) -> Shape {
        self.values[value.0].shape
    }

    /// Places for all values in one piece of memory, reused where lifetimes allow; offsets are multiples of `align`
    /// elements.
    pub fn arena(&self, align: usize) -> Arena {
        memory::place(self, align)
    }

    /// Names of the tensors that it reads, each once, in the order in which they are read.
    pub fn tensors(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for step in &self.steps {
            names.extend(step.op.tensors());
            names.extend(step.epilogue.norm.iter().flat_map(Op::tensors));
            if let Activation::Op(op) = &step.epilogue.activation {
                names.extend(op.tensors());
            }
        }
        names.extend(self.values.iter().filter_map(|value| match &value.storage {
            Storage::Constant(tensor) => Some(tensor.as_str()),
            _ => None,
        }));
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| seen.insert(*name));
        names
    }

    /// The values that a step reads from memory: inputs and summand, aliases resolved, constants left out.
    pub fn reads<'a>(&'a self, step: &'a Step) -> impl Iterator<Item = ValueId> + 'a {
        let all = step.inputs.iter().copied().chain(step.epilogue.add);
        all.map(|value| self.held(value)).filter(|value| self.values[value.0].storage == Storage::Held)
    }
}
