//! How urgent a task is, as one comparable number.

use crate::pool::clock::Nanos;
use freshet_base::Priority;

/// Level, then deadline, in one word: the smaller, the more urgent.
///
/// ```text
///  63   61 60 59                                    0
/// ┌───────┬──┬───────────────────────────────────────┐
/// │ level │ n│ nanoseconds: the deadline, or (n = 1) │
/// │  0–4  │  │ since when a task without one waits   │
/// └───────┴──┴───────────────────────────────────────┘
/// ```
///
/// So comparing two words compares levels first; within a level, deadlines come before none, the earlier deadline
/// first, and without deadlines the one that has waited longest. 60 bits of nanoseconds last 36 years and saturate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Urgency(u64);

const TIME_BITS: u32 = 60;
const TIME_MAX: u64 = (1 << TIME_BITS) - 1;
const NO_DEADLINE: u64 = 1 << TIME_BITS;
const LEVEL_SHIFT: u32 = 61;

impl Urgency {
    /// Nothing waits. Less urgent than anything that does.
    pub(crate) const NONE: Self = Self(u64::MAX);

    /// The urgency of a task of this level.
    pub(crate) fn of(level: Priority, deadline: Option<Nanos>, since: Nanos) -> Self {
        let time = deadline.map_or(NO_DEADLINE | since.min(TIME_MAX), |deadline| deadline.min(TIME_MAX));
        Self((level.index() as u64) << LEVEL_SHIFT | time)
    }

    /// The level in it.
    pub(crate) const fn level(self) -> Priority {
        Priority::from_index((self.0 >> LEVEL_SHIFT) as usize)
    }

    /// Whether anything waits.
    pub(crate) fn is_some(self) -> bool {
        self != Self::NONE
    }

    /// The word.
    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    /// From the word.
    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn deadlines() -> impl Strategy<Value = Option<Nanos>> {
        prop_oneof![Just(None), (0..=TIME_MAX).prop_map(Some)]
    }

    proptest! {
        #[test]
        fn the_word_orders_as_the_rule_says(
            (one, two) in (0_usize..5, 0_usize..5),
            (first, second) in (deadlines(), deadlines()),
            (early, late) in (0..=TIME_MAX, 0..=TIME_MAX),
        ) {
            let rule = |level: usize, deadline: Option<Nanos>, since| {
                (level, deadline.is_none(), deadline.unwrap_or(since))
            };
            let word = |level, deadline, since| Urgency::of(Priority::from_index(level), deadline, since);
            prop_assert_eq!(
                word(one, first, early).cmp(&word(two, second, late)),
                rule(one, first, early).cmp(&rule(two, second, late))
            );
            prop_assert_eq!(word(one, first, early).level(), Priority::from_index(one));
            prop_assert!(word(one, first, early) < Urgency::NONE);
        }
    }

    #[test]
    fn far_deadlines_saturate_and_stay_before_none() {
        let far = Urgency::of(Priority::High, Some(u64::MAX), 0);
        assert_eq!(far.level(), Priority::High);
        assert!(far < Urgency::of(Priority::High, None, 0));
    }
}
