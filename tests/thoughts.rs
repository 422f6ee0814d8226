//! Models as tasks: answers land on the frame that they are about, and whatever a model does, media go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
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

#[test]
fn streams_take_turns() {
    let plan = Plan::new(25);
    let mut app = reading(perception("reader"), &plan);
    let streams = [coded_stream::<Read>(&mut app, 400, RATE), coded_stream::<Read>(&mut app, 400, RATE / 3)];
    let mut turns = Vec::new();
    let reader = model::<Reader>(&mut app);
    app.turn_until(LONG, |world| {
        if let Some((stream, frame)) = world.get::<ModelStats>(reader).unwrap().thinking_of {
            let last = turns.last().copied();
            if last != Some((stream, frame)) {
                turns.push((stream, frame));
            }
        }
        turns.len() > 30
    });
    let begun = streams.map(|stream| turns.iter().filter(|turn| turn.0 == stream).count());
    // A stream that is three times as fast gets no more, once both are there.
    assert!(begun[0].abs_diff(begun[1]) <= 6, "{begun:?}");
    assert!(stats::<Reader>(&mut app).most_in_flight <= 2 && plan.most.load(SeqCst) == 1);
}

#[test]
fn warming_up_is_a_state_with_progress_and_frames_go_on() {
    #[derive(Resource, Default)]
    struct Told(Vec<&'static str>);
    let plan = Plan::new(1);
    plan.warm_up.store(200, SeqCst);
    // A thought's deadline is not that of getting ready.
    let mut app = reading(perception("reader").within(millis(50)), &plan);
    app.app.init_resource::<Told>().add_systems(
        Update,
        |mut changes: MessageReader<ModelChanged>, mut told: ResMut<Told>| {
            told.0.extend(changes.read().map(|change| change.state.name()));
        },
    );
    app.turn(3);
    assert_eq!((state::<Reader>(&mut app), plan.made.load(SeqCst)), (ModelState::Cold, 0), "nobody wants it");
    let stream = coded_stream::<Read>(&mut app, 10_000, RATE);
    let reader = model::<Reader>(&mut app);
    let mut seen = Vec::new();
    app.turn_until(LONG, |world| {
        match world.get::<ModelState>(reader).unwrap() {
            ModelState::Warming { progress } => seen.push(*progress),
            ModelState::Ready => return true,
            _ => {}
        }
        false
    });
    assert!(seen.len() > 5 && seen.is_sorted() && *seen.last().unwrap() > 0.5, "{seen:?}");
    let captured = app.app.world().get::<StreamStats>(stream).unwrap().captured;
    assert!(captured > 3, "frames go on: {captured}");
    until::<Reader>(&mut app, |stats| stats.answered > 3);
    let warming = stats::<Reader>(&mut app).skipped_for(SkipReason::Warming);
    assert!(warming >= 1, "{warming}");
    assert_eq!(app.app.world().resource::<Told>().0, ["warming", "ready"]);
}

#[test]
fn what_nobody_wants_any_more_is_given_up_and_says_why() {
    let plan = Plan::new(60_000);
    let mut app = reading(perception("reader"), &plan);
    let at_work = |app: &mut TestApp| {
        until::<Reader>(app, |stats| stats.thinking_of.is_some() && stats.waiting.is_some());
        app.turn_until(LONG, |_| plan.at_once.load(SeqCst) == 1);
    };
    let begin = Instant::now();
    // The app says so.
    let first = coded_stream::<Read>(&mut app, 10_000, RATE);
    at_work(&mut app);
    let before = stats::<Reader>(&mut app).skipped_for(SkipReason::Cancelled);
    control::<Reader>(&mut app, ModelControl::cancel);
    until::<Reader>(&mut app, |stats| stats.skipped_for(SkipReason::Cancelled) >= before + 2);
    // Nobody wants it.
    at_work(&mut app);
    app.app.world_mut().commands().unwant::<Read>(first, "test");
    until::<Reader>(&mut app, |stats| stats.skipped_for(SkipReason::Cancelled) >= before + 4);
    until::<Reader>(&mut app, |stats| stats.thinking_of.is_none());
    // The stream is closed.
    app.app.world_mut().commands().want::<Read>(first, "test");
    at_work(&mut app);
    app.app.world_mut().entity_mut(first).remove::<StreamPort>();
    until::<Reader>(&mut app, |stats| stats.skipped_for(SkipReason::SourceLost) >= 2 && stats.thinking_of.is_none());
    let lost = stats::<Reader>(&mut app).skipped_for(SkipReason::SourceLost);
    // The stream is gone.
    let second = coded_stream::<Read>(&mut app, 10_000, RATE);
    at_work(&mut app);
    app.app.world_mut().entity_mut(second).despawn();
    until::<Reader>(&mut app, |stats| stats.skipped_for(SkipReason::SourceLost) >= lost + 2);
    // The model rests, and goes on.
    coded_stream::<Read>(&mut app, 10_000, RATE);
    at_work(&mut app);
    control::<Reader>(&mut app, ModelControl::suspend);
    until::<Reader>(&mut app, |stats| stats.thinking_of.is_none());
    let begun = stats::<Reader>(&mut app).begun;
    let cancelled = stats::<Reader>(&mut app).skipped_for(SkipReason::Cancelled);
    until::<Reader>(&mut app, |stats| stats.skipped_for(SkipReason::Cancelled) > cancelled + 3);
    assert_eq!((state::<Reader>(&mut app), stats::<Reader>(&mut app).begun), (ModelState::Suspended, begun));
    plan.thought.store(1, SeqCst);
    control::<Reader>(&mut app, ModelControl::resume);
    until::<Reader>(&mut app, |stats| stats.answered > 2);
    assert!(begin.elapsed() < millis(55_000), "at its next checkpoint, not at its end");
    assert_eq!((plan.made.load(SeqCst), plan.stopped.load(SeqCst)), (1, 5), "the model outlives what it gives up");
}

#[test]
fn a_model_that_fails_panics_or_never_yields_is_alone() {
    let plan = Plan::new(2);
    let mut app = reading(perception("reader").at(Priority::Low), &plan);
    app.app.add_model(perception("sound"), || SecondReader(Duration::ZERO), look);
    let stream = coded_stream::<Read>(&mut app, 100_000, RATE);
    app.app.world_mut().commands().want::<ReadAgain>(stream, "test");
    until::<Reader>(&mut app, |stats| stats.answered > 2);
    // It fails: that frame has no answer, the model goes on.
    plan.fails.store(true, SeqCst);
    until::<Reader>(&mut app, |stats| stats.skipped_for(SkipReason::Failed) > 2);
    assert_eq!(state::<Reader>(&mut app), ModelState::Ready);
    plan.fails.store(false, SeqCst);
    let answered = stats::<Reader>(&mut app).answered;
    until::<Reader>(&mut app, |stats| stats.answered > answered);
    // It panics: it has failed, and is made anew when the app says so.
    plan.panics.store(true, SeqCst);
    until_state::<Reader>(&mut app, "failed");
    let ModelState::Failed { why } = state::<Reader>(&mut app) else { unreachable!() };
    assert!(why.contains("told to panic"), "{why}");
    let skipped = stats::<Reader>(&mut app).skipped_for(SkipReason::Failed);
    until::<Reader>(&mut app, |stats| stats.skipped_for(SkipReason::Failed) > skipped + 3);
    plan.panics.store(false, SeqCst);
    control::<Reader>(&mut app, ModelControl::rebuild);
    let answered = stats::<Reader>(&mut app).answered;
    until::<Reader>(&mut app, |stats| stats.answered > answered);
    assert_eq!(plan.made.load(SeqCst), 2);
    // It never yields: what can be done is to leave it behind.
    plan.is_stuck.store(true, SeqCst);
    until::<Reader>(&mut app, |stats| stats.thinking_of.is_some());
    let (sound, stuck) = (stats::<SecondReader>(&mut app).begun, stats::<Reader>(&mut app).begun);
    until::<SecondReader>(&mut app, |stats| stats.begun > sound + 30);
    assert_eq!(stats::<Reader>(&mut app).begun, stuck, "one at a time, however long it takes");
    control::<Reader>(&mut app, ModelControl::rebuild);
    until_state::<Reader>(&mut app, "cold");
    plan.is_stuck.store(false, SeqCst);
    let answered = stats::<Reader>(&mut app).answered;
    until::<Reader>(&mut app, |stats| stats.answered > answered);
    assert_eq!((plan.made.load(SeqCst), state::<Reader>(&mut app)), (3, ModelState::Ready));
    // It cannot be made ready.
    plan.fails.store(true, SeqCst);
    control::<Reader>(&mut app, ModelControl::rebuild);
    until_state::<Reader>(&mut app, "failed");
    let ModelState::Failed { why } = state::<Reader>(&mut app) else { unreachable!() };
    assert!(why.contains("told to fail"), "{why}");
    assert_eq!(stats::<SecondReader>(&mut app).skipped_for(SkipReason::Failed), 0);
}

#[test]
fn a_deadline_ends_a_thought_and_cadence_and_budget_leave_frames_out() {
    let plan = Plan::new(60_000);
    let mut app = reading(perception("reader").within(millis(80)), &plan);
    coded_stream::<Read>(&mut app, 100_000, RATE);
    until::<Reader>(&mut app, |stats| stats.skipped_for(SkipReason::Late) >= 2);
    assert!(plan.stopped.load(SeqCst) >= 2);
    drop(app);

    let plan = Plan::new(1);
    let mut app = reading(perception("reader").every(millis(300)), &plan);
    coded_stream::<Read>(&mut app, 100_000, RATE);
    until::<Reader>(&mut app, |stats| stats.answered >= 4);
    let seen = stats::<Reader>(&mut app);
    let (thinned, superseded) = (seen.skipped_for(SkipReason::Thinned), seen.skipped_for(SkipReason::Superseded));
    assert!(thinned > 0 && superseded <= seen.begun, "{seen:?}");
    drop(app);

    let mut app = reading(perception("reader"), &plan);
    coded_stream::<Read>(&mut app, 100_000, RATE);
    until::<Reader>(&mut app, |stats| stats.answered >= 1);
    app.app.world_mut().resource_mut::<FrameBudget>().target = Duration::ZERO;
    until::<Reader>(&mut app, |stats| stats.skipped_for(SkipReason::OverBudget) >= 5);
}

#[test]
fn an_answer_grows_on_its_frame_and_on_latest() {
    let mut app = app();
    app.app.add_model(perception("speller"), || Speller { digit: millis(40) }, look);
    let stream = coded_stream::<Digits>(&mut app, 100_000, RATE);
    let mut seen: Vec<(u64, String)> = Vec::new();
    let mut wrong = 0;
    let speller = model::<Speller>(&mut app);
    app.turn_until(LONG, |world| {
        if let Some(latest) = world.get::<Latest<Digits>>(stream) {
            let now = (latest.frame.seq, latest.value.0.clone());
            wrong += u32::from(!format!("{:06}", now.0).starts_with(&now.1));
            if seen.last() != Some(&now) {
                seen.push(now);
            }
        }
        let mut frames = world.query::<(&Frame, &Digits)>();
        wrong += frames.iter(world).filter(|(it, said)| !format!("{:06}", it.seq).starts_with(&said.0)).count() as u32;
        let stats = world.get::<ModelStats>(speller).unwrap();
        stats.late + stats.answered >= 3
    });
    assert_eq!(wrong, 0);
    let first = seen[0].0;
    let lengths: Vec<_> = seen.iter().filter(|it| it.0 == first).map(|it| it.1.len()).collect();
    assert!(lengths.len() >= 4 && lengths.is_sorted() && lengths.last() == Some(&6), "{seen:?}");
    // A speaker that is faster than the app waits for it: nothing is lost.
    let stats = stats::<Speller>(&mut app);
    assert!(stats.parts >= 18, "{stats:?}");
}

#[test]
fn whoever_says_more_than_there_is_room_for_waits_and_can_be_stopped_there() {
    let mut app = app();
    app.app.add_model(perception("speller"), || Speller { digit: Duration::ZERO }, look);
    coded_stream::<Digits>(&mut app, 100_000, RATE);
    until::<Speller>(&mut app, |stats| stats.late + stats.answered >= 3);
    let seen = stats::<Speller>(&mut app);
    assert_eq!(seen.parts, 6 * (seen.late + seen.answered), "{seen:?}");
    until::<Speller>(&mut app, |stats| stats.thinking_of.is_some() && stats.parts % 6 != 0);
    control::<Speller>(&mut app, ModelControl::cancel);
    until::<Speller>(&mut app, |stats| stats.skipped_for(SkipReason::Cancelled) >= 1);
}

#[test]
fn a_late_answer_finds_what_was_true_when_its_frame_was_captured() {
    /// The number of the stream's newest frame: what the pose would be.
    #[derive(Component, Clone, Default)]
    struct Pose(u64);
    #[derive(Resource, Default)]
    struct Recalled(u64);
    let plan = Plan::new(100);
    let mut app = reading(perception("reader"), &plan);
    app.app.remember::<Pose>().init_resource::<Recalled>();
    let stream = coded_stream::<Read>(&mut app, 100_000, RATE);
    app.app.world_mut().entity_mut(stream).insert(Pose::default());
    app.app.add_systems(Last, |mut streams: Query<(&StreamStats, &mut Pose)>| {
        for (stats, mut pose) in &mut streams {
            // As it is when the next frame comes.
            pose.0 = stats.captured;
        }
    });
    app.app.add_systems(
        Update,
        |latest: Query<&Latest<Read>, Changed<Latest<Read>>>,
         poses: Recall<Pose>,
         now: Query<&StreamStats>,
         mut recalled: ResMut<Recalled>| {
            for latest in &latest {
                let pose = poses.of(latest).unwrap().0;
                let now = now.single().unwrap().captured;
                assert!(pose < now, "what was, not what is");
                recalled.0 += 1;
            }
        },
    );
    until::<Reader>(&mut app, |stats| stats.late + stats.answered >= 4);
    app.turn(2);
    assert!(app.app.world().resource::<Recalled>().0 >= 3);
}

#[test]
fn nothing_leaks_and_the_frame_path_allocates_nothing() {
    let plan = Plan::new(3);
    let mut app = reading(perception("reader"), &plan);
    coded_stream::<Read>(&mut app, 100_000, Duration::from_millis(4));
    until::<Reader>(&mut app, |stats| stats.answered > 60);
    let answered = |app: &mut TestApp| stats::<Reader>(app).answered;
    let (allocations, memory, before) = (HOT_ALLOCATIONS.total(), resident(), answered(&mut app));
    until::<Reader>(&mut app, |stats| stats.answered > before + 400);
    assert_eq!(HOT_ALLOCATIONS.total(), allocations);
    let grown = resident().saturating_sub(memory);
    assert!(grown < 8 << 20, "{} KiB more after 400 thoughts", grown >> 10);
    let alive = |app: &TestApp| {
        let levels = app.app.world().resource::<WorkerPool>().statistics().levels;
        levels.iter().map(|it| it.spawned - it.finished - it.cancelled - it.expired - it.panicked).sum::<u64>()
    };
    assert!(alive(&app) <= 1, "one task at a time");
    assert_eq!(plan.made.load(SeqCst), 1);
}

/// Bytes of memory that the program holds.
fn resident() -> u64 {
    bevy_freshet::ledger::resident().map_or(0, |memory| memory.0)
}

#[test]
fn a_look_that_panics_and_a_workload_that_is_taken_away_end_the_model_alone() {
    let plan = Plan::new(60_000);
    let mut app = app();
    let made = Arc::clone(&plan);
    app.app.add_model(
        perception("reader"),
        move || Reader(Arc::clone(&made)),
        |_: In<FrameId>| -> Option<u32> { panic!("as intended") },
    );
    app.app.add_model(perception("sound").at(Priority::Critical), || SecondReader(millis(60_000)), look);
    let stream = coded_stream::<Read>(&mut app, 100_000, RATE);
    app.app.world_mut().commands().want::<ReadAgain>(stream, "test");
    until_state::<Reader>(&mut app, "failed");
    until::<SecondReader>(&mut app, |stats| stats.thinking_of.is_some() && stats.waiting.is_some());
    let before = attachment("test_read_again").totals().2[SkipReason::Cancelled as usize];
    let second = model::<SecondReader>(&mut app);
    app.app.world_mut().entity_mut(second).despawn();
    app.turn(3);
    assert_eq!(attachment("test_read_again").totals().2[SkipReason::Cancelled as usize], before + 2);
    app.turn_until(LONG, |world| {
        let levels = world.resource::<WorkerPool>().statistics().levels;
        levels.iter().all(|it| it.waiting == 0 && it.running == 0)
    });
}
