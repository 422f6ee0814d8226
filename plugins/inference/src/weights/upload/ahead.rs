//! Asking the disk for what comes next.

use super::super::handle::Weights;
use super::plan::Planned;

/// Bytes that are asked for before they are needed.
const AHEAD_BYTES: usize = 16 << 20;
/// Bytes that are asked for at once.
const ASK_BYTES: usize = 1 << 20;

/// How far an upload's items were asked for.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    item: usize,
    /// Bytes of that item's tensor.
    bytes: usize,
    /// Bytes of the items before it.
    before: usize,
}

impl Ahead {
    /// Asks for what follows the first `used` bytes of all tensors of the items.
    pub(super) fn ask(&mut self, weights: &Weights, items: &[Planned], used: usize) {
        while let Some(item) = items.get(self.item).filter(|_| self.before + self.bytes < used + AHEAD_BYTES) {
            let place = item.place();
            let start = place.start + self.bytes;
            let end = place.end.min(start + ASK_BYTES);
            weights.ask(start..end);
            self.bytes += end - start;
            if end == place.end {
                (self.item, self.before, self.bytes) = (self.item + 1, self.before + place.len(), 0);
            }
        }
    }
}
