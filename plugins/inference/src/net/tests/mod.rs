//! Nets from their text to their plans.

mod descriptions;
mod plans;
mod shapes;
