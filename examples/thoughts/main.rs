//! 60 Hz media beside a model that is deliberately slow.
//!
//! ```text
//! frame ─► pose ─► History ─┬─► glance   a millisecond: answers on their own frame         green
//!                           └─► ponder   --set model_ms=300: late, with their age          amber
//!                                        drawn where the camera was when their frame was captured
//!                                        and, as an outline, where one would draw them without knowing that
//! ```
//!
//! Both look for the calm point of the scene: the one that moved least of late. What they are given of a frame are numbers:
//! its code, and the poses of the frames before it. For a computed scene the pose is known; for other sources it is the
//! sum of all flow.

mod calm;
mod draw;
mod panel;
mod poses;

use std::time::Duration;

use bevy::prelude::*;
use bevy_freshet::base::Role;
use bevy_freshet::inference::AddModel;
use bevy_freshet::prelude::*;
use freshet_example::{Example, fail};

use calm::{Answer, Glance, Ponder};

/// How long a thought of the slow model takes.
const MODEL_MS: u64 = 300;

fn main() -> AppExit {
    let mut example = Example::with_settings("thoughts", "synthetic:checker@60", &["model_ms"]);
    let options = &mut example.options;
    options.size.get_or_insert((640, 360));
    let model_ms = options.setting("model_ms").map_or(MODEL_MS, |text| match text.parse() {
        Ok(time @ 1..=60_000) => time,
        _ => fail(&format!("--set model_ms={text}: a time from 1 to 60000 ms is wanted")),
    });
    let time = Duration::from_millis(model_ms);
    let mut app = App::new();
    app.add_plugins(example)
        .add_plugins((poses::plugin, draw::plugin, panel::plugin))
        .add_systems(Startup, open)
        // The slow one must not be felt; the quick one is one of the media.
        .add_model(Workload::new("ponder", Role::Perception).at(Priority::Low), move || Ponder::new(time), calm::look)
        .add_model(Workload::new("glance", Role::Perception), || Glance, calm::look);
    app.run()
}

fn open(mut commands: Commands, mut pictures: LivePictures, options: Res<freshet_example::Options>) {
    for (index, stream) in freshet_example::open_sources(&mut commands, &options).into_iter().enumerate() {
        commands.want::<Answer<Ponder>>(stream, "thoughts example");
        commands.want::<Answer<Glance>>(stream, "thoughts example");
        poses::follow(&mut commands, stream, &options.sources[index], options.size);
        // All are thought about in turn; the first is shown.
        if index == 0 {
            commands.entity(stream).insert(draw::Shown);
            let picture = pictures.show(stream);
            commands.spawn((Camera2d, IsDefaultUiCamera, Background { fit: draw::FIT, ..Background::new(picture) }));
        }
    }
}
