//! A net as its file describes it.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::error::NetError;
use super::op::Op;

/// The key of the description among the metadata of a safetensors file.
const KEY: &str = "freshet.net";

/// Longest text that is read: descriptions of the largest nets take some 100 KB.
const MAX_BYTES: usize = 16 << 20;

/// A net as its file describes it: unchecked.
#[derive(Debug, Clone, PartialEq)]
pub struct NetDescription {
    /// Its name.
    pub name: String,
    /// Where it is from, in free text.
    pub source: String,
    /// What goes in.
    pub inputs: Vec<InputDescription>,
    /// What is done, in any order.
    pub layers: Vec<LayerDescription>,
    /// What comes out.
    pub outputs: Vec<OutputDescription>,
}

/// What goes into a net.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputDescription {
    /// Name of the value.
    pub name: String,
    /// Its extents.
    pub shape: Vec<usize>,
    /// How a picture becomes this value, if it is one.
    #[serde(default)]
    pub picture: Option<PictureInput>,
}

/// How a pixel becomes an input: `(byte * scale - mean[c]) / std[c]`, for an input `[1, C, H, W]`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PictureInput {
    /// Which channels, in which order.
    pub channels: Channels,
    /// Factor of a byte (0 to 255).
    pub scale: f32,
    /// Subtracted then, for each channel.
    pub mean: [f32; 3],
    /// By which the rest is divided.
    pub std: [f32; 3],
}

impl Default for PictureInput {
    fn default() -> Self {
        Self { channels: Channels::Rgb, scale: 1.0 / 255.0, mean: [0.0; 3], std: [1.0; 3] }
    }
}

/// Channels of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channels {
    /// Red, green, blue.
    #[default]
    Rgb,
    /// Blue, green, red.
    Bgr,
    /// BT.709 luma, one channel.
    Luma,
}

impl Channels {
    /// How many there are.
    pub const fn count(self) -> usize {
        match self {
            Self::Rgb | Self::Bgr => 3,
            Self::Luma => 1,
        }
    }
}

/// One layer.
#[derive(Debug, Clone, PartialEq)]
pub struct LayerDescription {
    /// Its name, and that of the value that it makes.
    pub name: String,
    /// The values that it reads.
    pub inputs: Vec<String>,
    /// What it does.
    pub op: Op,
}

/// What comes out of a net.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputDescription {
    /// Its name.
    pub name: String,
    /// The value that it is.
    pub from: String,
}

/// The text as it stands; layers are looked into one by one, so that errors name them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    version: u64,
    name: String,
    #[serde(default)]
    source: String,
    inputs: Vec<InputDescription>,
    layers: Vec<Map<String, Value>>,
    outputs: Vec<OutputDescription>,
}

impl NetDescription {
    /// The key of the description among the metadata of a safetensors file.
    pub const KEY: &str = KEY;

    /// The version of the format that is read.
    pub const VERSION: u64 = 1;

    /// Reads a description.
    ///
    /// # Errors
    ///
    /// [`NetError::Description`] when it is not JSON of this form, [`NetError::Layers`], which lists them, when layers
    /// are not.
    pub fn parse(text: &str) -> Result<Self, NetError> {
        if text.len() > MAX_BYTES {
            return Err(NetError::TooLong { bytes: text.len(), most: MAX_BYTES });
        }
        let text: Text = serde_json::from_str(text).map_err(NetError::Description)?;
        if text.version != Self::VERSION {
            return Err(NetError::Version { found: text.version, known: Self::VERSION });
        }
        let mut problems = Vec::new();
        let mut layers = Vec::with_capacity(text.layers.len());
        for (index, map) in text.layers.into_iter().enumerate() {
            match layer(index, map) {
                Ok(layer) => layers.push(layer),
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(NetError::layers(problems));
        }
        let Text { name, source, inputs, outputs, .. } = text;
        Ok(Self { name, source, inputs, layers, outputs })
    }
}

fn layer(index: usize, mut map: Map<String, Value>) -> Result<LayerDescription, String> {
    let name = match map.remove("name") {
        Some(Value::String(name)) => name,
        _ => return Err(format!("layer {index} has no name")),
    };
    let inputs = match map.remove("inputs") {
        Some(value) => serde_json::from_value(value).map_err(|cause| format!("layer `{name}`: inputs: {cause}"))?,
        None => Vec::new(),
    };
    let op = Op::deserialize(Value::Object(map)).map_err(|cause| format!("layer `{name}`: {cause}"))?;
    Ok(LayerDescription { name, inputs, op })
}
