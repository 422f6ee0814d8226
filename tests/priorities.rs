//! Levels decide what runs, change within a turn, and keep what misbehaves away from the others.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bevy::ecs::error::{BevyError, ErrorContext};
use bevy::ecs::schedule::{FixedBitSet, Schedules, SingleThreadedExecutor, SystemExecutor, SystemSchedule};
use bevy::prelude::*;
use bevy::tasks::{Task, futures::check_ready};
use bevy_freshet::base::{Role, StageLevels};
use bevy_freshet::prelude::*;
use bevy_freshet::priority::{
    AttentionChanged, Lane, LevelChanged, PoolSettings, PriorityPlugin, StageWorkload, TaskError, Timeline, Why,
};

/// An app of nothing but priorities. The frame never ends, so that budgets do not depend on the machine.
fn app() -> App {
    let settings = PrioritySettings {
        target: Duration::from_secs(3600),
        pool: PoolSettings { foreground: 1, background: 1, ..default() },
        ..default()
    };
    let mut app = App::new();
    app.add_plugins((bevy::time::TimePlugin, PriorityPlugin { settings }));
    app
}

/// What ran, in order.
#[derive(Resource, Default, Clone)]
struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    fn note(&self, name: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(name);
    }

    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn noting(name: &'static str) -> impl FnMut(Res<Log>) {
    move |log| log.note(name)
}

fn find(app: &mut App, name: &str) -> Entity {
    let mut workloads = app.world_mut().query::<(Entity, &Workload)>();
    workloads.iter(app.world()).find(|(_, workload)| workload.name() == name).unwrap().0
}

fn workload<'a>(app: &'a mut App, name: &str) -> &'a Workload {
    let entity = find(app, name);
    app.world().get::<Workload>(entity).unwrap()
}

fn force(app: &mut App, context: Context) {
    app.world_mut().resource_mut::<Attention>().force(Some(context));
}

/// One workload of each role that the three contexts are about.
fn add_roles(app: &mut App) -> Log {
    let log = app.world_mut().get_resource_or_init::<Log>().clone();
    for (name, role) in [
        ("speculation", Role::Speculation),
        ("training", Role::Training),
        ("indexing", Role::Indexing),
        ("chat", Role::Chat),
        ("frames", Role::Frames),
    ] {
        app.add_workload(Workload::new(name, role), noting(name));
    }
    log
}

#[test]
fn the_three_contexts_change_who_runs_first_within_one_turn() {
    let mut app = app();
    let log = add_roles(&mut app);
    let order = |app: &mut App, context| {
        force(app, context);
        app.update();
        let ran = log.take();
        // The same from the suite's own record.
        let timeline = app.world().resource::<Timeline>();
        let mut recorded: Vec<_> = timeline.spans().rev().take(ran.len()).map(|span| (span.start, span.name)).collect();
        recorded.sort();
        assert_eq!(recorded.iter().map(|span| span.1).collect::<Vec<_>>(), ran);
        ran
    };
    assert_eq!(order(&mut app, Context::Neutral), ["frames", "chat", "indexing", "training", "speculation"]);
    assert_eq!(order(&mut app, Context::Chat)[..2], ["chat", "frames"]);
    assert_eq!(order(&mut app, Context::Call)[0], "frames");
    let idle = order(&mut app, Context::Idle);
    assert!(
        idle.iter().position(|name| *name == "training") < idle.iter().position(|name| *name == "chat"),
        "{idle:?}"
    );
    assert_eq!(order(&mut app, Context::Chat)[0], "chat");
    assert_eq!(workload(&mut app, "chat").why(), Why::Context(Context::Chat));
}

/// Counts how often a schedule is built.
struct CountsBuilds {
    inner: SingleThreadedExecutor,
    builds: Arc<AtomicU32>,
}

impl SystemExecutor for CountsBuilds {
    fn init(&mut self, schedule: &SystemSchedule) {
        self.builds.fetch_add(1, Ordering::Relaxed);
        self.inner.init(schedule);
    }

    fn run(
        &mut self,
        schedule: &mut SystemSchedule,
        world: &mut World,
        skip: Option<&FixedBitSet>,
        error_handler: fn(BevyError, ErrorContext),
    ) {
        self.inner.run(schedule, world, skip, error_handler);
    }

    fn set_apply_final_deferred(&mut self, value: bool) {
        self.inner.set_apply_final_deferred(value);
    }
}

#[test]
fn promotions_rebuild_no_schedule() {
    let mut app = app();
    add_roles(&mut app);
    let builds = Arc::new(AtomicU32::new(0));
    let executor = CountsBuilds { inner: SingleThreadedExecutor::new(), builds: Arc::clone(&builds) };
    app.world_mut().resource_mut::<Schedules>().entry(Update).set_executor(executor);
    app.update();
    assert_eq!(builds.load(Ordering::Relaxed), 1);
    for turn in 0..100 {
        force(&mut app, [Context::Chat, Context::Call, Context::Idle, Context::Neutral][turn % 4]);
        app.update();
    }
    let mut workloads = app.world_mut().query::<&Workload>();
    let changes: u64 = workloads.iter(app.world()).map(|it| it.counters().promotions + it.counters().demotions).sum();
    assert!(changes > 200, "{changes}");
    assert_eq!(builds.load(Ordering::Relaxed), 1, "no rebuild");
    // The check can fail: a new system does cause one.
    app.add_systems(Update, || {});
    app.update();
    assert_eq!(builds.load(Ordering::Relaxed), 2);
}

#[test]
fn a_level_set_by_hand_holds_from_the_next_turn_and_says_why() {
    let mut app = app();
    let log = add_roles(&mut app);
    app.update();
    log.take();
    let entity = find(&mut app, "speculation");
    app.world_mut().get_mut::<Workload>(entity).unwrap().pin(Some(Priority::Critical));
    app.update();
    let ran = log.take();
    assert!(ran[..2].contains(&"speculation") && ran[..2].contains(&"frames"), "{ran:?}");
    let messages = app.world().resource::<Messages<LevelChanged>>();
    let told = messages.iter_current_update_messages().find(|message| message.workload == entity).unwrap();
    assert_eq!((told.from, told.to, told.why), (Priority::Idle, Priority::Critical, Why::Pinned));
}

#[test]
fn without_budget_only_critical_work_runs_and_the_rest_is_counted() {
    let mut app = app();
    let log = add_roles(&mut app);
    app.add_systems(
        Update,
        (noting("own critical").in_set(Priority::Critical), noting("own low").in_set(Priority::Low)),
    );
    app.update();
    let ran = log.take();
    assert!(ran.contains(&"own low") && ran.contains(&"training"), "{ran:?}");
    app.world_mut().resource_mut::<FrameBudget>().target = Duration::ZERO;
    app.update();
    let ran = log.take();
    assert!(ran.contains(&"frames") && ran.contains(&"own critical") && ran.len() == 2, "{ran:?}");
    assert_eq!(workload(&mut app, "training").counters().over_budget, 1, "what is put off is counted");
    app.world_mut().resource_mut::<FrameBudget>().target = Duration::from_secs(3600);
    app.update();
    assert_eq!(log.take().len(), 7);
}

#[test]
fn work_that_would_not_fit_is_put_off_and_counted_but_not_for_ever() {
    let mut app = app();
    app.world_mut().resource_mut::<PrioritySettings>().aging.normal = Duration::from_millis(200);
    app.add_workload(Workload::new("slow", Role::Indexing), || std::thread::sleep(Duration::from_millis(40)));
    app.update();
    app.world_mut().resource_mut::<FrameBudget>().target = Duration::from_millis(30);
    for _ in 0..5 {
        app.update();
    }
    let slow = workload(&mut app, "slow");
    assert_eq!((slow.counters().runs, slow.counters().over_budget), (1, 5));
    std::thread::sleep(Duration::from_millis(110));
    app.update();
    assert_eq!(workload(&mut app, "slow").counters().runs, 2, "it has waited for half its bound");
}

#[test]
fn an_app_that_is_always_over_its_target_still_lets_everything_run() {
    let mut app = app();
    app.world_mut().resource_mut::<FrameBudget>().target = Duration::ZERO;
    let short = Duration::from_millis(20);
    app.world_mut().resource_mut::<PrioritySettings>().aging =
        bevy_freshet::priority::AgingBounds { normal: short, low: short, idle: short };
    let log = add_roles(&mut app);
    for _ in 0..30 {
        app.update();
        std::thread::sleep(Duration::from_millis(2));
    }
    let ran = log.take();
    for name in ["chat", "indexing", "training", "speculation"] {
        assert!(ran.contains(&name), "{name} starved: {ran:?}");
    }
    assert_eq!(ran.iter().filter(|name| **name == "frames").count(), 30);
}

#[test]
fn what_waits_for_half_its_bound_goes_first_among_high_work() {
    let settings = PrioritySettings {
        target: Duration::from_secs(3600),
        aging: bevy_freshet::priority::AgingBounds { idle: Duration::from_millis(40), ..default() },
        pool: PoolSettings { foreground: 1, background: 1, ..default() },
        ..default()
    };
    let mut app = App::new();
    app.add_plugins((bevy::time::TimePlugin, PriorityPlugin { settings }));
    let log = add_roles(&mut app);
    // High work leaves nothing to idle work, as its floor is out of reach.
    app.world_mut().resource_mut::<FrameBudget>().floors = [0.0, 0.0, 0.0, 0.0, 1.0];
    app.update();
    assert!(!log.take().contains(&"speculation"));
    std::thread::sleep(Duration::from_millis(25));
    app.update();
    let ran = log.take();
    let place = |name| ran.iter().position(|ran| *ran == name);
    assert!(place("speculation") < place("indexing") && place("speculation").is_some(), "{ran:?}");
}

#[test]
fn a_workload_that_panics_is_named_demoted_and_at_last_suspended_and_the_others_keep_theirs() {
    let mut app = app();
    let log = add_roles(&mut app);
    app.add_workload(Workload::new("broken", Role::Audio), || panic!("as intended"));
    app.update();
    assert_eq!(workload(&mut app, "broken").counters().panics, 1);
    app.update();
    assert_eq!(workload(&mut app, "broken").why(), Why::Panicked);
    assert_eq!(workload(&mut app, "broken").level(), Priority::Idle);
    for _ in 0..5 {
        app.update();
    }
    let broken = workload(&mut app, "broken");
    assert_eq!((broken.why(), broken.counters().panics), (Why::Suspended, 3), "not run any more");
    assert_eq!(log.take().iter().filter(|name| **name == "frames").count(), 7);
    let entity = find(&mut app, "broken");
    app.world_mut().get_mut::<Workload>(entity).unwrap().reinstate();
    app.update();
    assert_eq!(workload(&mut app, "broken").counters().panics, 4, "reinstated");
}

#[test]
fn a_workload_that_takes_too_long_or_misses_every_deadline_is_demoted() {
    let mut app = app();
    let log = add_roles(&mut app);
    let wait = |millis| move || std::thread::sleep(Duration::from_millis(millis));
    app.add_workload(Workload::new("hog", Role::Input), wait(130));
    let clumsy = std::sync::atomic::AtomicBool::new(true);
    app.add_workload(Workload::new("clumsy", Role::Input), move || {
        if clumsy.swap(false, Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(130));
        }
    });
    app.add_workload(Workload::new("late", Role::Input).within(Duration::from_micros(10)), wait(1));
    for _ in 0..10 {
        app.update();
    }
    let (hog, late) = (workload(&mut app, "hog").clone(), workload(&mut app, "late").clone());
    assert_eq!((hog.why(), hog.level()), (Why::Stalled, Priority::Idle));
    assert_eq!((late.why(), late.level()), (Why::MissedDeadlines, Priority::Idle));
    assert!(late.counters().missed >= 8);
    assert_eq!(workload(&mut app, "clumsy").level(), Priority::Critical, "one hitch is forgiven");
    assert_eq!(log.take().iter().filter(|name| **name == "frames").count(), 10);
    assert_eq!(workload(&mut app, "frames").level(), Priority::Critical);
}

#[test]
fn tasks_run_at_their_workloads_level_and_their_ends_are_booked() {
    #[derive(Resource)]
    struct Answer(Task<Result<u32, TaskFailure>>);
    let mut app = app();
    app.add_workload(
        Workload::new("chat", Role::Chat),
        |tasks: Tasks, mut commands: Commands, asked: Option<Res<Answer>>| {
            if asked.is_none() {
                let task = tasks.spawn("chat", |context| async move {
                    assert_eq!(context.level(), Priority::High);
                    context.checkpoint().await?;
                    Ok(42)
                });
                commands.insert_resource(Answer(task.unwrap()));
            }
            assert!(matches!(tasks.spawn("nobody", async |_| Ok(())), Err(TaskError::Unknown { .. })));
        },
    );
    let answer = turn_until(&mut app, |world| check_ready(&mut world.get_resource_mut::<Answer>()?.0));
    assert_eq!(answer, Ok(42));
    turn_until(&mut app, |world| {
        let mut workloads = world.query::<&Workload>();
        (workloads.single(world).unwrap().counters().tasks == 1).then_some(())
    });
    let timeline = app.world().resource::<Timeline>();
    let span = timeline.spans().find(|span| matches!(span.lane, Lane::Worker(_))).unwrap();
    assert_eq!((span.name, span.level), ("chat", Priority::High));
    assert!(workload(&mut app, "chat").task_cost().mean().is_some());
}

#[test]
fn tasks_that_panic_are_held_against_their_workload_alone() {
    let mut app = app();
    app.add_workload(Workload::new("broken", Role::Chat), |tasks: Tasks| {
        if let Ok(task) = tasks.spawn("broken", async |_| -> Result<(), TaskFailure> { panic!("as intended") }) {
            task.detach();
        }
    });
    app.add_workload(Workload::new("sound", Role::Chat), |tasks: Tasks| {
        tasks.spawn("sound", async |_| Ok(())).unwrap().detach();
    });
    turn_until(&mut app, |world| {
        let mut workloads = world.query::<&Workload>();
        workloads.iter(world).any(|it| it.why() == Why::Suspended).then_some(())
    });
    assert_eq!(workload(&mut app, "broken").why(), Why::Suspended);
    turn_until(&mut app, |world| {
        let mut workloads = world.query::<&Workload>();
        workloads.iter(world).any(|it| it.counters().tasks > 3).then_some(())
    });
    assert_eq!(workload(&mut app, "sound").level(), Priority::High);
}

#[test]
fn stages_are_workloads_and_follow_attention() {
    let mut app = app();
    let mut levels = StageLevels::default();
    levels.add("convert", Role::Frames);
    levels.add("flow", Role::Perception);
    app.insert_resource(levels);
    app.update();
    app.update();
    force(&mut app, Context::Chat);
    app.update();
    let levels = app.world().resource::<StageLevels>();
    let level = |name| levels.get(name).unwrap().level;
    assert_eq!((level("convert"), level("flow")), (Priority::High, Priority::Normal));
    let mut stages = app.world_mut().query::<(&Workload, &StageWorkload)>();
    assert_eq!(stages.iter(app.world()).count(), 2);
}

#[test]
fn a_despawned_workload_runs_no_more_and_its_slot_is_used_again() {
    let mut app = app();
    let log = add_roles(&mut app);
    app.update();
    let entity = find(&mut app, "chat");
    app.world_mut().despawn(entity);
    app.add_workload(Workload::new("other", Role::Chat), noting("other"));
    log.take();
    app.update();
    let ran = log.take();
    assert!(ran.contains(&"other") && !ran.contains(&"chat") && ran.len() == 5, "{ran:?}");
}

#[test]
fn a_workload_may_add_and_remove_workloads_while_it_runs() {
    let mut app = app();
    let log = app.world_mut().get_resource_or_init::<Log>().clone();
    app.add_workload(Workload::new("parent", Role::Chat), |world: &mut World| {
        let names: Vec<_> = world.query::<&Workload>().iter(world).map(|it| it.name()).collect();
        if names.len() == 1 {
            world.add_workload(Workload::new("child", Role::Indexing), noting("child"));
        }
    });
    app.add_workload(
        Workload::new("suicide", Role::Upkeep),
        |mut commands: Commands, all: Query<(Entity, &Workload)>| {
            let own = all.iter().find(|(_, it)| it.name() == "suicide").unwrap().0;
            commands.entity(own).despawn();
        },
    );
    let entity = find(&mut app, "suicide");
    app.update();
    assert!(app.world().get_entity(entity).is_err());
    let parent = find(&mut app, "parent");
    assert_eq!(app.world().get::<Workload>(parent).unwrap().counters().runs, 1);
    app.update();
    app.update();
    assert_eq!(log.take(), ["child"]);
}

#[test]
fn attention_is_told_once_per_change() {
    let mut app = app();
    static CHANGES: AtomicU64 = AtomicU64::new(0);
    app.add_systems(Last, |mut changes: MessageReader<AttentionChanged>| {
        CHANGES.fetch_add(changes.read().count() as u64, Ordering::Relaxed);
    });
    for _ in 0..5 {
        force(&mut app, Context::Call);
        app.update();
    }
    app.world_mut().resource_mut::<Attention>().force(None);
    app.world_mut().resource_mut::<Attention>().set_in_call(true);
    app.update();
    assert_eq!(CHANGES.load(Ordering::Relaxed), 1);
    assert_eq!(app.world().resource::<Attention>().context(), Context::Call);
}

/// Turns the app until there is an answer.
#[track_caller]
fn turn_until<T>(app: &mut App, mut answer: impl FnMut(&mut World) -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = answer(app.world_mut()) {
            return answer;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "what was waited for did not happen");
        app.update();
        std::thread::sleep(Duration::from_millis(1));
    }
}
