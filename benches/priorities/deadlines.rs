//! Random job sets, in virtual time, by the very decisions that the worker threads take.

use std::time::Duration;

use bevy_freshet::base::Priority;
use bevy_freshet::priority::AgingBounds;
use bevy_freshet::priority::trials::deadlines::{SimEnd, SimJob, SimMachine, simulate};

use crate::Arguments;

const MILLI: Duration = Duration::from_millis(1);
const ONE_WORKER: SimMachine =
    SimMachine { foreground: 1, background: 1, cores: 1, quantum: Duration::from_micros(100) };

pub fn measure(arguments: &Arguments) {
    let rounds = arguments.rounds.unwrap_or(1000);
    let mut chance = Chance(20_261_122);
    let (mut jobs_run, mut missed, mut heaviest) = (0, 0, 0.0_f64);
    for _ in 0..rounds {
        let (jobs, utilisation) = feasible(&mut chance);
        let outcomes = simulate(&jobs, ONE_WORKER, &AgingBounds::OFF);
        jobs_run += jobs.len();
        missed += outcomes.iter().filter(|outcome| outcome.missed_deadline).count();
        heaviest = heaviest.max(utilisation);
    }
    println!(
        "feasible: {rounds} sets of one level, utilisation 0.5 to {heaviest:.3}, {jobs_run} jobs: {missed} missed"
    );

    let usual = AgingBounds::default();
    for (share, aging, name) in
        [(0.22, AgingBounds::OFF, "no aging"), (0.3, AgingBounds::OFF, "no aging"), (0.22, usual, "usual aging")]
    {
        println!("overloaded, {name}: each level asks for {share}, so all five for {:.1}", share * 5.0);
        overload(&mut chance, share, &aging, rounds.min(100));
    }
}

fn overload(chance: &mut Chance, share: f64, aging: &AgingBounds, rounds: u32) {
    println!("{:<10} {:>8} {:>8} {:>16} {:>16}", "level", "jobs", "lost", "expired waiting", "expired running");
    let mut table = [[0_usize; 4]; 5];
    for _ in 0..rounds {
        let jobs = overloaded(chance, share);
        for (job, outcome) in jobs.iter().zip(simulate(&jobs, ONE_WORKER, aging)) {
            let row = &mut table[job.level.index()];
            row[0] += 1;
            row[1] += usize::from(outcome.missed_deadline);
            row[2] += usize::from(outcome.end == SimEnd::ExpiredWaiting);
            row[3] += usize::from(outcome.end == SimEnd::ExpiredRunning);
        }
    }
    for (level, [jobs, lost, waiting, running]) in Priority::ALL.iter().zip(table) {
        println!("{:<10} {jobs:>8} {lost:>8} {waiting:>16} {running:>16}", level.name());
    }
}

/// Periodic tasks of one level over two seconds, and what they ask for together: 0.5 to 0.9 of a worker. Deadlines are
/// periods, of 20 to 200 ms.
fn feasible(chance: &mut Chance) -> (Vec<SimJob>, f64) {
    let tasks = 2 + chance.below(6);
    let share = (0.5 + 0.4 * chance.unit()) / tasks as f64;
    let mut jobs = Vec::new();
    for _ in 0..tasks {
        let period = MILLI * (20 + chance.below(180)) as u32;
        let offset = period.mul_f64(chance.unit());
        let cost = period.mul_f64(share);
        let mut release = offset;
        while release < MILLI * 2000 {
            jobs.push(SimJob { level: Priority::Normal, release, cost, deadline: Some(release + period) });
            release += period;
        }
    }
    (jobs, share * tasks as f64)
}

/// One periodic task for each level, each asking for this share of the worker; a level's period is twice that of the one
/// above.
fn overloaded(chance: &mut Chance, share: f64) -> Vec<SimJob> {
    let shortest = MILLI * (5 + chance.below(10)) as u32;
    let mut jobs = Vec::new();
    for level in Priority::ALL {
        let period = shortest * (1 << level.index());
        let mut release = Duration::ZERO;
        while release < MILLI * 2000 {
            jobs.push(SimJob { level, release, cost: period.mul_f64(share), deadline: Some(release + period) });
            release += period;
        }
    }
    jobs
}

/// Splitmix64 (Steele, Lea, Flood 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ value >> 31
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.unit() * bound as f64) as usize
    }
}
