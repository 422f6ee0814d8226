//! Idle work under continuous high load, on the real threads.
//!
//! Low tasks without end keep every background worker busy, so idle ones get no turn there. High tasks ask for 80 % of the
//! foreground workers. Idle tasks of 20 ms must be done within their bound, by aging.

use std::time::{Duration, Instant};

use bevy::tasks::block_on;
use bevy_freshet::base::Priority;
use bevy_freshet::priority::{AgingBounds, PoolSettings, Task, TaskFailure, TaskSpec, WorkerPool, WorkloadKey};

use crate::Arguments;
use crate::figures::Figures;
use crate::load::burn;

const BOUND: Duration = Duration::from_millis(1500);
const MILLI: Duration = Duration::from_millis(1);

pub fn measure(arguments: &Arguments) {
    let rounds = arguments.rounds.unwrap_or(12);
    for (name, idle) in [("aging", BOUND), ("no aging", Duration::MAX)] {
        let aging = AgingBounds { idle, low: Duration::MAX, normal: Duration::MAX };
        let settings = PoolSettings { foreground: 1, background: 1, aging, ..PoolSettings::default() };
        let pool = WorkerPool::new(settings).expect("the system gives threads");
        run(name, &pool, rounds);
    }
}

fn spec(name: &'static str, level: Priority) -> TaskSpec {
    TaskSpec::new(WorkloadKey(level.index() as u32), name, level)
}

fn run(name: &str, pool: &WorkerPool, rounds: u32) {
    let endless: Vec<Task<Result<(), TaskFailure>>> = (0..2)
        .filter_map(|_| {
            let work = pool.spawn(spec("low", Priority::Low), |context| async move {
                loop {
                    burn(MILLI);
                    context.checkpoint().await?;
                }
            });
            work.ok()
        })
        .collect();
    let mut waited = Figures::default();
    let mut unfinished = 0;
    let mut high_late = 0;
    for _ in 0..rounds {
        let start = Instant::now();
        let idle = pool
            .spawn(spec("idle", Priority::Idle), |context| async move {
                for _ in 0..20 {
                    burn(MILLI);
                    context.checkpoint().await?;
                }
                Ok(Instant::now())
            })
            .expect("the queue is empty");
        // Every 10 ms, 8 ms of high work that wants to be done within 10 ms.
        while start.elapsed() < BOUND + MILLI * 100 && !idle.is_finished() {
            let deadline = Instant::now() + MILLI * 10;
            let high = pool.spawn(spec("high", Priority::High).by(deadline), |context| async move {
                for _ in 0..8 {
                    burn(MILLI);
                    context.checkpoint().await?;
                }
                Ok(())
            });
            high.expect("the queue is not full").detach();
            std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
        }
        high_late += pool.reports().filter(|report| report.level == Priority::High && report.missed_deadline).count();
        match idle.is_finished().then(|| block_on(idle)) {
            Some(Ok(end)) => {
                unfinished += u32::from(end - start > BOUND);
                waited.push(end - start);
            }
            _ => unfinished += 1,
        }
    }
    drop(endless);
    let [median, _, _, max] = waited.row();
    let done = waited.len();
    println!(
        "{name:<9} idle bound {:.0} ms: {done} of {rounds} done, median {median:.0} ms, slowest {max:.0} ms; \
         {unfinished} not done within the bound; late high tasks: {high_late}",
        BOUND.as_secs_f64() * 1e3
    );
}
