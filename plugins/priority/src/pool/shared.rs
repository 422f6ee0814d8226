//! What submitters, workers and the warden share.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;

use async_task::Runnable;
use crossbeam_queue::ArrayQueue;

use crate::pool::aging::{Facts, standing};
use crate::pool::choose::{WorkerClass, choose};
use crate::pool::clock::{Clock, Nanos};
use crate::pool::crew::Crew;
use crate::pool::inbox::{Entry, lock, try_lock};
use crate::pool::levels::Levels;
use crate::pool::os_priority::OsPriority;
use crate::pool::parker::Sleepers;
use crate::pool::queue::Queue;
use crate::pool::report::{StallReport, TaskReport};
use crate::pool::seat::Seat;
use crate::pool::settings::PoolSettings;
use crate::pool::statistics::{LevelCounters, add};
use crate::pool::task::TaskState;
use crate::pool::urgency::Urgency;
use freshet_base::Priority;

/// Sleeping bits: foreground seats from 0, background seats from here.
const BACKGROUND_BITS: u32 = 30;
/// The warden takes a nap: changed facts wake it.
pub(crate) const WARDEN_NAPS: u32 = 62;
/// The warden sleeps because nothing runs or waits: any submission wakes it.
pub(crate) const WARDEN_SLEEPS: u32 = 63;

/// Stall reports kept until somebody drains them.
const STALL_REPORTS: usize = 256;

/// Everything but the threads.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: PoolSettings,
    pub(crate) clock: Clock,
    pub(crate) classes: [Class; 2],
    pub(crate) sleepers: Sleepers,
    pub(crate) levels: Levels,
    pub(crate) counters: [LevelCounters; 5],
    pub(crate) reports: ArrayQueue<TaskReport>,
    pub(crate) reports_lost: AtomicU64,
    pub(crate) stalls: ArrayQueue<StallReport>,
    pub(crate) stall_reports_lost: AtomicU64,
    pub(crate) stalls_seen: AtomicU64,
    pub(crate) substitutions: AtomicU64,
    pub(crate) tickets: AtomicU64,
    pub(crate) closed: AtomicBool,
    pub(crate) crew: Crew,
    pub(crate) warden: OnceLock<Thread>,
    pub(crate) os_priority: [OnceLock<OsPriority>; 2],
    /// Version of the facts that orders depend on: levels, deadlines, cancellations.
    version: AtomicU64,
}

/// The seats of one class.
#[derive(Debug)]
pub(crate) struct Class {
    pub(crate) seats: Box<[Seat]>,
    /// Where the next task goes when nobody sleeps.
    next: AtomicUsize,
}

/// A task that a worker took.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) entry: Entry,
    /// The level it runs as.
    pub(crate) level: Priority,
    pub(crate) aged: bool,
    pub(crate) stolen: bool,
}

impl Shared {
    /// From clamped settings.
    pub(crate) fn new(settings: PoolSettings) -> Self {
        let class = |seats: usize| Class {
            seats: (0..seats).map(|_| Seat::new(&settings, settings.total_capacity().div_ceil(seats))).collect(),
            next: AtomicUsize::new(0),
        };
        Self {
            classes: [class(settings.foreground), class(settings.background)],
            clock: Clock::start(),
            sleepers: Sleepers::new(),
            levels: Levels::new(settings.workloads),
            counters: Default::default(),
            reports: ArrayQueue::new(settings.reports),
            reports_lost: AtomicU64::new(0),
            stalls: ArrayQueue::new(STALL_REPORTS),
            stall_reports_lost: AtomicU64::new(0),
            stalls_seen: AtomicU64::new(0),
            substitutions: AtomicU64::new(0),
            tickets: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            crew: Crew::new(),
            warden: OnceLock::new(),
            os_priority: [OnceLock::new(), OnceLock::new()],
            version: AtomicU64::new(0),
            settings,
        }
    }

    pub(crate) fn seats(&self, class: WorkerClass) -> &[Seat] {
        &self.classes[class.index()].seats
    }

    /// Who runs work that stands at `level`.
    pub(crate) fn class_of(&self, level: Priority) -> WorkerClass {
        WorkerClass::of(level, self.settings.foreground > 0)
    }

    /// Workers are numbered through: foreground first.
    pub(crate) fn class_of_worker(&self, worker: u16) -> WorkerClass {
        let foreground = usize::from(worker) < self.settings.foreground;
        if foreground { WorkerClass::Foreground } else { WorkerClass::Background }
    }

    pub(crate) fn worker(&self, class: WorkerClass, seat: usize) -> u16 {
        let first = if class == WorkerClass::Background { self.settings.foreground } else { 0 };
        (first + seat) as u16
    }

    pub(crate) const fn bit(class: WorkerClass, seat: usize) -> u32 {
        seat as u32 + if matches!(class, WorkerClass::Background) { BACKGROUND_BITS } else { 0 }
    }

    fn mask(&self, class: WorkerClass) -> u64 {
        ((1 << self.seats(class).len()) - 1) << Self::bit(class, 0)
    }

    /// How urgent the best task of a class is that waits.
    pub(crate) fn best(&self, class: WorkerClass) -> Urgency {
        self.seats(class).iter().map(Seat::best).min().unwrap_or(Urgency::NONE)
    }

    pub(crate) fn facts(&self, state: &TaskState) -> Facts {
        state.facts(&self.levels)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(SeqCst)
    }

    /// Takes in a task that became ready. Called from any thread, also from wakers: never waits, never fails.
    pub(crate) fn submit(&self, runnable: Runnable, state: &Arc<TaskState>) {
        let now = self.clock.now();
        let made_room = state.becomes_ready(now);
        self.counters[state.base.index()].waiting.fetch_add(1, Relaxed);
        let worker = made_room.then(|| state.worker.load(Relaxed));
        if made_room {
            add(&self.counters[state.base.index()].yields);
        }
        let seat = self.enqueue(Entry { runnable, state: Arc::clone(state) }, now, worker);
        if self.is_closed() {
            self.cancel_inbox(seat);
        }
    }

    /// Puts an entry into an inbox, publishes it and wakes who may run it. `worker` is where it ran before.
    fn enqueue(&self, entry: Entry, now: Nanos, worker: Option<u16>) -> &Seat {
        let version = self.version.load(Acquire);
        let urgency = standing(&self.facts(&entry.state), now, &self.settings.aging).urgency;
        let class = self.class_of(urgency.level());
        let seat = self.push(class, entry, worker);
        seat.heads.announce(urgency.bits());
        if self.version.load(Acquire) != version {
            // Its facts changed on the way, so it may lie with the wrong class: have everybody look again.
            self.facts_changed();
        }
        self.wake(class);
        seat
    }

    fn push(&self, class: WorkerClass, mut entry: Entry, worker: Option<u16>) -> &Seat {
        let seats = self.seats(class);
        let first = worker
            .filter(|&worker| self.class_of_worker(worker) == class)
            .map(|worker| usize::from(worker - self.worker(class, 0)))
            .or_else(|| self.sleepers.first(self.mask(class)).map(|bit| (bit - Self::bit(class, 0)) as usize))
            .unwrap_or_else(|| self.classes[class.index()].next.fetch_add(1, Relaxed) % seats.len());
        for seat in (first..first + seats.len()).cycle() {
            let seat = &seats[seat % seats.len()];
            match seat.inbox.push(entry) {
                Ok(()) => return seat,
                Err(back) => entry = back,
            }
        }
        unreachable!("a class has at least one seat")
    }

    /// Wakes one worker of `class`, if one sleeps, and the warden, if it does.
    fn wake(&self, class: WorkerClass) {
        if let Some(bit) = self.sleepers.claim(self.mask(class)) {
            self.seats(class)[(bit - Self::bit(class, 0)) as usize].unpark();
        }
        if self.sleepers.is_asleep(WARDEN_SLEEPS) {
            self.wake_warden(1 << WARDEN_SLEEPS);
        }
    }

    /// Wakes the warden if it sleeps in one of the ways of `mask`.
    pub(crate) fn wake_warden(&self, mask: u64) {
        if self.sleepers.claim(mask).is_some()
            && let Some(warden) = self.warden.get()
        {
            warden.unpark();
        }
    }

    /// Levels, deadlines or cancellations changed: waiting tasks are put into their new order, by workers that look for
    /// work and by the warden.
    pub(crate) fn facts_changed(&self) {
        self.version.fetch_add(1, Release);
        self.wake_warden(1 << WARDEN_NAPS | 1 << WARDEN_SLEEPS);
    }

    /// Whether a seat's order is out of date.
    pub(crate) fn is_stale(&self, seat: &Seat) -> bool {
        seat.seen.load(Relaxed) != self.version.load(Acquire)
    }

    /// Empties a seat's inbox into its queue, brings its order up to date, and hands over what no longer belongs to its
    /// class. The caller holds the queue and settles the head.
    pub(crate) fn tidy(&self, class: WorkerClass, seat: &Seat, queue: &mut Queue<Entry>, now: Nanos) {
        let version = self.version.load(Acquire);
        seat.heads.collect();
        while let Some(entry) = seat.inbox.pop() {
            let facts = self.facts(&entry.state);
            queue.insert(entry, facts, now);
        }
        if seat.seen.load(Relaxed) != version {
            queue.reorder(now, |entry| self.facts(&entry.state));
            seat.seen.store(version, Relaxed);
        }
        queue.age(now);
        let other = WorkerClass::ALL[1 - class.index()];
        while let Some(moved) = queue.pop(other) {
            self.enqueue(moved.task, now, None);
        }
    }

    /// The best task that this worker may run, from wherever it is.
    pub(crate) fn take(&self, class: WorkerClass, me: usize) -> Option<Taken> {
        let seats = self.seats(class);
        let now = self.clock.now();
        for seat in seats.iter().filter(|seat| self.is_stale(seat)) {
            let mut queue = lock(&seat.queue);
            self.tidy(class, seat, &mut queue, now);
            seat.settle(&queue, class);
        }
        loop {
            let choice = choose(seats.iter().map(Seat::best), me)?;
            let seat = &seats[choice.seat];
            let mut queue = lock(&seat.queue);
            self.tidy(class, seat, &mut queue, now);
            // Somebody else was faster, or the head was published too small: publish what there is and look again.
            let gone = queue.best(class) > choice.urgency;
            let taken = if gone { None } else { queue.pop(class) };
            seat.settle(&queue, class);
            drop(queue);
            if let Some(waiting) = taken {
                let counters = &self.counters[waiting.task.state.base.index()];
                counters.running.fetch_add(1, Relaxed);
                counters.waiting.fetch_sub(1, Release);
                waiting.task.state.leaves_queue(now);
                let stolen = choice.seat != me;
                let (level, aged) = (waiting.standing.urgency.level(), waiting.standing.aged);
                return Some(Taken { entry: waiting.task, level, aged, stolen });
            }
        }
    }

    /// Whether a worker of `class` should look for work before it sleeps.
    pub(crate) fn has_work(&self, class: WorkerClass) -> bool {
        self.is_closed() || self.seats(class).iter().any(|seat| seat.best().is_some() || self.is_stale(seat))
    }

    /// Whether anything waits or runs. A task that is being taken counts as both, so it is never overlooked.
    pub(crate) fn is_busy(&self) -> bool {
        self.counters.iter().any(|level| level.waiting.load(Acquire) > 0 || level.running.load(Acquire) > 0)
    }

    /// Ends all that lies in an inbox of a closed pool.
    fn cancel_inbox(&self, seat: &Seat) {
        while let Some(entry) = seat.inbox.pop() {
            self.cancel(entry);
        }
    }

    /// Ends all that waits at a seat of a closed pool. `false` when somebody else holds its queue.
    pub(crate) fn cancel_seat(&self, seat: &Seat) -> bool {
        self.cancel_inbox(seat);
        let Some(mut queue) = try_lock(&seat.queue) else { return false };
        let waiting: Vec<_> = WorkerClass::ALL
            .into_iter()
            .flat_map(|class| std::iter::from_fn(|| queue.pop(class)).collect::<Vec<_>>())
            .collect();
        drop(queue);
        waiting.into_iter().for_each(|waiting| self.cancel(waiting.task));
        true
    }

    /// Ends a task that a closed pool still holds: its future is polled once more, and stops there.
    fn cancel(&self, entry: Entry) {
        let Entry { runnable, state } = entry;
        self.counters[state.base.index()].waiting.fetch_sub(1, Relaxed);
        state.cancel();
        state.at_checkpoint.store(false, Relaxed);
        drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runnable.run())));
    }

    /// Books the end of a task.
    pub(crate) fn book(&self, report: TaskReport) {
        self.counters[report.level.index()].end(report.outcome, report.missed_deadline);
        if self.reports.push(report).is_err() {
            add(&self.reports_lost);
        }
    }
}
