//! Worker pools: long work, in the order of levels and deadlines, on threads of their own.
//!
//! ```text
//!  any thread ─ spawn, wake ─► inbox ─┐ (lock-free)          report, statistics, stalls ─► drained by the app
//!                              inbox ─┤                                  ▲
//!              ┌──────────────────────┴───────────────────────┐          │
//!              ▼                                              ▼          │
//!    foreground seats                                 background seats   │
//!  ┌───────────┐ ┌───────────┐   changed class:     ┌───────────┐        │
//!  │ queue     │ │ queue     │ ◄── by inbox ──────► │ queue     │ ...    │
//!  │ head ●────┼─┼────● head │   (aged, promoted,   │ head ●    │        │
//!  └─────┬─────┘ └─────┬─────┘    demoted)          └─────┬─────┘        │
//!        ▼   best head of the class, stolen if need be    ▼              │
//!     thread         thread                            thread ─ slice ───┘
//!  normal OS priority: Critical, High, Normal, aged   lowest: Low, Idle
//!        ▲                                                ▲
//!        └────────── warden: ages, reorders, replaces ────┘
//! ```
//!
//! A worker takes the most urgent task that waits for its class, wherever it lies, and runs one slice of it: to its
//! end, to an await that is not ready, or to a [checkpoint](TaskContext::checkpoint) at which more urgent work waits.
//!
//! # Order
//!
//! Level first; within a level the earliest deadline; without deadlines the one that has waited longest
//! (`urgency.rs` makes one word of that rule). Work that has waited for long [rises](AgingBounds), to High at most. Levels are strict:
//! while workers have more urgent work, less urgent work waits and, past its deadline, is dropped with a reason.
//!
//! # What holds
//!
//! - **Spawning never waits.** Inboxes and published heads are lock-free, and all inboxes of a class together have room
//!   for all tasks that may be alive; what exceeds a level's capacity is refused and counted.
//! - **No task is lost, and nobody sleeps on one.** The two protocols, `heads.rs` and `parker.rs`, are
//!   checked by models (`tools/models`) in every interleaving.
//! - **Every task that is taken in ends once**, and is booked when it does: its future carries the entry (`future.rs`).
//! - **Foreground never waits for background.** Workers lock queues of their own class only, so a background thread that
//!   the system does not let run holds nothing that a foreground thread needs.
//! - **A bad task is alone.** A panic ends it and nobody else. One that never reaches a checkpoint is named, its thread
//!   lowered, and another thread takes its seat (`warden.rs`).
//!
//! # The seven questions
//!
//! 1. **Resources:** a thread and a stack for each worker and the warden, two words for each place in an inbox, a word
//!    for each workload.
//! 2. **Handles:** [`Task`] (a future of the result; dropping it cancels), [`TaskControl`], [`WorkloadKey`].
//! 3. **Pool or allocation:** two allocations for each task (its state, its future); queues grow to their largest and
//!    stay; reports are written into fixed rings.
//! 4. **Blocking:** workers park when nothing waits for their class. No other thread ever waits, except for the grace
//!    period in which the pool is dropped.
//! 5. **Priority:** this is it.
//! 6. **Attach or return:** results come through the task, the rest through [`TaskReport`] and [`PoolStatistics`].
//! 7. **Bottleneck:** waking a thread; see the measurements of the crate.

mod aging;
mod choose;
mod clock;
mod context;
mod crew;
mod error;
mod future;
mod heads;
mod heap;
mod inbox;
mod levels;
mod os_priority;
mod parker;
mod queue;
mod report;
mod seat;
mod settings;
mod shared;
pub mod simulate;
mod statistics;
mod task;
#[cfg(test)]
mod tests;
mod urgency;
mod warden;
mod worker;
mod worker_pool;

pub use async_task::Task;
pub use choose::WorkerClass;
pub use context::TaskContext;
pub use error::{SpawnError, TaskFailure};
pub use os_priority::OsPriority;
pub use report::{Outcome, RunningTask, StallReport, TaskReport};
pub use settings::{AgingBounds, PoolSettings, StallLimits};
pub use statistics::{LevelStatistics, PoolStatistics};
pub use task::{TaskControl, TaskSpec, WorkloadKey};
pub use worker_pool::{Controlled, WorkerPool};
