//! Systems under a stopwatch do what they did before.

use bevy::app::{AppLabel, Plugin, PluginsState, SubApp, Update};
use bevy::ecs::schedule::{ScheduleLabel, SingleThreadedExecutor};

use super::*;

#[derive(ScheduleLabel, Debug, Clone, PartialEq, Eq, Hash)]
struct Tested;

#[derive(SystemSet, Debug, Clone, PartialEq, Eq, Hash)]
struct Gated;

/// Who ran, in order.
#[derive(Resource, Default)]
struct Log(Vec<&'static str>);

#[derive(Component)]
struct Spawned;

#[derive(Resource)]
struct Missing;

/// Must be on the thread that it was made on.
struct NotSend(*const u8);

fn first(mut log: ResMut<Log>, mut commands: Commands) {
    log.0.push("first");
    commands.spawn(Spawned);
}

fn second(mut log: ResMut<Log>, spawned: Query<&Spawned>) {
    log.0.push(if spawned.is_empty() { "second, too early" } else { "second" });
}

fn gated(mut log: ResMut<Log>) {
    log.0.push("gated");
}

fn exclusive(world: &mut World) {
    world.resource_mut::<Log>().0.push("exclusive");
    world.run_schedule(Inner);
}

#[derive(ScheduleLabel, Debug, Clone, PartialEq, Eq, Hash)]
struct Inner;

fn inner(mut log: ResMut<Log>) {
    log.0.push("inner");
}

fn half() -> u32 {
    21
}

fn double(In(half): In<u32>, mut log: ResMut<Log>) {
    log.0.push(if half == 21 { "piped" } else { "piped wrongly" });
}

fn main_thread(pointer: NonSend<NotSend>, mut log: ResMut<Log>) {
    log.0.push(if pointer.0.is_null() { "main thread" } else { "another's pointer" });
}

fn lacks_something(_: If<Res<Missing>>, mut log: ResMut<Log>) {
    log.0.push("has what it lacks");
}

fn changes(log: Res<Log>, mut seen: Local<Vec<bool>>) {
    seen.push(log.is_changed());
}

fn never() -> bool {
    false
}

fn fails() -> Result {
    Err("as it should".into())
}

/// In the wrong order, so that only the edges make it right.
fn schedule(single_threaded: bool) -> Schedule {
    let mut schedule = Schedule::new(Tested);
    if single_threaded {
        schedule.set_executor(SingleThreadedExecutor::new());
    }
    schedule.configure_sets(Gated.run_if(never));
    schedule.add_systems((
        main_thread.after(exclusive),
        half.pipe(double).after(second).before(exclusive),
        exclusive.after(second),
        second.after(first),
        gated.in_set(Gated).before(second),
        gated.run_if(never).after(first),
        first,
        lacks_something,
        ApplyDeferred.after(first).before(second),
        changes,
    ));
    schedule
}

fn world() -> World {
    let mut world = World::new();
    world.init_resource::<Log>();
    world.init_resource::<Schedules>();
    world.insert_non_send(NotSend(std::ptr::null()));
    world.add_schedule(Schedule::new(Inner));
    world.resource_mut::<Schedules>().add_systems(Inner, inner);
    world
}

fn logged(mut schedule: Schedule, timing: Option<&Timing>) -> (Vec<&'static str>, Vec<(String, u64)>) {
    let mut world = world();
    let meters = timing.map_or(Vec::new(), |timing| time_systems(&mut schedule, timing));
    for _ in 0..3 {
        schedule.run(&mut world);
    }
    let names = schedule.systems().unwrap().map(|(key, system)| (key, system.name().shortname().to_string()));
    let names: std::collections::HashMap<_, _> = names.collect();
    let runs = meters.iter().map(|(key, meter)| (names[key].clone(), meter.read().runs)).collect();
    (world.remove_resource::<Log>().unwrap().0, runs)
}

const ONCE: [&str; 6] = ["first", "second", "piped", "exclusive", "inner", "main thread"];

#[test]
fn timed_systems_do_the_same_in_the_same_order() {
    for single_threaded in [true, false] {
        let timing = Timing::default();
        timing.set(true);
        let (plain, _) = logged(schedule(single_threaded), None);
        let (timed, runs) = logged(schedule(single_threaded), Some(&timing));
        assert_eq!(plain, ONCE.repeat(3));
        assert_eq!(timed, plain);
        let counted = |name: &str| runs.iter().filter(|(it, _)| it.contains(name)).map(|(_, runs)| *runs).sum::<u64>();
        for name in ["first", "second", "half", "exclusive", "main_thread", "changes"] {
            assert_eq!(counted(name), 3, "{name} in {runs:?}");
        }
        // Skipped by its set, by its own condition, and by what it lacks.
        assert_eq!((counted("gated"), counted("lacks_something")), (0, 0));
        // The executor's own mark has no stopwatch.
        assert_eq!(runs.len(), 9);
    }
}

#[test]
fn off_nothing_is_counted() {
    let (timed, runs) = logged(schedule(true), Some(&Timing::default()));
    assert_eq!(timed, ONCE.repeat(3));
    assert!(runs.iter().all(|(_, runs)| *runs == 0), "{runs:?}");
}

#[test]
fn a_stopwatch_changes_nothing_that_can_be_asked_of_a_system() {
    let (mut plain, mut timed, mut world) = (schedule(true), schedule(true), world());
    let meters = time_systems(&mut timed, &Timing::default());
    assert_eq!(meters.len(), 9);
    let facts = |schedule: &Schedule| {
        let systems = schedule.graph().systems.iter();
        let facts = systems.map(|(key, system, conditions)| {
            (key, system.name().to_string(), system.flags().bits(), system.default_system_sets(), conditions.len())
        });
        facts.collect::<Vec<_>>()
    };
    assert_eq!(facts(&plain), facts(&timed));
    plain.initialize(&mut world).unwrap();
    timed.initialize(&mut world).unwrap();
    let built = |schedule: &Schedule| {
        let systems = schedule.systems().unwrap();
        systems.map(|(key, system)| (key, system.name().to_string(), system.flags().bits())).collect::<Vec<_>>()
    };
    assert_eq!(built(&plain), built(&timed), "the same order with the same sync points");
}

/// Two systems that must not run at the same time say so by their access; a schedule that lost it would report none.
#[test]
fn access_is_known_even_when_the_systems_had_been_initialised_before() {
    fn one(_: ResMut<Log>) {}
    fn other(_: ResMut<Log>) {}
    let mut world = world();
    let mut schedule = Schedule::new(Tested);
    schedule.add_systems((one, other));
    schedule.graph_mut().initialize(&mut world);
    assert_eq!(time_systems(&mut schedule, &Timing::default()).len(), 2);
    schedule.initialize(&mut world).unwrap();
    assert_eq!(schedule.graph().conflicting_systems().len(), 1);
}

#[test]
fn a_built_schedule_is_left_alone_and_still_shown() {
    let mut world = world();
    let mut tested = schedule(true);
    tested.run(&mut world);
    assert!(time_systems(&mut tested, &Timing::default()).is_empty());
    tested.add_systems(gated.run_if(never));
    assert!(time_systems(&mut tested, &Timing::default()).is_empty());
    tested.run(&mut world);
    world.add_schedule(tested);
    let models = measure_world(&mut world, WorldName::Main, &Timing::default());
    let model = models.iter().find(|model| model.label == "Tested").unwrap();
    assert!(model.nodes.len() >= 11 && model.nodes.iter().all(|node| node.meter.is_none()));
}

#[test]
fn errors_still_come_out() {
    let mut world = World::new();
    let mut schedule = Schedule::new(Tested);
    schedule.set_executor(SingleThreadedExecutor::new()).add_systems(fails);
    let timing = Timing::default();
    timing.set(true);
    time_systems(&mut schedule, &timing);
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| schedule.run(&mut world)));
    assert!(caught.is_err());
}

/// A system that comes later is neither timed nor lost.
#[test]
fn systems_may_still_be_added() {
    let (mut world, timing) = (world(), Timing::default());
    timing.set(true);
    let mut tested = schedule(false);
    let meters = time_systems(&mut tested, &timing);
    tested.run(&mut world);
    tested.add_systems((|mut log: ResMut<Log>| log.0.push("late")).after(main_thread));
    tested.run(&mut world);
    assert_eq!(world.resource::<Log>().0.last(), Some(&"late"));
    let first = meters.iter().map(|(_, meter)| meter.read().runs).max();
    assert_eq!(first, Some(2));
}

#[derive(AppLabel, Debug, Clone, PartialEq, Eq, Hash)]
struct Rendering;

/// As the inspector does it.
struct Watch;

impl Plugin for Watch {
    fn build(&self, _: &mut App) {}
    fn finish(&self, app: &mut App) {
        measure_sub_app(app, Rendering, WorldName::Render);
    }
    fn cleanup(&self, app: &mut App) {
        measure_main(app);
    }
}

/// Adds its systems as late as a plugin may.
struct Latecomer;

impl Plugin for Latecomer {
    fn build(&self, _: &mut App) {}
    fn finish(&self, app: &mut App) {
        app.add_systems(Update, first);
        app.sub_app_mut(Rendering).add_systems(Tested, inner);
    }
}

#[test]
fn both_worlds_are_measured_however_late_plugins_add_their_systems() {
    let mut app = App::new();
    let mut sub_app = SubApp::new();
    sub_app.init_resource::<Log>().set_extract(|main, world| {
        let order = main.resource_mut::<Log>().0.len();
        world.resource_mut::<Log>().0.push(if order > 0 { "extracted" } else { "too early" });
    });
    sub_app.update_schedule = Some(Tested.intern());
    sub_app.add_schedule(Schedule::new(Tested));
    app.insert_sub_app(Rendering, sub_app);
    app.init_resource::<Log>().add_plugins((Watch, Latecomer));
    while app.plugins_state() == PluginsState::Adding {}
    app.finish();
    app.cleanup();
    app.world().resource::<Schedulebook>().timing.set(true);
    for _ in 0..4 {
        app.update();
    }
    let book = app.world().resource::<Schedulebook>();
    let runs = |world, label: &str, short: &str| {
        let schedule = book.schedules.iter().find(|it| it.world == world && it.label == label).unwrap();
        let node = schedule.nodes.iter().find(|it| it.short == short).unwrap();
        node.meter.as_ref().unwrap().read().runs
    };
    assert_eq!(runs(WorldName::Main, "Update", "first"), 4);
    assert_eq!(runs(WorldName::Render, "Tested", "inner"), 4);
    assert_eq!(app.sub_app(Rendering).world().resource::<Log>().0[..2], ["extracted", "inner"]);
}
