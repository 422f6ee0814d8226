//! What the compared net gets to see: its input, cut from frames by a net that changes nothing.

use std::sync::Arc;

use bevy::prelude::*;
use bevy_freshet::inference::net::{Channels, Net, PictureInput};
use bevy_freshet::prelude::*;
use serde::Serialize;
use serde_json::json;

/// The input of the net that is compared, as the executors get it.
#[derive(Component, Debug, Clone, Serialize)]
pub struct Eyes {
    /// Elements `[1, C, H, W]`.
    #[serde(skip)]
    pub values: Arc<[f32]>,
}

impl Attachment for Eyes {
    const NAME: &'static str = "eyes";
}

impl Product for Eyes {
    const NAME: &'static str = "eyes";
}

impl NetResult for Eyes {
    fn read(outputs: &NetOutputs<'_>) -> Option<Self> {
        Some(Self { values: outputs.first().into() })
    }
}

/// A net whose output is its input, and that is the input of `net`. `None` when that is no picture.
pub fn net(net: &Net) -> Option<ModelSource> {
    let [input] = net.inputs.as_slice() else { return None };
    let PictureInput { channels, scale, mean, std } = input.picture?;
    let channels = match channels {
        Channels::Rgb => "rgb",
        Channels::Bgr => "bgr",
        Channels::Luma => "luma",
    };
    let description = json!({
        "version": 1,
        "name": "eyes",
        "inputs": [{
            "name": "image",
            "shape": input.shape.to_vec(),
            "picture": { "channels": channels, "scale": scale, "mean": mean, "std": std },
        }],
        "layers": [],
        "outputs": [{ "name": "seen", "from": "image" }],
    });
    // A file of no tensors: the header's length, and the header.
    let header = json!({ "__metadata__": { "freshet.net": description.to_string() } }).to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    Some(ModelSource::bytes("eyes", bytes))
}
