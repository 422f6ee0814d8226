//! Nets on the CPU, and on any device of candle.

mod error;
mod executor;
mod generic;
mod kernels;
mod options;
mod own;
mod samples;
mod team;
#[cfg(test)]
mod tests;

pub use error::ExecutorError;
pub use executor::{CandleExecutor, Outputs};
pub use options::{CandleDevice, CandleOptions, Kernels};
