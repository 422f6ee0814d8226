//! What the stages look for: flat pictures, learnt on the CPU.
//!
//! ```text
//!  picture ─► views ─► features ─► places ─► groups of four ─► descriptors   ─► match stage
//!     │         └► random views ───────────► retrieval ──────► shortlist, score ─► match stage
//!     └────────────────────────────────────► template ───────► pyramid, blocks  ─► align stage
//! ```

mod area;
mod blocks;
mod database;
mod descriptor;
mod enrol;
mod error;
mod gpu;
mod groups;
mod pixels;
mod places;
mod random;
mod retrieval;
mod template;
mod views;

pub use database::TargetDatabase;
pub use enrol::EnrolledTarget;
pub use error::EnrolError;
#[cfg(test)]
pub(crate) use gpu::GpuTarget;
pub(crate) use gpu::TargetBuffers;
pub use template::Template;
