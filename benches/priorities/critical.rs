//! The period of a 60 Hz critical workload while everything else is busy.
//!
//! Five ways, block by block in one run, so that whatever else the machine does meets them all:
//!
//! - alone: no other work;
//! - freshet: one low and one idle task for each core on the worker pools;
//! - filled: the same, and four low and idle workloads of 2 ms in the schedule, which fill the turn up to its budget;
//! - async pool: the same tasks on `AsyncComputeTaskPool`, which has as many threads as there are cores here;
//! - ungated: the tasks' work and the workloads' as plain systems: 4 of 2 ms, and one of 6 ms for each task.

use std::time::{Duration, Instant};

use bevy::app::{TaskPoolOptions, TaskPoolPlugin, TaskPoolThreadAssignmentPolicy};
use bevy::prelude::*;
use bevy_freshet::base::Role;
use bevy_freshet::priority::{AddWorkload, PriorityPlugin, PrioritySettings, WorkerPool, Workload};

use crate::Arguments;
use crate::figures::Figures;
use crate::load::{Load, burn, cores};

const PERIOD: Duration = Duration::from_nanos(1_000_000_000 / 60);
/// Turns in a block, and those at its beginning that are not counted.
const BLOCK: u32 = 250;
const SETTLE: u32 = 12;
/// Work of a system or workload in a turn.
const PIECE: Duration = Duration::from_millis(2);

#[derive(Resource, Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Alone,
    Freshet,
    Filled,
    AsyncPool,
    Ungated,
}

const WAYS: [Way; 5] = [Way::Alone, Way::Freshet, Way::Filled, Way::AsyncPool, Way::Ungated];

/// When the critical workload ran.
#[derive(Resource, Default)]
struct Beats(Vec<Instant>);

pub fn measure(arguments: &Arguments) {
    let frames = arguments.frames.unwrap_or(20_000);
    let mut app = app();
    let mut periods: [Figures; 5] = Default::default();
    let mut block = 0;
    while periods[0].len() < frames as usize || periods[1].len() < frames as usize {
        for (way, periods) in WAYS.into_iter().zip(&mut periods) {
            // The other ways are there for comparison: a tenth of the blocks.
            if matches!(way, Way::Alone | Way::Freshet) || block % 10 == 0 {
                run_block(&mut app, way, periods);
            }
        }
        block += 1;
    }
    println!("period of the critical workload, ms, {} cores", cores());
    println!(
        "{:<12} {:>8} {:>9} {:>9} {:>9} {:>9} {:>14}",
        "", "turns", "median", "p99", "p99.9", "max", "p99 / alone's"
    );
    let alone = periods[0].row()[1];
    for (way, periods) in WAYS.iter().zip(&mut periods) {
        let [median, p99, p999, max] = periods.row();
        let (name, turns) = (format!("{way:?}"), periods.len());
        println!("{name:<12} {turns:>8} {median:>9.3} {p99:>9.3} {p999:>9.3} {max:>9.3} {:>14.3}", p99 / alone);
    }
    let pool = app.world().resource::<WorkerPool>().statistics();
    let done: Vec<_> = pool.levels.iter().map(|level| level.yields).collect();
    println!("yields of the pool's tasks by level: {done:?}; stalls: {}", pool.stalls);
}

fn run_block(app: &mut App, way: Way, periods: &mut Figures) {
    app.insert_resource(way);
    let load = match way {
        Way::Freshet | Way::Filled => Load::freshet(app.world().resource::<WorkerPool>()),
        Way::AsyncPool => Load::plain(),
        Way::Alone | Way::Ungated => Load::Nothing,
    };
    app.world_mut().resource_mut::<Beats>().0.clear();
    let mut next = Instant::now();
    for _ in 0..BLOCK {
        app.update();
        next = (next + PERIOD).max(Instant::now());
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    let beats = &app.world().resource::<Beats>().0;
    for pair in beats.windows(2).skip(SETTLE as usize) {
        periods.push(pair[1] - pair[0]);
    }
    drop(load);
    // What was dropped ends at its next point of interruption.
    std::thread::sleep(Duration::from_millis(50));
}

fn app() -> App {
    let all = TaskPoolThreadAssignmentPolicy {
        min_threads: cores(),
        max_threads: cores(),
        percent: 1.0,
        on_thread_spawn: None,
        on_thread_destroy: None,
    };
    let options = TaskPoolOptions { async_compute: all, ..default() };
    let mut app = App::new();
    app.add_plugins((
        TaskPoolPlugin { task_pool_options: options },
        PriorityPlugin { settings: PrioritySettings::default() },
    ))
    .insert_resource(Way::Alone)
    .insert_resource(Beats(Vec::with_capacity(2 * BLOCK as usize)));
    app.add_workload(Workload::new("critical", Role::Frames), |mut beats: ResMut<Beats>| {
        let now = Instant::now();
        if beats.0.len() < beats.0.capacity() {
            beats.0.push(now);
        }
    });
    for (name, role) in [
        ("tidy", Role::Upkeep),
        ("train", Role::Training),
        ("guess", Role::Speculation),
        ("guess more", Role::Speculation),
    ] {
        app.add_workload(Workload::new(name, role), |way: Res<Way>| {
            if *way == Way::Filled {
                burn(PIECE);
            }
        });
    }
    for index in 0..4 + 2 * cores() {
        let time = if index < 4 { PIECE } else { 3 * PIECE };
        app.add_systems(Update, move |way: Res<Way>| {
            if *way == Way::Ungated {
                burn(time);
            }
        });
    }
    app.finish();
    app.cleanup();
    app
}
