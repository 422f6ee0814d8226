//! What another program computed with the same net: `input:NAME` and `output:NAME` in a safetensors file.

use std::path::Path;

use bevy_freshet::inference::net::{Net, TensorSource};
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
        let inputs = net.inputs.iter().map(|input| {
            let name = format!("input:{}", input.name);
            read(name.clone()).ok_or_else(|| format!("{}: there is no `{name}`", path.display()))
        });
        let inputs = inputs.collect::<Result<_, _>>()?;
        let output = |name: &str| read(format!("output:{name}")).or_else(|| read(format!("layer:{name}")));
        let outputs = net.outputs.iter().map(|one| output(&one.name).unwrap_or_default()).collect();
        Ok(Self { inputs, outputs })
    }

    /// How far an output is from what was expected; `None` where nothing was.
    pub fn distance(&self, index: usize, found: &[f32]) -> Option<f32> {
        let wanted = self.outputs.get(index).filter(|wanted| !wanted.is_empty())?;
        Some(distance(found, wanted).0)
    }
}
