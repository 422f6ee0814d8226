//! From a driver's frame numbers to ours.

/// Numbers beyond this in one step are a counter that started anew, not a loss.
const MAX_GAP: u32 = 1 << 16;

/// Counts frames by the driver's numbers, so that a loss leaves a gap.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    last: Option<(u32, u64)>,
}

impl Sequence {
    /// Our number for the driver's, and how many frames were lost before it. The first frame is 0. Drivers that do not
    /// count, or start anew, lose nothing.
    pub(super) fn advance(&mut self, number: u32) -> (u64, u64) {
        let (seq, lost) = match self.last {
            None => (0, 0),
            Some((before, seq)) => match number.wrapping_sub(before) {
                step @ 1..=MAX_GAP => (seq + u64::from(step), u64::from(step) - 1),
                _ => (seq + 1, 0),
            },
        };
        self.last = Some((number, seq));
        (seq, lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_losses() {
        let mut sequence = Sequence::default();
        let seqs = [7, 8, 11, 12].map(|number| sequence.advance(number));
        assert_eq!(seqs, [(0, 0), (1, 0), (4, 2), (5, 0)]);
    }

    #[test]
    fn counters_that_wrap_stand_still_or_start_anew_lose_nothing() {
        let mut sequence = Sequence::default();
        let seqs = [u32::MAX, 0, 0, 0, 500_000, 3].map(|number| sequence.advance(number));
        assert_eq!(seqs, [(0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0)]);
    }
}
