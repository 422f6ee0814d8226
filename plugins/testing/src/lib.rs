//! What tests need: an app without a window that is turned by hand, and checks of shaders.
//!
//! Nothing here knows the other crates of the suite, so every one of them may use it.

mod app;
mod graphs;
mod wgsl;

pub use app::{TestApp, exclusive};
pub use graphs::{Graph, graphs, made_from};
pub use wgsl::{Wgsl, WgslError};
