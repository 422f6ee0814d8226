//! From a file to a net.

use crate::error::InferenceError;
use crate::net::{Net, NetDescription, NetError, Plan};
use crate::weights::Weights;

/// Reads the net that a file describes, and checks it against the file's weights. Reads no tensor.
///
/// # Errors
///
/// [`InferenceError::Net`]: it describes none, or one that cannot run.
pub fn open_net(weights: &Weights) -> Result<Net, InferenceError> {
    let text = weights.metadata(NetDescription::KEY).ok_or(NetError::Missing);
    let described = text.and_then(NetDescription::parse);
    let net = described.and_then(|description| Net::new(&description, weights));
    net.map_err(|source| InferenceError::Net { file: weights.file().to_owned(), source: Box::new(source) })
}

/// Reads all weights of a plan and checks that they are numbers. Whoever makes a net ready does so: it reads them anyway.
///
/// `alive` is called after each tensor.
///
/// # Errors
///
/// [`InferenceError::Weights`], naming file and tensor: one of them is infinite or not a number, or the file changed.
pub fn require_finite(weights: &Weights, plan: &Plan, mut alive: impl FnMut()) -> Result<(), InferenceError> {
    for tensor in plan.tensors() {
        weights.require_finite(tensor)?;
        alive();
    }
    Ok(weights.check_unchanged()?)
}
