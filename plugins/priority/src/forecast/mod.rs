//! What will the user look at next, and when? So that its first result lies ready.
//!
//! ```text
//!  moves of attention          ForecastModel                                   Speculation
//!  chat → call → map → …   ┌───────────────────────────┐                  ┌────────────────────┐
//!  ──────── observe ─────▶ │ contexts: order 0, 1, 2, 3│                  │ gain of a step:    │
//!                          │  (slow and fast counts),  │   Prediction     │  p · chance that   │  Plan
//!                          │  hour, weekday            │  ranked, 4 best  │  it is still fresh │  targets in
//!                          │      │ one distribution   │  expected_in     │  · waiting spared  │  order, run
//!                          │      ▼ each               ├───── predict ───▶│ cost: idle work,   ├─ in idle ──▶
//!                          │ mixture: fixed share      │  confidence      │  a quantum in the  │  time, at
//!                          │ hazard: dwell times       │  departure       │  way               │  Idle
//!                          └──────────┬────────────────┘                  └─────────▲──────────┘
//!                                     │ each move scores it          trusted or not │
//!                                     └──────────────────▶ Scorer ──────────────────┘
//! ```
//!
//! [`Forecaster`] holds all of it. It is pure: no app, no clock, no thread. The caller tells it moves, asks for a plan now and
//! then (a few times per second, and after each finished step), runs the steps in otherwise idle time quantum by quantum
//! ([`Speculation::may_start`]), and cancels them at once when attention moves elsewhere or urgent work comes.
//!
//! # Never worse
//!
//! Every step must gain more than it costs, and a forecast that has not shown skill is not acted upon: [`Skill::trusted`]
//! is earned by information gained over a blind guess (bits per move, rolling) and lost below a lower limit.
//!
//! # Method
//!
//! - Contexts of variable order with interpolation to shorter ones: Cleary & Witten 1984, "Data compression using adaptive
//!   coding and partial string matching"; weights of Witten & Bell 1991, "The zero-frequency problem". Exponential
//!   forgetting at two paces, so that a changed habit is followed.
//! - Experts mixed by fixed share: Herbster & Warmuth 1998, "Tracking the best expert".
//! - When: the empirical hazard of the dwell times so far, per target, in half octaves, with forgetting.
//!
//! Ten KiB, fixed; nothing is allocated after construction. [`evaluate`] is the trial that measures it.
//!
//! ```ignore
//! let mut forecast = Forecast::new(ForecastSettings { targets: 5, ..Default::default() });
//! if forecast.moved(CHAT, since_start) { /* cancel what is being prepared for others */ }
//! for step in forecast.plan(since_start, &candidates, idle_share).steps() { /* prepare step.target */ }
//! ```

mod baseline;
mod context;
pub mod evaluate;
mod hazard;
mod keep;
mod live;
mod mixture;
mod model;
mod parameters;
mod prediction;
mod rng;
mod save;
mod settings;
pub mod simulate;
mod skill;
mod speculation;
mod target;
pub mod trace;
mod watch;

pub use keep::HabitsError;
pub use live::Forecaster;
pub use model::ForecastModel;
pub use prediction::{Departure, Predict, Prediction, RANKED};
pub use save::ForecastError;
pub use settings::{Cycle, ForecastSettings};
pub use skill::{Scorer, Skill};
pub use speculation::{Candidate, Plan, Rest, Speculation, Step};
pub use target::{MAX_TARGETS, TargetId};
pub use watch::Forecast;
pub(crate) use watch::{follow_attention, look_ahead};
