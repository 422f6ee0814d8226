//! The same decisions in virtual time: what would become of these jobs?
//!
//! ```text
//!  t          t + quantum
//!  ├─ released jobs join their queues, aged ones move
//!  ├─ every running job is at a checkpoint: expired? makes room?
//!  └─ foreground workers, then background ones while cores are left, run until the quantum is over,
//!     and take the next job as soon as one is done
//! ```
//!
//! Queues, order, aging, the choice among workers and the checkpoint rule are those of the threads: only the clock and
//! the processor are made up. So one quantum is the longest that a released job waits for a less urgent one.

use std::time::Duration;

use crate::pool::aging::{Facts, standing};
use crate::pool::choose::{WorkerClass, choose, makes_room};
use crate::pool::clock::{Nanos, nanos};
use crate::pool::queue::Queue;
use crate::pool::settings::AgingBounds;
use freshet_base::Priority;

/// A job to be simulated. Times count from the start of the simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimJob {
    /// Its level.
    pub level: Priority,
    /// When it is spawned.
    pub release: Duration,
    /// Time it needs on a worker.
    pub cost: Duration,
    /// When it should be done.
    pub deadline: Option<Duration>,
}

/// What runs the jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimMachine {
    /// Foreground workers; with none, the background ones run everything.
    pub foreground: usize,
    /// Background workers: they get the cores that the foreground leaves. At least 1.
    pub background: usize,
    /// Cores. At least 1.
    pub cores: usize,
    /// Time between two checkpoints of every job. Not 0.
    pub quantum: Duration,
}

/// How a simulated job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimEnd {
    /// All its work was done, in time or not.
    Finished,
    /// Dropped before its start, because its deadline had passed.
    ExpiredWaiting,
    /// Stopped at a checkpoint, because its deadline had passed.
    ExpiredRunning,
}

/// What became of a job; the outcomes are in the order of the jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimOutcome {
    /// How it ended.
    pub end: SimEnd,
    /// When it first ran.
    pub started: Option<Duration>,
    /// When it ended.
    pub ended: Duration,
    /// Time on workers.
    pub ran: Duration,
    /// How often it made room.
    pub yields: u32,
    /// Whether it ran higher because it had waited long.
    pub aged: bool,
    /// Whether it ended after its deadline.
    pub missed_deadline: bool,
}

/// Runs the jobs to their ends.
pub fn simulate(jobs: &[SimJob], machine: SimMachine, aging: &AgingBounds) -> Vec<SimOutcome> {
    let mut simulation = Simulation::new(jobs, machine, *aging);
    let mut now = 0;
    while simulation.ended < jobs.len() {
        simulation.release(now);
        simulation.checkpoints(now);
        simulation.tidy(now);
        let until = now + nanos(machine.quantum).max(1);
        simulation.run(now, until);
        now = if simulation.is_idle() { until.max(simulation.next_release().unwrap_or(until)) } else { until };
    }
    simulation.outcomes
}

struct Simulation<'a> {
    jobs: &'a [SimJob],
    machine: SimMachine,
    aging: AgingBounds,
    /// Jobs by release, the ones to come last; `released` of them are in.
    arrivals: Vec<usize>,
    released: usize,
    queues: [Vec<Queue<usize>>; 2],
    /// What each worker is at, by class.
    running: [Vec<Option<usize>>; 2],
    left: Vec<Nanos>,
    outcomes: Vec<SimOutcome>,
    ended: usize,
}

impl<'a> Simulation<'a> {
    fn new(jobs: &'a [SimJob], machine: SimMachine, aging: AgingBounds) -> Self {
        let seats = [machine.foreground, machine.background.max(1)];
        let queue = |_| Queue::new(aging, machine.foreground > 0);
        let mut arrivals: Vec<usize> = (0..jobs.len()).collect();
        arrivals.sort_by_key(|&job| jobs[job].release);
        let outcome = SimOutcome {
            end: SimEnd::Finished,
            started: None,
            ended: Duration::ZERO,
            ran: Duration::ZERO,
            yields: 0,
            aged: false,
            missed_deadline: false,
        };
        Self {
            jobs,
            machine,
            aging,
            arrivals,
            released: 0,
            queues: seats.map(|seats| (0..seats).map(queue).collect()),
            running: seats.map(|seats| vec![None; seats]),
            left: jobs.iter().map(|job| nanos(job.cost)).collect(),
            outcomes: vec![outcome; jobs.len()],
            ended: 0,
        }
    }

    fn facts(&self, job: usize) -> Facts {
        let SimJob { level, release, deadline, .. } = self.jobs[job];
        let (since, ran) = (nanos(release), nanos(self.outcomes[job].ran));
        Facts { level, deadline: deadline.map(nanos), since, age_from: since + ran, ticket: job as u64 }
    }

    fn next_release(&self) -> Option<Nanos> {
        self.arrivals.get(self.released).map(|&job| nanos(self.jobs[job].release))
    }

    fn is_idle(&self) -> bool {
        let waits = |class: WorkerClass| self.queues[class.index()].iter().any(|queue| queue.best(class).is_some());
        !WorkerClass::ALL.into_iter().any(waits) && self.running.iter().flatten().all(Option::is_none)
    }

    fn release(&mut self, now: Nanos) {
        while self.next_release().is_some_and(|release| release <= now) {
            let job = self.arrivals[self.released];
            self.released += 1;
            self.enqueue(job, now);
        }
    }

    fn enqueue(&mut self, job: usize, now: Nanos) {
        let facts = self.facts(job);
        let level = standing(&facts, now, &self.aging).urgency.level();
        let queues = &mut self.queues[WorkerClass::of(level, self.machine.foreground > 0).index()];
        let seat = job % queues.len();
        queues[seat].insert(job, facts, now);
    }

    /// Every running job is at a checkpoint.
    fn checkpoints(&mut self, now: Nanos) {
        for class in WorkerClass::ALL {
            for seat in 0..self.running[class.index()].len() {
                let Some(job) = self.running[class.index()][seat] else { continue };
                let facts = self.facts(job);
                if facts.deadline.is_some_and(|deadline| now > deadline) {
                    self.end(job, SimEnd::ExpiredRunning, now);
                    self.running[class.index()][seat] = None;
                    continue;
                }
                let own = standing(&facts, now, &self.aging).urgency;
                let best = self.queues[class.index()].iter().map(|queue| queue.best(class)).min();
                let belongs = WorkerClass::of(own.level(), self.machine.foreground > 0);
                if best.is_some_and(|best| makes_room(own, best, class, belongs)) {
                    self.running[class.index()][seat] = None;
                    self.outcomes[job].yields += 1;
                    self.enqueue(job, now);
                }
            }
        }
    }

    /// Raises what has aged, and hands over what changed class.
    fn tidy(&mut self, now: Nanos) {
        for class in WorkerClass::ALL {
            let other = WorkerClass::ALL[1 - class.index()];
            let mut moved = Vec::new();
            for queue in &mut self.queues[class.index()] {
                queue.age(now);
                moved.extend(std::iter::from_fn(|| queue.pop(other)));
            }
            moved.into_iter().for_each(|waiting| self.enqueue(waiting.task, now));
        }
    }

    fn run(&mut self, from: Nanos, until: Nanos) {
        let mut cores = self.machine.cores.max(1);
        for class in WorkerClass::ALL {
            for seat in 0..self.running[class.index()].len() {
                if cores > 0 && self.run_worker(class, seat, from, until) {
                    cores -= 1;
                }
            }
        }
    }

    /// One worker for one quantum; `false` when it had nothing to do.
    fn run_worker(&mut self, class: WorkerClass, seat: usize, from: Nanos, until: Nanos) -> bool {
        let mut now = from;
        while now < until {
            let Some(job) = self.running[class.index()][seat].or_else(|| self.take(class, seat, now)) else { break };
            let slice = self.left[job].min(until - now);
            let outcome = &mut self.outcomes[job];
            outcome.started.get_or_insert(Duration::from_nanos(now));
            outcome.ran += Duration::from_nanos(slice);
            now += slice;
            self.left[job] -= slice;
            let done = self.left[job] == 0;
            self.running[class.index()][seat] = (!done).then_some(job);
            if done {
                self.end(job, SimEnd::Finished, now);
            }
        }
        now > from
    }

    fn take(&mut self, class: WorkerClass, seat: usize, now: Nanos) -> Option<usize> {
        loop {
            let queues = &mut self.queues[class.index()];
            let choice = choose(queues.iter().map(|queue| queue.best(class)), seat)?;
            let waiting = queues[choice.seat].pop(class)?;
            let job = waiting.task;
            self.outcomes[job].aged |= waiting.standing.aged;
            if self.outcomes[job].started.is_none() && waiting.facts.deadline.is_some_and(|deadline| now > deadline) {
                self.end(job, SimEnd::ExpiredWaiting, now);
                continue;
            }
            return Some(job);
        }
    }

    fn end(&mut self, job: usize, end: SimEnd, now: Nanos) {
        let outcome = &mut self.outcomes[job];
        outcome.end = end;
        outcome.ended = Duration::from_nanos(now);
        outcome.missed_deadline = self.jobs[job].deadline.is_some_and(|deadline| outcome.ended > deadline);
        self.ended += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// All levels on one worker.
    fn alone(quantum: Duration) -> SimMachine {
        SimMachine { foreground: 0, background: 1, cores: 1, quantum }
    }

    /// Jobs of one periodic task whose deadline is its period.
    fn periodic(level: Priority, period: Duration, share: f64, offset: Duration, until: Duration) -> Vec<SimJob> {
        let cost = period.mul_f64(share);
        (0..)
            .map(|index| offset + period * index)
            .take_while(|&release| release < until)
            .map(|release| SimJob { level, release, cost, deadline: Some(release + period) })
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// Earliest deadline first is optimal on one processor. With non-preemptive quanta it misses nothing while
        /// utilisation + quantum / shortest deadline stays at most 1 (here 0.9 + 1/20).
        #[test]
        fn a_feasible_level_misses_no_deadline(
            tasks in prop::collection::vec((20_u64..200, 1_u32..100, 0_u64..100), 1..8), utilisation in 0.1..0.9_f64,
        ) {
            let total: u32 = tasks.iter().map(|task| task.1).sum();
            let jobs: Vec<_> = tasks
                .iter()
                .flat_map(|&(period, weight, offset)| {
                    let share = utilisation * f64::from(weight) / f64::from(total);
                    periodic(Priority::High, millis(period), share, millis(offset), millis(1_500))
                })
                .collect();
            let outcomes = simulate(&jobs, alone(millis(1)), &AgingBounds::OFF);
            for (job, outcome) in jobs.iter().zip(&outcomes) {
                prop_assert!(!outcome.missed_deadline && outcome.end == SimEnd::Finished, "{job:?} {outcome:?}");
            }
        }

        /// Strict levels need one thing more than utilisation: periods that grow downwards, each a multiple of the one
        /// above, so that no level's work stands in the way of shorter deadlines below it.
        #[test]
        fn overload_loses_the_lowest_level_first(
            shares in prop::array::uniform5(0.05..0.5_f64), factors in prop::array::uniform5(1_u32..4),
            offsets in prop::array::uniform5(0_u64..50),
        ) {
            let (mut jobs, mut period, mut used) = (Vec::new(), millis(10), 0.0);
            let mut safe = [false; 5];
            for (index, level) in Priority::ALL.into_iter().enumerate() {
                period *= factors[index];
                used += shares[index];
                safe[index] = used <= 0.9;
                jobs.extend(periodic(level, period, shares[index], millis(offsets[index]), millis(2_000)));
            }
            let outcomes = simulate(&jobs, alone(Duration::from_micros(250)), &AgingBounds::OFF);
            for (job, outcome) in jobs.iter().zip(&outcomes) {
                prop_assert!(!(outcome.missed_deadline && safe[job.level.index()]), "{job:?} {outcome:?} {shares:?}");
                // Every loss has its reason: nothing that is lost counts as finished in time, and the other way round.
                prop_assert!(outcome.missed_deadline || outcome.end == SimEnd::Finished);
            }
            if used > 1.2 {
                let lost = |level: Priority| jobs.iter().zip(&outcomes).any(|(j, o)| j.level == level && o.missed_deadline);
                prop_assert!(Priority::ALL.into_iter().any(lost), "overloaded by {used} and nothing lost");
            }
        }

        /// High work that fills every core for ever, part of it with deadlines; free capacity is what those leave.
        #[test]
        fn old_work_is_done_within_its_bound_under_continuous_high_load(
            level in 2_usize..5, share in 0.1..0.7_f64, period in 10_u64..60, cost in 1_u64..20, release in 0_u64..500,
        ) {
            let aging = AgingBounds { normal: millis(300), low: millis(600), idle: millis(900) };
            let machine = SimMachine { foreground: 1, background: 1, cores: 1, quantum: millis(1) };
            let level = Priority::from_index(level);
            let mut jobs = vec![SimJob { level, release: millis(release), cost: millis(cost), deadline: None }];
            jobs.extend(periodic(Priority::High, millis(period), share, Duration::ZERO, millis(2_000)));
            jobs.extend((0..200).map(|index| SimJob {
                level: Priority::High, release: millis(index * 10), cost: millis(10), deadline: None,
            }));
            let outcome = simulate(&jobs, machine, &aging)[0];
            let took = outcome.ended - millis(release);
            prop_assert!(took <= aging.of(level).unwrap(), "{level:?} took {took:?}: {outcome:?}");
        }

        #[test]
        fn nothing_is_lost_and_nothing_runs_twice(
            drawn in prop::collection::vec((0_usize..5, 0_u64..300, 0_u64..40, prop::option::of(0_u64..200)), 0..60),
            foreground in 0_usize..4, background in 1_usize..4, cores in 1_usize..5, quantum in 1_u64..30,
        ) {
            let jobs: Vec<_> = drawn
                .iter()
                .map(|&(level, release, cost, deadline)| SimJob {
                    level: Priority::from_index(level),
                    release: millis(release),
                    cost: millis(cost),
                    deadline: deadline.map(|deadline| millis(release + deadline)),
                })
                .collect();
            let aging = AgingBounds { normal: millis(100), low: millis(150), idle: millis(200) };
            let machine = SimMachine { foreground, background, cores, quantum: millis(quantum) };
            let outcomes = simulate(&jobs, machine, &aging);
            prop_assert_eq!(outcomes.len(), jobs.len());
            for (job, outcome) in jobs.iter().zip(&outcomes) {
                prop_assert!(outcome.ended >= job.release + outcome.ran, "in two places at once: {:?}", outcome);
                match outcome.end {
                    SimEnd::Finished => prop_assert_eq!(outcome.ran, job.cost),
                    SimEnd::ExpiredRunning => prop_assert!(outcome.ran < job.cost && outcome.missed_deadline),
                    SimEnd::ExpiredWaiting => prop_assert!(outcome.started.is_none() && outcome.missed_deadline),
                }
            }
            let busy: Duration = outcomes.iter().map(|outcome| outcome.ran).sum();
            let end = outcomes.iter().map(|outcome| outcome.ended).max().unwrap_or_default();
            prop_assert!(busy <= end * cores as u32, "more work than cores could do");
        }
    }

    #[test]
    fn the_same_jobs_end_the_same_way() {
        let jobs: Vec<_> =
            Priority::ALL.iter().flat_map(|&l| periodic(l, millis(20), 0.3, millis(0), millis(400))).collect();
        let machine = SimMachine { foreground: 1, background: 2, cores: 2, quantum: millis(2) };
        let run = || simulate(&jobs, machine, &AgingBounds::default());
        assert_eq!(run(), run());
    }
}
