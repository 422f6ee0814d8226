//! What a game pastes: a live picture in a sprite. In a game, `DefaultPlugins` and `FreshetPlugins` stand in for
//! `Example`, and `Capture::camera(0)` for the source of the command line.

mod common;

use bevy::prelude::*;
use bevy_freshet::prelude::*;

fn main() -> AppExit {
    App::new().add_plugins(common::Example::new("hello_camera", "assets/media/clip.avi")).add_systems(Startup, show).run()
}

fn show(mut commands: Commands, mut pictures: LivePictures, options: Res<common::Options>) {
    commands.spawn(Camera2d);
    for stream in common::open_sources(&mut commands, &options) {
        commands.spawn(Sprite::from_image(pictures.show(stream)));
    }
}
