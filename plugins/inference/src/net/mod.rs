//! Nets: what a file describes, checked, and the plan by which executors run it.
//!
//! ```text
//!  file ──► NetDescription ──► Net ──────────► Plan ──► executors
//!           JSON, as written   checked: order,  layers fused into steps,
//!                              shapes, tensors  values placed in memory
//! ```

mod check;
mod description;
mod error;
mod fuse;
mod memory;
mod norm;
mod op;
mod plan;
mod rearrange;
#[cfg(test)]
pub(crate) mod reference;
mod shape;
mod shapes;
mod tensors;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod trials;

pub use check::{Layer, Net, NetInput, NetOutput, ValueId};
pub use description::{Channels, InputDescription, LayerDescription, NetDescription, OutputDescription, PictureInput};
pub use error::NetError;
pub use memory::{Arena, Placement};
pub use op::{Coordinates, Op, Reduce, ResizeMode, Window};
pub use plan::{Activation, Epilogue, Plan, Step, Storage, Value};
pub use shape::{MAX_RANK, Shape};
pub use tensors::{DType, TensorInfo, TensorSource, TensorView, Tensors};
