//! Why a net does not run on a GPU.

/// Why a net does not run on this GPU.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GpuError {
    /// What a net needs is larger than the device takes in one piece.
    #[error("{what} takes {bytes} bytes; this device takes {limit} in one piece")]
    TooLarge {
        /// What it is: a tensor, or memory of some kind.
        what: String,
        /// Bytes that are needed.
        bytes: u64,
        /// Bytes that the device takes.
        limit: u64,
    },
    /// A step is more than a device should be given at once.
    #[error("step `{step}` takes {work} operations; at most {most} are given to a GPU")]
    TooMuchWork {
        /// Name of the step.
        step: String,
        /// Operations that it takes.
        work: u128,
        /// Operations that are taken.
        most: u128,
    },
    /// A step is of a form that the kernels do not take.
    #[error("step `{step}`: {reason}")]
    Unsupported {
        /// Name of the step.
        step: String,
        /// What is not taken.
        reason: String,
    },
    /// A tensor of the plan is not there.
    #[error("step `{step}`: tensor `{tensor}` is missing")]
    Missing {
        /// Name of the step.
        step: String,
        /// Name of the tensor.
        tensor: String,
    },
    /// The device lacks what the options ask for.
    #[error("this device has no {feature}, which the options ask for")]
    Feature {
        /// Name of the feature.
        feature: &'static str,
    },
    /// The device refused a kernel, or memory.
    #[error("the device refused {what}: {reason}")]
    Device {
        /// What it refused.
        what: String,
        /// What it says.
        reason: String,
    },
    /// Not as many inputs as the net has.
    #[error("{found} inputs were given; the net has {wanted}")]
    Inputs {
        /// How many were given.
        found: usize,
        /// How many it has.
        wanted: usize,
    },
    /// An input of the wrong size.
    #[error("input {index} has {found} elements; {wanted} are needed")]
    Input {
        /// Which one.
        index: usize,
        /// How many elements it has.
        found: usize,
        /// How many it must have.
        wanted: usize,
    },
}
