//! How a workload behaves, and what follows from it.
//!
//! A workload that misbehaves is put at the lowest level for a time, so that the others keep theirs, and gets another
//! chance; one that goes on panicking is not run any more.

use std::time::{Duration, Instant};

use super::Why;

/// Misses in a row after which a workload is demoted.
const MISSES: u32 = 8;
/// Runs in a row that took too long after which a workload is demoted: one alone may be a hitch.
const STALLS: u32 = 2;
/// Panics after which a workload is not run any more.
const PANICS: u32 = 3;
/// The first demotion lasts this long; each further one twice as long.
const PROBATION: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(120);

/// How a workload has behaved.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(crate) struct Conduct {
    misses_in_a_row: u32,
    stalls_in_a_row: u32,
    panics: u32,
    sentences: u32,
    demoted: Option<(Why, Instant)>,
}

/// What a run was like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    InTime,
    Missed,
    Panicked,
    /// It took too long, which may have been a hitch of the machine.
    Stalled,
    /// It does not come to an end.
    Stuck,
}

impl Conduct {
    /// Takes note of a run. Answers with the reason when the workload is demoted for it.
    pub(crate) fn note(&mut self, deed: Deed, now: Instant) -> Option<Why> {
        match deed {
            Deed::InTime => {
                (self.misses_in_a_row, self.stalls_in_a_row) = (0, 0);
                None
            }
            // It serves for that already.
            Deed::Missed | Deed::Stalled if self.verdict(now).is_some() => None,
            Deed::Missed => {
                self.misses_in_a_row += 1;
                (self.misses_in_a_row >= MISSES).then(|| self.demote(Why::MissedDeadlines, now))
            }
            Deed::Panicked => {
                self.panics += 1;
                let why = if self.panics >= PANICS { Why::Suspended } else { Why::Panicked };
                Some(self.demote(why, now))
            }
            Deed::Stalled => {
                self.stalls_in_a_row += 1;
                (self.stalls_in_a_row >= STALLS).then(|| self.demote(Why::Stalled, now))
            }
            Deed::Stuck => Some(self.demote(Why::Stalled, now)),
        }
    }

    fn demote(&mut self, why: Why, now: Instant) -> Why {
        (self.misses_in_a_row, self.stalls_in_a_row) = (0, 0);
        let time = PROBATION.saturating_mul(1 << self.sentences.min(16)).min(LONGEST);
        self.sentences += 1;
        self.demoted = Some((why, now + time));
        why
    }

    /// Why it is demoted now, if it is.
    pub(crate) fn verdict(&self, now: Instant) -> Option<Why> {
        let (why, until) = self.demoted?;
        (why == Why::Suspended || now < until).then_some(why)
    }

    /// Forgives everything.
    pub(crate) fn forgive(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misses_in_a_row_demote_for_longer_each_time() {
        let (mut conduct, start) = (Conduct::default(), Instant::now());
        for _ in 1..MISSES {
            assert_eq!(conduct.note(Deed::Missed, start), None);
        }
        conduct.note(Deed::InTime, start);
        for _ in 1..MISSES {
            assert_eq!(conduct.note(Deed::Missed, start), None, "they were not in a row");
        }
        assert_eq!(conduct.note(Deed::Missed, start), Some(Why::MissedDeadlines));
        assert_eq!(conduct.verdict(start + PROBATION / 2), Some(Why::MissedDeadlines));
        assert_eq!(conduct.verdict(start + PROBATION), None);
        let later = start + PROBATION;
        for _ in 0..2 * MISSES {
            assert_eq!(conduct.note(Deed::Missed, start), None, "it serves for that already");
        }
        assert_eq!(conduct.note(Deed::Stalled, later), None, "one alone may be a hitch");
        assert_eq!(conduct.note(Deed::Stalled, later), Some(Why::Stalled));
        assert_eq!(conduct.verdict(later + PROBATION), Some(Why::Stalled), "twice as long");
    }

    #[test]
    fn the_third_panic_is_the_last_until_it_is_forgiven() {
        let (mut conduct, start) = (Conduct::default(), Instant::now());
        assert_eq!(conduct.note(Deed::Panicked, start), Some(Why::Panicked));
        assert_eq!(conduct.note(Deed::Panicked, start), Some(Why::Panicked));
        assert_eq!(conduct.note(Deed::Panicked, start), Some(Why::Suspended));
        assert_eq!(conduct.verdict(start + LONGEST * 100), Some(Why::Suspended));
        conduct.forgive();
        assert_eq!(conduct.verdict(start), None);
    }
}
