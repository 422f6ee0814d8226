//! Lines of one stream, in the order of their numbers.

use std::collections::BTreeMap;

/// Lets lines out in the order of their numbers. Frames are recycled out of order when an old one is leased: the lines
/// of the newer ones wait here for it.
#[derive(Debug)]
pub(super) struct SeqOrder<T> {
    waiting: BTreeMap<u64, T>,
    /// All lines below have been let out, or never will be.
    next: u64,
}

impl<T> SeqOrder<T> {
    /// Lines that wait for one old frame, at most. After that the old frame is written as it is.
    pub(super) const MOST_WAITING: usize = 64;

    /// The number from which on lines are still to come.
    pub(super) const fn next(&self) -> u64 {
        self.next
    }

    /// Takes a line in. One whose turn is over already is ignored.
    pub(super) fn insert(&mut self, seq: u64, line: T) {
        if seq >= self.next {
            self.waiting.insert(seq, line);
        }
    }

    /// The next line, if its number is below `end`; any, if there is no end.
    pub(super) fn pop_below(&mut self, end: Option<u64>) -> Option<T> {
        let entry = self.waiting.first_entry().filter(|first| end.is_none_or(|end| *first.key() < end))?;
        self.next = entry.key() + 1;
        Some(entry.remove())
    }

    /// Says that this number's turn is over, line or no line.
    pub(super) fn pass(&mut self, seq: u64) {
        self.next = self.next.max(seq + 1);
    }

    /// Whether as many lines wait as may.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= Self::MOST_WAITING
    }
}

impl<T> Default for SeqOrder<T> {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), next: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the order in which frames of a pool are recycled, every line comes out once and in order.
        #[test]
        fn lines_come_out_in_order_and_none_is_lost(picks in proptest::collection::vec(0_usize..4, 1..100)) {
            let mut order = SeqOrder::default();
            let mut pool: Vec<u64> = (0..4).collect();
            let mut out = Vec::new();
            for (frame, pick) in picks.iter().enumerate() {
                let retired = std::mem::replace(&mut pool[*pick], 4 + frame as u64);
                order.insert(retired, retired);
                let oldest_alive = pool.iter().copied().min();
                out.extend(std::iter::from_fn(|| order.pop_below(oldest_alive)));
            }
            for alive in pool {
                order.insert(alive, alive);
            }
            out.extend(std::iter::from_fn(|| order.pop_below(None)));
            prop_assert_eq!(out, (0..4 + picks.len() as u64).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_line_whose_turn_is_over_is_ignored() {
        let mut order = SeqOrder::default();
        order.insert(5, "five");
        assert_eq!(order.pop_below(None), Some("five"));
        order.insert(5, "five again");
        order.insert(3, "three");
        assert_eq!(order.pop_below(None), None);
    }
}
