//! The real threads. Nothing here asserts on speed: gates order what must be ordered, and waits are generous.

mod endings;
mod isolation;
mod order;

use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crate::pool::inbox::lock;
use crate::pool::{
    AgingBounds, OsPriority, Outcome, PoolSettings, SpawnError, StallLimits, Task, TaskContext, TaskFailure, TaskSpec,
    WorkerClass, WorkerPool, WorkloadKey,
};
use freshet_base::Priority::{self, Critical, High, Idle, Low, Normal};

/// Longer than anything takes, on any machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn settings(foreground: usize, background: usize) -> PoolSettings {
    PoolSettings {
        foreground,
        background,
        // Off, so that a slow machine changes nothing; the tests of aging and of stalls set their own.
        aging: AgingBounds::OFF,
        // The warden naps for half of these, so what needs it in time has to wake it.
        stall_limit: StallLimits { foreground: PATIENCE * 4, background: PATIENCE * 4 },
        shutdown_grace: PATIENCE,
        ..PoolSettings::default()
    }
}

fn pool(foreground: usize, background: usize) -> WorkerPool {
    WorkerPool::new(settings(foreground, background)).unwrap()
}

fn spec(name: &str, level: Priority) -> TaskSpec {
    TaskSpec::new(WorkloadKey(level.index() as u32), name, level)
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future on this thread.
fn wait<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = std::pin::pin!(future);
    let until = Instant::now() + PATIENCE;
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        assert!(Instant::now() < until, "nothing came");
        std::thread::park_timeout(PATIENCE);
    }
}

/// Asks again and again until it holds.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < until, "never: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Blocks tasks until it is opened.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<(usize, bool)>, Condvar)>);

impl Gate {
    /// Called in a task.
    fn block(&self) {
        let mut state = lock(&self.0.0);
        state.0 += 1;
        self.0.1.notify_all();
        while !state.1 {
            state = self.0.1.wait(state).unwrap();
        }
    }

    fn wait_for(&self, arrived: usize) {
        let (state, _) = self.0.1.wait_timeout_while(lock(&self.0.0), PATIENCE, |state| state.0 < arrived).unwrap();
        assert!(state.0 >= arrived, "nobody came to the gate");
    }

    fn open(&self) {
        lock(&self.0.0).1 = true;
        self.0.1.notify_all();
    }
}

/// Occupies one worker of the level's class until the gate opens.
fn block(pool: &WorkerPool, level: Priority) -> (Gate, Task<Result<(), TaskFailure>>) {
    let gate = Gate::default();
    let inside = gate.clone();
    let task = pool.spawn(spec("blocker", level), async move |_| {
        inside.block();
        Ok(())
    });
    gate.wait_for(1);
    (gate, task.unwrap())
}

/// Has the worker behind `gate` go on to another blocker, and on the way move all that waits from its inbox into its queue.
fn block_again(pool: &WorkerPool, gate: &Gate) -> (Gate, Task<Result<(), TaskFailure>>) {
    let second = Gate::default();
    let inside = second.clone();
    let task = pool.spawn(spec("second blocker", Critical), async move |_| {
        inside.block();
        Ok(())
    });
    gate.open();
    second.wait_for(1);
    (second, task.unwrap())
}

/// A log that tasks write their names to.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    fn write(&self, name: &'static str) {
        lock(&self.0).push(name);
    }

    fn read(&self) -> Vec<&'static str> {
        lock(&self.0).clone()
    }

    fn spawn(&self, pool: &WorkerPool, name: &'static str, spec: TaskSpec) -> Task<Result<(), TaskFailure>> {
        let log = self.clone();
        pool.spawn(spec, async move |_| {
            log.write(name);
            Ok(())
        })
        .unwrap()
    }
}
