//! What is fuzzed: the modules that read what others wrote, without the engine around them.

#[path = "../../../plugins/inference/src/net/mod.rs"]
pub mod net;
#[path = "../../../plugins/inference/src/weights/mod.rs"]
pub mod weights;

use net::{DType, TensorInfo, Tensors};

/// Tensors whose shape stands in their name: `conv.16x3x3x3` is one of 16 · 3 · 3 · 3 elements. So a text alone is
/// enough to describe a net.
pub struct NamedShapes;

impl Tensors for NamedShapes {
    fn info(&self, name: &str) -> Option<TensorInfo> {
        let (_, sides) = name.rsplit_once('.')?;
        let shape = if sides.is_empty() {
            Vec::new()
        } else {
            sides.split('x').map(str::parse).collect::<Result<Vec<usize>, _>>().ok()?
        };
        // As weights are: what has more elements than can be counted is refused when the file is opened.
        shape.iter().try_fold(4_usize, |bytes, &side| bytes.checked_mul(side))?;
        Some(TensorInfo { dtype: DType::F32, shape })
    }
}
