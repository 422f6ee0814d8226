//! Why weights do not get to the GPU.

use safetensors::Dtype;
use thiserror::Error;

use super::super::error::WeightsError;
use super::layout::Element;

/// Why weights do not get to the GPU.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UploadError {
    /// The weights cannot be read.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The layout is made from floating point numbers.
    #[error("the tensor {tensor:?} of the weights {file:?} is {found:?} and cannot become {wanted:?}")]
    WrongType {
        /// The file.
        file: String,
        /// The tensor.
        tensor: String,
        /// Its type.
        found: Dtype,
        /// The type it should become.
        wanted: Element,
    },
    /// The buffer is too small, cannot be copied to, or the place in it is not a multiple of 4 bytes.
    #[error(
        "the tensor {tensor:?} of the weights {file:?} takes {bytes} bytes, which do not fit at byte {offset} of a \
         buffer of {buffer} bytes"
    )]
    Target {
        /// The file.
        file: String,
        /// The tensor.
        tensor: String,
        /// Bytes as they lie on the GPU, rounded up to 4.
        bytes: u64,
        /// Where they should go.
        offset: u64,
        /// Size of the buffer.
        buffer: u64,
    },
    /// The buffer cannot be copied to.
    #[error("the tensor {tensor:?} of the weights {file:?} is to go to a buffer without `COPY_DST`")]
    Usage {
        /// The file.
        file: String,
        /// The tensor.
        tensor: String,
    },
    /// A number is too large for f16.
    #[error("the tensor {tensor:?} of the weights {file:?} holds {value}, which f16 cannot hold")]
    TooLarge {
        /// The file.
        file: String,
        /// The tensor.
        tensor: String,
        /// The number.
        value: f32,
    },
    /// A repacker did not write what it said it would.
    #[error("the repacker of the tensor {tensor:?} wrote {} than {elements} elements", if *too_many { "more" } else { "fewer" })]
    Repack {
        /// The tensor.
        tensor: String,
        /// What it was asked for.
        elements: usize,
        /// It wrote more of them.
        too_many: bool,
    },
    /// The staging buffers cannot be mapped any more.
    #[error("the GPU was lost while weights were on their way to it")]
    Lost,
}
