//! What 20 workloads at rest cost a turn.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_freshet::base::Role;
use bevy_freshet::priority::{AddWorkload, PriorityPlugin, Workload};

use crate::Arguments;
use crate::figures::Figures;

const BLOCK: u32 = 500;

pub fn measure(arguments: &Arguments) {
    let turns = arguments.frames.unwrap_or(20_000);
    // Both apps turn in alternating blocks, so that whatever else the machine does meets both.
    let mut apps = [app(false), app(true)];
    let mut figures: [Figures; 2] = Default::default();
    while figures[0].len() < turns as usize {
        for (app, figures) in apps.iter_mut().zip(&mut figures) {
            for turn in 0..BLOCK {
                let start = Instant::now();
                app.update();
                if turn >= 20 {
                    figures.push(start.elapsed());
                }
            }
        }
    }
    let [without, with] = figures.each_mut().map(Figures::row);
    for (name, row) in [("without", without), ("with", with)] {
        println!("{name:<8} median {:>7.1} us   p99 {:>7.1} us", row[0] * 1e3, row[1] * 1e3);
    }
    println!("20 workloads at rest cost {:.1} us a turn (medians)", (with[0] - without[0]) * 1e3);
}

fn app(with: bool) -> App {
    let mut app = App::new();
    app.add_plugins((TaskPoolPlugin::default(), bevy::time::TimePlugin, bevy::input::InputPlugin));
    // An app has systems of its own.
    for _ in 0..8 {
        app.add_systems(Update, || {});
    }
    if with {
        app.add_plugins(PriorityPlugin::default());
        let roles = [Role::Frames, Role::Chat, Role::Indexing, Role::Training, Role::Speculation];
        for index in 0..20 {
            // Due once an hour: at rest.
            let workload = Workload::new("rest", roles[index % 5]).every(Duration::from_secs(3600));
            app.add_workload(workload, || {});
        }
    }
    app.finish();
    app.cleanup();
    for _ in 0..100 {
        app.update();
    }
    app
}
