//! Work that never ends.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bevy::tasks::{AsyncComputeTaskPool, Task};
use bevy_freshet::base::Priority;
use bevy_freshet::priority::{TaskFailure, TaskSpec, WorkerPool, WorkloadKey};

/// Time between two points at which the work may be interrupted.
const CHUNK: Duration = Duration::from_millis(1);

/// Keeps a core busy.
pub fn burn(time: Duration) {
    let start = Instant::now();
    let mut value = 1_u64;
    while start.elapsed() < time {
        for _ in 0..256 {
            value = black_box(value.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        }
    }
}

/// Tasks that burn until they are dropped.
pub enum Load {
    Nothing,
    Freshet(#[expect(dead_code, reason = "dropping them ends them")] Vec<Task<Result<(), TaskFailure>>>),
    Async(Arc<AtomicBool>),
}

impl Load {
    /// One low and one idle task for each core.
    pub fn freshet(pool: &WorkerPool) -> Self {
        let levels = [Priority::Low, Priority::Idle];
        let tasks = (0..2 * cores()).map(|index| {
            let spec = TaskSpec::new(WorkloadKey(1_000_000), "load", levels[index % 2]);
            let task = pool.spawn(spec, |context| async move {
                loop {
                    burn(CHUNK);
                    context.checkpoint().await?;
                }
            });
            task.expect("the queues are empty")
        });
        Self::Freshet(tasks.collect())
    }

    /// The same number of tasks with the same points of interruption on Bevy's pool.
    pub fn plain() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        for _ in 0..2 * cores() {
            let stop = Arc::clone(&stop);
            let work = async move {
                while !stop.load(Ordering::Relaxed) {
                    burn(CHUNK);
                    yield_now().await;
                }
            };
            AsyncComputeTaskPool::get().spawn(work).detach();
        }
        Self::Async(stop)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        if let Self::Async(stop) = self {
            stop.store(true, Ordering::Relaxed);
        }
    }
}

pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Lets others of the pool run.
async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}
