//! A small lit scene that stands on a printed poster.
//!
//! ```text
//! ar                                                        the bundled poster and clip
//! ar --source camera:0 --target poster.png --target-width 0.3
//! ar --source camera:0 --target cover.jpg --target-width 0.12 --calibration camera.yml
//! ```
//!
//! `--set flow=fast|balanced|accurate` finds dense flow as well: nothing here looks at it, but its time is in the
//! report. `--set capacity=N` looks for targets among more or fewer features than 2,000.

use std::path::{Path, PathBuf};

use bevy::asset::RenderAssetUsages;
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::light::{CascadeShadowConfigBuilder, NotShadowReceiver};
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use bevy_freshet::ar::prelude::*;
use bevy_freshet::prelude::*;
use bevy_freshet::vision::camera::{CalibrationFile, CameraModel};
use bevy_freshet::vision::stages::features::FeatureSettings;
use bevy_freshet::vision::stages::flow::FlowSettings;
use bevy_freshet::vision::targets::{EnrolError, EnrolledTarget};
use freshet_example::{Options, fail};

/// Width of the bundled poster, in metres.
const POSTER_WIDTH: f32 = 0.3;

fn main() -> AppExit {
    let flags = &["flow", "capacity", "--target", "--target-width", "--calibration"];
    let example = freshet_example::Example::with_settings("ar", "assets/media/poster.avi", flags);
    let options = &example.options;
    if options.sources.len() > 1 {
        fail("--source: one stream is shown; give one");
    }
    let given = Given { targets: targets(options), lens: lens(options) };
    let preset = options.flow_preset("flow");
    let capacity = options.setting("capacity").map(|text| match text.parse() {
        Ok(points) if FeatureSettings::CAPACITY.contains(&points) => points,
        _ => fail(&format!("--set capacity={text}: a number of features from 64 to 8192 is wanted")),
    });
    App::new()
        .insert_resource(capacity.map_or_else(FeatureSettings::default, FeatureSettings::with_capacity))
        .insert_resource(FlowSettings { preset })
        .insert_resource(given)
        .add_plugins(example)
        .add_systems(Startup, set_up)
        .add_systems(Update, (open, turn, tell, complain))
        .run()
}

/// What was given on the command line, looked at before anything starts.
#[derive(Resource)]
struct Given {
    targets: Vec<(PathBuf, f32)>,
    lens: Option<CameraModel>,
}

/// Pictures to look for, and their widths in metres.
fn targets(options: &Options) -> Vec<(PathBuf, f32)> {
    let paths = options.target_pictures(Some(freshet_example::assets().join("media/poster.png")));
    let widths = &options.target_widths;
    if let Some(width) = widths.iter().find(|width| !(width.is_finite() && **width > 0.0)) {
        fail(&format!("--target-width {width}: a width in metres, finite and above 0, is wanted"));
    }
    if widths.len() > 1 && widths.len() != paths.len() {
        let (widths, targets) = (widths.len(), paths.len());
        fail(&format!("--target-width: {widths} widths for {targets} targets; give one for all, or one for each"));
    }
    let width = |index: usize| widths.get(index).or(widths.first()).copied().unwrap_or(POSTER_WIDTH);
    paths.into_iter().enumerate().map(|(index, path)| (path, width(index))).collect()
}

/// A target's picture. Its size is asked first: a header is quicker read than a huge picture.
fn picture(path: &Path) -> Image {
    let refuse = |error: &dyn std::fmt::Display| -> ! { fail(&format!("--target {}: {error}", path.display())) };
    let reader = || image::ImageReader::open(path).and_then(image::ImageReader::with_guessed_format);
    let header = reader().unwrap_or_else(|error| refuse(&error));
    let (width, height) = header.into_dimensions().unwrap_or_else(|error| refuse(&error));
    let sides = EnrolledTarget::LEAST_SIDE..=EnrolledTarget::MOST_SIDE;
    if !(sides.contains(&width) && sides.contains(&height)) {
        refuse(&EnrolError::Size { width, height });
    }
    let file = reader().unwrap_or_else(|error| refuse(&error));
    let picture = file.decode().unwrap_or_else(|error| refuse(&error)).into_rgba8();
    let size = Extent3d { width, height, depth_or_array_layers: 1 };
    let texels = TextureFormat::Rgba8UnormSrgb;
    // The GPU needs no copy of it.
    Image::new(size, TextureDimension::D2, picture.into_raw(), texels, RenderAssetUsages::MAIN_WORLD)
}

/// The camera: from a calibration file, from `--intrinsics`, or unknown.
fn lens(options: &Options) -> Option<CameraModel> {
    if let Some(path) = &options.calibration {
        let refuse = |cause: String| -> ! { fail(&format!("--calibration {}: {cause}", path.display())) };
        if options.intrinsics.is_some() {
            fail("--calibration and --intrinsics say the same; give one");
        }
        if std::fs::metadata(path).is_ok_and(|file| file.len() > CalibrationFile::MAX_LENGTH as u64) {
            refuse("the file is too long for a calibration".into());
        }
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| refuse(error.to_string()));
        let file = CalibrationFile::parse(&text).unwrap_or_else(|error| refuse(freshet_example::one_line(&error)));
        let model = match options.size {
            Some((width, height)) => file.model(width, height),
            None => file.model_at_own_size(),
        };
        return Some(model.unwrap_or_else(|error| refuse(freshet_example::one_line(&error))));
    }
    let given = options.intrinsics?;
    let Some(size) = options.size else {
        fail("--intrinsics: they are for a certain size of the picture; say which with --size WxH");
    };
    Some(given.model(size).unwrap_or_else(|error| fail(&format!("--intrinsics: {error}"))))
}

/// A target, by the path of its picture.
#[derive(Component)]
struct From(PathBuf);

fn set_up(
    mut commands: Commands,
    given: Res<Given>,
    mut images: ResMut<Assets<Image>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    commands.spawn((
        DirectionalLight { illuminance: 6_000.0, shadow_maps_enabled: true, ..default() },
        CascadeShadowConfigBuilder { num_cascades: 1, maximum_distance: 4.0, ..default() }.build(),
        Transform::from_xyz(0.35, 0.7, 0.45).looking_at(Vec3::ZERO, Vec3::Y),
    ));
    let mill = Mill::new(&mut meshes, &mut materials);
    for (path, width) in &given.targets {
        let picture = images.add(picture(path));
        let target = commands.spawn((ImageTarget::new(picture, *width), From(path.clone()))).id();
        mill.stand_on(&mut commands, target, *width);
    }
    commands.spawn((
        Text::new(""),
        TextFont::from_font_size(16.0),
        TextColor(Color::WHITE),
        Node { position_type: PositionType::Absolute, left: px(12), top: px(8), ..default() },
    ));
}

/// Opens the stream: at once where only the newest frame counts, else when all targets are known.
fn open(
    mut commands: Commands,
    options: Res<Options>,
    given: Res<Given>,
    enrolment: Res<Enrolment>,
    mut is_open: Local<bool>,
) {
    let all_known = enrolment.pending == 0 && enrolment.enrolled + enrolment.refused > 0;
    if *is_open || (options.pace() == Pace::Every && !all_known) {
        return;
    }
    *is_open = true;
    let streams = freshet_example::open_sources(&mut commands, &options);
    let Some(&stream) = streams.first() else { return };
    if options.setting("flow").is_some() {
        commands.want::<OpticalFlow>(stream, "ar example");
    }
    let camera = ArCamera { model: given.lens, ..ArCamera::new(stream) };
    commands.spawn((camera, IsDefaultUiCamera, Msaa::Sample4, Tonemapping::None));
}

/// Marks what turns, in radians a second.
#[derive(Component)]
struct Turning(f32);

/// A mill wheel between two posts, for a target one metre wide.
struct Mill {
    wood: Handle<StandardMaterial>,
    water: Handle<StandardMaterial>,
    brass: Handle<StandardMaterial>,
    shade: Handle<StandardMaterial>,
    post: Handle<Mesh>,
    axle: Handle<Mesh>,
    rim: Handle<Mesh>,
    paddle: Handle<Mesh>,
    ground: Handle<Mesh>,
}

impl Mill {
    fn new(meshes: &mut Assets<Mesh>, materials: &mut Assets<StandardMaterial>) -> Self {
        let mut paint = |red, green, blue, roughness| {
            materials.add(StandardMaterial {
                base_color: Color::srgb(red, green, blue),
                perceptual_roughness: roughness,
                ..default()
            })
        };
        Self {
            wood: paint(0.55, 0.33, 0.16, 0.7),
            water: paint(0.16, 0.50, 0.78, 0.25),
            brass: paint(0.86, 0.66, 0.28, 0.35),
            // White where the light falls, so that multiplying by it changes nothing; darker in the shadow.
            shade: materials.add(StandardMaterial {
                base_color: LinearRgba::gray(2.2).into(),
                alpha_mode: AlphaMode::Multiply,
                perceptual_roughness: 1.0,
                reflectance: 0.0,
                ..default()
            }),
            post: meshes.add(Cuboid::new(0.07, 0.04, 0.25)),
            axle: meshes.add(Cylinder::new(0.022, 0.33)),
            rim: meshes.add(Torus::new(0.155, 0.195)),
            paddle: meshes.add(Cuboid::new(0.018, 0.10, 0.11)),
            ground: meshes.add(Circle::new(0.42)),
        }
    }

    /// Puts one on a target, with a shadow on its picture. `width` in metres.
    fn stand_on(&self, commands: &mut Commands, target: Entity, width: f32) {
        let foot = (Transform::from_scale(Vec3::splat(width)), Visibility::default(), ChildOf(target));
        commands.spawn(foot).with_children(|parent| {
            let part = |mesh: &Handle<Mesh>, material: &Handle<StandardMaterial>, place: Transform| {
                (Mesh3d(mesh.clone()), MeshMaterial3d(material.clone()), place)
            };
            parent.spawn(part(&self.ground, &self.shade, Transform::from_xyz(0.0, 0.0, 0.0002)));
            for side in [-1.0, 1.0] {
                parent.spawn(part(&self.post, &self.wood, Transform::from_xyz(0.0, side * 0.15, 0.125)));
            }
            let wheel = (Transform::from_xyz(0.0, 0.0, 0.24), Visibility::default(), Turning(1.2));
            parent.spawn(wheel).with_children(|wheel| {
                wheel.spawn(part(&self.axle, &self.brass, Transform::IDENTITY));
                wheel.spawn((part(&self.rim, &self.brass, Transform::IDENTITY), NotShadowReceiver));
                for spoke in 0..8 {
                    let turn = Quat::from_rotation_y(spoke as f32 * std::f32::consts::TAU / 8.0);
                    let place = Transform::from_rotation(turn).with_translation(turn * Vec3::new(0.0, 0.0, 0.12));
                    wheel.spawn(part(&self.paddle, &self.water, place));
                }
            });
        });
    }
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

/// Names the targets that do not serve; ends the program when no other is left.
fn complain(
    refused: Query<(&TargetRefused, &From), Added<TargetRefused>>,
    enrolment: Res<Enrolment>,
    mut complaint: ResMut<freshet_example::Complaint>,
) {
    for (TargetRefused(error), From(path)) in &refused {
        let line = format!("--target {}: {error}", path.display());
        if enrolment.enrolled + enrolment.pending == 0 {
            fail(&line);
        }
        complaint.say(&line);
    }
}
