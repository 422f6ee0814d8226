//! Frames flow: every frame's results land on it, nothing is allocated, nothing waits.

use std::time::Duration;

use bevy::prelude::*;
use bevy_freshet::base::{FrameFormat, PixelFormat};
use bevy_freshet::frame::{FramePlugin, StagePlugin};
use bevy_freshet::ledger::{self, LedgerPlugin, Snapshot};
use bevy_freshet::prelude::*;
use bevy_freshet::vision::stages::{convert::Convert, frame_code::FrameCodeStage, pyramid::PyramidStage};
use freshet_testing::TestApp;

use crate::support::{app, coded_gray, stream};

const PATIENCE: Duration = Duration::from_secs(60);

fn format() -> FrameFormat {
    FrameFormat::new(192, 64, PixelFormat::Gray8).unwrap()
}

fn every() -> StreamSettings {
    StreamSettings::default().with_pace(Pace::Every)
}

fn completed(world: &World, stream: Entity) -> u64 {
    world.get::<StreamStats>(stream).unwrap().completed
}

#[derive(Resource, Default)]
struct Seen(Vec<(u64, Option<u32>, bool)>);

#[test]
fn every_frame_carries_the_code_of_its_own_pixels() {
    let mut app = app();
    app.app.init_resource::<Seen>().add_systems(
        Update,
        |frames: Query<(&Frame, &FrameCode), Changed<FrameCode>>, mut seen: ResMut<Seen>| {
            seen.0.extend(frames.iter().map(|(frame, code)| (frame.seq, code.seq, code.whole)));
        },
    );
    let (id, thread) = stream(&mut app, every(), format(), 200, Duration::ZERO, |seq| coded_gray(&format(), seq));
    app.app.world_mut().entity_mut(id).insert(Wants::<FrameCode>::default());
    app.turn_until(PATIENCE, |world| completed(world, id) == 200);
    app.turn(2);
    thread.join().unwrap();
    let mut seen = std::mem::take(&mut app.app.world_mut().resource_mut::<Seen>().0);
    seen.sort_unstable();
    let expected: Vec<_> = (0..200).map(|seq| (seq, Some(seq as u32), true)).collect();
    assert_eq!(seen, expected);
    let latest = app.app.world().get::<Latest<FrameCode>>(id).unwrap();
    assert_eq!(latest.value.seq, Some(199));
    assert_eq!(app.app.world().get::<StreamState>(id), Some(&StreamState::Ended));
}

/// Only the edges that follow from what stages make and need keep the order on the GPU.
#[test]
fn stages_run_in_the_order_of_their_inputs_whatever_the_order_they_were_added_in() {
    let mut app = TestApp::new(|app| {
        app.add_plugins((LedgerPlugin::default(), FramePlugin));
        app.add_plugins((StagePlugin::<FrameCodeStage>::default(), StagePlugin::<PyramidStage>::default()));
        app.add_plugins(StagePlugin::<Convert>::default());
    });
    let (id, thread) = stream(&mut app, every(), format(), 50, Duration::ZERO, |seq| coded_gray(&format(), seq));
    app.app.world_mut().entity_mut(id).insert((Wants::<FrameCode>::default(), Wants::<Pyramid>::default()));
    let mut wrong = 0;
    app.turn_until(PATIENCE, |world| {
        let mut frames = world.query::<(&Frame, &FrameCode)>();
        wrong += frames.iter(world).filter(|(frame, code)| code.seq != Some(frame.seq as u32)).count();
        completed(world, id) == 50
    });
    thread.join().unwrap();
    assert_eq!(wrong, 0);
}

/// Books as a test: after warm-up nothing of ours allocates or waits on the frame path, and bytes are what they must be.
#[test]
fn the_books_balance() {
    let mut app = app();
    let (id, thread) = stream(&mut app, every(), format(), 420, Duration::ZERO, |seq| coded_gray(&format(), seq));
    let mut stream = app.app.world_mut().entity_mut(id);
    stream.insert((Wants::<FrameCode>::default(), Wants::<Pyramid>::default()));
    app.turn_until(PATIENCE, |world| completed(world, id) >= 120);
    let before = (Snapshot::now(), app.app.world().get::<StreamStats>(id).unwrap().captured);
    app.turn_until(PATIENCE, |world| completed(world, id) == 420);
    let books = Snapshot::now().since(&before.0);
    thread.join().unwrap();
    let frames = 420 - before.1;
    assert_eq!(books.account(&ledger::HOT_ALLOCATIONS), 0);
    assert_eq!(books.account(&ledger::WAITS), 0);
    assert_eq!(books.account(&ledger::DOWN_PIXELS) + books.account(&ledger::DOWN_EXPORT), 0);
    assert_eq!(books.account(&ledger::FRAMES_CAPTURED), frames);
    assert_eq!(books.account(&ledger::UPLOADED), frames * format().bytes().0);
    assert!(books.account(&ledger::DOWN_METADATA) <= 16 * (frames + 3));
    assert!(books.account(&ledger::FOREIGN_ALLOCATIONS) > 0, "wgpu allocates; if nothing is seen, nothing is counted");
}
