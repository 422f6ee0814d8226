//! What ran when, of late.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bevy::ecs::prelude::*;
use freshet_base::Priority;

use crate::pool::Outcome;

/// What ran when: the newest [`Timeline::SPANS`] runs of workloads' systems and tasks, in the order in which they ended.
#[derive(Resource, Debug)]
pub struct Timeline {
    spans: VecDeque<Span>,
    pushed: u64,
}

/// One run of a workload's system, or one task of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// The workload.
    pub workload: Entity,
    /// Its name.
    pub name: &'static str,
    /// The level it ran at.
    pub level: Priority,
    /// Where it ran.
    pub lane: Lane,
    /// When it began.
    pub start: Instant,
    /// When it ended.
    pub end: Instant,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether that was after its deadline.
    pub missed: bool,
}

/// Where something ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// In the schedule of the main world.
    Main,
    /// On this worker thread.
    Worker(u16),
}

impl Timeline {
    /// Runs that are kept.
    pub const SPANS: usize = 8192;

    /// The runs that are kept, the oldest first.
    pub fn spans(&self) -> impl DoubleEndedIterator<Item = &Span> + '_ {
        self.spans.iter()
    }

    /// The runs that ended within this time.
    pub fn since(&self, time: Duration) -> impl DoubleEndedIterator<Item = &Span> + '_ {
        let now = Instant::now();
        self.spans.iter().filter(move |span| now.saturating_duration_since(span.end) <= time)
    }

    /// Runs since the start, kept or not.
    pub fn count(&self) -> u64 {
        self.pushed
    }

    pub(crate) fn push(&mut self, span: Span) {
        if self.spans.len() == Self::SPANS {
            self.spans.pop_front();
        }
        self.spans.push_back(span);
        self.pushed += 1;
    }
}

impl Default for Timeline {
    fn default() -> Self {
        Self { spans: VecDeque::with_capacity(Self::SPANS), pushed: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_runs_are_kept_and_no_memory_is_asked_for() {
        let mut timeline = Timeline::default();
        let capacity = timeline.spans.capacity();
        let start = Instant::now();
        for index in 0..Timeline::SPANS as u64 + 10 {
            let at = start + Duration::from_nanos(index);
            timeline.push(Span {
                workload: Entity::PLACEHOLDER,
                name: "one",
                level: Priority::Normal,
                lane: Lane::Main,
                start: at,
                end: at,
                outcome: Outcome::Finished,
                missed: false,
            });
        }
        assert_eq!((timeline.spans().count(), timeline.count()), (Timeline::SPANS, Timeline::SPANS as u64 + 10));
        assert_eq!(timeline.spans().next().map(|span| span.start), Some(start + Duration::from_nanos(10)));
        assert_eq!(timeline.spans.capacity(), capacity);
    }
}
