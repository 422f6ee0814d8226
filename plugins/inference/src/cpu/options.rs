//! Where a net runs, and on how many threads.

use std::num::NonZero;

use candle_core::Device;

use super::error::ExecutorError;
use crate::precision::Precision;

/// Where a net runs, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CandleOptions {
    /// Where.
    pub device: CandleDevice,
    /// Threads on the CPU, the calling one included; default 1. More help where layers are large; beyond the number of
    /// cores they hinder.
    pub threads: NonZero<usize>,
    /// Of values and weights; [`Precision::Auto`], the default, is `f32`, and so is all on the CPU.
    pub precision: Precision,
    /// Whose kernels run on the CPU; elsewhere always candle's.
    pub kernels: Kernels,
}

impl Default for CandleOptions {
    fn default() -> Self {
        Self {
            device: CandleDevice::Cpu,
            threads: NonZero::<usize>::MIN,
            precision: Precision::Auto,
            kernels: Kernels::Own,
        }
    }
}

/// A device of candle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum CandleDevice {
    /// The processor.
    #[default]
    Cpu,
    /// A CUDA device, by its number; needs the feature `cuda`.
    Cuda(usize),
    /// A Metal device, by its number; needs the feature `metal`.
    Metal(usize),
}

impl CandleDevice {
    pub(super) fn open(self) -> Result<Device, ExecutorError> {
        let (device, name) = match self {
            Self::Cpu => return Ok(Device::Cpu),
            // A stream of its own: tensors made on one thread are then right on another.
            Self::Cuda(index) => (Device::new_cuda_with_stream(index), format!("CUDA device {index}")),
            Self::Metal(index) => (Device::new_metal(index), format!("Metal device {index}")),
        };
        device.map_err(|source| ExecutorError::Device { device: name, source })
    }
}

/// Whose kernels run on the CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kernels {
    /// Those of this crate: weights are read where they are mapped, values lie in one piece of memory.
    #[default]
    Own,
    /// Candle's: weights are copied, values allocated. The path of all other devices, for comparing.
    Candle,
}
