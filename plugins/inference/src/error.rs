//! What may go wrong with nets.

use freshet_base::Bytes;

use crate::cpu::ExecutorError;
use crate::gpu::GpuError;
use crate::net::NetError;
use crate::weights::WeightsError;

/// Why a net cannot run. Every text names the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InferenceError {
    /// The weights cannot be opened or read.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// What the file describes is not a net.
    #[error("cannot use the net in {file:?}")]
    Net {
        /// The file.
        file: String,
        /// What is wrong.
        source: Box<NetError>,
    },
    /// The net takes no picture, and cannot run on frames by itself.
    #[error("the net in {file:?} has no single input that is a picture")]
    NoPicture {
        /// The file.
        file: String,
    },
    /// Its picture is larger than any net's.
    #[error("the input of the net in {file:?} is {bytes}; at most {most} are cut from a frame")]
    LargeInput {
        /// The file.
        file: String,
        /// What goes in.
        bytes: Bytes,
        /// What may go in.
        most: Bytes,
    },
    /// More comes out of it than may come back.
    #[error("the outputs of the net in {file:?} are {bytes}; at most {most} come back")]
    LargeResult {
        /// The file.
        file: String,
        /// What comes out.
        bytes: Bytes,
        /// What may come back.
        most: Bytes,
    },
    /// The GPU cannot run it.
    #[error("the GPU cannot run the net in {file:?}")]
    Gpu {
        /// The file.
        file: String,
        /// Why.
        source: Box<GpuError>,
    },
    /// candle cannot run it.
    #[error("candle cannot run the net in {file:?}")]
    Candle {
        /// The file.
        file: String,
        /// Why.
        source: Box<ExecutorError>,
    },
    /// No executor can run it.
    #[error("nothing can run the net in {file:?}: {why}")]
    NoExecutor {
        /// The file.
        file: String,
        /// Why, for each that was tried.
        why: String,
    },
    /// It was stopped before it was done.
    #[error("stopped")]
    Stopped,
}
