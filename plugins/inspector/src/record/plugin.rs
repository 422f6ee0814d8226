//! Wiring.

use std::path::PathBuf;

use bevy::app::{App, AppExit, Last, Plugin};
use bevy::ecs::lifecycle::Remove;
use bevy::ecs::prelude::*;
use bevy::ecs::schedule::common_conditions::on_message;
use bevy::ecs::world::DeferredWorld;
use bevy::log::error;
use freshet_frame::{Frame, Frames, RetireHooks, Stream};
use freshet_ledger::{LedgerSystems, Scope, scoped};

use super::line::FrameLine;
use super::recorder::{Recorded, Recorder};
use super::writer::WhenFull;
use crate::error::RecordError;

/// Records all frames of an app. A file that cannot be made is logged, and nothing is recorded; a program that should
/// stop instead calls [`Recorder::create`] and [`Recorder::install`].
#[derive(Debug, Clone)]
pub struct RecorderPlugin {
    /// The file, one JSON object per line. It is overwritten.
    pub path: PathBuf,
}

impl Plugin for RecorderPlugin {
    fn build(&self, app: &mut App) {
        match Recorder::create(&self.path) {
            Ok(recorder) => recorder.install(app),
            Err(error) => error!("{}", error.one_line()),
        }
    }
}

impl Recorder {
    /// Records all frames of this app, until it exits or [`flush_recording`] is called.
    pub fn install(self, app: &mut App) {
        #[cfg(feature = "priority")]
        crate::history::keep_history(app);
        app.insert_resource(self)
            .add_observer(record_end_of_stream)
            // After the last frames were let in.
            .add_systems(Last, flush_at_exit.run_if(on_message::<AppExit>).after(LedgerSystems::Publish));
        app.world_mut().get_resource_or_init::<RetireHooks>().0.push(record_frame);
    }
}

/// Writes the frames that are still alive and ends the recording. When the app exits by itself this has been done; call
/// it where the app is turned by hand, or to learn what is missing. Waits for the disk. Frames after that are not
/// recorded.
///
/// # Errors
///
/// When the file could not be written.
pub fn flush_recording(world: &mut World) -> Result<Recorded, RecordError> {
    let mut streams = world.query_filtered::<Entity, With<Stream>>();
    let streams: Vec<_> = streams.iter(world).collect();
    for stream in streams {
        if world.get_resource::<Recorder>().is_some_and(Recorder::is_recording) {
            hold_alive(&mut world.into(), stream, WhenFull::Wait);
        }
    }
    world.get_resource_mut::<Recorder>().map_or(Ok(Recorded::default()), |mut recorder| recorder.finish())
}

fn flush_at_exit(world: &mut World) {
    // A failure has been logged.
    drop(flush_recording(world));
}

/// Takes in a frame that is about to be recycled. This is called on the frame path; what it allocates is the recorder's
/// own and not that path's.
fn record_frame(world: &mut World, entity: Entity) {
    scoped(Scope::Free, || {
        let Some(&Frame { stream, .. }) = world.get::<Frame>(entity) else { return };
        if !world.get_resource::<Recorder>().is_some_and(Recorder::is_recording) {
            return;
        }
        hold(&mut world.into(), stream, entity, WhenFull::Drop);
        loop {
            let next = world.resource_mut::<Recorder>().order(stream).next();
            let oldest = oldest_alive(world, stream, next, entity);
            let mut recorder = world.resource_mut::<Recorder>();
            recorder.release(stream, oldest.map(|(seq, _)| seq), WhenFull::Drop);
            let Some((seq, oldest)) = oldest.filter(|_| recorder.order(stream).is_full()) else { return };
            // Others have waited long enough for this one: it is written as it is now.
            hold(&mut world.into(), stream, oldest, WhenFull::Drop);
            let mut recorder = world.resource_mut::<Recorder>();
            recorder.release(stream, Some(seq + 1), WhenFull::Drop);
            recorder.order(stream).pass(seq);
        }
    });
}

/// The oldest frame of a stream, `retired` left out, whose turn is still to come.
fn oldest_alive(world: &World, stream: Entity, next: u64, retired: Entity) -> Option<(u64, Entity)> {
    let frames = world.get::<Frames>(stream)?.iter().filter(|entity| *entity != retired);
    let alive = frames.filter_map(|entity| Some((world.get::<Frame>(entity)?.seq, entity)));
    alive.filter(|(seq, _)| *seq >= next).min()
}

/// The frames of a stream that is removed are not recycled any more.
fn record_end_of_stream(removed: On<Remove, Stream>, mut world: DeferredWorld) {
    scoped(Scope::Free, || {
        let stream = removed.entity;
        if !world.get_resource::<Recorder>().is_some_and(Recorder::is_recording) {
            return;
        }
        hold_alive(&mut world, stream, WhenFull::Drop);
        if let Some(mut recorder) = world.get_resource_mut::<Recorder>() {
            recorder.end_stream(stream, WhenFull::Drop);
        }
    });
}

fn hold_alive(world: &mut DeferredWorld<'_>, stream: Entity, when_full: WhenFull) {
    let frames: Vec<_> = world.get::<Frames>(stream).into_iter().flat_map(Frames::iter).collect();
    for entity in frames {
        hold(world, stream, entity, when_full);
    }
}

/// Makes a frame's line and lets it wait for its turn.
fn hold(world: &mut DeferredWorld<'_>, stream: Entity, entity: Entity, when_full: WhenFull) {
    if FrameLine::of(world, entity).is_none() {
        return;
    }
    let buffer = world.get_resource_mut::<Recorder>().and_then(|mut recorder| recorder.buffer(when_full));
    let Some(mut buffer) = buffer else { return };
    // Writing plain values into memory does not fail.
    let seq = FrameLine::of(world, entity).and_then(|line| line.write(&mut buffer).ok().map(|()| line.seq));
    if let (Some(seq), Some(mut recorder)) = (seq, world.get_resource_mut::<Recorder>()) {
        recorder.hold(stream, seq, buffer);
    }
}
