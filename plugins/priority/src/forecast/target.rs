//! What attention can be on.

use serde::{Deserialize, Serialize};

/// Most targets of one model.
pub const MAX_TARGETS: usize = 32;

/// Something that the user's attention can be on: a small dense id, `0..ForecastSettings::targets`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TargetId(pub u8);

impl TargetId {
    /// Place in an array of [`MAX_TARGETS`].
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}
