//! GPU time is granted in the order of levels, and what is left out says so.

use std::time::Duration;

use bevy::prelude::*;
use bevy_freshet::base::{FrameFormat, PixelFormat, Priority, StageLevels};
use bevy_freshet::prelude::*;
use freshet_testing::TestApp;

use crate::support::{app, coded_gray, stream};

const PERIOD: Duration = Duration::from_millis(4);

fn running(app: &mut TestApp) -> Entity {
    let format = FrameFormat::new(320, 240, PixelFormat::Gray8).unwrap();
    let settings = StreamSettings::default();
    let (stream, _) = stream(app, settings, format, 100_000, PERIOD, move |seq| coded_gray(&format, seq));
    app.app.world_mut().entity_mut(stream).insert((
        Wants::<FrameCode>::default(),
        Wants::<OpticalFlow>::default(),
        Wants::<LivePicture>::default(),
    ));
    app.turn_until(Duration::from_secs(60), |world| world.get::<Latest<OpticalFlow>>(stream).is_some());
    // This app measures no GPU times; what stages cost is set by hand.
    for stage in app.app.world_mut().resource_mut::<StageLevels>().iter_mut() {
        stage.cost = Some(Duration::from_millis(1));
    }
    stream
}

fn set(app: &mut TestApp, budget: Option<Duration>, flow: Priority, code: Priority) {
    let mut levels = app.app.world_mut().resource_mut::<StageLevels>();
    levels.budget = budget;
    for (name, level) in [("flow", flow), ("frame_code", code)] {
        levels.get_mut(name).unwrap().level = level;
    }
}

/// The products that are missing for want of budget on the newest frame.
fn refused(app: &mut TestApp) -> Vec<&'static str> {
    let world = app.app.world_mut();
    let mut frames = world.query::<(&Frame, &Skipped)>();
    let (_, skipped) = frames.iter(world).max_by_key(|(frame, _)| frame.seq).unwrap();
    skipped.iter().filter(|&(_, reason)| reason == SkipReason::OverBudget).map(|(name, _)| name).collect()
}

/// Turns the app until frames that were let in under the present levels have come back.
fn settle(app: &mut TestApp, stream: Entity) {
    let seen = app.app.world().get::<StreamStats>(stream).unwrap().completed;
    app.turn_until(Duration::from_secs(20), |world| {
        world.get::<StreamStats>(stream).is_some_and(|stats| stats.completed > seen + 8)
    });
}

#[test]
fn the_more_urgent_stage_gets_the_time_and_the_other_says_why_it_is_missing() {
    let mut app = app();
    let stream = running(&mut app);
    settle(&mut app, stream);
    assert_eq!(refused(&mut app), [""; 0], "no limit, nothing left out");

    // Nothing left for anything but what is critical.
    set(&mut app, Some(Duration::ZERO), Priority::High, Priority::Normal);
    settle(&mut app, stream);
    let missing = refused(&mut app);
    assert!(["frame_code", "flow", "pyramid"].iter().all(|name| missing.contains(name)), "{missing:?}");
    assert!(!missing.contains(&"live_picture"), "what is seen always runs");
    let counted = app.app.world().resource::<StageLevels>().get("flow").unwrap().over_budget;
    assert!(counted >= 8, "{counted}");

    // All of it for one: a critical stage runs whatever it costs.
    set(&mut app, Some(Duration::ZERO), Priority::Critical, Priority::Normal);
    settle(&mut app, stream);
    assert_eq!(refused(&mut app), ["frame_code"]);
    set(&mut app, Some(Duration::ZERO), Priority::Normal, Priority::Critical);
    settle(&mut app, stream);
    assert!(refused(&mut app).contains(&"flow") && !refused(&mut app).contains(&"frame_code"));

    set(&mut app, None, Priority::Normal, Priority::Normal);
    settle(&mut app, stream);
    assert_eq!(refused(&mut app), [""; 0]);
    let flow = app.app.world().get::<Latest<OpticalFlow>>(stream).unwrap();
    assert!(!flow.late && flow.value.mean_px.iter().all(|shift| shift.is_finite()));
}

#[test]
fn the_more_urgent_stream_is_served_first() {
    let mut app = app();
    let format = FrameFormat::new(192, 64, PixelFormat::Gray8).unwrap();
    let mut streams = Vec::new();
    for _ in 0..3 {
        let (entity, _) =
            stream(&mut app, StreamSettings::default(), format, 100_000, PERIOD, move |seq| coded_gray(&format, seq));
        app.app.world_mut().entity_mut(entity).insert(Wants::<LivePicture>::default());
        streams.push(entity);
    }
    let [first, second, third] = [streams[2], streams[0], streams[1]];
    let mut entity = app.app.world_mut().entity_mut(first);
    entity.insert(Priority::Critical);
    app.app.world_mut().entity_mut(third).insert(Priority::Idle);
    let mut order = Vec::new();
    app.turn_until(Duration::from_secs(60), |world| {
        let captured = world.resource_mut::<Messages<FrameCaptured>>();
        order = captured.iter_current_update_messages().map(|message| message.stream).collect();
        order.len() == 3
    });
    assert_eq!(order, [first, second, third]);
}
