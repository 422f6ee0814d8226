//! How far a long run is, on a terminal.

use bevy::prelude::*;
use bevy_freshet::prelude::*;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

use super::Options;

#[derive(Resource)]
struct Bar(ProgressBar);

pub fn plugin(app: &mut App) {
    let options = app.world().resource::<Options>();
    let unit = match (options.frames, options.seconds) {
        (Some(frames), _) => Some((frames, "frames")),
        (None, Some(seconds)) => Some((seconds.ceil() as u64, "s")),
        (None, None) => None,
    };
    let (Some((length, unit)), true) = (unit, std::io::stderr().is_terminal()) else { return };
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(5));
    if let Ok(style) = ProgressStyle::with_template(&format!("{{bar:40}} {{pos}}/{{len}} {unit}, {{eta}} left")) {
        bar.set_style(style);
    }
    app.insert_resource(Bar(bar)).add_systems(Last, show);
}

fn show(bar: Res<Bar>, options: Res<Options>, streams: Query<&StreamStats>, time: Res<Time<Real>>) {
    let done = match options.frames {
        Some(_) => streams.iter().map(|stats| stats.completed).min().unwrap_or(0),
        None => time.elapsed_secs_f64() as u64,
    };
    bar.0.set_position(done);
}
