//! Which waiting task a worker takes, and whether a running one makes room.

use crate::pool::urgency::Urgency;
use freshet_base::Priority;

/// The two kinds of workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WorkerClass {
    /// Normal OS priority: Critical, High, Normal, and what has aged.
    Foreground,
    /// Lowest OS priority: Low and Idle.
    Background,
}

impl WorkerClass {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Foreground, Self::Background];

    /// 0 or 1.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Foreground => "foreground",
            Self::Background => "background",
        }
    }

    /// Who runs work that stands at `level`. Without foreground workers the background ones run everything.
    pub(crate) const fn of(level: Priority, has_foreground: bool) -> Self {
        if has_foreground && !level.is_background() { Self::Foreground } else { Self::Background }
    }
}

/// Where a worker takes its next task from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Index of the seat.
    pub(crate) seat: usize,
    /// How urgent the best task there is.
    pub(crate) urgency: Urgency,
}

/// The most urgent head; its own among equals, otherwise the first. `None` when nothing waits.
pub(crate) fn choose(heads: impl IntoIterator<Item = Urgency>, own: usize) -> Option<Choice> {
    heads
        .into_iter()
        .enumerate()
        .filter(|(_, urgency)| urgency.is_some())
        .min_by_key(|&(seat, urgency)| (urgency, seat != own, seat))
        .map(|(seat, urgency)| Choice { seat, urgency })
}

/// Whether a task that reached a checkpoint makes room: a more urgent one waits here, or its own level now belongs to
/// the other class.
pub(crate) fn makes_room(own: Urgency, best_waiting: Urgency, here: WorkerClass, belongs: WorkerClass) -> bool {
    here != belongs || best_waiting < own
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn heads() -> impl Strategy<Value = Vec<Urgency>> {
        let head = prop_oneof![
            Just(Urgency::NONE),
            (0_usize..5, prop::option::of(0_u64..4), 0_u64..4).prop_map(|(level, deadline, since)| Urgency::of(
                Priority::from_index(level),
                deadline,
                since
            )),
        ];
        prop::collection::vec(head, 0..8)
    }

    proptest! {
        #[test]
        fn nothing_that_waits_is_more_urgent_than_the_choice(heads in heads(), own in 0_usize..8) {
            match choose(heads.iter().copied(), own) {
                None => prop_assert!(heads.iter().all(|head| !head.is_some())),
                Some(choice) => {
                    prop_assert_eq!(heads[choice.seat], choice.urgency);
                    prop_assert!(heads.iter().all(|&head| head >= choice.urgency));
                    if heads.get(own) == Some(&choice.urgency) {
                        prop_assert_eq!(choice.seat, own);
                    }
                }
            }
        }
    }

    #[test]
    fn among_equals_its_own_comes_first() {
        let same = Urgency::of(Priority::Normal, None, 1);
        let seat = |own| choose([same, same, same], own).map(|choice| choice.seat);
        assert_eq!([seat(0), seat(2), seat(9)], [Some(0), Some(2), Some(0)]);
    }

    #[test]
    fn equals_do_not_make_room_for_each_other() {
        let (high, critical) = (Urgency::of(Priority::High, None, 1), Urgency::of(Priority::Critical, None, 1));
        let here = WorkerClass::Foreground;
        assert!(!makes_room(high, high, here, here) && !makes_room(high, Urgency::NONE, here, here));
        assert!(makes_room(high, critical, here, here));
        assert!(makes_room(high, Urgency::NONE, here, WorkerClass::Background));
    }

    #[test]
    fn without_foreground_workers_the_background_runs_everything() {
        assert_eq!(WorkerClass::of(Priority::Critical, false), WorkerClass::Background);
        assert_eq!(WorkerClass::of(Priority::Normal, true), WorkerClass::Foreground);
        assert_eq!(WorkerClass::of(Priority::Low, true), WorkerClass::Background);
    }
}
