//! A small lit scene that stands on a printed poster.
//!
//! ```text
//! ar                                                        the bundled poster and clip
//! ar --source camera:0 --target poster.png --target-width 0.3
//! ar --source camera:0 --target cover.jpg --target-width 0.12 --calibration camera.yml
//! ```
//!
//! `--set flow=fast|balanced|accurate` finds dense flow as well: nothing here looks at it, but its time is in the report.

use std::path::PathBuf;

use bevy::camera::visibility::NoFrustumCulling;
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::light::{CascadeShadowConfigBuilder, NotShadowReceiver};
use bevy::prelude::*;
use bevy_freshet::ar::prelude::*;

use bevy_freshet::prelude::*;
use bevy_freshet::vision::camera::{CalibrationFile, CameraModel};
use bevy_freshet::vision::stages::flow::{FlowPreset, FlowSettings};
use freshet_example::{Options, fail};

/// Width of the bundled poster, in metres.
const POSTER_WIDTH: f32 = 0.3;

fn main() -> AppExit {
    let flags = &["flow", "--target", "--target-width", "--calibration"];
    let example = freshet_example::Example::with_settings("ar", "assets/media/poster.avi", flags);
    check_targets(&example.options);
    let flow = example.options.setting("flow").map(|preset| match preset {
        "fast" => FlowPreset::Fast,
        "balanced" => FlowPreset::Balanced,
        "accurate" => FlowPreset::Accurate,
        other => fail(&format!("--set flow={other}: it is fast, balanced or accurate")),
    });
    App::new()
        .insert_resource(FlowSettings { preset: flow.unwrap_or_default() })
        .add_plugins(example)
        .add_systems(Startup, set_up)
        .add_systems(Update, (turn, tell, end_on_refusal))
        .run()
}

/// What can be said about the targets before anything is loaded.
fn check_targets(options: &Options) {
    for path in &options.targets {
        if !path.exists() {
            fail(&format!("--target {}: there is no such file", path.display()));
        }
    }
    let (targets, widths) = (pictures(options).len(), options.target_widths.len());
    if widths > 1 && widths != targets {
        fail(&format!("--target-width: {widths} widths for {targets} targets; give one for all, or one for each"));
    }
}

/// The pictures of the targets: the bundled poster, or those that were given; a folder stands for all in it.
fn pictures(options: &Options) -> Vec<PathBuf> {
    if options.targets.is_empty() {
        return vec![freshet_example::assets().join("media/poster.png")];
    }
    let mut paths = Vec::new();
    for given in &options.targets {
        let path = given.canonicalize().unwrap_or_else(|_| given.clone());
        match std::fs::read_dir(&path) {
            Ok(entries) => {
                let mut found: Vec<_> =
                    entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
                found.sort();
                paths.extend(found);
            }
            Err(_) => paths.push(path),
        }
    }
    if paths.is_empty() {
        fail("--target: there is no picture in the folder");
    }
    paths
}

fn set_up(
    mut commands: Commands,
    assets: Res<AssetServer>,
    options: Res<Options>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    let streams = freshet_example::open_sources(&mut commands, &options);
    let Some(&stream) = streams.first() else { return };
    if options.setting("flow").is_some() {
        commands.want::<OpticalFlow>(stream, "ar example");
    }
    let camera = ArCamera { model: lens(&options), ..ArCamera::new(stream) };
    commands.spawn((camera, IsDefaultUiCamera, Msaa::Sample4, Tonemapping::None));
    commands.spawn((
        DirectionalLight { illuminance: 6_000.0, shadow_maps_enabled: true, ..default() },
        CascadeShadowConfigBuilder { num_cascades: 1, maximum_distance: 4.0, ..default() }.build(),
        Transform::from_xyz(0.35, 0.7, 0.45).looking_at(Vec3::ZERO, Vec3::Y),
    ));
    let paths = pictures(&options);
    for (index, path) in paths.into_iter().enumerate() {
        let width = options.target_widths.get(index).or(options.target_widths.first()).copied();
        let width = width.unwrap_or(POSTER_WIDTH);
        let picture = assets.load(bevy::asset::AssetPath::from_path_buf(path));
        let target = commands.spawn(ImageTarget::new(picture, width)).id();
        stand_on(&mut commands, target, width, &mut meshes, &mut materials);
    }
    commands.spawn((
        Text::new(""),
        TextFont::from_font_size(16.0),
        TextColor(Color::WHITE),
        Node { position_type: PositionType::Absolute, left: px(12), top: px(8), ..default() },
    ));
}

/// The camera: from a calibration file, from `--intrinsics`, or unknown.
fn lens(options: &Options) -> Option<CameraModel> {
    if let Some(path) = &options.calibration {
        let refuse =
            |error: &dyn std::fmt::Display| -> ! { fail(&format!("--calibration {}: {error}", path.display())) };
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| refuse(&error));
        let file = CalibrationFile::parse(&text).unwrap_or_else(|error| refuse(&error));
        let model = match (file.size, options.size) {
            (Some(_), _) | (None, None) => file.model_at_own_size(),
            (None, Some((width, height))) => file.model(width, height),
        };
        return Some(model.unwrap_or_else(|error| refuse(&error)));
    }
    let given = options.intrinsics?;
    let Some(size) = options.size else {
        fail("--intrinsics: they are for a certain size of the picture; say which with --size WxH");
    };
    Some(given.model(size).unwrap_or_else(|error| fail(&format!("--intrinsics: {error}"))))
}

/// Marks what turns.
#[derive(Component)]
struct Turning(f32);

/// A mill wheel on a foot, with a shadow on the poster. `width` in metres.
fn stand_on(
    commands: &mut Commands,
    target: Entity,
    width: f32,
    meshes: &mut Assets<Mesh>,
    materials: &mut Assets<StandardMaterial>,
) {
    let mut paint = |red, green, blue, roughness| {
        materials.add(StandardMaterial {
            base_color: Color::srgb(red, green, blue),
            perceptual_roughness: roughness,
            ..default()
        })
    };
    let (wood, water, brass) =
        (paint(0.55, 0.33, 0.16, 0.7), paint(0.16, 0.50, 0.78, 0.25), paint(0.86, 0.66, 0.28, 0.35));
    let unit = width / 10.0;
    // White where the light falls, so that multiplying by it changes nothing; darker in the shadow.
    let catcher = materials.add(StandardMaterial {
        base_color: LinearRgba::gray(2.2).into(),
        alpha_mode: AlphaMode::Multiply,
        perceptual_roughness: 1.0,
        reflectance: 0.0,
        ..default()
    });
    let foot = meshes.add(Cuboid::new(1.2 * unit, 1.2 * unit, 2.0 * unit));
    let axle = meshes.add(Cylinder::new(0.22 * unit, 3.3 * unit));
    let rim = meshes.add(Torus::new(1.55 * unit, 1.95 * unit));
    let paddle = meshes.add(Cuboid::new(0.18 * unit, 1.0 * unit, 1.1 * unit));
    let ground = meshes.add(Circle::new(4.2 * unit));
    commands.entity(target).with_children(|parent| {
        parent.spawn((Mesh3d(ground), MeshMaterial3d(catcher), Transform::from_xyz(0.0, 0.0, 0.002 * unit)));
        for side in [-1.0, 1.0] {
            parent.spawn((
                Mesh3d(foot.clone()),
                MeshMaterial3d(wood.clone()),
                Transform::from_xyz(0.0, side * 1.5 * unit, 1.0 * unit).with_scale(Vec3::new(0.6, 0.35, 1.25)),
                NoFrustumCulling,
            ));
        }
        parent.spawn((Transform::from_xyz(0.0, 0.0, 2.4 * unit), Visibility::default(), Turning(1.2))).with_children(
            |wheel| {
                wheel.spawn((Mesh3d(axle), MeshMaterial3d(brass.clone()), Transform::default()));
                wheel.spawn((Mesh3d(rim), MeshMaterial3d(brass), NotShadowReceiver));
                for spoke in 0..8 {
                    let turn = Quat::from_rotation_y(spoke as f32 * std::f32::consts::TAU / 8.0);
                    let blade = Transform::from_rotation(turn).with_translation(turn * Vec3::new(0.0, 0.0, 1.2 * unit));
                    wheel.spawn((Mesh3d(paddle.clone()), MeshMaterial3d(water.clone()), blade));
                }
            },
        );
    });
}

fn turn(mut wheels: Query<(&Turning, &mut Transform)>, time: Res<Time>) {
    for (Turning(speed), mut transform) in &mut wheels {
        transform.rotate_local_y(speed * time.delta_secs());
    }
}

fn tell(targets: Query<&TargetPose>, enrolment: Res<Enrolment>, mut texts: Query<&mut Text>) {
    let Ok(mut text) = texts.single_mut() else { return };
    let tracked = targets.iter().filter(|pose| pose.is_tracked()).count();
    let line = match enrolment.pending {
        0 => format!("{tracked} of {} targets tracked", enrolment.enrolled),
        pending => format!("{pending} targets are being learnt"),
    };
    if text.0 != line {
        text.0 = line;
    }
}

/// A target that the user gave and that does not serve ends the program, when no other is left.
fn end_on_refusal(refused: Query<&TargetRefused, Added<TargetRefused>>, enrolment: Res<Enrolment>) {
    if let (Some(TargetRefused(error)), 0, 0) = (refused.iter().next(), enrolment.enrolled, enrolment.pending) {
        fail(&format!("--target: {error}"));
    }
}
