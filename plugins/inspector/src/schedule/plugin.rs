//! Wiring.

use bevy::app::{App, First, Plugin};
use bevy::render::RenderApp;

use super::measure::{Schedulebook, measure_main, measure_sub_app};
use super::model::WorldName;
use super::tab::{ScheduleTab, rest_stopwatches};

/// Measures the schedules of the main world and of the render world. Off, each system costs one relaxed load more.
#[derive(Debug, Default)]
pub(crate) struct SchedulePlugin;

impl Plugin for SchedulePlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Schedulebook>().init_resource::<ScheduleTab>().add_systems(First, rest_stopwatches);
    }

    fn finish(&self, app: &mut App) {
        // In cleanup it may already be on its own thread.
        measure_sub_app(app, RenderApp, WorldName::Render);
    }

    fn cleanup(&self, app: &mut App) {
        // All systems have been added by now.
        measure_main(app);
    }
}
