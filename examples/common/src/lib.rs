//! The command line that all examples share, and the app around each of them.
//!
//! An example adds [`Example`] in place of Bevy's `DefaultPlugins`: the same plugins, in a window where there is a
//! display, else with cameras that draw into an image. Flags decide where frames come from, when to stop and what to
//! write at the end.

mod args;
mod finish;
mod outcome;
mod progress;
mod screen;

pub use args::{Intrinsics, Options, PaceArgument, assets, bundled, pictures_in};
pub use finish::{Closing, Complaint, UnderWay};
pub use outcome::{fail, one_line};
pub use screen::Screen;

use std::time::Duration;

use bevy::app::{PluginGroupBuilder, ScheduleRunnerPlugin};
use bevy::asset::UnapprovedPathMode;
use bevy::log::LogPlugin;
use bevy::prelude::*;
use bevy::render::diagnostic::RenderDiagnosticsPlugin;
use bevy::window::ExitCondition;
use bevy_freshet::ledger::{LedgerPlugin, LedgerSettings};
use bevy_freshet::prelude::*;

/// Counts allocations, so that the report can say what the frame path allocates.
#[global_allocator]
static ALLOCATOR: bevy_freshet::ledger::CountingAllocator = bevy_freshet::ledger::CountingAllocator;

/// Bevy's default plugins and the suite's, as the command line wants them.
pub struct Example {
    /// What was said on the command line.
    pub options: Options,
    /// The window's title.
    pub title: &'static str,
    /// The size of the picture where there is no window, in pixels. Default 960 x 540.
    pub screen: UVec2,
}

impl Example {
    /// Reads the command line. Ends the program when it makes no sense.
    pub fn new(title: &'static str, default_source: &str) -> Self {
        Self::with_settings(title, default_source, &[])
    }

    /// The same for an example that knows some `--set KEY=VALUE` of its own, or some of the flags that not every example
    /// understands (`--target`, say).
    pub fn with_settings(title: &'static str, default_source: &str, keys: &[&str]) -> Self {
        let options = Options::read_with(default_source, keys);
        Self { options, title, screen: screen::SIZE }
    }
}

impl Plugin for Example {
    fn build(&self, app: &mut App) {
        let Self { options, title, screen } = self;
        let window = (!options.headless).then(|| Window { title: (*title).into(), ..default() });
        app.add_plugins(default_plugins(options, window));
        if options.headless {
            app.add_plugins(ScheduleRunnerPlugin::run_loop(options.turn()));
        }
        let warmup_frames = options.warmup_frames();
        app.add_plugins(FreshetPlugins.build().set(LedgerPlugin { settings: LedgerSettings { warmup_frames } }))
            .add_plugins(RenderDiagnosticsPlugin)
            .insert_resource(options.clone())
            .add_plugins((finish::plugin, progress::plugin));
        screen::add(app, *screen);
    }
}

fn default_plugins(options: &Options, window: Option<Window>) -> PluginGroupBuilder {
    let quiet = LogPlugin { filter: "warn,wgpu_hal=error,naga=warn,bevy_render=warn".into(), ..default() };
    let exit_condition = if window.is_some() { ExitCondition::OnAllClosed } else { ExitCondition::DontExit };
    let plugins = DefaultPlugins
        .set(quiet)
        .set(WindowPlugin { primary_window: window, exit_condition, ..default() })
        .set(AssetPlugin {
            file_path: assets().display().to_string(),
            // Whoever runs an example says on the command line which pictures it may read.
            unapproved_path_mode: UnapprovedPathMode::Allow,
            ..default()
        });
    if options.headless { plugins.disable::<bevy::winit::WinitPlugin>() } else { plugins }
}

/// Opens the sources of the command line, each as a stream.
pub fn open_sources(commands: &mut Commands, options: &Options) -> Vec<Entity> {
    let streams = options.captures().into_iter();
    streams.map(|(capture, settings)| commands.spawn((capture, settings)).id()).collect()
}

/// How long a headless app rests between turns when it follows the source's own rate: as a display at 60 Hz would.
const DISPLAY_PERIOD: Duration = Duration::from_micros(16_667);
