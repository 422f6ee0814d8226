//! The schedules of all worlds as graphs, with the measured time of each system.
//!
//! ```text
//!  cleanup ─────────► main world ─┐  each system under a stopwatch,
//!  first extraction ► render world┴► ScheduleModel: systems, edges, meters ─► View: filter, layout ─► the tab
//!                                                                  └─ live, from atomics ─► Live ──────┘
//! ```
//!
//! The structure is taken once, before anything runs, from the graph that the schedule is built from. Sync points that
//! Bevy inserts while building are not in it, nor systems that are added later.

mod camera;
mod capture;
mod dag;
mod layout;
mod live;
mod measure;
mod model;
mod plugin;
mod scene;
mod tab;
mod timed;
mod view;

pub(crate) use camera::Camera;
pub(crate) use layout::Point;
pub(crate) use measure::Schedulebook;
pub(crate) use plugin::SchedulePlugin;
pub(crate) use scene::{BoxText, boxes, details, entry, heat, summary};
pub(crate) use tab::ScheduleTab;
pub(crate) use view::View;

#[cfg(test)]
pub(crate) mod tests;
