//! Law 0: nothing is computed that nobody wants.

use std::time::Duration;

use bevy::prelude::*;
use bevy_freshet::base::{FrameFormat, PixelFormat};
use bevy_freshet::ledger::{GPU_RESIDENT, Snapshot, UPLOADED};
use bevy_freshet::prelude::*;

use crate::support::{app, coded_gray, stream};

const PATIENCE: Duration = Duration::from_secs(60);

fn format() -> FrameFormat {
    FrameFormat::new(192, 64, PixelFormat::Gray8).unwrap()
}

fn completed(world: &World, stream: Entity) -> u64 {
    world.get::<StreamStats>(stream).unwrap().completed
}

#[test]
fn without_a_consumer_nothing_runs_and_nothing_is_held() {
    let mut app = app();
    let (before, held) = (Snapshot::now(), GPU_RESIDENT.total());
    let period = Duration::from_millis(2);
    let (id, _thread) = stream(&mut app, default(), format(), u64::MAX, period, |seq| coded_gray(&format(), seq));
    app.turn_until(PATIENCE, |world| world.get::<StreamStats>(id).unwrap().dropped_for(DropReason::Unwanted) > 20);
    let books = Snapshot::now().since(&before);
    for stage in ["upload", "convert", "pyramid", "frame_code"] {
        assert_eq!(books.stage_runs(stage), 0, "{stage}");
    }
    assert_eq!(books.account(&UPLOADED), 0);
    assert_eq!(GPU_RESIDENT.total(), held);
    app.app.world_mut().despawn(id);
}

#[test]
fn two_consumers_cause_one_computation_and_the_last_one_to_go_frees_it() {
    let mut app = app();
    let held = GPU_RESIDENT.total();
    let every = StreamSettings::default().with_pace(Pace::Every);
    let (id, _thread) = stream(&mut app, every, format(), u64::MAX, Duration::ZERO, |seq| coded_gray(&format(), seq));
    let before = Snapshot::now();
    let mut commands = app.app.world_mut().commands();
    commands.want::<FrameCode>(id, "first");
    commands.want::<FrameCode>(id, "second");
    commands.want::<Luma>(id, "second");
    app.app.world_mut().flush();
    app.turn_until(PATIENCE, |world| completed(world, id) >= 50);
    app.finish_gpu();
    let captured = app.app.world().get::<StreamStats>(id).unwrap().captured;
    let books = Snapshot::now().since(&before);
    assert_eq!(books.stage_runs("convert"), captured);
    assert_eq!(books.stage_runs("frame_code"), captured);
    assert_eq!(books.stage_runs("pyramid"), 0, "nobody wants it");
    assert!(GPU_RESIDENT.total() > held);

    app.app.world_mut().commands().unwant::<FrameCode>(id, "first");
    app.app.world_mut().flush();
    let before = completed(app.app.world(), id);
    app.turn_until(PATIENCE, |world| completed(world, id) >= before + 10);

    let mut commands = app.app.world_mut().commands();
    commands.unwant::<FrameCode>(id, "second");
    commands.unwant::<Luma>(id, "second");
    app.app.world_mut().flush();
    let before = Snapshot::now();
    app.turn(60);
    app.finish_gpu();
    app.turn(1);
    assert_eq!(Snapshot::now().since(&before).stage_runs("convert"), 0);
    assert_eq!(GPU_RESIDENT.total(), held, "all of it is freed within 60 frames");
    app.app.world_mut().despawn(id);
}

#[test]
fn a_dropped_handle_stops_the_live_picture() {
    let mut app = app();
    let every = StreamSettings::default().with_pace(Pace::Every);
    let (id, _thread) = stream(&mut app, every, format(), u64::MAX, Duration::ZERO, |seq| coded_gray(&format(), seq));
    let show = app.app.world_mut().register_system(move |mut pictures: LivePictures| pictures.show(id));
    let first = app.app.world_mut().run_system(show).unwrap();
    app.turn(1);
    let second = app.app.world_mut().run_system(show).unwrap();
    assert_eq!(first.id(), second.id(), "the handle is stable");
    app.turn_until(PATIENCE, |world| completed(world, id) >= 10);
    drop(first);
    app.turn(5);
    assert!(app.app.world().get::<Wants<LivePicture>>(id).is_some());
    drop(second);
    app.turn(5);
    assert!(app.app.world().get::<Wants<LivePicture>>(id).is_none());
    app.app.world_mut().despawn(id);
}
