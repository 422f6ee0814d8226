//! Nets on the GPU: one compute pass, planned once.
//!
//! ```text
//!  Plan ──► GpuPlan ───────────► GpuProgram ──► record(pass, steps)
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

#[cfg(test)]
mod tests;

pub use error::GpuError;
pub use kernels::Kernel;
pub use measure::Clock;
pub use plan::{GpuMemory, GpuPlan, GpuStep, Slot};
pub use program::GpuProgram;
pub use tile::Tile;
pub use traits::{Cooperative, GpuOptions, GpuTraits, Precision};
