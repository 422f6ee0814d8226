//! What another program computed with the same net: `input:NAME` and `output:NAME` in a safetensors file.

use std::path::Path;

use bevy_freshet::inference::net::{Net, Shape, TensorSource};
use bevy_freshet::inference::{Weights, distance};

use freshet_example::one_line;

/// Inputs, and what must come out.
pub struct Expected {
    /// In the order of the net's inputs.
    pub inputs: Vec<Vec<f32>>,
    /// In the order of the net's outputs; empty where the file has none.
    outputs: Vec<Vec<f32>>,
}

impl Expected {
    /// Reads such a file.
    ///
    /// # Errors
    ///
    /// In one line, when it is none, or lacks an input of the net.
    pub fn open(path: &Path, net: &Net) -> Result<Self, String> {
        let file = Weights::open(path).map_err(|error| one_line(&error))?;
        let read = |name: String| Some(TensorSource::view(&file, &name)?.to_f32().into_owned());
        let fits = |name: &str, values: &Vec<f32>, shape: Shape| match values.len() == shape.elements() {
            true => Ok(()),
            false => Err(format!("{}: `{name}` has {} elements; {shape} is needed", path.display(), values.len())),
        };
        let mut inputs = Vec::new();
        for input in &net.inputs {
            let name = format!("input:{}", input.name);
            let values = read(name.clone());
            let values = values.ok_or_else(|| format!("{}: there is no `{name}` of floats", path.display()))?;
            fits(&name, &values, input.shape)?;
            inputs.push(values);
        }
        let mut outputs = Vec::new();
        for output in &net.outputs {
            let name = format!("output:{}", output.name);
            let values = read(name.clone()).or_else(|| read(format!("layer:{}", output.name))).unwrap_or_default();
            if !values.is_empty() {
                fits(&name, &values, output.shape)?;
            }
            outputs.push(values);
        }
        Ok(Self { inputs, outputs })
    }

    /// How far an output is from what was expected; `None` where nothing was.
    pub fn distance(&self, index: usize, found: &[f32]) -> Option<f32> {
        let wanted = self.outputs.get(index).filter(|wanted| !wanted.is_empty())?;
        Some(distance(found, wanted).0)
    }
}
