//! When things happen in the main world.

use bevy::ecs::prelude::*;
use bevy::ecs::schedule::ScheduleLabel;
use freshet_ledger::{TimedKind, Timings, hot};
use std::time::Instant;

/// Runs in `First`: results are collected and attached, so that the app's systems see frames with what is known.
///
/// As a system set, it is the one system of `First` that runs it.
#[derive(ScheduleLabel, SystemSet, Debug, Clone, PartialEq, Eq, Hash)]
pub struct FreshetFirst;

/// Runs in `Last`, just before extraction: the newest frames are let in.
///
/// As a system set, it is the one system of `Last` that runs it.
#[derive(ScheduleLabel, SystemSet, Debug, Clone, PartialEq, Eq, Hash)]
pub struct FreshetLast;

/// Steps of the main world. All are single-threaded and neither allocate nor wait.
#[derive(SystemSet, Debug, Clone, PartialEq, Eq, Hash)]
pub enum FreshetSystems {
    /// In [`FreshetFirst`]: what came back from the GPU is read.
    Collect,
    /// In [`FreshetFirst`], after `Collect`: for whoever completes a frame's results before the app's systems run.
    Publish,
    /// In [`FreshetLast`]: states of streams are followed, rings are fitted to them.
    Capture,
    /// In [`FreshetLast`], after `Capture`: frames are let in and handed to the render world.
    Dispatch,
}

/// Runs both schedules' systems on the calling thread: no task, no allocation.
pub(crate) fn run<L: ScheduleLabel + Clone>(label: L) -> impl FnMut(&mut World) {
    move |world| {
        let start = Instant::now();
        hot(|| world.run_schedule(label.clone()));
        let Some(mut timings) = world.get_resource_mut::<Timings>() else { return };
        timings.record(TimedKind::OwnSystems, "main", start.elapsed());
    }
}

/// Grows a system's queue of commands to what its busiest frame needs. To be called in the system's first run: a queue
/// keeps its memory, but would otherwise grow on the day when results come late and two frames' at once.
pub(crate) fn prime_queue(commands: &mut Commands) {
    let room = [0_u8; 8192];
    commands.queue(move |_: &mut World| {
        std::hint::black_box(&room);
    });
}
