//! The models.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering::Relaxed};
use loom::thread;

use crate::heads::{Heads, NOTHING};
use crate::parker::Sleepers;

/// A seat: slots that are written once, with a key, and the published words.
struct Seat {
    inbox: [AtomicU64; 2],
    heads: Heads,
    sleepers: Sleepers,
}

/// What the holder of a seat's queue has: what was moved into it, and from which slots.
#[derive(Default)]
struct Queue {
    waiting: Vec<u64>,
    moved: [bool; 2],
}

impl Seat {
    fn new() -> Arc<Self> {
        let inbox = [AtomicU64::new(0), AtomicU64::new(0)];
        Arc::new(Self { inbox, heads: Heads::new(), sleepers: Sleepers::new() })
    }

    fn push(&self, slot: usize, key: u64) {
        self.inbox[slot].store(key, Relaxed);
        self.heads.announce(key);
    }

    /// What a worker does that holds the queue: moves the inbox over, takes the best, publishes what is left.
    fn take(&self, queue: &mut Queue) -> Option<u64> {
        self.heads.collect();
        for (slot, moved) in self.inbox.iter().zip(&mut queue.moved) {
            if let (false, key @ 1..) = (*moved, slot.load(Relaxed)) {
                *moved = true;
                queue.waiting.push(key);
            }
        }
        queue.waiting.sort_unstable_by(|a, b| b.cmp(a));
        let taken = queue.waiting.pop();
        self.heads.settle(queue.waiting.last().copied().unwrap_or(NOTHING));
        taken
    }
}

#[test]
fn no_head_is_lost_between_a_push_and_a_recompute() {
    loom::model(|| {
        let seat = Seat::new();
        let submitters = [(0, 7), (1, 5)].map(|(slot, key)| {
            let seat = Arc::clone(&seat);
            thread::spawn(move || seat.push(slot, key))
        });
        let mut queue = Queue::default();
        let mut taken = vec![seat.take(&mut queue), seat.take(&mut queue)];
        submitters.into_iter().for_each(|submitter| submitter.join().unwrap());
        // All are past their step 2: as long as something was not taken, the head says so, and a look finds it.
        while taken.iter().flatten().count() < 2 {
            let left = [5, 7].into_iter().filter(|key| !taken.contains(&Some(*key))).min().unwrap();
            assert!(seat.heads.best() <= left, "lost a head");
            taken.push(seat.take(&mut queue));
        }
        taken.push(seat.take(&mut queue));
        assert_eq!(taken.iter().flatten().count(), 2, "ran one twice");
        assert_eq!(seat.heads.best(), NOTHING);
    });
}

#[test]
fn a_reader_sees_a_task_that_is_being_moved_into_the_queue() {
    loom::model(|| {
        let seat = Seat::new();
        seat.push(0, 5);
        seat.push(1, 7);
        let reader = {
            let seat = Arc::clone(&seat);
            thread::spawn(move || assert!(seat.heads.best() <= 7, "looked between two words"))
        };
        assert_eq!(seat.take(&mut Queue::default()), Some(5));
        reader.join().unwrap();
    });
}

#[test]
fn nobody_sleeps_on_a_task() {
    loom::model(|| {
        let seat = Seat::new();
        let worker = {
            let seat = Arc::clone(&seat);
            thread::spawn(move || {
                let mut queue = Queue::default();
                let mut taken = 0;
                while taken < 2 {
                    if seat.heads.best() != NOTHING {
                        taken += seat.take(&mut queue).iter().count();
                        continue;
                    }
                    seat.sleepers.lie_down(3);
                    if seat.heads.best() != NOTHING {
                        seat.sleepers.rise(3);
                        continue;
                    }
                    while seat.sleepers.is_asleep(3) {
                        thread::park();
                    }
                }
            })
        };
        let wake = |claimed: Option<u32>| {
            if claimed == Some(3) {
                worker.thread().unpark();
            }
        };
        for (slot, key) in [(0, 7), (1, 5)] {
            seat.push(slot, key);
            wake(seat.sleepers.claim(1 << 3));
        }
        worker.join().unwrap();
    });
}

#[test]
fn each_of_two_tasks_wakes_a_worker_of_its_own() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let sleepers = Arc::new(Sleepers::new());
        let tasks = Arc::new(AtomicU64::new(0));
        let workers = [0, 1].map(|bit| {
            let (sleepers, tasks) = (Arc::clone(&sleepers), Arc::clone(&tasks));
            thread::spawn(move || {
                let take = || tasks.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok();
                while !take() {
                    sleepers.lie_down(bit);
                    if tasks.load(Relaxed) > 0 {
                        sleepers.rise(bit);
                        continue;
                    }
                    while sleepers.is_asleep(bit) {
                        thread::park();
                    }
                }
            })
        });
        for _ in 0..2 {
            tasks.fetch_add(1, Relaxed);
            if let Some(bit) = sleepers.claim(0b11) {
                workers[bit as usize].thread().unpark();
            }
        }
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
}
