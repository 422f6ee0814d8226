//! The waiting tasks of one seat, in order.

use crate::pool::aging::{Facts, Standing, standing};
use crate::pool::choose::WorkerClass;
use crate::pool::clock::{NEVER, Nanos};
use crate::pool::heap::Heap;
use crate::pool::settings::AgingBounds;
use crate::pool::urgency::Urgency;

/// Waiting tasks, most urgent first, for both classes of workers. Pure: the worker threads and the simulator run it.
///
/// Invariants: an occupied slot is in exactly one of the two `ready` heaps, that of its class, and in `rises` exactly
/// when aging will raise it.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    bounds: AgingBounds,
    has_foreground: bool,
    slots: Vec<Option<Waiting<T>>>,
    free: Vec<u32>,
    ready: [Heap<(Urgency, u64)>; 2],
    rises: Heap<Nanos>,
}

/// A task that waits.
#[derive(Debug)]
pub(crate) struct Waiting<T> {
    /// What runs.
    pub(crate) task: T,
    /// What decided its place.
    pub(crate) facts: Facts,
    /// Its place.
    pub(crate) standing: Standing,
}

impl<T> Queue<T> {
    pub(crate) const fn new(bounds: AgingBounds, has_foreground: bool) -> Self {
        let ready = [Heap::new(), Heap::new()];
        Self { bounds, has_foreground, slots: Vec::new(), free: Vec::new(), ready, rises: Heap::new() }
    }

    /// Puts a task in.
    pub(crate) fn insert(&mut self, task: T, facts: Facts, now: Nanos) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() as u32 - 1
        });
        let standing = standing(&facts, now, &self.bounds);
        self.slots[slot as usize] = Some(Waiting { task, facts, standing });
        self.place(slot, None, standing, facts.ticket);
    }

    /// How urgent the best task of a class is.
    pub(crate) fn best(&self, class: WorkerClass) -> Urgency {
        self.ready[class.index()].peek().map_or(Urgency::NONE, |((urgency, _), _)| urgency)
    }

    /// Takes the best task of a class.
    pub(crate) fn pop(&mut self, class: WorkerClass) -> Option<Waiting<T>> {
        let (_, slot) = self.ready[class.index()].peek()?;
        self.ready[class.index()].remove(slot);
        self.rises.remove(slot);
        self.free.push(slot);
        self.slots[slot as usize].take()
    }

    /// Raises what has waited long enough by `now`.
    pub(crate) fn age(&mut self, now: Nanos) {
        while let Some((rise, slot)) = self.rises.peek()
            && rise <= now
        {
            self.refresh(slot, now, |_| None);
        }
    }

    /// Asks each task for its facts again and puts it where it now belongs.
    pub(crate) fn reorder(&mut self, now: Nanos, mut facts_of: impl FnMut(&T) -> Facts) {
        for slot in 0..self.slots.len() as u32 {
            self.refresh(slot, now, |task| Some(facts_of(task)));
        }
    }

    fn refresh(&mut self, slot: u32, now: Nanos, facts_of: impl FnOnce(&T) -> Option<Facts>) {
        let has_foreground = self.has_foreground;
        let Some(waiting) = &mut self.slots[slot as usize] else { return };
        waiting.facts = facts_of(&waiting.task).unwrap_or(waiting.facts);
        let before = WorkerClass::of(waiting.standing.urgency.level(), has_foreground);
        let standing = standing(&waiting.facts, now, &self.bounds);
        let ticket = waiting.facts.ticket;
        waiting.standing = standing;
        self.place(slot, Some(before), standing, ticket);
    }

    fn place(&mut self, slot: u32, before: Option<WorkerClass>, standing: Standing, ticket: u64) {
        let class = self.class_of(standing.urgency);
        if let Some(before) = before.filter(|&before| before != class) {
            self.ready[before.index()].remove(slot);
        }
        self.ready[class.index()].set(slot, (standing.urgency, ticket));
        match standing.next_rise {
            NEVER => self.rises.remove(slot),
            rise => self.rises.set(slot, rise),
        }
    }

    const fn class_of(&self, urgency: Urgency) -> WorkerClass {
        WorkerClass::of(urgency.level(), self.has_foreground)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use freshet_base::Priority;
    use proptest::prelude::*;
    use std::time::Duration;

    const BOUNDS: AgingBounds =
        AgingBounds { normal: Duration::from_nanos(30), low: Duration::from_nanos(60), idle: Duration::from_nanos(90) };

    #[derive(Debug, Clone)]
    enum Step {
        Insert(usize, Option<Nanos>),
        Pop(bool),
        Wait(Nanos),
        Reorder(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (0_usize..5, prop::option::of(0_u64..200)).prop_map(|(level, deadline)| Step::Insert(level, deadline)),
            any::<bool>().prop_map(Step::Pop),
            (0_u64..40).prop_map(Step::Wait),
            (0_usize..5).prop_map(Step::Reorder),
        ];
        prop::collection::vec(step, 0..120)
    }

    proptest! {
        /// Against a plain list that is searched anew each time.
        #[test]
        fn it_agrees_with_a_list(steps in steps(), has_foreground: bool) {
            let mut queue = Queue::new(BOUNDS, has_foreground);
            let mut list: Vec<(u64, Facts)> = Vec::new();
            let (mut now, mut tickets) = (0, 0);
            for step in steps {
                match step {
                    Step::Insert(level, deadline) => {
                        tickets += 1;
                        let level = Priority::from_index(level);
                        let facts = Facts { level, deadline, since: now, age_from: now, ticket: tickets };
                        queue.insert(tickets, facts, now);
                        list.push((tickets, facts));
                    }
                    Step::Wait(time) => {
                        now += time;
                        queue.age(now);
                    }
                    Step::Reorder(shift) => {
                        for (_, facts) in &mut list {
                            facts.level = Priority::from_index((facts.ticket as usize + shift) % 5);
                        }
                        queue.reorder(now, |task| list.iter().find(|(other, _)| other == task).unwrap().1);
                    }
                    Step::Pop(foreground) => {
                        let class = WorkerClass::ALL[usize::from(!foreground)];
                        let urgency = |facts: &Facts| standing(facts, now, &BOUNDS).urgency;
                        let best = list
                            .iter()
                            .filter(|(_, facts)| WorkerClass::of(urgency(facts).level(), has_foreground) == class)
                            .min_by_key(|(_, facts)| (urgency(facts), facts.ticket))
                            .map(|&(task, _)| task);
                        prop_assert_eq!(queue.pop(class).map(|waiting| waiting.task), best);
                        list.retain(|&(task, _)| Some(task) != best);
                    }
                }
            }
        }
    }
}
