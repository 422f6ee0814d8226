//! Nets made up at random, with weights in memory, for property tests of executors: one layer of a kind, or many.

mod layers;
mod nets;
mod windows;

use std::collections::HashMap;

use crate::net::{
    DType, InputDescription, LayerDescription, Net, NetDescription, NetError, Op, OutputDescription, TensorInfo,
    TensorSource, TensorView, Tensors,
};

pub use layers::KINDS;

/// Tensors held in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryTensors(HashMap<String, (TensorInfo, Vec<u8>)>);

impl MemoryTensors {
    /// Adds a tensor.
    pub fn insert(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.0.insert(name.to_owned(), (TensorInfo { dtype: DType::F32, shape: shape.to_vec() }, bytes));
    }

    /// Stores every tensor in halves, which rounds its elements.
    pub fn halve(&mut self) {
        for (info, bytes) in self.0.values_mut() {
            let values = TensorView { info: info.clone(), bytes }.to_f32().into_owned();
            info.dtype = DType::F16;
            *bytes = values.iter().flat_map(|&value| half::f16::from_f32(value).to_le_bytes()).collect();
        }
    }

    /// Sets one element of a tensor stored as `f32`.
    pub fn set(&mut self, name: &str, index: usize, value: f32) {
        if let Some((_, bytes)) = self.0.get_mut(name) {
            bytes[index * 4..index * 4 + 4].copy_from_slice(&value.to_le_bytes());
        }
    }

    /// Names of all tensors.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Takes a tensor out.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }
}

impl Tensors for MemoryTensors {
    fn info(&self, name: &str) -> Option<TensorInfo> {
        self.0.get(name).map(|(info, _)| info.clone())
    }
}

impl TensorSource for MemoryTensors {
    fn view(&self, name: &str) -> Option<TensorView<'_>> {
        self.0.get(name).map(|(info, bytes)| TensorView { info: info.clone(), bytes })
    }
}

/// Numbers that look random and are the same for the same seed (splitmix64; Steele, Lea and Flood 2014).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// From a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A whole number, both ends included.
    pub fn between(&mut self, least: usize, most: usize) -> usize {
        least + (self.next() % (most - least + 1) as u64) as usize
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.between(0, of.len() - 1)]
    }

    /// Whether a coin shows heads.
    pub fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }

    /// A number between both.
    pub fn float(&mut self, least: f32, most: f32) -> f32 {
        least + (self.next() >> 40) as f32 / (1 << 24) as f32 * (most - least)
    }

    /// As many numbers between both.
    pub fn floats(&mut self, count: usize, least: f32, most: f32) -> Vec<f32> {
        (0..count).map(|_| self.float(least, most)).collect()
    }
}

/// A net, its weights and what goes in.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The net as described.
    pub description: NetDescription,
    /// Its weights.
    pub tensors: MemoryTensors,
    /// One for each of its inputs.
    pub inputs: Vec<Vec<f32>>,
}

impl Trial {
    /// A net of a single layer of a kind, which is one of [`KINDS`].
    pub fn layer(kind: &str, seed: u64) -> Self {
        let mut maker = Maker::new(seed);
        let output = layers::make(&mut maker, kind);
        maker.finish(vec![output])
    }

    /// A net of many layers that a plan may fuse: convolutions with norms, sums and activations, pools, linear layers.
    pub fn net(seed: u64) -> Self {
        nets::make(Maker::new(seed))
    }

    /// The net, checked.
    pub fn checked(&self) -> Result<Net, NetError> {
        Net::new(&self.description, &self.tensors)
    }

    /// What goes in, borrowed.
    pub fn input_slices(&self) -> Vec<&[f32]> {
        self.inputs.iter().map(Vec::as_slice).collect()
    }
}

/// Puts a trial together.
struct Maker {
    random: Random,
    trial: Trial,
}

impl Maker {
    fn new(seed: u64) -> Self {
        let description = NetDescription {
            name: format!("trial {seed}"),
            source: String::new(),
            inputs: Vec::new(),
            layers: Vec::new(),
            outputs: Vec::new(),
        };
        let trial = Trial { description, tensors: MemoryTensors::default(), inputs: Vec::new() };
        Self { random: Random::new(seed), trial }
    }

    /// An input of numbers between both.
    fn input(&mut self, shape: &[usize], least: f32, most: f32) -> String {
        let name = format!("input{}", self.trial.inputs.len());
        self.trial.inputs.push(self.random.floats(shape.iter().product(), least, most));
        let input = InputDescription { name: name.clone(), shape: shape.to_vec(), picture: None };
        self.trial.description.inputs.push(input);
        name
    }

    /// A tensor of numbers between both.
    fn tensor(&mut self, shape: &[usize], least: f32, most: f32) -> String {
        let name = format!("tensor{}", self.trial.tensors.0.len());
        let values = self.random.floats(shape.iter().product(), least, most);
        self.trial.tensors.insert(&name, shape, &values);
        name
    }

    /// The same, or none.
    fn maybe_tensor(&mut self, shape: &[usize], least: f32, most: f32) -> Option<String> {
        self.random.coin().then(|| self.tensor(shape, least, most))
    }

    fn layer(&mut self, op: Op, inputs: &[&str]) -> String {
        let name = format!("layer{}", self.trial.description.layers.len());
        let inputs = inputs.iter().map(|&input| input.to_owned()).collect();
        self.trial.description.layers.push(LayerDescription { name: name.clone(), inputs, op });
        name
    }

    fn finish(mut self, outputs: Vec<String>) -> Trial {
        let output = |from: String| OutputDescription { name: format!("out:{from}"), from };
        self.trial.description.outputs = outputs.into_iter().map(output).collect();
        self.trial
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::reference;

    #[test]
    fn every_kind_is_a_net_that_can_run() {
        for kind in KINDS {
            for seed in 0..60 {
                let trial = Trial::layer(kind, seed);
                let net = trial.checked().unwrap_or_else(|error| panic!("{kind} {seed}: {error}"));
                let outputs = reference::outputs(&net, &trial.tensors, &trial.input_slices()).unwrap();
                assert!(outputs[0].iter().all(|value| value.is_finite()), "{kind} {seed}");
            }
        }
    }

    #[test]
    fn random_nets_can_run() {
        for seed in 0..60 {
            let trial = Trial::net(seed);
            let net = trial.checked().unwrap_or_else(|error| panic!("{seed}: {error}"));
            let outputs = reference::outputs(&net, &trial.tensors, &trial.input_slices()).unwrap();
            assert!(outputs.iter().flatten().all(|value| value.is_finite()), "{seed}");
        }
    }
}
