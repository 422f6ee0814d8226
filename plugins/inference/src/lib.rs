//! Nets and models.

mod choice;
mod compare;
pub mod cpu;
mod error;
pub mod gpu;
pub mod net;
mod stage;
pub mod weights;

pub use choice::{Choice, ExecutorChoice, ExecutorKind};
pub use compare::{Agreement, CompareError, Comparison, compare, distance};
pub use error::InferenceError;
pub use stage::{InputFit, NetOutputs, NetPlugin, NetRegion, NetReport, NetReports, NetResult, NetStatus, Region, Slice};
pub use weights::{ModelSource, Weights};

/// What most users of this crate need.
pub mod prelude {
    pub use crate::{InputFit, ModelSource, NetOutputs, NetPlugin, NetRegion, NetReports, NetResult, NetStatus, Region};
}

use net::{Net, NetDescription, NetError};

/// Reads the net that a file describes, and checks it against the file's weights. Reads no tensor.
///
/// # Errors
///
/// [`InferenceError::Net`]: it describes none, or one that cannot run.
pub fn open_net(weights: &Weights) -> Result<Net, InferenceError> {
    let text = weights.metadata(NetDescription::KEY).ok_or(NetError::Missing);
    let described = text.and_then(NetDescription::parse);
    let net = described.and_then(|description| Net::new(&description, weights));
    net.map_err(|source| InferenceError::Net { file: weights.file().to_owned(), source })
}
