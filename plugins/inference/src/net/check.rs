//! A net that has been checked: every name known, every shape, an order in which it can run.

use std::collections::HashMap;

use super::description::{LayerDescription, NetDescription, PictureInput};
use super::error::NetError;
use super::op::Op;
use super::shape::Shape;
use super::tensors::Tensors;

/// Most layers of a net.
const MOST_LAYERS: usize = 100_000;

/// A value of a net: first come the inputs, then what the layers make, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub usize);

/// A net that has been checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Net {
    /// Its name.
    pub name: String,
    /// What goes in: the first values.
    pub inputs: Vec<NetInput>,
    /// What is done, in an order in which every value is made before it is read.
    pub layers: Vec<Layer>,
    /// What comes out.
    pub outputs: Vec<NetOutput>,
}

/// What goes into a net.
#[derive(Debug, Clone, PartialEq)]
pub struct NetInput {
    /// Its name.
    pub name: String,
    /// Its extents.
    pub shape: Shape,
    /// How a picture becomes it, if it is one.
    pub picture: Option<PictureInput>,
}

/// One layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Its name.
    pub name: String,
    /// What it does; axes and extents are absolute now.
    pub op: Op,
    /// What it reads.
    pub inputs: Vec<ValueId>,
    /// The extents of what it makes.
    pub shape: Shape,
}

/// What comes out of a net.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetOutput {
    /// Its name.
    pub name: String,
    /// The value that it is.
    pub value: ValueId,
    /// Its extents.
    pub shape: Shape,
}

impl Net {
    /// Checks a description against the weights that it names. Reads no weight.
    ///
    /// Layers that no output needs are left out.
    ///
    /// # Errors
    ///
    /// [`NetError::Layers`] lists what is wrong: names twice, unknown values, cycles, shapes that do not fit, tensors
    /// that are missing or of another shape.
    pub fn new(description: &NetDescription, tensors: &dyn Tensors) -> Result<Self, NetError> {
        let inputs = inputs(description)?;
        let order = order(description)?;
        let mut values: HashMap<&str, (ValueId, Shape)> = inputs
            .iter()
            .zip(&description.inputs)
            .enumerate()
            .map(|(index, (input, named))| (named.name.as_str(), (ValueId(index), input.shape)))
            .collect();
        let (mut layers, mut problems) = (Vec::with_capacity(order.len()), Vec::new());
        for layer in order {
            // All that are missing are listed, not only the first, nor only those of layers whose inputs are known.
            let gone = layer.op.tensors().into_iter().filter(|name| tensors.info(name).is_none());
            let found = problems.len();
            problems.extend(gone.map(|name| format!("layer `{}`: {}", layer.name, missing(name))));
            if problems.len() > found {
                continue;
            }
            let known: Option<Vec<(ValueId, Shape)>> =
                layer.inputs.iter().map(|input| values.get(input.as_str()).copied()).collect();
            // What depends on a wrong layer is not its own problem.
            let Some(known) = known else { continue };
            let shapes: Vec<Shape> = known.iter().map(|one| one.1).collect();
            let mut op = layer.op.clone();
            match op.settle(&shapes, tensors) {
                Ok(shape) => {
                    values.insert(&layer.name, (ValueId(inputs.len() + layers.len()), shape));
                    let inputs = known.iter().map(|one| one.0).collect();
                    layers.push(Layer { name: layer.name.clone(), op, inputs, shape });
                }
                Err(problem) => problems.push(format!("layer `{}`: {problem}", layer.name)),
            }
        }
        if !problems.is_empty() {
            return Err(NetError::layers(problems));
        }
        let output = |named: &super::description::OutputDescription| {
            let (value, shape) = values[named.from.as_str()];
            NetOutput { name: named.name.clone(), value, shape }
        };
        let outputs = description.outputs.iter().map(output).collect();
        Ok(Self { name: description.name.clone(), inputs, layers, outputs })
    }

    /// How many values there are.
    pub fn values(&self) -> usize {
        self.inputs.len() + self.layers.len()
    }

    /// The extents of a value.
    pub fn shape(&self, value: ValueId) -> Shape {
        match self.inputs.get(value.0) {
            Some(input) => input.shape,
            None => self.layers[value.0 - self.inputs.len()].shape,
        }
    }

    /// The name of a value.
    pub fn value_name(&self, value: ValueId) -> &str {
        match self.inputs.get(value.0) {
            Some(input) => &input.name,
            None => &self.layers[value.0 - self.inputs.len()].name,
        }
    }

    /// The value that a layer makes.
    pub fn value_of(&self, layer: usize) -> ValueId {
        ValueId(self.inputs.len() + layer)
    }
}

fn inputs(description: &NetDescription) -> Result<Vec<NetInput>, NetError> {
    let mut problems = Vec::new();
    if description.inputs.is_empty() {
        problems.push("there is no input".to_owned());
    }
    let mut inputs = Vec::with_capacity(description.inputs.len());
    for input in &description.inputs {
        let name = &input.name;
        let Some(shape) = Shape::new(&input.shape) else {
            problems.push(format!("input `{name}`: no executor can hold {:?}", input.shape));
            continue;
        };
        if let Some(picture) = &input.picture {
            let axes = [shape.axis(0), shape.axis(1)];
            if shape.rank() != 4 || axes != [1, picture.channels.count()] {
                problems.push(format!("input `{name}`: {shape} is not [1, {}, H, W]", picture.channels.count()));
            }
            let numbers = || picture.mean.iter().chain(&picture.std).chain([&picture.scale]);
            if numbers().any(|number| !number.is_finite()) || picture.std.contains(&0.0) {
                problems.push(format!("input `{name}`: scale, mean and std must be finite, and std not 0"));
            }
        }
        inputs.push(NetInput { name: name.clone(), shape, picture: input.picture });
    }
    if problems.is_empty() { Ok(inputs) } else { Err(NetError::layers(problems)) }
}

/// The layers that outputs need, each after those that it reads (Kahn 1962).
fn order(description: &NetDescription) -> Result<Vec<&LayerDescription>, NetError> {
    let layers = &description.layers;
    let (makers, mut problems) = makers(description);
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); layers.len()];
    let mut missing = vec![0; layers.len()];
    for (index, layer) in layers.iter().enumerate() {
        let (least, most) = layer.op.input_count();
        if !(least..=most).contains(&layer.inputs.len()) {
            problems.push(format!("layer `{}`: has {} inputs and needs {least}", layer.name, layer.inputs.len()));
        }
        for input in &layer.inputs {
            match makers.get(input.as_str()) {
                Some(Maker::Layer(maker)) => {
                    readers[*maker].push(index);
                    missing[index] += 1;
                }
                Some(Maker::Input) => {}
                None => problems.push(format!("layer `{}`: reads `{input}`, which nothing makes", layer.name)),
            }
        }
    }
    if description.outputs.is_empty() {
        problems.push("there is no output".to_owned());
    }
    for output in &description.outputs {
        if !makers.contains_key(output.from.as_str()) {
            problems.push(format!("output `{}`: is `{}`, which nothing makes", output.name, output.from));
        }
    }
    if !problems.is_empty() {
        return Err(NetError::layers(problems));
    }
    let needed = needed(description, &makers);
    let mut ready: std::collections::VecDeque<usize> = (0..layers.len()).filter(|&index| missing[index] == 0).collect();
    let mut ordered = Vec::with_capacity(layers.len());
    // The least index first keeps the order of the file where that is an order.
    while let Some(index) = ready.pop_front() {
        ordered.push(index);
        for &reader in &readers[index] {
            missing[reader] -= 1;
            if missing[reader] == 0 {
                let place = ready.partition_point(|&other| other < reader);
                ready.insert(place, reader);
            }
        }
    }
    let stuck = || layers.iter().zip(&missing).filter(|(_, missing)| **missing > 0).map(|(layer, _)| &layer.name);
    if ordered.len() < layers.len() {
        let names: Vec<String> = stuck().take(8).map(|name| format!("`{name}`")).collect();
        return Err(NetError::layers(vec![format!("layers wait for one another in a cycle: {}", names.join(", "))]));
    }
    Ok(ordered.into_iter().filter(|&index| needed[index]).map(|index| &layers[index]).collect())
}

/// What is said of a tensor that is not there.
pub(super) fn missing(name: &str) -> String {
    format!("tensor `{name}` is missing, or not of f32, f16 or bf16")
}

/// Who makes a value.
enum Maker {
    Input,
    Layer(usize),
}

fn makers(description: &NetDescription) -> (HashMap<&str, Maker>, Vec<String>) {
    let mut problems = Vec::new();
    if description.layers.len() > MOST_LAYERS {
        problems.push(format!("there are {} layers; at most {MOST_LAYERS} are taken", description.layers.len()));
    }
    let inputs = description.inputs.iter().map(|input| (input.name.as_str(), Maker::Input));
    let layers = description.layers.iter().enumerate().map(|(index, layer)| (layer.name.as_str(), Maker::Layer(index)));
    let mut makers = HashMap::new();
    for (name, maker) in inputs.chain(layers) {
        if makers.insert(name, maker).is_some() {
            problems.push(format!("`{name}` is made twice"));
        }
    }
    (makers, problems)
}

/// Whether an output needs a layer, for each.
fn needed(description: &NetDescription, makers: &HashMap<&str, Maker>) -> Vec<bool> {
    let mut needed = vec![false; description.layers.len()];
    let mut open: Vec<&str> = description.outputs.iter().map(|output| output.from.as_str()).collect();
    while let Some(name) = open.pop() {
        if let Some(Maker::Layer(index)) = makers.get(name)
            && !std::mem::replace(&mut needed[*index], true)
        {
            open.extend(description.layers[*index].inputs.iter().map(String::as_str));
        }
    }
    needed
}
