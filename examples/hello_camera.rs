//! What a game pastes: a live picture in a sprite. In a game, `DefaultPlugins` and `FreshetPlugins` stand in for
//! `Example`, and `Capture::camera(0)` for the source of the command line.

use bevy::prelude::*;
use bevy_freshet::prelude::*;

fn main() -> AppExit {
    App::new()
        .add_plugins(freshet_example::Example::new("hello_camera", "assets/media/clip.avi"))
        .add_systems(Startup, show)
        .run()
}

fn show(mut commands: Commands, mut pictures: LivePictures, options: Res<freshet_example::Options>) {
    commands.spawn(Camera2d);
    for stream in freshet_example::open_sources(&mut commands, &options) {
        commands.spawn(Sprite::from_image(pictures.show(stream)));
    }
}
