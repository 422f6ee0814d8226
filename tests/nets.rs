//! Nets on the frame path: what comes out lands on the frame that went in, whatever runs it.

use std::time::Duration;

use bevy::prelude::*;
use bevy_freshet::base::{FrameFormat, PixelFormat};
use bevy_freshet::inference::{ExecutorChoice, ExecutorKind, Slice};
use bevy_freshet::ledger::{self, Snapshot};
use bevy_freshet::prelude::*;
use freshet_testing::TestApp;
use serde::Serialize;

use crate::support::{coded_gray, stream};

const PATIENCE: Duration = Duration::from_secs(90);
const PERIOD: Duration = Duration::from_millis(4);
/// Outputs of the net: a row of pixels.
const SIDE: usize = 16;

/// The brightness that a net saw in the middle of the picture.
#[derive(Component, Debug, Clone, Serialize, PartialEq)]
struct Seen {
    level: f32,
    input_px: [u32; 2],
    left_px: f32,
}

impl Attachment for Seen {
    const NAME: &'static str = "seen";
}

impl Product for Seen {
    const NAME: &'static str = "seen";
}

impl NetResult for Seen {
    fn read(outputs: &NetOutputs<'_>) -> Option<Self> {
        let (shape, values) = outputs.get("out")?;
        assert_eq!(shape.axes(), [1, 1, SIDE as u32, SIDE as u32]);
        let level = values[SIDE / 2 * SIDE + SIDE / 2] * 255.0;
        let left_px = outputs.image_from_input.transform_point2(Vec2::ZERO).x;
        (level > 0.5).then_some(Self { level, input_px: outputs.input_px, left_px })
    }
}

/// Luma in, through several layers that change nothing, luma out.
fn net() -> ModelSource {
    ModelSource::bytes("test", net_bytes(1.0))
}

/// The file of that net, with this number as its only weight.
fn net_bytes(weight: f32) -> Vec<u8> {
    let layers: Vec<String> = (0..4)
        .map(|index| {
            let input = if index == 0 { "image".to_owned() } else { format!("layer{}", index - 1) };
            format!(r#"{{"name":"layer{index}","op":"conv2d","inputs":["{input}"],"weight":"one"}}"#)
        })
        .collect();
    let description = format!(
        r#"{{"version":1,"name":"test","inputs":[{{"name":"image","shape":[1,1,{SIDE},{SIDE}],
        "picture":{{"channels":"luma"}}}}],"layers":[{}],"outputs":[{{"name":"out","from":"layer3"}}]}}"#,
        layers.join(",")
    );
    let one = weight.to_le_bytes();
    let one = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![1, 1, 1, 1], &one).unwrap();
    let metadata = [("freshet.net".to_owned(), description)].into();
    safetensors::serialize([("one", one)], Some(metadata)).unwrap()
}

fn app(plugin: NetPlugin<Seen>) -> TestApp {
    TestApp::new(|app| {
        app.add_plugins((FreshetPlugins, plugin));
    })
}

const fn level_of(seq: u64) -> u8 {
    20 + (seq % 200) as u8
}

/// A stream whose frames carry their number, and in the middle a brightness that follows from it.
fn running(app: &mut TestApp, frames: u64) -> Entity {
    let format = FrameFormat::new(320, 240, PixelFormat::Gray8).unwrap();
    let picture = move |seq| {
        let mut picture = coded_gray(&format, seq);
        for row in picture.chunks_exact_mut(320).skip(60).take(120) {
            row.fill(level_of(seq));
        }
        picture
    };
    let settings = StreamSettings { pace: Pace::Every, ..default() };
    let (stream, _) = stream(app, settings, format, frames, PERIOD, picture);
    app.app.world_mut().entity_mut(stream).insert((Wants::<FrameCode>::default(), Wants::<Seen>::default()));
    stream
}

fn status(app: &TestApp) -> ModelState {
    app.app.world().resource::<NetReports>().get("seen").unwrap().status.clone()
}

fn warm(app: &mut TestApp) {
    app.turn_until(PATIENCE, |world| world.resource::<NetReports>().get("seen").unwrap().status == ModelState::Ready);
}

/// Checks every result on a frame against the number that the frame itself carries; answers how many were seen.
fn check_frames(world: &mut World) -> usize {
    let mut frames = world.query::<(&Frame, &Seen, &FrameCode)>();
    let mut checked = 0;
    for (frame, seen, code) in frames.iter(world) {
        assert_eq!(code.seq, Some(frame.seq as u32), "the frame itself is another");
        let level = f32::from(level_of(frame.seq));
        assert!((seen.level - level).abs() < 1.6, "frame {} has {level}, the net saw {}", frame.seq, seen.level);
        assert_eq!(seen.input_px, [SIDE as u32; 2]);
        checked += 1;
    }
    checked
}

#[test]
fn on_the_gpu_every_result_lands_on_its_frame_and_only_the_output_comes_back() {
    let mut app = app(NetPlugin::new(net()).executor(ExecutorChoice::Gpu));
    assert_eq!(status(&app), ModelState::Cold, "nobody wants it yet");
    let stream = running(&mut app, 100_000);
    warm(&mut app);
    // Let what belongs to the warm-up pass.
    let made = |world: &World| world.get::<StreamStats>(stream).unwrap().captured;
    let from = made(app.app.world()) + 120;
    app.turn_until(PATIENCE, |world| made(world) >= from);
    let begun = |app: &TestApp| app.app.world().resource::<NetReports>().get("seen").unwrap().begun;
    let before = (Snapshot::now(), begun(&app));
    let mut checked = 0;
    for _ in 0..200 {
        app.turn(1);
        checked += check_frames(app.app.world_mut());
        std::thread::sleep(Duration::from_millis(2));
    }
    let path = Snapshot::now().since(&before.0);
    // All that is on its way arrives.
    app.app.world_mut().entity_mut(stream).remove::<Wants<Seen>>();
    app.turn(12);
    let books = Snapshot::now().since(&before.0);
    let inferences = begun(&app) - before.1;
    assert!(checked > 100 && inferences > 20, "{checked} {inferences}");
    assert_eq!(path.account(&ledger::HOT_ALLOCATIONS), 0);
    assert_eq!(path.account(&ledger::WAITS), 0);
    assert_eq!(books.account(&ledger::DOWN_PIXELS) + books.account(&ledger::DOWN_MODEL_INPUT), 0);
    // What was on its way when counting began had been begun before.
    let output = (SIDE * SIDE * 4) as u64;
    let down = books.account(&ledger::DOWN_NET_OUTPUTS);
    assert!(down.is_multiple_of(output), "{down}");
    let (results, on_their_way) = (down / output, 4);
    assert!((inferences..=inferences + on_their_way).contains(&results), "{results} of {inferences}");
}

#[test]
fn elsewhere_it_gets_a_small_crop_and_its_results_land_on_their_frames() {
    let mut app = app(NetPlugin::new(net()));
    let stream = running(&mut app, 100_000);
    warm(&mut app);
    let report = app.app.world().resource::<NetReports>().get("seen").unwrap().clone();
    let choice = report.choice.unwrap();
    assert_eq!(choice.executor, ExecutorKind::Candle, "this adapter is software: {choice}");
    let before = Snapshot::now();
    let mut seen = 0;
    app.turn_until(PATIENCE, |world| {
        check_frames(world);
        let Some(latest) = world.get::<Latest<Seen>>(stream) else { return false };
        let level = f32::from(level_of(latest.frame.seq));
        assert!((latest.value.level - level).abs() < 1.6, "the result of frame {} is another's", latest.frame.seq);
        seen = seen.max(latest.frame.seq);
        seen > 300
    });
    let books = Snapshot::now().since(&before);
    let crops = books.account(&ledger::DOWN_MODEL_INPUT);
    assert!(crops > 0 && crops.is_multiple_of((SIDE * SIDE * 4) as u64), "{crops}");
    assert_eq!(books.account(&ledger::DOWN_PIXELS), 0);
}

#[test]
fn a_net_that_is_cut_goes_on_over_several_turns_and_still_answers_for_its_frame() {
    let plugin = NetPlugin::new(net()).executor(ExecutorChoice::Gpu).slice(Slice::At(Duration::ZERO));
    let mut app = app(plugin);
    let stream = running(&mut app, 100_000);
    warm(&mut app);
    let (mut newest, mut answers, mut thinned) = (0, 0, 0);
    app.turn_until(PATIENCE, |world| {
        check_frames(world);
        let mut frames = world.query::<(&Frame, &Skipped)>();
        thinned +=
            frames.iter(world).filter(|(_, skipped)| skipped.reason("seen") == Some(SkipReason::Thinned)).count();
        if let Some(latest) = world.get::<Latest<Seen>>(stream)
            && latest.frame.seq > newest
        {
            let level = f32::from(level_of(latest.frame.seq));
            assert!((latest.value.level - level).abs() < 1.6, "the result of frame {} is another's", latest.frame.seq);
            assert!(newest == 0 || latest.frame.seq >= newest + 4, "four slices take four turns");
            newest = latest.frame.seq;
            answers += 1;
        }
        answers > 20
    });
    assert!(thinned > 20, "{thinned}");
    assert_eq!(app.app.world().resource::<NetReports>().get("seen").unwrap().slices, 4);
}

#[test]
fn a_region_may_change_with_each_frame() {
    let mut app = app(NetPlugin::new(net()).executor(ExecutorChoice::Gpu));
    let stream = running(&mut app, 100_000);
    warm(&mut app);
    for left in [10.0, 200.0, 33.0] {
        let center_px = Vec2::new(left + 8.0, 120.0);
        let region = Region { center_px, size_px: Vec2::splat(16.0), angle_rad: 0.0 };
        app.app.world_mut().entity_mut(stream).insert(NetRegion::<Seen>::new(region));
        app.turn_until(PATIENCE, |world| {
            check_frames(world);
            world.get::<Latest<Seen>>(stream).is_some_and(|latest| (latest.value.left_px - left).abs() < 1e-3)
        });
    }
    // Where there is no picture there is nothing of the kind.
    let region = Region { center_px: Vec2::splat(-500.0), size_px: Vec2::splat(16.0), angle_rad: 0.0 };
    app.app.world_mut().entity_mut(stream).insert(NetRegion::<Seen>::new(region));
    app.turn_until(PATIENCE, |world| {
        let mut frames = world.query::<&Skipped>();
        frames.iter(world).any(|skipped| skipped.reason("seen") == Some(SkipReason::NoTarget))
    });
}

#[test]
fn a_net_that_cannot_run_says_so_and_frames_go_on() {
    let mut app = app(NetPlugin::new(ModelSource::bundled("no/such.safetensors")));
    let stream = running(&mut app, 100_000);
    app.turn_until(PATIENCE, |world| {
        let mut frames = world.query::<&Skipped>();
        let says_so = frames.iter(world).any(|skipped| skipped.reason("seen") == Some(SkipReason::Failed));
        says_so && world.get::<Latest<FrameCode>>(stream).is_some()
    });
    let ModelState::Failed { why } = status(&app) else { panic!("{:?}", status(&app)) };
    assert!(why.contains("such.safetensors") && !why.contains('\n'), "{why}");
}

#[test]
fn what_nobody_wants_is_given_up_and_loaded_again_when_somebody_does() {
    let mut app = app(NetPlugin::new(net()).executor(ExecutorChoice::Gpu).keep(Duration::from_millis(50)));
    let stream = running(&mut app, 100_000);
    warm(&mut app);
    app.app.world_mut().entity_mut(stream).remove::<Wants<Seen>>();
    app.turn_until(PATIENCE, |world| world.resource::<NetReports>().get("seen").unwrap().status == ModelState::Cold);
    app.app.world_mut().entity_mut(stream).insert(Wants::<Seen>::default());
    warm(&mut app);
    let after = app.app.world().get::<StreamStats>(stream).unwrap().newest_seq.unwrap_or_default();
    app.turn_until(PATIENCE, |world| world.get::<Latest<Seen>>(stream).is_some_and(|latest| latest.frame.seq > after));
}

#[test]
fn weights_that_are_no_numbers_are_refused_by_name() {
    let mut app = app(NetPlugin::new(ModelSource::bytes("broken.safetensors", net_bytes(f32::NAN))));
    running(&mut app, 100_000);
    app.turn_until(PATIENCE, |world| {
        matches!(world.resource::<NetReports>().get("seen").unwrap().status, ModelState::Failed { .. })
    });
    let ModelState::Failed { why } = status(&app) else { panic!("{:?}", status(&app)) };
    assert!(why.contains("broken.safetensors") && why.contains("\"one\""), "{why}");
}

/// Where a net runs on the CPU, its weights are read in place in each run.
#[test]
fn a_file_that_is_written_over_ends_its_results_until_the_net_is_made_anew() {
    let path = std::env::temp_dir().join(format!("freshet_changed_{}.safetensors", std::process::id()));
    std::fs::write(&path, net_bytes(1.0)).unwrap();
    let mut app = app(NetPlugin::new(ModelSource::path(&path)).executor(ExecutorChoice::Candle));
    let stream = running(&mut app, 100_000);
    app.turn_until(PATIENCE, |world| world.get::<Latest<Seen>>(stream).is_some());
    // The clock of files may tick slowly.
    std::thread::sleep(Duration::from_millis(20));
    std::fs::write(&path, net_bytes(0.5)).unwrap();
    app.turn_until(PATIENCE, |world| {
        let mut frames = world.query::<&Skipped>();
        frames.iter(world).any(|skipped| skipped.reason("seen") == Some(SkipReason::Failed))
    });
    let last = app.app.world().get::<Latest<Seen>>(stream).unwrap().frame.seq;
    app.turn(50);
    assert_eq!(app.app.world().get::<Latest<Seen>>(stream).unwrap().frame.seq, last, "nothing is attached any more");
    assert!(app.app.world_mut().resource_mut::<NetReports>().reload("seen"));
    app.turn_until(PATIENCE, |world| {
        let latest = world.get::<Latest<Seen>>(stream).unwrap();
        latest.frame.seq > last && latest.value.level < f32::from(level_of(latest.frame.seq))
    });
    std::fs::remove_file(&path).unwrap();
}
