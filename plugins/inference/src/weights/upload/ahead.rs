//! Asking the disk for what comes next.

use std::time::Instant;

use super::super::handle::Weights;
use super::plan::Planned;

/// Bytes that are asked for before they are needed.
const AHEAD_BYTES: usize = 16 << 20;
/// Bytes that are asked for before the clock is looked at: asking itself takes time, about as much as copying.
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
    /// Asks for the first `wanted` bytes of all tensors of the items, and for some that follow, until time is up.
    pub(super) fn ask(&mut self, weights: &Weights, items: &[Planned], wanted: usize, end_of_step: Instant) {
        while self.before + self.bytes < wanted + AHEAD_BYTES {
            let Some(item) = items.get(self.item) else { return };
            let place = item.place();
            let start = place.start + self.bytes;
            let end = place.end.min(start + ASK_BYTES);
            weights.ask(start..end);
            self.bytes += end - start;
            if end == place.end {
                (self.item, self.before, self.bytes) = (self.item + 1, self.before + place.len(), 0);
            }
            if Instant::now() >= end_of_step {
                return;
            }
        }
    }
}
