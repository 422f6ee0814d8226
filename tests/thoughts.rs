//! Models as tasks: answers land on the frame that they are about, and whatever a model does, media go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_freshet::base::{FrameFormat, PixelFormat, Priority, Role};
use bevy_freshet::frame::{Part, StreamPort};
use bevy_freshet::inference::{
    AddModel, AddRecall, Model, ModelChanged, ModelControl, ModelError, ModelOf, ModelState, ModelStats, Recall,
    Silent, Thought, WarmUp,
};
use bevy_freshet::ledger::{HOT_ALLOCATIONS, attachment};
use bevy_freshet::prelude::*;
use freshet_testing::TestApp;
use serde::Serialize;

use crate::support::{app, coded_gray, stream};

const RATE: Duration = Duration::from_micros(16_667);
const LONG: Duration = Duration::from_secs(60);

fn millis(time: u64) -> Duration {
    Duration::from_millis(time)
}

fn burn(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// How the models of a test behave, and what they were seen doing.
#[derive(Default)]
struct Plan {
    /// Milliseconds of a thought, and of a warm-up.
    thought: AtomicU64,
    warm_up: AtomicU64,
    /// Fails, panics, or does not reach a checkpoint, from now on.
    fails: AtomicBool,
    panics: AtomicBool,
    is_stuck: AtomicBool,
    /// Models made, thoughts at once now and at most.
    made: AtomicUsize,
    at_once: AtomicUsize,
    most: AtomicUsize,
    stopped: AtomicUsize,
}

impl Plan {
    fn new(thought: u64) -> Arc<Self> {
        Arc::new(Self { thought: thought.into(), ..Self::default() })
    }
}

/// Counts thoughts that are on at the same time.
struct Presence<'a>(&'a Plan);

impl<'a> Presence<'a> {
    fn new(plan: &'a Plan) -> Self {
        plan.most.fetch_max(plan.at_once.fetch_add(1, SeqCst) + 1, SeqCst);
        Self(plan)
    }
}

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        self.0.at_once.fetch_sub(1, SeqCst);
    }
}

/// What a reader read: the number in the frame's pixels.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Read {
    code: u32,
}

/// The same, read by another model.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct ReadAgain {
    code: u32,
}

/// The same, digit by digit.
#[derive(Component, Debug, Clone, Default, PartialEq, Eq, Serialize)]
struct Digits(String);

macro_rules! answers {
    ($($kind:ty = $name:literal),+) => {$(
        impl Attachment for $kind {
            const NAME: &'static str = $name;
        }

        impl Product for $kind {
            const NAME: &'static str = $name;
        }
    )+};
}

answers!(Read = "test_read", ReadAgain = "test_read_again", Digits = "test_digits");

/// Takes its time, and behaves as its plan says.
struct Reader(Arc<Plan>);

impl Model for Reader {
    type Needs = (FrameCode,);
    type Input = u32;
    type Output = Read;
    type Part = Silent;

    async fn warm_up(&mut self, warm_up: &WarmUp) -> Result<(), ModelError> {
        let steps = self.0.warm_up.load(SeqCst);
        for step in 0..steps {
            burn(millis(1));
            warm_up.report(step as f32 / steps as f32);
            warm_up.checkpoint().await?;
        }
        if self.0.fails.load(SeqCst) { Err(ModelError::failed("it was told to fail")) } else { Ok(()) }
    }

    async fn think(&mut self, code: u32, thought: &Thought<Self>) -> Result<Read, ModelError> {
        let _present = Presence::new(&self.0);
        for _ in 0..self.0.thought.load(SeqCst) {
            burn(millis(1));
            while self.0.is_stuck.load(SeqCst) {
                std::thread::sleep(millis(1));
            }
            assert!(!self.0.panics.load(SeqCst), "it was told to panic");
            if let Err(failure) = thought.checkpoint().await {
                self.0.stopped.fetch_add(1, SeqCst);
                return Err(failure.into());
            }
        }
        if self.0.fails.load(SeqCst) { Err(ModelError::failed("it was told to fail")) } else { Ok(Read { code }) }
    }
}

/// Another one, for another product.
struct SecondReader(Duration);

impl Model for SecondReader {
    type Needs = (FrameCode,);
    type Input = u32;
    type Output = ReadAgain;
    type Part = Silent;

    async fn think(&mut self, code: u32, thought: &Thought<Self>) -> Result<ReadAgain, ModelError> {
        let begun = Instant::now();
        while begun.elapsed() < self.0 {
            burn(millis(1));
            thought.checkpoint().await?;
        }
        Ok(ReadAgain { code })
    }
}

/// Says one digit after another.
struct Speller {
    digit: Duration,
}

struct Digit(char);

impl Part<Digits> for Digit {
    const QUEUE: usize = 2;

    fn begin(&self) -> Digits {
        Digits(self.0.into())
    }

    fn add_to(&self, whole: &mut Digits) {
        whole.0.push(self.0);
    }
}

impl Model for Speller {
    type Needs = (FrameCode,);
    type Input = u32;
    type Output = Digits;
    type Part = Digit;

    async fn think(&mut self, code: u32, thought: &Thought<Self>) -> Result<Digits, ModelError> {
        let text = format!("{code:06}");
        for digit in text.chars() {
            burn(self.digit);
            thought.say(Digit(digit)).await?;
        }
        Ok(Digits(text))
    }
}

fn look(In(frame): In<FrameId>, codes: Query<&FrameCode>) -> Option<u32> {
    codes.get(frame.entity).ok()?.seq
}

fn reading(work: Workload, plan: &Arc<Plan>) -> TestApp {
    let mut app = app();
    add_reader(&mut app, work, plan);
    app
}

fn add_reader(app: &mut TestApp, work: Workload, plan: &Arc<Plan>) {
    let plan = Arc::clone(plan);
    let make = move || {
        plan.made.fetch_add(1, SeqCst);
        Reader(Arc::clone(&plan))
    };
    app.app.add_model(work, make, look);
    app.app.world_mut().resource_mut::<FrameBudget>().target = Duration::from_secs(3600);
}

fn perception(name: &'static str) -> Workload {
    Workload::new(name, Role::Perception)
}

fn gray(width: u32) -> FrameFormat {
    FrameFormat::new(width, 96, PixelFormat::Gray8).unwrap()
}

/// A stream whose frames carry their number, and whose product `P` is wanted.
fn coded_stream<P: Product>(app: &mut TestApp, frames: u64, period: Duration) -> Entity {
    let format = gray(96);
    let (stream, thread) =
        stream(app, StreamSettings::default(), format, frames, period, move |seq| coded_gray(&format, seq));
    drop(thread);
    app.app.world_mut().commands().want::<P>(stream, "test");
    app.app.world_mut().flush();
    stream
}

fn model<M: Model>(app: &mut TestApp) -> Entity {
    let world = app.app.world_mut();
    world.query_filtered::<Entity, With<ModelOf<M>>>().single(world).unwrap()
}

fn state<M: Model>(app: &mut TestApp) -> ModelState {
    let model = model::<M>(app);
    app.app.world().get::<ModelState>(model).unwrap().clone()
}

fn stats<M: Model>(app: &mut TestApp) -> ModelStats {
    let model = model::<M>(app);
    app.app.world().get::<ModelStats>(model).unwrap().clone()
}

fn control<M: Model>(app: &mut TestApp, act: impl FnOnce(&mut ModelControl)) {
    let model = model::<M>(app);
    act(&mut app.app.world_mut().get_mut::<ModelControl>(model).unwrap());
}

/// Turns until the model's figures say so.
#[track_caller]
fn until<M: Model>(app: &mut TestApp, mut done: impl FnMut(&ModelStats) -> bool) {
    let model = model::<M>(app);
    app.turn_until(LONG, |world| done(world.get::<ModelStats>(model).unwrap()));
}

#[track_caller]
fn until_state<M: Model>(app: &mut TestApp, name: &str) {
    let model = model::<M>(app);
    app.turn_until(LONG, |world| world.get::<ModelState>(model).unwrap().name() == name);
}

/// Looks in each turn whether answers are on the frames that they are about.
#[derive(Resource, Default)]
struct Checked {
    on_frames: u64,
    on_latest: u64,
    wrong: u64,
    captured: std::collections::HashMap<u64, Timestamp>,
}

fn check(
    frames: Query<(&Frame, Option<&Read>, Option<&ReadAgain>)>,
    latest: Query<(Option<Ref<Latest<Read>>>, Option<Ref<Latest<ReadAgain>>>), With<Stream>>,
    mut checked: ResMut<Checked>,
) {
    for (frame, first, second) in &frames {
        checked.captured.insert(frame.seq, frame.captured);
        for code in [first.map(|it| it.code), second.map(|it| it.code)].into_iter().flatten() {
            checked.on_frames += 1;
            checked.wrong += u64::from(u64::from(code) != frame.seq);
        }
    }
    let mut look = |code: u32, frame: FrameId, captured: Timestamp, late: bool| {
        checked.on_latest += u64::from(late);
        let dated = checked.captured.get(&frame.seq).is_none_or(|&known| known == captured);
        checked.wrong += u64::from(u64::from(code) != frame.seq || !dated || captured == Timestamp::default());
    };
    for (first, second) in &latest {
        if let Some(it) = first.filter(|it| it.is_changed()) {
            look(it.value.code, it.frame, it.captured, it.late);
        }
        if let Some(it) = second.filter(|it| it.is_changed()) {
            look(it.value.code, it.frame, it.captured, it.late);
        }
    }
}

#[test]
fn answers_land_on_their_own_frame_or_on_latest_with_the_right_age() {
    let plan = Plan::new(120);
    // More urgent work goes first at its checkpoints, on a machine with one worker, too.
    let mut app = reading(perception("slow reader").at(Priority::Normal), &plan);
    app.app.add_model(perception("quick reader"), || SecondReader(Duration::ZERO), look);
    app.app.init_resource::<Checked>().add_systems(Update, check);
    let stream = coded_stream::<Read>(&mut app, 150, RATE);
    app.app.world_mut().commands().want::<ReadAgain>(stream, "test");
    let before = attachment("test_read").totals();
    app.turn_until(LONG, |world| world.get::<StreamState>(stream) == Some(&StreamState::Ended));
    app.turn_until(LONG, |_| plan.at_once.load(SeqCst) == 0);
    app.turn(20);
    let (slow, quick) = (stats::<Reader>(&mut app), stats::<SecondReader>(&mut app));
    let checked = app.app.world().resource::<Checked>();
    assert_eq!(checked.wrong, 0);
    assert!(slow.late >= 5 && slow.last_age >= millis(120), "{slow:?}");
    assert!(quick.answered >= 60 && quick.begun > 4 * slow.begun, "{quick:?}");
    assert!(checked.on_frames >= quick.answered && checked.on_latest >= slow.late);
    assert_eq!(plan.most.load(SeqCst), 1, "one thought at a time");
    assert!(slow.most_in_flight == 2 && quick.most_in_flight <= 2, "{slow:?} {quick:?}");
    let superseded = slow.skipped_for(SkipReason::Superseded);
    assert!(superseded > 3 * slow.late, "{slow:?}");
    // Every frame ended in one way, and the books say the same.
    let after = attachment("test_read").totals();
    assert_eq!((after.0 - before.0, after.1 - before.1), (slow.answered, slow.late));
    assert_eq!(after.2[SkipReason::Superseded as usize] - before.2[SkipReason::Superseded as usize], superseded);
    let frames = app.app.world().get::<StreamStats>(stream).unwrap().captured;
    let ends = slow.answered + slow.late + slow.skipped.iter().sum::<u64>();
    assert!(ends <= frames && frames - ends <= 4, "{ends} of {frames}");
}
