//! An app without a window, turned by hand.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bevy::app::{App, PluginGroup, PluginsState};
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::renderer::RenderDevice;
use bevy::window::ExitCondition;

/// An app without a window, turned by hand. Only one runs at a time in a process: GPU tests share the machine and the
/// process's books.
pub struct TestApp {
    /// The app, finished and ready to be turned.
    pub app: App,
    _turn: MutexGuard<'static, ()>,
}

/// Waits until no other test has an app.
pub fn exclusive() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TestApp {
    /// An app with Bevy's default plugins, no window, shaders compiled on the spot, and what `build` adds. The render
    /// world runs on the calling thread, after the main world.
    pub fn new(build: impl FnOnce(&mut App)) -> Self {
        let turn = exclusive();
        let mut app = App::new();
        app.add_plugins(
            DefaultPlugins
                .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
                .set(RenderPlugin { synchronous_pipeline_compilation: true, ..default() })
                .disable::<bevy::log::LogPlugin>()
                .disable::<bevy::winit::WinitPlugin>()
                .disable::<bevy::render::pipelined_rendering::PipelinedRenderingPlugin>(),
        );
        build(&mut app);
        while app.plugins_state() == PluginsState::Adding {
            std::thread::yield_now();
        }
        app.finish();
        app.cleanup();
        Self { app, _turn: turn }
    }

    /// Turns the app `frames` times.
    pub fn turn(&mut self, frames: usize) {
        for _ in 0..frames {
            self.app.update();
        }
    }

    /// Turns the app until `done`, with a short rest between turns.
    ///
    /// # Panics
    ///
    /// When it has not come true after `within`.
    #[track_caller]
    pub fn turn_until(&mut self, within: Duration, mut done: impl FnMut(&mut World) -> bool) {
        let start = Instant::now();
        while !done(self.app.world_mut()) {
            assert!(start.elapsed() < within, "what was waited for did not happen within {within:?}");
            self.app.update();
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// Waits until the GPU has done everything that was submitted.
    pub fn finish_gpu(&self) {
        let Some(device) = self.app.world().get_resource::<RenderDevice>() else { return };
        #[expect(clippy::disallowed_methods, reason = "tests may wait for the GPU")]
        let finished = device.wgpu_device().poll(wgpu::PollType::wait_indefinitely());
        assert!(finished.is_ok(), "the device was lost: {finished:?}");
    }
}
