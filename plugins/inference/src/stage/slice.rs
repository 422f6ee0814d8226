//! How much of a net runs in one turn of the app.

use std::time::Duration;

/// How much of a net runs in one turn of the app. What does not fit goes on in the turns that follow; the result still
/// belongs to the frame with which it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Slice {
    /// Half of the GPU budget of `StageLevels`; the whole net while there is no budget.
    #[default]
    Auto,
    /// The whole net.
    Whole,
    /// Layers that take this long together, and at least one.
    At(Duration),
}

impl Slice {
    /// Time that layers may take in a turn, under this budget. `None`: any.
    pub fn time(self, budget: Option<Duration>) -> Option<Duration> {
        match self {
            Self::Auto => budget.map(|budget| budget / 2),
            Self::Whole => None,
            Self::At(time) => Some(time),
        }
    }
}

/// The step after the last that runs in this turn, when `from` is the first: as many as take `slice` together, at
/// least one. `costs` are those of all steps.
pub(crate) fn end_of_slice(costs: &[Duration], from: usize, slice: Option<Duration>) -> usize {
    let Some(slice) = slice else { return costs.len() };
    let mut taken = Duration::ZERO;
    let mut end = from;
    while let Some(&cost) = costs.get(end) {
        if end > from && taken + cost > slice {
            break;
        }
        taken += cost;
        end += 1;
    }
    end
}

/// How many turns an inference takes.
pub(crate) fn slices(costs: &[Duration], slice: Option<Duration>) -> usize {
    let (mut from, mut slices) = (0, 0);
    while from < costs.len() {
        from = end_of_slice(costs, from, slice);
        slices += 1;
    }
    slices.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Slices follow one another to the end; none takes longer than asked unless it is a single step; and none ends
        /// where the next step would still have fitted.
        #[test]
        fn slices_are_as_long_as_they_may_be(
            costs in proptest::collection::vec(0_u64..50, 1..40), slice in 0_u64..120,
        ) {
            let costs: Vec<Duration> = costs.into_iter().map(Duration::from_micros).collect();
            let slice = Duration::from_micros(slice);
            let mut from = 0;
            while from < costs.len() {
                let end = end_of_slice(&costs, from, Some(slice));
                prop_assert!(end > from && end <= costs.len());
                let taken: Duration = costs[from..end].iter().sum();
                prop_assert!(taken <= slice || end == from + 1);
                if let Some(&next) = costs.get(end) {
                    prop_assert!(taken + next > slice);
                }
                from = end;
            }
        }
    }

    #[test]
    fn without_a_limit_all_of_it_runs() {
        let costs = [Duration::from_secs(1); 3];
        assert_eq!(end_of_slice(&costs, 1, None), 3);
        assert_eq!(Slice::Auto.time(Some(Duration::from_millis(4))), Some(Duration::from_millis(2)));
        assert_eq!(Slice::Auto.time(None), None);
    }
}
