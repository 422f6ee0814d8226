//! Image targets, from the picture to the transform.

use std::time::Duration;

use bevy::asset::RenderAssetUsages;
use bevy::math::{DQuat, dvec2, dvec3};
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use bevy_freshet::ar::TargetNumber;
use bevy_freshet::ar::prelude::*;
use bevy_freshet::base::{FrameFormat, PixelFormat};
use bevy_freshet::ledger::{self, Snapshot};
use bevy_freshet::prelude::*;
use bevy_freshet::vision::camera::{CameraModel, Distortion, Homography, Intrinsics, RigidPose};
use freshet_testing::TestApp;

use crate::scenes::Gray;
use crate::support::{app, stream};

const PATIENCE: Duration = Duration::from_secs(180);
const VIEW: (u32, u32) = (320, 240);

fn image(picture: &Gray) -> Image {
    let size = Extent3d { width: picture.width, height: picture.height, depth_or_array_layers: 1 };
    let rgba = picture.luma.iter().flat_map(|&luma| [luma, luma, luma, 255]).collect();
    Image::new(size, TextureDimension::D2, rgba, TextureFormat::Rgba8UnormSrgb, RenderAssetUsages::MAIN_WORLD)
}

fn spawn_target(app: &mut TestApp, picture: &Gray, width: f32) -> Entity {
    let image = app.app.world_mut().resource_mut::<Assets<Image>>().add(image(picture));
    app.app.world_mut().spawn(ImageTarget::new(image, width)).id()
}

/// A target that is known, and the camera of a stream that shows `frames`.
fn scene(
    app: &mut TestApp,
    picture: &Gray,
    frames: u64,
    view: impl Fn(u64) -> Gray + Send + 'static,
) -> (Entity, Entity) {
    let target = spawn_target(app, picture, 0.2);
    app.turn_until(PATIENCE, |world| world.get::<TargetNumber>(target).is_some());
    let format = FrameFormat::new(VIEW.0, VIEW.1, PixelFormat::Gray8).unwrap();
    let settings = StreamSettings::default().with_pace(Pace::Every);
    let (id, thread) = stream(app, settings, format, frames, Duration::ZERO, move |seq| view(seq).luma);
    app.app.world_mut().spawn(ArCamera::new(id));
    app.turn_until(PATIENCE, |world| world.get::<StreamStats>(id).is_some_and(|stats| stats.completed == frames));
    app.turn(1);
    thread.join().unwrap();
    (target, id)
}

fn corner_error(found: &[f32; 9], truth: &Homography, picture: &Gray) -> f64 {
    let found = Homography::from_rows(found.map(f64::from)).unwrap();
    found.corner_error(truth, f64::from(picture.width), f64::from(picture.height))
}

/// Metres on the target for one of its pixels: it is 200 pixels and 0.2 m wide.
const METRES: f64 = 0.001;

/// A target of 200x150 pixels seen by the default camera: tilted, a little turned, moving to the right and down.
fn view(step: u64) -> Homography {
    let camera = CameraModel::with_default_fov(VIEW.0, VIEW.1).unwrap();
    let step = step as f64;
    let camera_from_target = RigidPose {
        rotation: DQuat::from_euler(EulerRot::XYZ, 0.4, -0.3, 0.2),
        translation: dvec3(-0.02 + 0.001 * step, -0.01 + 0.0007 * step, 0.33),
    };
    let corners = Homography::corners(200.0, 150.0);
    let seen = corners.map(|corner| {
        let plane = (corner + 0.5 - dvec2(100.0, 75.0)) * METRES;
        camera.project(camera_from_target.apply(plane.extend(0.0))).unwrap()
    });
    Homography::from_quad(corners, seen).unwrap()
}

#[test]
fn a_target_is_found_and_stands_where_it_is() {
    let mut app = app();
    let (picture, ground) = (Gray::rectangles(200, 150, 3), Gray::rectangles(VIEW.0, VIEW.1, 99));
    let shown = picture.clone();
    let (target, id) = scene(&mut app, &picture, 12, move |seq| shown.seen(&view(seq), &ground));
    let pose = app.app.world().get::<TargetPose>(target).unwrap().clone();
    assert_eq!(pose.state, TargetState::Tracking);
    let error = corner_error(&pose.homography, &view(11), &picture);
    assert!(error < 0.5, "corners are {error} px off");
    // The attachment on the frame says the same.
    let seen = app.app.world().get::<Latest<Targets>>(id).unwrap();
    assert_eq!((seen.frame.seq, seen.value.0.len(), seen.value.0[0].homography), (11, 1, pose.homography));
    // The transform draws the target's corner where the frame shows it.
    let camera = CameraModel::with_default_fov(VIEW.0, VIEW.1).unwrap();
    let corner = Vec3::new(-0.1, 0.075, 0.0);
    let placed = pose.rotation * corner + pose.translation;
    let drawn = camera.project(dvec3(placed.x.into(), (-placed.y).into(), (-placed.z).into())).unwrap();
    let shown = view(11).apply(dvec2(-0.5, -0.5)).unwrap();
    assert!(drawn.distance(shown) < 0.7, "drawn at {drawn}, shown at {shown}");
    let placed = app.app.world().get::<Transform>(target).unwrap();
    assert!(placed.translation.distance(pose.translation) < 0.02, "{placed:?}");
}

#[test]
fn a_target_that_is_not_there_is_not_seen_and_one_that_goes_is_lost() {
    let mut app = app();
    let (picture, ground) = (Gray::rectangles(200, 150, 3), Gray::rectangles(VIEW.0, VIEW.1, 99));
    let shown = picture.clone();
    let (target, _) = scene(&mut app, &picture, 24, move |seq| match seq {
        0..6 => ground.clone(),
        6..12 => shown.seen(&view(seq), &ground),
        _ => ground.clone(),
    });
    let pose = app.app.world().get::<TargetPose>(target).unwrap();
    assert_eq!(pose.state, TargetState::Lost);
    assert!(corner_error(&pose.homography, &view(11), &picture) < 0.5, "the last pose is that of the last sighting");
    assert_eq!(*app.app.world().get::<Visibility>(target).unwrap(), Visibility::Hidden);
    app.turn_until(PATIENCE, |world| world.get::<TargetPose>(target).unwrap().state == TargetState::Searching);
}

#[test]
fn nothing_is_allocated_nothing_waits_and_no_pixel_comes_down_with_every_stage_on() {
    let mut app = app();
    let (picture, ground) = (Gray::rectangles(200, 150, 3), Gray::rectangles(VIEW.0, VIEW.1, 99));
    let target = spawn_target(&mut app, &picture, 0.2);
    app.turn_until(PATIENCE, |world| world.get::<TargetNumber>(target).is_some());
    let format = FrameFormat::new(VIEW.0, VIEW.1, PixelFormat::Gray8).unwrap();
    let settings = StreamSettings::default().with_pace(Pace::Every);
    let frames: Vec<_> = (0..20).map(|step| picture.seen(&view(step), &ground).luma).collect();
    // There and back again, so that the motion is never broken.
    let frame = move |seq: u64| {
        let step = (seq % 38) as usize;
        frames[step.min(38 - step)].clone()
    };
    let (id, thread) = stream(&mut app, settings, format, 220, Duration::ZERO, frame);
    app.app.world_mut().entity_mut(id).insert((Wants::<OpticalFlow>::default(), Wants::<Tracks>::default()));
    app.app.world_mut().spawn(ArCamera::new(id));
    let completed = |world: &World| world.get::<StreamStats>(id).map_or(0, |stats| stats.completed);
    app.turn_until(PATIENCE, |world| completed(world) >= 120);
    let before = Snapshot::now();
    app.turn_until(PATIENCE, |world| completed(world) == 220);
    let books = Snapshot::now().since(&before);
    thread.join().unwrap();
    assert!(app.app.world().get::<TargetPose>(target).unwrap().is_tracked());
    assert_eq!(books.account(&ledger::HOT_ALLOCATIONS), 0);
    assert_eq!(books.account(&ledger::WAITS), 0);
    assert_eq!(books.account(&ledger::DOWN_PIXELS) + books.account(&ledger::DOWN_EXPORT), 0);
    assert!(books.account(&ledger::DOWN_METADATA) <= 4096 * 103);
}

#[test]
fn what_cannot_be_a_target_says_why_and_nothing_else_stops() {
    let mut app = app();
    let good = spawn_target(&mut app, &Gray::rectangles(160, 120, 8), 0.1);
    let blank = spawn_target(&mut app, &Gray::flat(160, 120, 130), 0.1);
    let small = spawn_target(&mut app, &Gray::rectangles(20, 20, 1), 0.1);
    let nan = spawn_target(&mut app, &Gray::rectangles(160, 120, 8), f32::NAN);
    let mut gradient = Gray::flat(200, 150, 0);
    for (index, luma) in gradient.luma.iter_mut().enumerate() {
        *luma = (index % 200) as u8;
    }
    let plain = spawn_target(&mut app, &gradient, 0.1);
    app.turn_until(PATIENCE, |world| {
        world.resource::<Enrolment>().pending == 0 && world.resource::<Enrolment>().enrolled == 1
    });
    assert!(app.app.world().get::<TargetNumber>(good).is_some());
    let reason = |entity: Entity| app.app.world().get::<TargetRefused>(entity).unwrap().0.to_string();
    assert!(reason(blank).contains("blank"), "{}", reason(blank));
    assert!(reason(small).contains("20x20"), "{}", reason(small));
    assert!(reason(nan).contains("NaN"), "{}", reason(nan));
    assert!(reason(plain).contains("too little texture: score"), "{}", reason(plain));
    assert_eq!(app.app.world().resource::<Enrolment>().refused, 4);
}

#[test]
fn a_target_that_is_removed_is_no_longer_seen() {
    let mut app = app();
    let (picture, ground) = (Gray::rectangles(200, 150, 3), Gray::rectangles(VIEW.0, VIEW.1, 99));
    let target = spawn_target(&mut app, &picture, 0.2);
    app.turn_until(PATIENCE, |world| world.get::<TargetNumber>(target).is_some());
    let format = FrameFormat::new(VIEW.0, VIEW.1, PixelFormat::Gray8).unwrap();
    let settings = StreamSettings::default().with_pace(Pace::Every);
    let still = picture.seen(&view(0), &ground).luma;
    let (id, thread) = stream(&mut app, settings, format, 60, Duration::from_millis(5), move |_| still.clone());
    app.app.world_mut().spawn(ArCamera::new(id));
    app.turn_until(PATIENCE, |world| world.get::<TargetPose>(target).unwrap().is_tracked());
    app.app.world_mut().despawn(target);
    app.turn_until(PATIENCE, |world| world.get::<StreamStats>(id).unwrap().completed == 60);
    thread.join().unwrap();
    assert!(app.app.world().get::<Latest<TargetSightings>>(id).unwrap().value.0.is_empty());
}

#[test]
fn the_ar_camera_sees_what_the_streams_camera_saw() {
    let mut app = app();
    let model =
        CameraModel::new(VIEW.0, VIEW.1, Intrinsics { fx: 260.0, fy: 270.0, cx: 150.0, cy: 130.0 }, Distortion::NONE)
            .unwrap();
    let picture = Gray::rectangles(VIEW.0, VIEW.1, 5);
    let format = FrameFormat::new(VIEW.0, VIEW.1, PixelFormat::Gray8).unwrap();
    let settings = StreamSettings::default().with_pace(Pace::Every);
    let (id, thread) = stream(&mut app, settings, format, 3, Duration::ZERO, move |_| picture.luma.clone());
    let camera = app.app.world_mut().spawn(ArCamera::new(id).with_model(model)).id();
    app.turn_until(PATIENCE, |world| world.get::<StreamStats>(id).is_some_and(|stats| stats.completed == 3));
    app.turn(3);
    thread.join().unwrap();
    let projection = app.app.world().get::<Projection>(camera).unwrap();
    let clip = projection.get_clip_from_view();
    let point = dvec3(0.1, -0.05, 0.6);
    let drawn = clip.project_point3(Vec3::new(0.1, 0.05, -0.6));
    let drawn = Vec2::new(drawn.x + 1.0, 1.0 - drawn.y) / 2.0 * Vec2::new(320.0, 240.0) - 0.5;
    let seen = model.project(point).unwrap().as_vec2();
    assert!(drawn.distance(seen) < 0.1, "drawn at {drawn}, seen at {seen}");
    app.app.world_mut().despawn(camera);
    app.turn(2);
    assert!(app.app.world().get::<Wants<TargetSightings>>(id).is_none(), "nobody wants it any more");
}
