//! What may go wrong when a net runs.

use crate::net::{Op, Step, TensorSource};

/// Why a net does not run, or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecutorError {
    /// Too many inputs, or too few.
    #[error("the net takes {needed} inputs and got {found}")]
    Inputs {
        /// How many came.
        found: usize,
        /// How many the net has.
        needed: usize,
    },
    /// An input is of another size than the net's.
    #[error("input `{name}` has {found} elements and needs {needed}")]
    Input {
        /// Its name.
        name: String,
        /// Elements that came.
        found: usize,
        /// Elements of its shape.
        needed: usize,
    },
    /// A tensor that was there when the net was checked is gone, or of another size.
    #[error("layer `{layer}`: tensor `{tensor}` is not there any more, or is of another size")]
    Tensor {
        /// The layer that reads it.
        layer: String,
        /// Its name.
        tensor: String,
    },
    /// The device is not there, or this program is built without it.
    #[error("cannot use {device}")]
    Device {
        /// Which.
        device: String,
        /// What candle says.
        source: candle_core::Error,
    },
    /// Candle refused a layer.
    #[error("layer `{layer}` failed")]
    Candle {
        /// The layer.
        layer: String,
        /// What candle says.
        source: candle_core::Error,
    },
    /// A layer's input is beyond what the kernels on the CPU can index.
    #[error("layer `{layer}` is too large for the CPU")]
    TooLarge {
        /// The layer.
        layer: String,
    },
    /// Half precision was asked for where there is none.
    #[error("the kernels on the CPU compute in f32; f16 is for CUDA and Metal")]
    Precision,
    /// Threads could not be started.
    #[error("cannot start {threads} threads for the net")]
    Threads {
        /// How many.
        threads: usize,
        /// What the system says.
        source: std::io::Error,
    },
    /// A run was stopped at a checkpoint.
    #[error("stopped before layer `{layer}`")]
    Stopped {
        /// The layer that did not run.
        layer: String,
    },
    /// `step` or `finish` without a run that has got that far.
    #[error("no run has got to its end, or none has begun")]
    NotReady,
}

impl ExecutorError {
    /// The first tensor of a step that is not there.
    pub(super) fn missing_of(step: &Step, source: &dyn TensorSource) -> Self {
        let norm = step.epilogue.norm.as_ref().map_or_else(Vec::new, Op::tensors);
        let gone = step.op.tensors().into_iter().chain(norm).find(|name| source.view(name).is_none());
        Self::missing(&step.name, gone.unwrap_or("of the norm"))
    }

    pub(super) fn missing(layer: &str, tensor: &str) -> Self {
        Self::Tensor { layer: layer.to_owned(), tensor: tensor.to_owned() }
    }
}
