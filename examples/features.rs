//! Corners with orientation and descriptor: circles of their size on the picture.
//!
//! `--set capacity=N` sets the most points of a frame; `--export-features DIR` writes each frame's points and
//! descriptors to a file.

use bevy::prelude::*;
use bevy_freshet::prelude::*;
use bevy_freshet::vision::stages::features::FeatureSettings;

fn main() -> AppExit {
    let example = freshet_example::Example::with_settings(
        "features",
        "assets/media/clip.avi",
        &["capacity", "--export-features"],
    );
    let capacity = example.options.setting("capacity").map(|text| match text.parse() {
        Ok(capacity) if FeatureSettings::CAPACITY.contains(&capacity) => capacity,
        _ => freshet_example::fail(&format!(
            "--set capacity={text}: a number from {} to {} is wanted",
            FeatureSettings::CAPACITY.start(),
            FeatureSettings::CAPACITY.end()
        )),
    });
    example.options.make_folder("--export-features", example.options.export_features.as_ref());
    App::new()
        .add_plugins(example)
        .insert_resource(capacity.map_or_else(FeatureSettings::default, FeatureSettings::with_capacity))
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
        commands.want::<Features>(stream, "features example");
        commands.want::<Tracks>(stream, "features example");
        if let Some(folder) = &options.export_features {
            exports.features(stream, folder.clone());
        }
    }
    if let Some(&stream) = streams.first() {
        let picture = pictures.show_product::<FeaturePicture>(stream);
        commands.spawn((Camera2d, IsDefaultUiCamera, Background { fit: Fit::Contain, ..Background::new(picture) }));
        commands.spawn((
            Text::new(""),
            TextFont::from_font_size(16.0),
            TextColor(Color::WHITE),
            Node { position_type: PositionType::Absolute, left: px(12), top: px(8), ..default() },
        ));
    }
}

fn tell(
    streams: Query<(&Latest<Features>, Option<&Latest<Tracks>>), Changed<Latest<Features>>>,
    mut texts: Query<&mut Text>,
) {
    let (Some((features, tracks)), Ok(mut text)) = (streams.iter().next(), texts.single_mut()) else { return };
    text.0 = format!("{} features", features.value.count);
    if let Some(Latest { value: tracks, .. }) = tracks {
        text.0 += &format!("   {} tracks, {:.0} frames old in the mean", tracks.count, tracks.mean_age);
    }
}
