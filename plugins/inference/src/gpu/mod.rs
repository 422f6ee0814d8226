//! Nets on the GPU: one compute pass, planned once.
//!
//! ```text
//!  Plan ──► GpuPlan ───────────► GpuExecutor ──► record(pass, steps)
//!           kernels, tiles,      pipelines,     in any pass, cut between
//!           places, costs        buffers        any two steps
//! ```

mod error;
mod header;
mod kernels;
mod lower;
mod measure;
mod pack;
mod places;
mod plan;
mod program;
mod shader;
mod tile;
mod traits;
mod upload;

#[cfg(test)]
mod tests;

pub use error::GpuError;
pub use kernels::Kernel;
pub use measure::Clock;
pub use plan::{GpuMemory, GpuPlan, GpuStep, Slot};
pub use program::GpuExecutor;
pub(crate) use shader::checked;
pub use tile::Tile;
pub use traits::{Cooperative, GpuOptions, GpuTraits};
