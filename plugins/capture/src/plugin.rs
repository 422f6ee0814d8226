//! What the app does for captures: it starts their threads and lets them go.

use bevy::app::{App, Plugin, PreUpdate};
use bevy::ecs::change_detection::DetectChangesMut;
use bevy::ecs::entity::Entity;
use bevy::ecs::lifecycle::RemovedComponents;
use bevy::ecs::query::Changed;
use bevy::ecs::schedule::IntoScheduleConfigs;
use bevy::ecs::system::{Commands, Query};
use freshet_frame::{CapturePort, Stream, StreamPort, StreamSettings, StreamState, StreamStats};

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

type OpenedStream<'a> =
    (Entity, &'a Capture, &'a mut Stream, &'a StreamSettings, &'a mut StreamState, &'a mut StreamStats);

fn open_captures(mut commands: Commands, mut streams: Query<OpenedStream, Changed<Capture>>) {
    for (entity, capture, mut stream, settings, mut state, mut stats) in &mut streams {
        if stream.name.is_empty() {
            stream.name = capture.source.to_string();
        }
        let (port, owner) = freshet_frame::port(settings.pace);
        // A port that is replaced closes its stream; the books of the new one begin at nothing.
        commands.entity(entity).insert(owner);
        stats.set_if_neq(StreamStats::default());
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use freshet_base::{FrameFormat, PixelFormat};
    use freshet_frame::FrameWriter;

    use super::*;
    use crate::source::{FrameSource, Next, NextFrame, SourceInfo, Timing};
    use crate::synthetic::Scene;

    /// An endless source that holds on to something as long as it lives.
    struct Endless(#[expect(dead_code, reason = "held, not read")] Arc<()>, u64);

    impl FrameSource for Endless {
        fn info(&self) -> SourceInfo {
            SourceInfo { name: "endless".into(), format: None, rate_hz: Some(1000.0), timing: Timing::Live }
        }

        fn next(&mut self) -> Result<Next, SourceError> {
            std::thread::sleep(Duration::from_millis(1));
            self.1 += 1;
            let format = FrameFormat::new(2, 2, PixelFormat::Gray8).unwrap();
            Ok(Next::Frame(NextFrame::new(self.1, format)))
        }

        fn write(&mut self, _out: &mut FrameWriter<'_>) -> Result<(), SourceError> {
            Ok(())
        }

        fn rewind(&mut self) -> Result<(), SourceError> {
            Ok(())
        }
    }

    fn endless(held: &Arc<()>) -> Capture {
        let held = Arc::downgrade(held);
        Capture::custom("endless", move || Ok(Box::new(Endless(held.upgrade().unwrap(), 0))))
    }

    /// Waits until this many others hold on to it.
    fn holders(held: &Arc<()>, wanted: usize) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(5) {
            if Arc::strong_count(held) == wanted + 1 {
                return true;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        false
    }

    fn app() -> App {
        let mut app = App::new();
        app.add_plugins(CapturePlugin);
        app
    }

    #[test]
    fn a_stream_is_named_after_its_source_unless_it_has_a_name() {
        let mut app = app();
        let unnamed = app.world_mut().spawn(Capture::synthetic(Scene::Bars)).id();
        let named = app.world_mut().spawn((Capture::synthetic(Scene::Bars), Stream::new("desk"))).id();
        app.update();
        assert_eq!(app.world().get::<Stream>(unnamed).unwrap().name, "synthetic:bars");
        assert_eq!(app.world().get::<Stream>(named).unwrap().name, "desk");
        assert!(app.world().get::<StreamPort>(named).is_some());
    }

    #[test]
    fn threads_end_with_their_streams() {
        let (mut app, held) = (app(), Arc::new(()));
        let despawned = app.world_mut().spawn(endless(&held)).id();
        let removed = app.world_mut().spawn(endless(&held)).id();
        app.update();
        assert!(holders(&held, 2));
        app.world_mut().despawn(despawned);
        assert!(holders(&held, 1));
        app.world_mut().entity_mut(removed).remove::<Capture>();
        app.update();
        assert!(holders(&held, 0));
        assert!(app.world().get::<StreamPort>(removed).is_none());
    }

    #[test]
    fn a_changed_capture_is_opened_anew() {
        let (mut app, first, second) = (app(), Arc::new(()), Arc::new(()));
        let stream = app.world_mut().spawn(endless(&first)).id();
        app.update();
        assert!(holders(&first, 1));
        *app.world_mut().get_mut::<Capture>(stream).unwrap() = endless(&second);
        app.update();
        assert!(holders(&first, 0) && holders(&second, 1));
        app.update();
        app.world_mut().despawn(stream);
        assert!(holders(&second, 0));
    }
}
