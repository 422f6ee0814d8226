//! How urgent everything is, by what the user attends to; and what runs because of it.
//!
//! ```text
//!  focus, input, views, calls ─► Attention ─► policy ─┐
//!  history of it ─► Forecast ─────────────────────────┼─► Workload { level, why }      data: no schedule is rebuilt
//!  age, conduct, the app's word ──────────────────────┘        │
//!                                                              ├─► Update: Critical ─► High ─► Normal ─► Low ─► Idle
//!  frame time over its target ─► Governor ─► knobs             ├─► WorkerPool: by level, earliest deadline first
//!                                                              └─► StageLevels: who gets the GPU's time
//! ```
//!
//! ```
//! use std::time::Duration;
//! use bevy::prelude::*;
//! use freshet_base::{Priority, Role};
//! use freshet_priority::{AddWorkload, Attention, PriorityPlugin, Tasks, Workload};
//!
//! fn main() {
//!     let mut app = App::new();
//!     app.add_plugins(PriorityPlugin::default())
//!         // A system of one's own joins a level, and runs while the frame's budget holds …
//!         .add_systems(Update, tidy.in_set(Priority::Low));
//!     // … and a workload runs in whichever level is its present one.
//!     app.add_workload(Workload::new("chat", Role::Chat).every(Duration::from_millis(20)), answer);
//!     app.world_mut().resource_mut::<Attention>().look_at(Some("chat"));
//!     app.update();
//! }
//!
//! fn tidy() {}
//!
//! fn answer(tasks: Tasks) {
//!     // Long work goes to the worker pools and lets more urgent work pass at its checkpoints.
//!     let task = tasks.spawn("chat", |context| async move {
//!         for _token in 0..16 {
//!             context.checkpoint().await?;
//!         }
//!         Ok("an answer")
//!     });
//!     task.expect("the queue has room").detach();
//! }
//! ```
//!
//! # The seven questions
//!
//! 1. **Resources:** worker threads, by default one less than there are cores for urgent work and one for each core,
//!    at the lowest priority of the operating system, for what must not be felt; some 400 KiB of queues and timeline.
//! 2. **Handles:** a workload is an entity; a task is a future that drops what it does when it is dropped.
//! 3. **Pool or allocation:** queues, timeline and agenda are made when the plugin is added; deciding allocates nothing.
//!    Spawning a task allocates the task.
//! 4. **Blocking:** no system waits. Workers wait for work; the app's threads never wait for them.
//! 5. **Priority:** this is the crate that decides it. Deciding itself runs before `Critical`.
//! 6. **Attach or return:** levels are on the workloads; changes are messages, with their reasons.
//! 7. **Bottleneck:** systems of workloads run one after another on one thread; long work belongs into tasks.

mod attention;
mod budget;
mod cost;
mod forecast;
mod governor;
mod plugin;
mod pool;
mod schedule;
mod settings;
mod sync;
mod tasks;
mod timeline;
mod workload;

pub use attention::{Attention, AttentionChanged, AttentionPolicy, Context, Policy, Signals, UsualPolicy};
pub use budget::FrameBudget;
pub use cost::CostEstimate;
pub use forecast::{
    Candidate, Cycle, Departure, Forecast, ForecastError, ForecastModel, ForecastSettings, Forecaster, HabitsError,
    MAX_TARGETS, Plan, Predict, Prediction, RANKED, Rest, Scorer, Skill, Speculation, Step, TargetId,
};
pub use governor::{Change, Control, ControlSettings, FrameCost, Governor, Knob, KnobKind, QualityChanged, Reason};
pub use plugin::PriorityPlugin;
pub use pool::{
    AgingBounds, Controlled, LevelStatistics, OsPriority, Outcome, PoolSettings, PoolStatistics, RunningTask,
    SpawnError, StallLimits, StallReport, Task, TaskContext, TaskControl, TaskFailure, TaskReport, TaskSpec,
    WorkerClass, WorkerPool, WorkloadKey,
};
pub use schedule::PrioritySystems;
pub use settings::PrioritySettings;
pub use tasks::{TaskError, Tasks};
pub use timeline::{Lane, Span, Timeline};
pub use workload::{AddWorkload, LevelChanged, StageWorkload, Why, Workload, WorkloadCounters};

/// Traces, plants and simulations: what the benchmarks drive.
pub mod trials {
    pub use crate::forecast::{evaluate, simulate, trace};
    pub use crate::governor::plant;
    pub use crate::pool::simulate as deadlines;
}

/// What most users of this crate need.
pub mod prelude {
    pub use crate::{
        AddWorkload, Attention, AttentionChanged, Context, Forecast, FrameBudget, Governor, LevelChanged,
        PriorityPlugin, PrioritySettings, PrioritySystems, TaskContext, TaskFailure, Tasks, WorkerPool, Workload,
    };
    pub use freshet_base::{Priority, Role};
}
