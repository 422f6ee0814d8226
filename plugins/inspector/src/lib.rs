//! What the suite is doing, for people: a panel, a recorder, a report.
//!
//! ```text
//!  Stream · StreamStats · Demand ─┐
//!  Timings · tallies · accounts ──┴► Report ─► panel_model ─► egui panel (F1)        10 times a second, while open
//!                                      └─────► write_report ─► report.json           at the end of a run
//!
//!  Attention · Workload · WorkerPool ──► priorities_model ─┬─► tab `Priorities`      feature `priority`
//!  Timeline · Forecast · Governor ─────► timeline_model ───┘
//!
//!  NetReports · ModelState · ModelStats ─────────────────────► tab `Models`           feature `inference`
//!
//!  frame about to be recycled ─► Recorder ─► in order of seq ─► bounded queue ─► own thread ─► frames.jsonl
//! ```
//!
//! ```no_run
//! # use bevy::prelude::*;
//! use freshet_inspector::{InspectorPlugin, Recorder, RecordError};
//!
//! fn main() -> Result<(), RecordError> {
//!     let mut app = App::new();
//!     // after DefaultPlugins and the suite's own plugins
//!     app.add_plugins(InspectorPlugin::default());
//!     Recorder::create("frames.jsonl")?.install(&mut app);
//!     app.run();
//!     Ok(())
//! }
//! ```
//!
//! # The seven questions
//!
//! 1. **Resources:** one egui context, and a model of a few KiB while the panel is open, of up to 400 KiB where it shows
//!    a timeline; for a recording, one thread and at most [`Recorder::QUEUE_LINES`] lines on their way. With the feature
//!    `priority` the last contexts and changes of quality are remembered, in 10 KiB that are made once.
//! 2. **Handles:** pictures are shown through [`InspectorPicture`], a `Handle<Image>`; no pixel is touched.
//! 3. **Pool or allocation:** both allocate, on their own account and off the frame path; a closed panel and an app
//!    without a recorder allocate nothing.
//! 4. **Blocking:** none while the app runs: a line that finds the queue full is dropped and counted. At exit the
//!    recorder waits for the disk.
//! 5. **Priority:** the panel is `Idle` by nature and redraws its texts at most 10 times a second.
//! 6. **Attach or return:** neither; it reads, and a click on a switch does what the switch says.
//! 7. **Bottleneck:** drawing the panel, about 0.2 ms of CPU per app frame while it is open; recording, a few µs per
//!    frame and attachment to copy it into a line.

mod error;
#[cfg(feature = "priority")]
mod history;
mod model;
mod panel;
mod plugin;
mod record;
mod report;
mod schedule;
mod settings;

pub use error::RecordError;
pub use panel::InspectorPicture;
pub use plugin::InspectorPlugin;
pub use record::{Recorded, Recorder, RecorderPlugin, flush_recording};
pub use report::write_report;
pub use settings::InspectorSettings;

/// What most users of this crate need.
pub mod prelude {
    pub use crate::{InspectorPicture, InspectorPlugin, InspectorSettings, Recorder, RecorderPlugin, write_report};
}
