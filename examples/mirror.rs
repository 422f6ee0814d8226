//! The live picture on a screen in a small lit room, with the panel open (F1).

use bevy::light::NotShadowCaster;
use bevy::prelude::*;
use bevy_freshet::inspector::{InspectorPicture, InspectorPlugin, InspectorSettings};
use bevy_freshet::prelude::*;

/// Height of the screen, in metres; its width follows the picture.
const SCREEN_HEIGHT: f32 = 1.5;
const SCREEN_CENTRE: Vec3 = Vec3::new(0.0, 1.35, 0.0);

fn main() -> AppExit {
    let settings = InspectorSettings { open: true, ..default() };
    App::new()
        .add_plugins((freshet_example::Example::new("mirror", "assets/media/clip.avi"), InspectorPlugin { settings }))
        .add_systems(Startup, (build_room, hang_screens))
        .add_systems(Update, (fit_screens, sway))
        .run()
}

/// A screen on the wall, and the stream it shows.
#[derive(Component)]
struct MirrorScreen {
    stream: Entity,
    place: f32,
}

#[derive(Component)]
struct Swaying;

fn hang_screens(
    mut commands: Commands,
    mut pictures: LivePictures,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    options: Res<freshet_example::Options>,
) {
    let streams = freshet_example::open_sources(&mut commands, &options);
    let middle = (streams.len() as f32 - 1.0) / 2.0;
    for (index, &stream) in streams.iter().enumerate() {
        let picture = pictures.show(stream);
        commands.entity(stream).insert(InspectorPicture(picture.clone()));
        let glass = materials.add(StandardMaterial {
            base_color: Color::BLACK,
            emissive: LinearRgba::gray(1.0),
            emissive_texture: Some(picture),
            reflectance: 0.0,
            ..default()
        });
        let frame = materials.add(StandardMaterial { base_color: Color::srgb(0.03, 0.03, 0.035), ..default() });
        let place = index as f32 - middle;
        commands
            .spawn((
                MirrorScreen { stream, place },
                Transform::from_translation(SCREEN_CENTRE).with_scale(Vec3::new(4.0 / 3.0, 1.0, 1.0)),
                Visibility::default(),
            ))
            .with_children(|parent| {
                let sheet = meshes.add(Rectangle::new(SCREEN_HEIGHT, SCREEN_HEIGHT));
                let case = meshes.add(Cuboid::new(SCREEN_HEIGHT * 1.05, SCREEN_HEIGHT * 1.07, 0.08));
                parent.spawn((Mesh3d(sheet), MeshMaterial3d(glass), NotShadowCaster));
                parent.spawn((Mesh3d(case), MeshMaterial3d(frame), Transform::from_xyz(0.0, 0.0, -0.05)));
            });
    }
}

/// Gives screens the proportions of their pictures.
fn fit_screens(
    mut screens: Query<(&MirrorScreen, &mut Transform)>,
    streams: Query<&StreamStats, Changed<StreamStats>>,
) {
    for (screen, mut transform) in &mut screens {
        if let Ok(Some(format)) = streams.get(screen.stream).map(|stats| stats.format) {
            let ratio = format.width as f32 / format.height as f32;
            let scale = Vec3::new(ratio, 1.0, 1.0);
            if transform.scale != scale {
                transform.scale = scale;
                transform.translation.x = SCREEN_CENTRE.x + screen.place * SCREEN_HEIGHT * 1.15 * ratio;
            }
        }
    }
}

fn build_room(
    mut commands: Commands,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    commands.spawn((
        Camera3d::default(),
        Transform::from_xyz(0.35, 1.7, 3.9).looking_at(Vec3::new(-1.0, 1.1, 0.0), Vec3::Y),
    ));
    commands.spawn((
        PointLight {
            intensity: 250_000.0,
            shadow_maps_enabled: true,
            color: Color::srgb(1.0, 0.88, 0.72),
            ..default()
        },
        Transform::from_xyz(2.2, 3.2, 2.4),
    ));
    // What the screen throws into the room.
    commands.spawn((
        PointLight { intensity: 60_000.0, color: Color::srgb(0.6, 0.75, 1.0), ..default() },
        Transform::from_xyz(0.0, 1.3, 1.1),
    ));
    let mut surface = |color: Color, roughness: f32| {
        materials.add(StandardMaterial { base_color: color, perceptual_roughness: roughness, ..default() })
    };
    let (floor, wall) = (surface(Color::srgb(0.30, 0.22, 0.16), 0.45), surface(Color::srgb(0.42, 0.46, 0.50), 0.95));
    let (wood, clay) = (surface(Color::srgb(0.45, 0.28, 0.14), 0.6), surface(Color::srgb(0.75, 0.32, 0.20), 0.7));
    let leaf = surface(Color::srgb(0.18, 0.42, 0.20), 0.8);
    commands.spawn((Mesh3d(meshes.add(Plane3d::default().mesh().size(9.0, 9.0))), MeshMaterial3d(floor)));
    let wall_mesh = meshes.add(Cuboid::new(9.0, 4.0, 0.1));
    commands.spawn((Mesh3d(wall_mesh), MeshMaterial3d(wall), Transform::from_xyz(0.0, 2.0, -0.6)));
    let board = meshes.add(Cuboid::new(2.6, 0.42, 0.5));
    commands.spawn((Mesh3d(board), MeshMaterial3d(wood), Transform::from_xyz(0.0, 0.21, -0.05)));
    let pot = meshes.add(Cylinder::new(0.16, 0.3));
    commands.spawn((Mesh3d(pot), MeshMaterial3d(clay), Transform::from_xyz(1.55, 0.15, 0.45)));
    let bush = meshes.add(Sphere::new(0.3));
    commands.spawn((Mesh3d(bush), MeshMaterial3d(leaf), Transform::from_xyz(1.55, 0.55, 0.45), Swaying));
}

fn sway(mut plants: Query<&mut Transform, With<Swaying>>, time: Res<Time>) {
    for mut transform in &mut plants {
        transform.scale = Vec3::new(1.0, 1.25 + 0.02 * (time.elapsed_secs() * 1.3).sin(), 1.0);
    }
}
