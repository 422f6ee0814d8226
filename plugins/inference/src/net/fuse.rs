//! Layers become steps: a layer takes along what is done to its result alone.

use super::check::{Layer, Net, ValueId};
use super::op::Op;
use super::plan::{Activation, Epilogue, Plan, Step, Storage, Value};

pub(super) fn plan(net: &Net) -> Plan {
    Fuser::new(net, true).run()
}

pub(super) fn plan_unfused(net: &Net) -> Plan {
    Fuser::new(net, false).run()
}

struct Fuser<'a> {
    net: &'a Net,
    fuses: bool,
    /// How many layers and outputs read a value.
    uses: Vec<usize>,
    /// The only layer that reads a value, where there is only one.
    reader: Vec<Option<usize>>,
    /// Layers that have become part of a step, or need none.
    done: Vec<bool>,
    values: Vec<Value>,
}

impl<'a> Fuser<'a> {
    fn new(net: &'a Net, fuses: bool) -> Self {
        let mut uses = vec![0; net.values()];
        let mut reader = vec![None; net.values()];
        for (index, layer) in net.layers.iter().enumerate() {
            for &ValueId(input) in &layer.inputs {
                uses[input] += 1;
                reader[input] = Some(index);
            }
        }
        for output in &net.outputs {
            uses[output.value.0] += 1;
        }
        let value = |index| {
            let id = ValueId(index);
            Value { name: net.value_name(id).to_owned(), shape: net.shape(id), storage: Storage::Held }
        };
        let values = (0..net.values()).map(value).collect();
        Self { net, fuses, uses, reader, done: vec![false; net.layers.len()], values }
    }

    /// A step is due where the last of its layers stands: all that it reads is made by then.
    fn run(mut self) -> Plan {
        let mut steps: Vec<(usize, Step)> = Vec::new();
        for (index, layer) in self.net.layers.iter().enumerate() {
            let id = self.net.value_of(index);
            match &layer.op {
                Op::Constant { tensor } => self.values[id.0].storage = Storage::Constant(tensor.clone()),
                Op::Reshape { .. } | Op::Identity {} => self.values[id.0].storage = Storage::Alias(layer.inputs[0]),
                _ if self.done[index] => {}
                _ => steps.push(self.step(index, layer)),
            }
        }
        steps.sort_by_key(|(last, _)| *last);
        Plan {
            steps: steps.into_iter().map(|(_, step)| step).collect(),
            outputs: self.net.outputs.iter().map(|output| output.value).collect(),
            inputs: self.net.inputs.len(),
            values: self.values,
        }
    }

    fn step(&mut self, first: usize, layer: &Layer) -> (usize, Step) {
        let mut taken = vec![first];
        let mut epilogue = Epilogue::default();
        if self.fuses && takes_along(&layer.op) {
            let is_kernel = !matches!(layer.op, Op::Add {});
            if is_kernel && let Some(next) = self.next(&taken, |op| matches!(op, Op::BatchNorm { .. })) {
                // The channels of a linear layer's result are on its last axis, and only there on axis 1.
                if !matches!(layer.op, Op::Linear { .. }) || layer.shape.rank() == 2 {
                    epilogue.norm = Some(self.net.layers[next].op.clone());
                    taken.push(next);
                }
            }
            if is_kernel && let Some(next) = self.next(&taken, |op| matches!(op, Op::Add {})) {
                epilogue.add = self.summand(&taken, next);
                if epilogue.add.is_some() {
                    taken.push(next);
                }
            }
            if let Some(next) = self.next(&taken, is_activation) {
                epilogue.activation = Activation::Op(self.net.layers[next].op.clone());
                taken.push(next);
            }
        }
        let last = taken[taken.len() - 1];
        for &layer in &taken {
            self.done[layer] = true;
            self.values[self.net.value_of(layer).0].storage = Storage::Fused;
        }
        let output = self.net.value_of(last);
        self.values[output.0].storage = Storage::Held;
        let names: Vec<&str> = taken.iter().map(|&layer| self.net.layers[layer].name.as_str()).collect();
        let op = layer.op.clone();
        (last, Step { name: names.join("+"), op, inputs: layer.inputs.clone(), epilogue, output })
    }

    /// The layer that alone reads what the last of these makes, if it is one of that kind and still free.
    fn next(&self, taken: &[usize], wanted: impl Fn(&Op) -> bool) -> Option<usize> {
        let ValueId(value) = self.net.value_of(*taken.last()?);
        let next = self.reader[value].filter(|_| self.uses[value] == 1)?;
        (!self.done[next] && wanted(&self.net.layers[next].op)).then_some(next)
    }

    /// The other operand of an addition, if it is of the same shape and no weight.
    fn summand(&self, taken: &[usize], add: usize) -> Option<ValueId> {
        let own = self.net.value_of(*taken.last()?);
        let layer = &self.net.layers[add];
        let other = *layer.inputs.iter().find(|&&input| input != own)?;
        let is_made = !self.is_constant(other);
        (is_made && self.net.shape(other) == layer.shape && self.net.shape(own) == layer.shape).then_some(other)
    }

    /// Whether a value is a weight, maybe reshaped.
    fn is_constant(&self, value: ValueId) -> bool {
        let Some(layer) = value.0.checked_sub(self.net.inputs.len()).map(|index| &self.net.layers[index]) else {
            return false;
        };
        match layer.op {
            Op::Constant { .. } => true,
            Op::Reshape { .. } | Op::Identity {} => self.is_constant(layer.inputs[0]),
            _ => false,
        }
    }
}

/// Whether executors can do more to the result of this layer before they write it.
fn takes_along(op: &Op) -> bool {
    matches!(op, Op::Conv2d { .. } | Op::ConvTranspose2d { .. } | Op::Linear { .. } | Op::Add {})
}

/// Whether it works on single numbers (a slope for each channel at most).
fn is_activation(op: &Op) -> bool {
    match op {
        Op::Prelu { .. } => true,
        _ => op.is_elementwise(),
    }
}

impl Op {
    /// Whether it works on each number alone, with one input.
    pub fn is_elementwise(&self) -> bool {
        matches!(
            self,
            Self::Relu {}
                | Self::Silu {}
                | Self::Gelu {}
                | Self::GeluTanh {}
                | Self::Sigmoid {}
                | Self::Tanh {}
                | Self::HardSigmoid {}
                | Self::HardSwish {}
                | Self::Mish {}
                | Self::Exp {}
                | Self::Sqrt {}
                | Self::Abs {}
                | Self::Neg {}
                | Self::Erf {}
                | Self::Clip { .. }
                | Self::LeakyRelu { .. }
                | Self::Elu { .. }
        )
    }
}
