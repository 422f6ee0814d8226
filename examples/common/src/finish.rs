//! When an example stops, and what it writes then.

use std::io::Write;

use bevy::prelude::*;
use bevy::render::view::window::screenshot::{Screenshot, save_to_disk};
use bevy_freshet::compositor::{ExportDone, Exports};
use bevy_freshet::frame::Demand;
use bevy_freshet::frame::StreamPort;
use bevy_freshet::inspector::{Recorder, flush_recording, write_report};
use bevy_freshet::ledger::{Report, Table};
use bevy_freshet::prelude::*;

use super::outcome::{complain_of, fail, one_line};
use super::{Options, Screen};

/// How far the end has come.
#[derive(Resource, Debug, Default, PartialEq, Eq, Clone, Copy)]
enum Ending {
    /// The run goes on.
    #[default]
    Running,
    /// The example has something under way; app frames spent waiting.
    Holding(u32),
    /// Pictures are being written; app frames spent waiting.
    Writing(u32),
    /// The report is written; results of the last frames are on their way; app frames spent waiting.
    Draining(u32),
    /// All is said.
    Over,
}

/// Whether the run is over and its report is about to be written.
#[derive(Resource, Debug, Default)]
pub struct Closing(pub bool);

/// Whether the example has something under way for which the end of the run waits.
#[derive(Resource, Debug, Default)]
pub struct UnderWay(pub bool);

/// What went wrong with what the user gave.
#[derive(Resource, Debug, Default)]
pub struct Complaint {
    any: bool,
}

impl Complaint {
    /// Says it at once; the exit code says it again.
    pub fn say(&mut self, what: &str) {
        self.any = true;
        complain_of(what);
    }
}

/// App frames that are spent on the last pictures before they are given up.
const PATIENCE_FRAMES: u32 = 3600;

/// App frames that are spent on the results of the last frames.
const DRAIN_FRAMES: u32 = 120;

pub fn plugin(app: &mut App) {
    let options = app.world().resource::<Options>().clone();
    app.init_resource::<Ending>()
        .init_resource::<Closing>()
        .init_resource::<Complaint>()
        .init_resource::<UnderWay>()
        .add_systems(Last, (complain, finish).chain());
    if let Some(path) = &options.record {
        let recorder = Recorder::create(path).unwrap_or_else(|error| fail(&one_line(&error)));
        recorder.install(app);
    }
    for path in [&options.report, &options.screenshot, &options.clip].into_iter().flatten() {
        // Better known now than after a long run.
        if let Err(error) = std::fs::OpenOptions::new().append(true).create(true).open(path) {
            fail(&format!("cannot write {}: {error}", path.display()));
        }
    }
    if let Some(path) = &options.clip {
        let screen = app.world().resource::<Screen>().0.clone();
        app.world_mut().resource_mut::<Exports>().clip(&screen, path, options.clip_frames(), 30);
    }
}

/// Says which stream failed or was lost, and goes on with the others.
fn complain(
    states: Query<(&Stream, &StreamState), Changed<StreamState>>,
    mut done: MessageReader<ExportDone>,
    mut complaint: ResMut<Complaint>,
) {
    for (stream, state) in &states {
        if let StreamState::Failed { reason } | StreamState::Lost { reason } = state {
            let named = reason.contains(&stream.name);
            complaint.say(&if named { reason.clone() } else { format!("{}: {reason}", stream.name) });
        }
    }
    for done in done.read() {
        if let Err(error) = &done.result {
            complaint.say(&error.to_string());
        }
    }
}

fn finish(world: &mut World) {
    let ending = *world.resource::<Ending>();
    let next = match ending {
        Ending::Running if is_done(world) => {
            world.resource_mut::<Closing>().0 = true;
            Ending::Holding(0)
        }
        Ending::Holding(waited) if !world.resource::<UnderWay>().0 || waited > PATIENCE_FRAMES => {
            ask_for_picture(world);
            Ending::Writing(0)
        }
        Ending::Holding(waited) => Ending::Holding(waited + 1),
        // At least two turns, in which the example may add to the report.
        Ending::Writing(waited) if waited > 1 && (pictures_are_written(world) || waited > PATIENCE_FRAMES) => {
            report_all(world);
            close_streams(world);
            Ending::Draining(0)
        }
        Ending::Draining(waited) if are_complete(world) || waited > DRAIN_FRAMES => {
            let exit = say_goodbye(world);
            world.write_message(exit);
            Ending::Over
        }
        Ending::Draining(waited) => Ending::Draining(waited + 1),
        Ending::Writing(waited) => Ending::Writing(waited + 1),
        Ending::Running | Ending::Over => ending,
    };
    world.insert_resource(next);
}

/// Whether every stream has come to its end, or the run to the one that was asked for.
fn is_done(world: &mut World) -> bool {
    let options = world.resource::<Options>();
    let (frames, seconds) = (options.frames, options.seconds);
    if seconds.is_some_and(|seconds| world.resource::<Time<Real>>().elapsed_secs_f64() >= seconds) {
        return true;
    }
    let mut streams = world.query::<(&StreamState, &StreamStats, &Demand)>();
    let mut any = false;
    for (state, stats, demand) in streams.iter(world) {
        // Nothing comes of a stream of which nothing is wanted.
        if demand.wanted().is_empty() && !state.is_over() {
            continue;
        }
        any = true;
        let delivered = frames.is_some_and(|frames| stats.completed >= frames);
        let over = (state.is_over() || matches!(state, StreamState::Lost { .. }))
            && stats.completed == stats.captured
            && !has_waiting(state, stats);
        if !(delivered || over) {
            return false;
        }
    }
    any
}

/// Whether a stream that has ended still has frames at the entrance. One that failed may have.
fn has_waiting(state: &StreamState, stats: &StreamStats) -> bool {
    *state == StreamState::Ended && stats.waiting > 0
}

/// Whether all files of pictures are there, the window's own among them.
fn pictures_are_written(world: &World) -> bool {
    let of_window =
        world.resource::<Options>().screenshot.as_ref().filter(|_| world.get_resource::<Screen>().is_none());
    let there = of_window.is_none_or(|path| std::fs::metadata(path).is_ok_and(|file| file.len() > 0));
    there && world.resource::<Exports>().open() == 0
}

fn ask_for_picture(world: &mut World) {
    let Some(path) = world.resource::<Options>().screenshot.clone() else { return };
    let screen = world.get_resource::<Screen>().map(|screen| screen.0.clone());
    match screen {
        Some(screen) => world.resource_mut::<Exports>().picture(&screen, path),
        None => {
            world.spawn(Screenshot::primary_window()).observe(save_to_disk(path));
        }
    }
    world.resource_mut::<Exports>().finish();
}

/// Prints the table and writes the report.
fn report_all(world: &mut World) {
    let anything = world.query::<&StreamStats>().iter(world).any(|stats| stats.captured > 0);
    if anything {
        let table = Table(&Report::of(world)).to_string();
        // A closed pipe is the reader's choice.
        drop(writeln!(std::io::stdout(), "{table}"));
    }
    if let Some(path) = world.resource::<Options>().report.clone()
        && let Err(error) = write_report(world, &path)
    {
        world.resource_mut::<Complaint>().say(&one_line(&error));
    }
}

/// No more frames are let in.
fn close_streams(world: &mut World) {
    let mut streams = world.query_filtered::<Entity, With<StreamPort>>();
    let streams: Vec<_> = streams.iter(world).collect();
    for stream in streams {
        world.entity_mut(stream).remove::<StreamPort>();
    }
}

/// Whether every frame that was let in has its results.
fn are_complete(world: &mut World) -> bool {
    let mut streams = world.query::<&StreamStats>();
    streams.iter(world).all(|stats| stats.completed == stats.captured)
}

/// Ends the record, and says how it went.
fn say_goodbye(world: &mut World) -> AppExit {
    if let Err(error) = flush_recording(world) {
        world.resource_mut::<Complaint>().say(&one_line(&error));
    }
    if world.resource::<Complaint>().any { AppExit::from_code(2) } else { AppExit::Success }
}
