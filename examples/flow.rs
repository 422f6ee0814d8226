//! Dense optical flow: colour wheel and arrows over the picture.
//!
//! `--export-flow DIR` writes each frame's flow as a Middlebury `.flo` file; `--set preset=fast|balanced|accurate`
//! chooses the quality.

use bevy::prelude::*;
use bevy_freshet::prelude::*;
use bevy_freshet::vision::stages::flow::FlowSettings;

fn main() -> AppExit {
    let example =
        freshet_example::Example::with_settings("flow", "assets/media/clip.avi", &["preset", "--export-flow"]);
    let preset = example.options.flow_preset("preset");
    example.options.make_folder("--export-flow", example.options.export_flow.as_ref());
    App::new()
        .add_plugins(example)
        .insert_resource(FlowSettings { preset })
        .add_systems(Startup, open)
        .add_systems(Update, tell)
        .run()
}

fn open(
    mut commands: Commands,
    mut pictures: LivePictures,
    mut exports: ResMut<Exports>,
    options: Res<freshet_example::Options>,
) {
    let streams = freshet_example::open_sources(&mut commands, &options);
    for &stream in &streams {
        commands.want::<OpticalFlow>(stream, "flow example");
        if let Some(folder) = &options.export_flow {
            exports.flow(stream, folder.clone());
        }
    }
    if let Some(&stream) = streams.first() {
        let picture = pictures.show_product::<FlowPicture>(stream);
        commands.spawn((Camera2d, IsDefaultUiCamera, Background { fit: Fit::Contain, ..Background::new(picture) }));
        commands.spawn((
            Text::new(""),
            TextFont::from_font_size(16.0),
            TextColor(Color::WHITE),
            Node { position_type: PositionType::Absolute, left: px(12), top: px(8), ..default() },
        ));
    }
}

fn tell(flows: Query<&Latest<OpticalFlow>, Changed<Latest<OpticalFlow>>>, mut texts: Query<&mut Text>) {
    let (Some(flow), Ok(mut text)) = (flows.iter().next(), texts.single_mut()) else { return };
    let OpticalFlow { mean_px: [x, y], spread_px, trusted, .. } = flow.value;
    text.0 = format!("mean {x:+.2}, {y:+.2} px   spread {spread_px:.2} px   trusted {:.0} %", trusted * 100.0);
}
