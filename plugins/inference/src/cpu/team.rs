//! Threads that share the work of one step after the other.
//!
//! A step of a small net takes microseconds, less than waking a thread. So the threads of a team look for work for a while
//! before they sleep, and the calling thread does all that nobody else has taken.

#![expect(
    unsafe_code,
    reason = "work borrows from the caller's stack; rows of a result are written by several threads"
)]

use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

/// How long a thread without work looks for some before it sleeps.
const AWAKE: Duration = Duration::from_micros(100);

/// Turns of a waiting loop between looks at the clock, or before giving way to another thread.
const TURNS: usize = 200;

/// What is done for a task: its index, and that of the thread.
type Work<'a> = dyn Fn(usize, usize) + Sync + 'a;

/// Threads, the calling one included.
pub(super) struct Team {
    shared: Arc<Shared>,
    helpers: Vec<JoinHandle<()>>,
}

struct Shared {
    job: UnsafeCell<Option<Job>>,
    /// Whether helpers may look at the job.
    open: AtomicBool,
    /// Helpers that look at the job, or are about to find out that they may not.
    inside: AtomicUsize,
    /// The next task.
    next: AtomicUsize,
    panicked: AtomicBool,
    stop: AtomicBool,
    asleep: Vec<AtomicBool>,
}

#[derive(Clone, Copy)]
struct Job {
    work: *const Work<'static>,
    tasks: usize,
}

// SAFETY: `job` is written only by the one caller (`Team::run` takes `&mut self`) while `open` is false and `inside` is 0,
// and read only by helpers that have found `open` after counting themselves `inside`. The work is `Sync`.
unsafe impl Sync for Shared {}
// SAFETY: as above; nothing belongs to one thread.
unsafe impl Send for Shared {}

impl std::fmt::Debug for Team {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Team of {}", self.threads())
    }
}

impl Team {
    /// A team of so many threads, at least 1: the caller.
    pub(super) fn new(threads: usize) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            job: UnsafeCell::new(None),
            open: AtomicBool::new(false),
            inside: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
            panicked: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            asleep: (1..threads).map(|_| AtomicBool::new(false)).collect(),
        });
        let mut team = Self { shared, helpers: Vec::with_capacity(threads.saturating_sub(1)) };
        for index in 1..threads {
            let shared = Arc::clone(&team.shared);
            let named = std::thread::Builder::new().name(format!("net {index}"));
            team.helpers.push(named.spawn(move || shared.help(index))?);
        }
        Ok(team)
    }

    /// How many threads there are.
    pub(super) fn threads(&self) -> usize {
        self.helpers.len() + 1
    }

    /// Does all tasks; returns when they are done.
    ///
    /// # Panics
    ///
    /// When a task does.
    pub(super) fn run(&mut self, tasks: usize, work: &Work<'_>) {
        if tasks <= 1 || self.helpers.is_empty() {
            (0..tasks).for_each(|task| work(task, 0));
            return;
        }
        let work: *const Work<'_> = work;
        // SAFETY: only the lifetime changes; `Closing` ends every use of the pointer before this function is left.
        let work = unsafe { std::mem::transmute::<*const Work<'_>, *const Work<'static>>(work) };
        let job = Job { work, tasks };
        // SAFETY: the last run has closed the job and seen nobody inside.
        unsafe { *self.shared.job.get() = Some(job) };
        self.shared.next.store(0, SeqCst);
        self.shared.open.store(true, SeqCst);
        let closing = Closing(&self.shared);
        for (helper, asleep) in self.helpers.iter().zip(&self.shared.asleep) {
            if asleep.swap(false, SeqCst) {
                helper.thread().unpark();
            }
        }
        self.shared.work(job, 0);
        drop(closing);
        assert!(!self.shared.panicked.swap(false, SeqCst), "a thread of the net has panicked");
    }

    /// Gives parts of `size` elements of `out` to threads: `work(index, part, thread)`.
    pub(super) fn chunks(&mut self, out: &mut [f32], size: usize, work: &(dyn Fn(usize, &mut [f32], usize) + Sync)) {
        let (whole, size) = (Shares::new(out), size.max(1));
        self.run(whole.len.div_ceil(size), &|task, thread| {
            let range = task * size..((task + 1) * size).min(whole.len);
            // SAFETY: ranges of different tasks do not overlap, and each task is done once.
            work(task, unsafe { whole.part(range) }, thread);
        });
    }

    /// Gives tiles of a matrix of `columns` columns to threads. Tiles lie between neighbouring numbers of `row_cuts`, and
    /// of `column_cuts`, both ascending.
    ///
    /// # Panics
    ///
    /// When cuts do not ascend, or reach beyond the matrix.
    pub(super) fn tiles(
        &mut self,
        out: &mut [f32],
        columns: usize,
        [row_cuts, column_cuts]: [&[usize]; 2],
        work: &(dyn Fn([usize; 2], Tile<'_>, usize) + Sync),
    ) {
        assert!(row_cuts.is_sorted() && column_cuts.is_sorted());
        assert!(row_cuts.last().is_none_or(|&last| last * columns <= out.len()));
        assert!(column_cuts.last().is_none_or(|&last| last <= columns));
        let [down, across] = [row_cuts.len().saturating_sub(1), column_cuts.len().saturating_sub(1)];
        let whole = Shares::new(out);
        self.run(down * across, &|task, thread| {
            let [row, column] = [task / across, task % across];
            let rows = row_cuts[row]..row_cuts[row + 1];
            let range = column_cuts[column]..column_cuts[column + 1];
            work([row, column], Tile { whole: &whole, columns, rows, range }, thread);
        });
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.stop.store(true, SeqCst);
        self.helpers.iter().map(JoinHandle::thread).for_each(Thread::unpark);
        for helper in self.helpers.drain(..) {
            // A task's panic has been passed on by `run`.
            drop(helper.join());
        }
    }
}

impl Shared {
    fn work(&self, job: Job, thread: usize) {
        // SAFETY: the caller waits in `Closing` until nobody is inside.
        let work = unsafe { &*job.work };
        loop {
            let task = self.next.fetch_add(1, SeqCst);
            if task >= job.tasks {
                return;
            }
            work(task, thread);
        }
    }

    fn help(&self, index: usize) {
        let mut idle_since = Instant::now();
        while !self.stop.load(SeqCst) {
            let mut took_part = false;
            if self.open.load(SeqCst) {
                took_part = self.enter(index);
                idle_since = Instant::now();
            }
            for _ in 0..TURNS {
                if took_part && self.open.load(SeqCst) {
                    break;
                }
                took_part |= !self.open.load(SeqCst);
                std::hint::spin_loop();
            }
            if idle_since.elapsed() > AWAKE {
                self.sleep(index);
                idle_since = Instant::now();
            }
        }
    }

    fn sleep(&self, index: usize) {
        let asleep = &self.asleep[index - 1];
        asleep.store(true, SeqCst);
        // Whoever opens a job or stops the team does that first and wakes then.
        while asleep.load(SeqCst) && !self.open.load(SeqCst) && !self.stop.load(SeqCst) {
            std::thread::park();
        }
        asleep.store(false, SeqCst);
    }

    /// Takes part in the job, if it is still open and has tasks. Whether it did any.
    fn enter(&self, index: usize) -> bool {
        self.inside.fetch_add(1, SeqCst);
        let mut took_part = false;
        if self.open.load(SeqCst) {
            // SAFETY: the job was open after this thread had been counted: it stays until the count is taken back.
            if let Some(job) = unsafe { *self.job.get() }
                && self.next.load(SeqCst) < job.tasks
            {
                took_part = true;
                if std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.work(job, index))).is_err() {
                    self.panicked.store(true, SeqCst);
                }
            }
        }
        self.inside.fetch_sub(1, SeqCst);
        took_part
    }
}

/// Ends a job: nobody looks at it once this is dropped.
struct Closing<'a>(&'a Shared);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        // A panic of the caller leaves tasks undone.
        self.0.next.store(usize::MAX / 2, SeqCst);
        self.0.open.store(false, SeqCst);
        let mut turns = 0;
        while self.0.inside.load(SeqCst) > 0 {
            turns += 1;
            if turns < TURNS {
                std::hint::spin_loop();
            } else {
                std::thread::yield_now();
            }
        }
    }
}

/// A slice that several threads write, each its own part.
struct Shares<'a> {
    start: *mut f32,
    len: usize,
    borrow: PhantomData<&'a mut [f32]>,
}

// SAFETY: parts are handed out by functions of this file that give no element to two tasks.
unsafe impl Sync for Shares<'_> {}

impl<'a> Shares<'a> {
    fn new(whole: &'a mut [f32]) -> Self {
        Self { start: whole.as_mut_ptr(), len: whole.len(), borrow: PhantomData }
    }

    /// # Safety
    ///
    /// Nobody else has an element of this range.
    #[expect(clippy::mut_from_ref, reason = "the caller answers for it")]
    unsafe fn part(&self, range: Range<usize>) -> &mut [f32] {
        assert!(range.start <= range.end && range.end <= self.len);
        // SAFETY: within the slice, and the caller's alone.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}

/// Some rows and columns of a matrix, which one task alone writes.
pub(super) struct Tile<'a> {
    whole: &'a Shares<'a>,
    columns: usize,
    rows: Range<usize>,
    range: Range<usize>,
}

impl Tile<'_> {
    /// Its rows.
    pub(super) fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }

    /// Its columns.
    pub(super) fn columns(&self) -> Range<usize> {
        self.range.clone()
    }

    /// Some of its rows; the tile is given up for them until they are dropped.
    pub(super) fn some(&mut self, rows: Range<usize>) -> Tile<'_> {
        assert!(self.rows.start <= rows.start && rows.end <= self.rows.end);
        Tile { whole: self.whole, columns: self.columns, rows, range: self.range.clone() }
    }

    /// Its first element, how far its rows are apart, and the place of its first element in the matrix. The rows may be
    /// written through the pointer for as long as the tile is borrowed.
    pub(super) fn first_row(&mut self) -> (*mut f32, usize, usize) {
        let place = self.rows.start * self.columns + self.range.start;
        assert!(self.rows.is_empty() || (self.rows.end - 1) * self.columns + self.range.end <= self.whole.len);
        assert!(place <= self.whole.len);
        // SAFETY: within the slice, or its end.
        (unsafe { self.whole.start.add(place) }, self.columns, place)
    }

    /// The elements of one of its rows.
    pub(super) fn row(&mut self, row: usize) -> &mut [f32] {
        assert!(self.rows.contains(&row));
        let start = row * self.columns;
        // SAFETY: tiles do not overlap, and this one is borrowed for as long as the row is.
        unsafe { self.whole.part(start + self.range.start..start + self.range.end) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_done_once() {
        for threads in 1..5 {
            let mut team = Team::new(threads).unwrap();
            for tasks in [0, 1, 2, 3, 17, 100] {
                let done: Vec<AtomicUsize> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
                for _ in 0..200 {
                    team.run(tasks, &|task, thread| {
                        assert!(thread < threads);
                        done[task].fetch_add(1, SeqCst);
                    });
                }
                assert!(done.iter().all(|done| done.load(SeqCst) == 200));
            }
        }
    }

    #[test]
    fn helpers_that_sleep_are_woken() {
        let mut team = Team::new(3).unwrap();
        for _ in 0..20 {
            std::thread::sleep(AWAKE * 3);
            let done = AtomicUsize::new(0);
            team.run(64, &|_, _| {
                done.fetch_add(1, SeqCst);
            });
            assert_eq!(done.load(SeqCst), 64);
        }
    }

    #[test]
    fn a_panic_comes_through_and_the_team_goes_on() {
        let mut team = Team::new(3).unwrap();
        for _ in 0..20 {
            let stopped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                team.run(50, &|task, _| assert_ne!(task, 25));
            }));
            assert!(stopped.is_err());
            let done = AtomicUsize::new(0);
            team.run(50, &|_, _| {
                done.fetch_add(1, SeqCst);
            });
            assert_eq!(done.load(SeqCst), 50);
        }
    }

    #[test]
    fn tiles_cover_a_matrix_once() {
        let mut team = Team::new(4).unwrap();
        let (rows, columns) = (13, 29);
        let mut out = vec![0.0; rows * columns];
        for _ in 0..100 {
            team.tiles(&mut out, columns, [&[0, 5, 6, 13], &[0, 7, 20, 29]], &|_, mut tile, _| {
                for row in tile.rows() {
                    tile.row(row).iter_mut().for_each(|element| *element += 1.0);
                }
            });
        }
        assert!(out.iter().all(|&element| element == 100.0));
        team.chunks(&mut out, 10, &|index, part, _| part.fill(index as f32));
        assert!(out.iter().enumerate().all(|(at, &element)| element == (at / 10) as f32));
    }
}
