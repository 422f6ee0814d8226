//! Nets and models.

pub mod model;

pub use model::*;
