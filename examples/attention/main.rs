//! Priorities that follow attention: every level has real work, and one watches the levels move.
//!
//! ```text
//!  Critical  the picture on the screen (GPU stage `convert`), the keyboard
//!  High      flow, features, tracks, light (GPU stages); answers of the chat box
//!  Normal    reading the project's documentation into an index; indexing what was found in frames
//!  Low       fitting a small model to it: what will the next frame be like?
//!  Idle      answers to questions that are likely to be asked next
//! ```
//!
//! Keys 1, 2, 3: at the chat, in a call, away; 0: follow what you do. Anything else is typed into the chat box: Enter asks.
//! F1 opens and closes the panel, `--set tab=overview|priorities|schedule` chooses its first tab. Without a window the program turns the keys itself and asks questions.

mod chat;
mod frame_index;
mod frame_vector;
mod library;
mod mind;
mod motion_model;
mod passages;
mod scene;
mod speculation;
mod suggest;
mod text_index;
mod words;

use std::time::Duration;

use bevy::prelude::*;
use bevy_freshet::inspector::{InspectorPlugin, InspectorSettings};
use bevy_freshet::prelude::*;

fn main() -> AppExit {
    let mut example = freshet_example::Example::with_settings("attention", "assets/media/clip.avi", &["tab"]);
    example.screen = UVec2::new(1680, 760);
    let tab = match example.options.setting("tab") {
        None | Some("priorities") => "Priorities",
        Some("overview") => "Overview",
        Some("schedule") => "Schedule",
        Some(other) => freshet_example::fail(&format!("--set tab={other}: it is overview, priorities or schedule")),
    };
    let settings = InspectorSettings { open: true, tab, ..default() };
    let mut app = App::new();
    app.add_plugins((example, InspectorPlugin { settings }))
        .init_resource::<chat::Chat>()
        .init_resource::<library::Library>()
        .init_resource::<mind::Mind>()
        .add_systems(Startup, scene::open)
        .add_systems(Update, (scene::tell, library::take, chat::take, mind::take));
    // The picture is to stay smooth, whatever is found in it.
    app.world_mut().resource_mut::<Governor>().enabled = true;
    let millis = Duration::from_millis;
    app.add_workload(Workload::new("keyboard", Role::Input), chat::listen);
    app.add_workload(Workload::new("chat", Role::Chat), chat::answer);
    app.add_workload(Workload::new("library", Role::Indexing).every(millis(100)), library::read);
    app.add_workload(Workload::new("moments", Role::Indexing).every(millis(30)), mind::index);
    app.add_workload(Workload::new("fit", Role::Training).every(millis(200)), mind::fit);
    app.add_workload(Workload::new("guess", Role::Speculation).every(millis(200)), chat::guess);
    app.run()
}
