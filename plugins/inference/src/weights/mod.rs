//! Weights: tensors in a safetensors file that is mapped and never loaded.
//!
//! ```text
//!             open: header only              first read: pages come              as it lies
//! file ─────► Weights ──────────────► TensorView ─┬────────────────────► kernels on the CPU
//!                │ guard, stamp                    └── piece by piece ─► mapped staging ring ─► GPU
//!                └── the file changed? an error at the end of the scope, never a crash
//! ```

mod error;
mod finite;
mod guard;
mod handle;
mod header;
mod map;
mod pages;
mod require;
mod source;
mod stamp;
#[cfg(test)]
mod tests;
mod view;

pub use safetensors::Dtype;

pub use self::error::{Change, HeaderError, WeightsError};
pub use self::handle::Weights;
pub use self::header::TensorInfo;
pub use self::pages::{Advice, Residency};
pub use self::require::Requirement;
pub use self::source::{ModelSource, WeightBytes};
pub use self::stamp::Standing;
pub use self::view::{Floats, TensorView};
