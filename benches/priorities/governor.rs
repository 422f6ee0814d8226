//! How the governor answers a load, in simulated apps.

use bevy_freshet::priority::trials::plant::{Plant, Sample, Scenario, chart};

use crate::Arguments;

pub fn measure(arguments: &Arguments) {
    let step =
        Plant { noise: 0.05, ..Plant::new(Scenario::Release { calm: 0.6, loaded: 2.0, from: 300, until: 1200 }) };
    let samples = step.run(4000);
    let first = samples.iter().position(|sample| sample.change.is_some()).unwrap_or_default();
    let below = samples.iter().skip(300).position(|sample| sample.cost <= 1.0).unwrap_or_default();
    let deepest = samples.iter().map(|sample| sample.depth).max().unwrap_or_default();
    let back = samples.iter().rposition(|sample| sample.depth > 0).unwrap_or_default();
    println!("step load, 0.6 to 2.0 of the target at frame 300, gone at 1200, 5 % noise:");
    println!("  first step given up {} frames after the load came, below the target after {below}", first as i64 - 300);
    println!("  deepest {deepest} steps; full quality again {} frames after the load went", back as i64 + 1 - 1200);
    println!(
        "  changes {}: {} down, {} up",
        changes(&samples).count(),
        down(&samples),
        changes(&samples).count() - down(&samples)
    );
    println!("{}", chart("  cost and depth", &samples, 96));
    let frames = arguments.frames.unwrap_or(100_000);
    for cost in [0.3, 0.6, 0.84, 0.86, 0.95, 1.0] {
        for noise in [0.0, 0.1] {
            let flat = Plant { noise, ..Plant::new(Scenario::Flat(cost)) };
            let samples = flat.run(frames);
            println!(
                "flat {cost:.2} of the target, noise {noise:.1}: {} changes in {frames} frames",
                changes(&samples).count()
            );
        }
    }
    let spikes = Plant { spike_every: 300, ..Plant::new(Scenario::Flat(0.8)) };
    println!("spikes of five times the cost, one in 300 frames: {} changes", changes(&spikes.run(frames)).count());
}

fn changes(samples: &[Sample]) -> impl Iterator<Item = &Sample> {
    samples.iter().filter(|sample| sample.change.is_some())
}

fn down(samples: &[Sample]) -> usize {
    changes(samples).filter(|sample| sample.change.is_some_and(|change| change.to > change.from)).count()
}
