//! The threads: who sits where, what each is at, and how many are left.

use std::io;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{Builder, ThreadId};
use std::time::{Duration, Instant};

use crate::pool::choose::WorkerClass;
use crate::pool::inbox::lock;
use crate::pool::os_priority::NativeId;
use crate::pool::shared::Shared;
use crate::pool::task::TaskState;
use crate::pool::worker;

/// One worker thread, as the others see it.
#[derive(Debug)]
pub(crate) struct Post {
    pub(crate) class: WorkerClass,
    pub(crate) seat: usize,
    /// Number of this thread among those that have sat here.
    pub(crate) tenure: u64,
    /// Odd while a task runs; changes with each slice.
    pub(crate) slice: AtomicU64,
    /// What runs. Locked by the thread for the moment of a change; others try.
    pub(crate) running: Mutex<Option<Arc<TaskState>>>,
    /// The thread's name for the system, while the thread lives. Hold the lock while using it.
    pub(crate) native: Mutex<Option<NativeId>>,
    /// The warden found it stalled.
    pub(crate) stalled: AtomicBool,
    /// Its OS priority was lowered from outside, for good.
    pub(crate) lowered: AtomicBool,
    /// It sits on as a surplus thread until its task lets go.
    pub(crate) replaced: AtomicBool,
}

impl Post {
    /// The slice that is on; `None` between tasks.
    pub(crate) fn slice(&self) -> Option<u64> {
        Some(self.slice.load(Acquire)).filter(|slice| slice % 2 == 1)
    }

    /// A task's slice begins or ends.
    pub(crate) fn turn(&self, running: Option<Arc<TaskState>>) {
        *lock(&self.running) = running;
        self.slice.fetch_add(1, Release);
    }
}

/// All threads of a pool.
#[derive(Debug)]
pub(crate) struct Crew {
    /// Worker threads alive. The threads lock it to come and go; others try.
    pub(crate) posts: Mutex<Vec<Arc<Post>>>,
    /// Threads alive, the warden included, and their ids.
    alive: Mutex<Vec<ThreadId>>,
    left: Condvar,
    /// Stalled threads whose place another has taken.
    pub(crate) replaced: AtomicU64,
}

impl Crew {
    pub(crate) const fn new() -> Self {
        Self {
            posts: Mutex::new(Vec::new()),
            alive: Mutex::new(Vec::new()),
            left: Condvar::new(),
            replaced: AtomicU64::new(0),
        }
    }

    /// Starts a thread of the pool, which counts as alive until `body` returns.
    pub(crate) fn start(
        shared: &Arc<Shared>,
        name: &str,
        body: impl FnOnce(&Arc<Shared>) + Send + 'static,
    ) -> io::Result<()> {
        let owned = Arc::clone(shared);
        // Held until the thread is listed, so that it cannot leave before.
        let mut alive = lock(&shared.crew.alive);
        let thread = Builder::new().name(format!("{}-{name}", shared.settings.thread_name)).spawn(move || {
            let leaving = Leaving(owned);
            body(&leaving.0);
        })?;
        alive.push(thread.thread().id());
        Ok(())
    }

    /// Waits until all threads are gone, for at most `grace`. A thread of the pool itself does not wait.
    pub(crate) fn wait(&self, grace: Duration) -> bool {
        let until = Instant::now() + grace;
        let mut alive = lock(&self.alive);
        while !alive.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || alive.contains(&std::thread::current().id()) {
                return false;
            }
            alive =
                self.left.wait_timeout(alive, left).map_or_else(|poisoned| poisoned.into_inner().0, |woken| woken.0);
        }
        true
    }
}

/// Takes the thread off the list when it ends.
struct Leaving(Arc<Shared>);

impl Drop for Leaving {
    fn drop(&mut self) {
        let me = std::thread::current().id();
        lock(&self.0.crew.alive).retain(|&thread| thread != me);
        self.0.crew.left.notify_all();
    }
}

/// Seats a new worker thread.
pub(crate) fn seat_worker(shared: &Arc<Shared>, class: WorkerClass, seat: usize) -> io::Result<()> {
    let tenure = shared.seats(class)[seat].tenure.fetch_add(1, Relaxed) + 1;
    let post = Arc::new(Post {
        class,
        seat,
        tenure,
        slice: AtomicU64::new(0),
        running: Mutex::new(None),
        native: Mutex::new(None),
        stalled: AtomicBool::new(false),
        lowered: AtomicBool::new(false),
        replaced: AtomicBool::new(false),
    });
    let prefix = if class == WorkerClass::Foreground { "fg" } else { "bg" };
    Crew::start(shared, &format!("{prefix}-{seat}"), move |shared| worker::work(shared, &post)).inspect_err(|_| {
        // Nobody came: whoever sits here stays.
        shared.seats(class)[seat].tenure.fetch_sub(1, Relaxed);
    })
}
