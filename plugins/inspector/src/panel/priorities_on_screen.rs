//! The tab of priorities of an app with work in every level, drawn for real by a camera that draws to an image.

use std::time::{Duration, Instant};

use bevy::app::Startup;
use bevy::prelude::*;
use freshet_base::Role;
use freshet_ledger::LedgerPlugin;
use freshet_priority::{
    AddWorkload, Attention, Context as Doing, Governor, Knob, KnobKind, PoolSettings, PriorityPlugin, PrioritySettings,
    Tasks, Workload,
};
use freshet_testing::TestApp;

use super::on_screen::{picture, pixel, spawn_camera};
use super::theme;
use crate::{InspectorPlugin, InspectorSettings};

/// Where the picture is written to, if it is wanted: raw RGBA, 1280x720.
const PICTURE: &str = "FRESHET_PRIORITIES_RGBA";
const SIZE: [u32; 2] = [1280, 720];

/// Keeps a thread busy.
fn work(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

fn system(micros: u64) -> impl FnMut() {
    move || work(Duration::from_micros(micros))
}

/// Spawns tasks of `slices` millisecond slices with a checkpoint after each.
fn tasks(name: &'static str, slices: u32) -> impl FnMut(Tasks<'_, '_>) {
    move |tasks| {
        let task = tasks.spawn(name, move |context| async move {
            for _ in 0..slices {
                work(Duration::from_millis(1));
                context.checkpoint().await?;
            }
            Ok(())
        });
        // When the level is full, there is enough to see.
        task.into_iter().for_each(|task| task.detach());
    }
}

fn add_workloads(app: &mut App) {
    let millis = Duration::from_millis;
    let new = Workload::new;
    app.add_workload(new("camera", Role::Frames).within(millis(8)), system(700))
        .add_workload(new("microphone", Role::Audio).every(millis(10)).within(millis(80)), system(90))
        .add_workload(new("chat", Role::Chat).every(millis(120)).within(millis(60)), tasks("chat", 25))
        .add_workload(new("gestures", Role::Perception).every(millis(33)), system(1200))
        .add_workload(new("faces", Role::Perception).every(millis(250)).within(millis(40)), tasks("faces", 30))
        .add_workload(new("index", Role::Indexing).every(millis(300)).within(millis(400)), tasks("index", 70))
        .add_workload(new("thumbnails", Role::Indexing).every(millis(50)), system(400))
        .add_workload(new("fit", Role::Training).every(millis(500)), tasks("fit", 180))
        .add_workload(new("tidy", Role::Upkeep).every(millis(200)), system(500))
        .add_workload(new("likely answers", Role::Speculation).every(millis(400)), tasks("likely answers", 120))
        .add_workload(new("broken", Role::Other("plugin")).every(millis(900)), || panic!("as it always does"));
    let mut governor = app.world_mut().resource_mut::<Governor>();
    governor.enabled = true;
    for (name, kind) in [("flow/cadence", KnobKind::Cadence), ("chat/model", KnobKind::ModelSize)] {
        governor.register(Knob::new(name, kind, 3), |_, _| true);
    }
}

#[test]
fn the_tab_is_drawn_with_the_levels_in_their_colours() {
    let wanted = std::env::var_os(PICTURE);
    let rest = if wanted.is_some() { 60 } else { 15 };
    let mut app = TestApp::new(|app| {
        let pool = PoolSettings { foreground: 1, background: 2, ..Default::default() };
        let settings = PrioritySettings { pool, target: Duration::from_millis(100), ..Default::default() };
        let open = InspectorSettings { open: true, tab: "Priorities", ..Default::default() };
        app.add_plugins((LedgerPlugin::default(), PriorityPlugin { settings }, InspectorPlugin { settings: open }))
            .add_systems(Startup, |mut commands: Commands<'_, '_>, mut images: ResMut<'_, Assets<Image>>| {
                spawn_camera(&mut commands, &mut images, SIZE);
            });
        add_workloads(app);
    });
    for doing in [Doing::Neutral, Doing::Chat, Doing::Idle, Doing::Call] {
        app.app.world_mut().resource_mut::<Attention>().force(Some(doing));
        for _ in 0..rest {
            app.turn(1);
            std::thread::sleep(Duration::from_millis(4));
        }
    }
    app.app.world_mut().resource_mut::<Attention>().force(Some(Doing::Chat));
    app.turn(5);
    let image = picture(&mut app);
    if let Some(path) = wanted {
        std::fs::write(path, image.data.as_ref().unwrap()).unwrap();
    }
    let all = (0..SIZE[1]).flat_map(|y| (0..SIZE[0]).map(move |x| (x, y)));
    let mut seen = [0; 5];
    for (x, y) in all {
        let [red, green, blue, _] = pixel(&image, x, y);
        for level in freshet_base::Priority::ALL {
            seen[level.index()] += u32::from(theme::level(level).to_array()[..3] == [red, green, blue]);
        }
    }
    let colors = freshet_base::Priority::ALL.map(theme::level);
    assert!((1..5).all(|place| !colors[..place].contains(&colors[place])), "each level has a colour of its own");
    assert!(seen.iter().all(|pixels| *pixels > 100), "pixels of each level: {seen:?}");
}
