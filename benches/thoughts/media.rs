//! The media: a stream of which one frame is let in each turn, and the checks of what lands on it.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_freshet::base::Role;
use bevy_freshet::capture::Scene;
use bevy_freshet::frame::FreshetLast;
use bevy_freshet::inference::{AddModel, ModelOf, ModelStats};
use bevy_freshet::ledger::AdapterSummary;
use bevy_freshet::prelude::*;
use freshet_testing::TestApp;

use crate::figures::Figures;
use crate::model::{Answer, Slow};

const PERIOD: Duration = Duration::from_nanos(1_000_000_000 / 60);
/// Turns at the beginning of a block that are not counted: the model is on its way in or out.
const SETTLE: usize = 12;
/// Turns of which the capture times are known: more than any answer takes.
const KNOWN: usize = 1 << 12;

/// An app with one stream.
pub struct Media {
    app: TestApp,
    stream: Entity,
}

/// When frames came in.
#[derive(Resource, Default)]
struct Beats(Vec<Instant>);

/// What was found on frames.
#[derive(Resource)]
pub struct Checked {
    times: Vec<(u64, Timestamp)>,
    pub captured: u64,
    pub dropped: u64,
    /// Frames whose number was read from their pixels.
    pub codes: u64,
    pub on_frames: u64,
    pub on_latest: u64,
    pub wrong: u64,
    pub age_error: Duration,
    pub ages: Figures,
}

impl Default for Checked {
    fn default() -> Self {
        let times = vec![(u64::MAX, Timestamp::default()); KNOWN];
        Self {
            times,
            captured: 0,
            dropped: 0,
            codes: 0,
            on_frames: 0,
            on_latest: 0,
            wrong: 0,
            age_error: Duration::ZERO,
            ages: Figures::default(),
        }
    }
}

impl Media {
    /// Opens the stream and waits for its first frames.
    pub fn new(thought: Duration, level: Priority) -> Self {
        let mut app = TestApp::new(|app| {
            app.add_plugins(FreshetPlugins)
                .add_model(Workload::new("slow", Role::Perception).at(level), move || Slow(thought), look)
                .init_resource::<Checked>()
                .insert_resource(Beats(Vec::with_capacity(1024)))
                .add_systems(Update, check)
                .add_systems(Last, beat.after(FreshetLast));
        });
        let world = app.app.world_mut();
        let settings = StreamSettings::default().with_pace(Pace::Every);
        let stream = world.spawn((Capture::synthetic(Scene::Noise).with_rate(60.0), settings)).id();
        world.commands().want::<FrameCode>(stream, "bench");
        world.flush();
        app.turn_until(Duration::from_secs(60), |world| {
            world.get::<StreamStats>(stream).is_some_and(|stats| stats.completed > 120)
        });
        Self { app, stream }
    }

    /// Turns the app at 60 Hz, with the model or without, and answers with the times between frames.
    pub fn run(&mut self, turns: usize, with_model: bool) -> impl Iterator<Item = Duration> + '_ {
        let mut commands = self.app.app.world_mut().commands();
        if with_model {
            commands.want::<Answer>(self.stream, "bench");
        } else {
            commands.unwant::<Answer>(self.stream, "bench");
        }
        self.app.app.world_mut().resource_mut::<Beats>().0.clear();
        let mut next = Instant::now();
        for _ in 0..turns + SETTLE + 1 {
            self.app.app.update();
            next = (next + PERIOD).max(Instant::now());
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        let beats = &self.app.app.world().resource::<Beats>().0;
        beats.windows(2).skip(SETTLE).map(|pair| pair[1] - pair[0])
    }

    /// Forgets what was found so far.
    pub fn forget(&mut self) {
        let mut checked = self.checked();
        let times = std::mem::take(&mut checked.times);
        *checked = Checked { times, ..default() };
    }

    pub fn checked(&mut self) -> Mut<'_, Checked> {
        self.app.app.world_mut().resource_mut::<Checked>()
    }

    pub fn stats(&mut self) -> ModelStats {
        let world = self.app.app.world_mut();
        let mut models = world.query_filtered::<&ModelStats, With<ModelOf<Slow>>>();
        models.iter(world).next().cloned().unwrap_or_default()
    }

    pub const fn app(&self) -> &App {
        &self.app.app
    }

    pub fn adapter(&self) -> String {
        let adapter = self.app().world().get_resource::<AdapterSummary>();
        adapter.map_or_else(|| "no adapter".to_owned(), |it| format!("{} ({}, {})", it.name, it.backend, it.kind))
    }
}

/// The model is given what the GPU read from the frame's pixels.
fn look(In(frame): In<FrameId>, codes: Query<&FrameCode>) -> Option<u32> {
    codes.get(frame.entity).ok()?.seq
}

fn beat(
    mut captured: MessageReader<FrameCaptured>,
    frames: Query<&Frame>,
    streams: Query<&StreamStats>,
    mut beats: ResMut<Beats>,
    mut checked: ResMut<Checked>,
) {
    for captured in captured.read() {
        let now = Instant::now();
        if beats.0.len() < beats.0.capacity() {
            beats.0.push(now);
        }
        checked.captured += 1;
        let Ok(frame) = frames.get(captured.frame.entity) else { continue };
        checked.times[frame.seq as usize % KNOWN] = (frame.seq, frame.captured);
    }
    checked.dropped = streams.iter().map(StreamStats::dropped_total).sum();
}

/// Looks at everything that has landed.
fn check(
    frames: Query<(&Frame, &Answer)>,
    codes: Query<(&Frame, &FrameCode), Changed<FrameCode>>,
    latest: Query<&Latest<Answer>, Changed<Latest<Answer>>>,
    mut checked: ResMut<Checked>,
) {
    let checked = &mut *checked;
    for (frame, code) in &codes {
        let is_right = code.whole && code.seq == Some(frame.seq as u32);
        checked.codes += u64::from(is_right);
        checked.wrong += u64::from(!is_right);
    }
    for (frame, answer) in &frames {
        checked.on_frames += 1;
        checked.wrong += u64::from(u64::from(answer.code) != frame.seq);
    }
    for latest in &latest {
        checked.on_latest += 1;
        checked.wrong += u64::from(u64::from(latest.value.code) != latest.frame.seq);
        let (seq, captured) = checked.times[latest.frame.seq as usize % KNOWN];
        if seq == latest.frame.seq {
            let (age, known) = (latest.age(), captured.age());
            checked.age_error = checked.age_error.max(age.abs_diff(known));
            checked.ages.push(age);
        } else {
            checked.wrong += 1;
        }
    }
}
