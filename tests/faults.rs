//! What goes wrong: too fast, too large, changed, closed; and the others go on.

use std::time::Duration;

use bevy::prelude::*;
use bevy_freshet::base::{FrameFormat, PixelFormat};
use bevy_freshet::frame::{FrameStamp, Offer, StreamPort, WriteError, port};
use bevy_freshet::prelude::*;

use crate::support::{app, coded_gray, stream};

const PATIENCE: Duration = Duration::from_secs(60);

fn format() -> FrameFormat {
    FrameFormat::new(192, 64, PixelFormat::Gray8).unwrap()
}

fn stats(world: &World, stream: Entity) -> StreamStats {
    world.get::<StreamStats>(stream).unwrap().clone()
}

#[test]
fn a_source_that_is_too_fast_loses_frames_with_a_reason_and_never_the_newest() {
    let mut app = app();
    let period = Duration::from_micros(200);
    let (id, thread) = stream(&mut app, default(), format(), 3000, period, |seq| coded_gray(&format(), seq));
    app.app.world_mut().entity_mut(id).insert(Wants::<FrameCode>::default());
    app.turn_until(PATIENCE, |world| *world.get::<StreamState>(id).unwrap() == StreamState::Ended);
    thread.join().unwrap();
    app.turn(8);
    let stats = stats(app.app.world(), id);
    assert_eq!(stats.captured + stats.dropped_total(), 3000, "every frame is accounted for: {stats:?}");
    assert!(stats.dropped_total() > 0);
    assert_eq!(stats.completed, stats.captured);
    let latest = app.app.world().get::<Latest<FrameCode>>(id).unwrap();
    assert_eq!(u64::from(latest.value.seq.unwrap()), latest.frame.seq);
}

#[test]
fn a_change_of_size_is_followed_and_another_stream_goes_on() {
    let mut app = app();
    let every = StreamSettings::default().with_pace(Pace::Every);
    let larger = FrameFormat::new(480, 96, PixelFormat::Gray8).unwrap();
    let (capture, owner): (_, StreamPort) = port(Pace::Every);
    let changing =
        app.app.world_mut().spawn((Stream::new("changing"), every, owner, Wants::<FrameCode>::default())).id();
    let work = move || {
        for seq in 0..40 {
            let format = if seq % 20 < 10 { format() } else { larger };
            let stamp = FrameStamp { seq, captured: Timestamp::now(), format };
            let picture = coded_gray(&format, seq);
            if !matches!(capture.offer(stamp, |writer| writer.write_frame(&picture)), Ok(Offer::Taken)) {
                return;
            }
        }
    };
    let thread = std::thread::Builder::new().spawn(work).unwrap();
    let (steady, _other) =
        stream(&mut app, every, format(), u64::MAX, Duration::ZERO, |seq| coded_gray(&format(), seq));
    app.app.world_mut().entity_mut(steady).insert(Wants::<FrameCode>::default());
    let mut wrong = 0;
    app.turn_until(PATIENCE, |world| {
        let mut frames = world.query::<(&Frame, &FrameCode)>();
        wrong += frames.iter(world).filter(|(frame, code)| code.seq != Some(frame.seq as u32) || !code.whole).count();
        stats(world, changing).completed == 40
    });
    thread.join().unwrap();
    assert_eq!(wrong, 0);
    assert!(stats(app.app.world(), steady).completed > 30);
    app.app.world_mut().despawn(steady);
}

#[test]
fn a_frame_beyond_the_adapter_fails_its_stream_alone() {
    let mut app = app();
    let beyond = FrameFormat::new(FrameFormat::MAX_SIDE, 1, PixelFormat::Gray8).unwrap();
    let (id, thread) = stream(&mut app, default(), beyond, u64::MAX, Duration::from_millis(1), |_| vec![0; 1 << 15]);
    app.app.world_mut().entity_mut(id).insert(Wants::<Luma>::default());
    let limit = app.app.world().resource::<bevy::render::renderer::RenderDevice>().limits().max_texture_dimension_2d;
    if limit >= FrameFormat::MAX_SIDE {
        return; // An adapter without this limit cannot show it.
    }
    app.turn_until(PATIENCE, |world| matches!(world.get(id), Some(StreamState::Failed { .. })));
    let Some(StreamState::Failed { reason }) = app.app.world().get(id) else { unreachable!() };
    assert!(reason.contains("32768x1") && reason.contains(&limit.to_string()), "{reason}");
    thread.join().unwrap();
}

#[test]
fn a_short_picture_is_refused_and_its_slot_returns() {
    let mut app = app();
    let (capture, owner): (_, StreamPort) = port(Pace::Every);
    let every = StreamSettings::default().with_pace(Pace::Every);
    let id = app.app.world_mut().spawn((Stream::new("short"), every, owner, Wants::<Luma>::default())).id();
    let work = move || {
        let mut refused = 0;
        for seq in 0..60 {
            let stamp = FrameStamp { seq, captured: Timestamp::now(), format: format() };
            let bytes = vec![0; if seq % 2 == 0 { 192 * 64 } else { 100 }];
            let offer: Result<Offer, WriteError> = capture.offer(stamp, |writer| writer.write_frame(&bytes));
            refused += u32::from(offer.is_err());
        }
        refused
    };
    let thread = std::thread::Builder::new().spawn(work).unwrap();
    app.turn_until(PATIENCE, |world| stats(world, id).captured == 30);
    assert_eq!(thread.join().unwrap(), 30);
}

#[test]
fn a_despawned_stream_ends_its_thread_and_frees_everything() {
    let mut app = app();
    let held = bevy_freshet::ledger::GPU_RESIDENT.total();
    let (id, thread) =
        stream(&mut app, default(), format(), u64::MAX, Duration::from_millis(1), |seq| coded_gray(&format(), seq));
    app.app.world_mut().entity_mut(id).insert(Wants::<FrameCode>::default());
    app.turn_until(PATIENCE, |world| stats(world, id).completed > 5);
    app.app.world_mut().despawn(id);
    thread.join().unwrap();
    app.turn(3);
    app.finish_gpu();
    app.turn(2);
    assert_eq!(bevy_freshet::ledger::GPU_RESIDENT.total(), held);
    let mut frames = app.app.world_mut().query::<&Frame>();
    assert_eq!(frames.iter(app.app.world()).count(), 0);
}

/// Numbers start again when a stream is opened anew: nothing of the run before may pass for one of the new run.
#[test]
fn a_stream_that_is_opened_anew_starts_afresh() {
    let mut app = app();
    let every = StreamSettings::default().with_pace(Pace::Every);
    let (id, thread) = stream(&mut app, every, format(), 30, Duration::ZERO, |seq| coded_gray(&format(), seq));
    app.app.world_mut().entity_mut(id).insert(Wants::<FrameCode>::default());
    app.turn_until(PATIENCE, |world| stats(world, id).completed == 30);
    thread.join().unwrap();

    let (capture, owner): (_, StreamPort) = port(Pace::Every);
    app.app.world_mut().entity_mut(id).insert(owner);
    let work = move || {
        for seq in 0..10 {
            let stamp = FrameStamp { seq, captured: Timestamp::now(), format: format() };
            let picture = coded_gray(&format(), seq);
            let offer: Result<Offer, WriteError> = capture.offer(stamp, |writer| writer.write_frame(&picture));
            assert_eq!(offer, Ok(Offer::Taken));
        }
    };
    let thread = std::thread::Builder::new().spawn(work).unwrap();
    app.turn_until(PATIENCE, |world| stats(world, id).captured == 10 && stats(world, id).completed == 10);
    thread.join().unwrap();
    app.turn(2);
    let mut frames = app.app.world_mut().query::<(&Frame, &FrameCode)>();
    let mut seen: Vec<_> = frames.iter(app.app.world()).map(|(frame, code)| (frame.seq, code.seq)).collect();
    seen.sort_unstable();
    assert_eq!(seen, [(6, Some(6)), (7, Some(7)), (8, Some(8)), (9, Some(9))], "the newest four, and no older run's");
    assert_eq!(app.app.world().get::<Latest<FrameCode>>(id).unwrap().frame.seq, 9);
}
