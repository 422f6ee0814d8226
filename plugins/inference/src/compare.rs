//! The same net on both executors, on the same numbers: do they agree, and what does each layer take?

use std::time::{Duration, Instant};

use crate::cpu::{CandleExecutor, ExecutorError};
use crate::gpu::{GpuError, GpuExecutor};
use crate::net::{Net, Shape};

/// What came of running a net on both.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// For each output.
    pub outputs: Vec<Agreement>,
    /// What the GPU made, output by output.
    pub on_gpu: Vec<Vec<f32>>,
    /// What candle made.
    pub on_candle: Vec<Vec<f32>>,
    /// Time of each step on candle.
    pub candle_steps: Vec<Duration>,
}

/// How far two executors are apart in one value.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// Name of the output.
    pub name: String,
    /// Its extents.
    pub shape: Shape,
    /// The largest difference, as a part of the largest number: `max |a - b| / max |b|`.
    pub error: f32,
    /// The largest number.
    pub largest: f32,
}

/// Why a comparison could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// The GPU did not run it.
    #[error("on the GPU")]
    Gpu(#[from] GpuError),
    /// candle did not run it.
    #[error("on candle")]
    Candle(#[from] ExecutorError),
}

/// Runs a net on both executors. It waits: for tools and tests; `alive` is called again and again meanwhile, for those who
/// watch over threads.
///
/// # Errors
///
/// When one of them cannot run.
pub fn compare(
    net: &Net,
    (device, queue, program): (&wgpu::Device, &wgpu::Queue, &GpuExecutor),
    executor: &mut CandleExecutor,
    inputs: &[&[f32]],
    alive: &mut dyn FnMut(),
) -> Result<Comparison, CompareError> {
    let on_gpu = program.run(device, queue, inputs, alive)?;
    executor.begin(inputs)?;
    let mut candle_steps = Vec::new();
    while executor.next_step().is_some() {
        let start = Instant::now();
        executor.step()?;
        candle_steps.push(start.elapsed());
        alive();
    }
    let on_candle: Vec<Vec<f32>> = executor.finish()?.iter().map(<[f32]>::to_vec).collect();
    let outputs = net.outputs.iter().zip(&on_gpu).zip(&on_candle);
    let outputs = outputs.map(|((output, gpu), candle)| {
        let (error, largest) = distance(gpu, candle);
        Agreement { name: output.name.clone(), shape: output.shape, error, largest }
    });
    let outputs = outputs.collect();
    Ok(Comparison { outputs, on_gpu, on_candle, candle_steps })
}

/// The largest difference as a part of the largest number, and that number. What is not a number in one alone, or
/// infinite, is as far apart as can be.
pub fn distance(found: &[f32], wanted: &[f32]) -> (f32, f32) {
    let largest = wanted.iter().filter(|value| value.is_finite()).fold(0.0_f32, |most, value| most.max(value.abs()));
    let apart = |(a, b): (&f32, &f32)| match (a.is_nan(), b.is_nan()) {
        (true, true) => 0.0,
        _ if a == b => 0.0,
        (false, false) => (a - b).abs(),
        _ => f32::INFINITY,
    };
    if found.len() != wanted.len() {
        return (f32::INFINITY, largest);
    }
    let most = found.iter().zip(wanted).map(apart).fold(0.0_f32, f32::max);
    (most / largest.max(f32::MIN_POSITIVE), largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_is_relative_to_the_largest_number_and_no_number_is_far() {
        assert_eq!(distance(&[1.0, 2.0], &[1.0, 4.0]), (0.5, 4.0));
        assert_eq!(distance(&[f32::NAN, 2.0], &[f32::NAN, 2.0]).0, 0.0);
        assert_eq!(distance(&[f32::NAN], &[1.0]).0, f32::INFINITY);
        assert_eq!(distance(&[1.0], &[f32::NAN]).0, f32::INFINITY);
        assert_eq!(distance(&[1.0], &[1.0, 2.0]).0, f32::INFINITY);
        assert_eq!(distance(&[f32::INFINITY], &[f32::INFINITY]).0, 0.0);
    }
}
