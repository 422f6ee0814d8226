//! Workloads that misbehave, and the others beside them.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_freshet::base::Role;
use bevy_freshet::priority::{AddWorkload, PriorityPlugin, PrioritySettings, Tasks, WorkerPool, Workload};

use crate::Arguments;
use crate::load::burn;

const PERIOD: Duration = Duration::from_nanos(1_000_000_000 / 60);

pub fn measure(arguments: &Arguments) {
    let frames = arguments.frames.unwrap_or(600);
    let mut app = App::new();
    app.add_plugins((TaskPoolPlugin::default(), bevy::log::LogPlugin::default()));
    app.add_plugins(PriorityPlugin { settings: PrioritySettings::default() });
    app.add_workload(Workload::new("frames", Role::Frames), || burn(Duration::from_micros(500)));
    app.add_workload(Workload::new("chat", Role::Chat).within(Duration::from_millis(200)), |tasks: Tasks| {
        let work = tasks.spawn("chat", |context| async move {
            burn(Duration::from_millis(1));
            context.checkpoint().await
        });
        if let Ok(task) = work {
            task.detach();
        }
    });
    app.add_workload(Workload::new("panics", Role::Chat), || panic!("a workload that panics"));
    // Runs for three seconds without a checkpoint, once a second.
    let stubborn = Workload::new("never yields", Role::Chat).every(Duration::from_secs(1));
    app.add_workload(stubborn, |tasks: Tasks| {
        let work = tasks.spawn("never yields", |_| async move {
            burn(Duration::from_secs(3));
            Ok(())
        });
        if let Ok(task) = work {
            task.detach();
        }
    });
    let late = Workload::new("always late", Role::Input).within(Duration::from_micros(100));
    app.add_workload(late, || burn(Duration::from_millis(1)));
    let mut next = Instant::now();
    for _ in 0..frames {
        app.update();
        next = (next + PERIOD).max(Instant::now());
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    println!(
        "{:<14} {:>9} {:>22} {:>6} {:>6} {:>7} {:>7} {:>7}",
        "", "level", "why", "runs", "tasks", "missed", "panics", "stalls"
    );
    let mut workloads = app.world_mut().query::<&Workload>();
    for it in workloads.iter(app.world()) {
        let counters = it.counters();
        println!(
            "{:<14} {:>9} {:>22} {:>6} {:>6} {:>7} {:>7} {:>7}",
            it.name(),
            it.level().name(),
            it.why().to_string(),
            counters.runs,
            counters.tasks,
            counters.missed,
            counters.panics,
            counters.stalls,
        );
    }
    let pool = app.world().resource::<WorkerPool>().statistics();
    println!("pool: {} stalls, {} substitutions", pool.stalls, pool.substitutions);
}
