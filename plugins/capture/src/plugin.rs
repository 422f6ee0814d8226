//! What the app does for captures: it starts their threads and lets them go.

use bevy::app::{App, Plugin, PreUpdate};
use bevy::ecs::change_detection::DetectChangesMut;
use bevy::ecs::entity::Entity;
use bevy::ecs::lifecycle::RemovedComponents;
use bevy::ecs::query::Changed;
use bevy::ecs::schedule::IntoScheduleConfigs;
use bevy::ecs::system::{Commands, Query};
use freshet_frame::{CapturePort, Stream, StreamPort, StreamSettings, StreamState};

use crate::capture::Capture;
use crate::deliver::run;
use crate::error::SourceError;

/// Opens what [`Capture`] components name.
///
/// Each source has a thread of its own, named `freshet:` and the stream's name. It is never joined: dropping the
/// stream's port tells it to end, and it does so within a fifth of a second, or, within a driver or decoder, when
/// that returns.
#[derive(Debug, Default, Clone, Copy)]
pub struct CapturePlugin;

impl Plugin for CapturePlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(
            PreUpdate,
            // Closing comes first: a component that was removed and inserted again in one frame is open afterwards.
            (close_captures, open_captures).chain(),
        );
    }
}

fn close_captures(mut commands: Commands, mut removed: RemovedComponents<Capture>) {
    for stream in removed.read() {
        if let Ok(mut stream) = commands.get_entity(stream) {
            stream.try_remove::<StreamPort>();
        }
    }
}

fn open_captures(
    mut commands: Commands,
    mut streams: Query<(Entity, &Capture, &mut Stream, &StreamSettings, &mut StreamState), Changed<Capture>>,
) {
    for (entity, capture, mut stream, settings, mut state) in &mut streams {
        if stream.name.is_empty() {
            stream.name = capture.source.to_string();
        }
        let (port, owner) = freshet_frame::port(settings.pace);
        // A port that is replaced closes its stream.
        commands.entity(entity).insert(owner);
        state.set_if_neq(StreamState::Opening);
        if let Err(error) = start(port, capture.clone(), &stream.name) {
            *state = StreamState::Failed { reason: error.one_line() };
        }
    }
}

fn start(port: CapturePort, capture: Capture, name: &str) -> Result<(), SourceError> {
    let input = capture.source.to_string();
    // A name with a zero byte is no name of a thread.
    let name = format!("freshet:{}", name.replace('\0', ""));
    let thread = std::thread::Builder::new().name(name).spawn(move || run(&port, &capture));
    thread.map(drop).map_err(|source| SourceError::Thread { input, source })
}
