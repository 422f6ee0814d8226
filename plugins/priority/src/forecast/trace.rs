//! Made-up histories of attention: habits, drift, noise, and none of them.

use std::time::Duration;

use super::rng::{Rng, hash, unit};
use super::target::{MAX_TARGETS, TargetId};

const DAY_SECS: f64 = 86_400.0;

/// What a family is to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Steady habits.
    Habit,
    /// Habits that change.
    Drift,
    /// Habits with random excursions.
    Noise,
    /// Habits with more work than idle time.
    Tight,
    /// Nothing to learn.
    Random,
}

/// How the next target is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    /// A fixed round of so many visits, in which a target may occur several times.
    Routine(usize),
    /// Days of 60 moves: five with one routine of so many visits, two with another; then nobody until morning.
    Weekdays(usize),
    /// The last so many targets decide.
    Markov(usize),
    /// The last target and the part of the day (so many parts) decide.
    Clock(u64),
    /// Every other target is equally likely, dwell times are exponential.
    Random,
}

/// How habits change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drift {
    /// Not at all.
    None,
    /// All of them every so many moves.
    Abrupt(u64),
    /// One after the other, each every so many moves.
    Slow(u64),
}

/// Parameters of a family of traces.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Family {
    /// For the table.
    pub name: &'static str,
    /// What it is to show.
    pub group: Group,
    /// How the next target is chosen.
    pub habit: Habit,
    /// Number of targets, `2..=32`.
    pub targets: usize,
    /// How often the habit is followed, `0..=1`. Most of the rest goes to a second choice.
    pub peak: f64,
    /// How habits change.
    pub drift: Drift,
    /// Chance of a short random excursion per move, `0..=1`.
    pub noise: f64,
    /// Lowest and highest median dwell time.
    pub dwell_secs: (f64, f64),
    /// Deviation of the logarithm of a dwell time.
    pub dwell_spread: f64,
    /// Lowest and highest work of a first result.
    pub work_millis: (u64, u64),
    /// Lowest and highest share of the worker that the present target's work takes.
    pub busy_share: (f64, f64),
    /// Lowest and highest time that a prepared result stays good.
    pub fresh_secs: (f64, f64),
    /// Longest that prepared work runs before it yields.
    pub quantum_millis: u64,
    /// Moves of attention.
    pub moves: usize,
}

/// One stay of attention on a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// Where.
    pub target: TargetId,
    /// From when.
    pub from: Duration,
    /// Until when.
    pub until: Duration,
    /// Work of the first result of this visit.
    pub work: Duration,
}

/// What the work of a target is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TargetWork {
    /// Share of the worker that it takes while attention is on it.
    pub busy_share: f64,
    /// How long a prepared result stays good.
    pub fresh_for: Duration,
    /// Longest that it runs before it yields.
    pub quantum: Duration,
    /// Whether progress is kept when it is interrupted.
    pub resumable: bool,
}

/// A history of attention and what the work is like.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// One after the other, without a gap.
    pub visits: Vec<Visit>,
    /// By target.
    pub works: Vec<TargetWork>,
    /// Whether the result of a visit stays good for `fresh_for` after it, so that a soon return needs no work, with or without
    /// a forecast. Otherwise each visit asks for something new.
    pub keeps_last: bool,
}

impl Family {
    /// The trace of this seed.
    pub fn scenario(&self, seed: u64) -> Scenario {
        let mut walk = Walk::new(self, seed);
        let mut visits: Vec<Visit> = Vec::with_capacity(self.moves);
        let mut from = 0.0;
        while visits.len() < self.moves {
            let (target, dwell) = walk.step(from);
            let until = from + dwell;
            // A stay that goes on is no move.
            if let Some(last) = visits.last_mut().filter(|visit| visit.target.index() == target) {
                last.until = Duration::from_secs_f64(until);
            } else {
                let work = work_of(self, seed, target, visits.len() as u64);
                let (start, end) = (Duration::from_secs_f64(from), Duration::from_secs_f64(until));
                visits.push(Visit { target: TargetId(target as u8), from: start, until: end, work });
            }
            from = until;
        }
        let works = (0..self.targets as u64).map(|target| {
            let draw = |what: u64, range: (f64, f64)| range.0 + (range.1 - range.0) * unit(hash(&[seed, target, what]));
            TargetWork {
                busy_share: draw(11, self.busy_share),
                fresh_for: Duration::from_secs_f64(draw(12, self.fresh_secs)),
                quantum: Duration::from_millis(self.quantum_millis),
                resumable: unit(hash(&[seed, target, 13])) < 0.75,
            }
        });
        Scenario { visits, works: works.collect(), keeps_last: false }
    }
}

/// Each target has its usual work; each visit is within 30 % of it.
fn work_of(family: &Family, seed: u64, target: usize, visit: u64) -> Duration {
    let (low, high) = (family.work_millis.0 as f64, family.work_millis.1 as f64);
    let usual = low * (high / low).powf(unit(hash(&[seed, target as u64, 14])));
    Duration::from_secs_f64(usual * (0.7 + 0.6 * unit(hash(&[seed, visit, 15]))) / 1000.0)
}

/// A user who walks among the targets.
struct Walk<'a> {
    family: &'a Family,
    seed: u64,
    rng: Rng,
    moves: u64,
    /// Newest first.
    history: [usize; 3],
    /// Place in a routine.
    place: usize,
    /// Where to return from an excursion.
    back: Option<usize>,
}

impl<'a> Walk<'a> {
    fn new(family: &'a Family, seed: u64) -> Self {
        let rng = Rng::new(hash(&[seed, 1]));
        Self { family, seed, rng, moves: 0, history: [0, 1, 2], place: 0, back: None }
    }

    /// Where it goes at `now`, and for how long.
    fn step(&mut self, now: f64) -> (usize, f64) {
        self.moves += 1;
        if self.back.is_none() && self.rng.unit() < self.family.noise {
            let target = self.other();
            // Half of the time back to where it was, else on with the habit as if nothing had been.
            self.back = Some(if self.rng.unit() < 0.5 { self.history[0] } else { usize::MAX });
            return (target, 0.4 * self.dwell(target, target));
        }
        if let Some(target) = self.back.take().filter(|&target| target != usize::MAX) {
            return (target, self.dwell(target, target));
        }
        let last = self.history[0];
        let target = match self.family.habit {
            Habit::Random => self.other(),
            Habit::Routine(length) => self.routine(length, 0),
            Habit::Weekdays(length) => {
                if self.moves.is_multiple_of(60) {
                    let dwell = (now / DAY_SECS).ceil() * DAY_SECS - now;
                    (self.place, self.history) = (0, [0, self.history[0], self.history[1]]);
                    return (0, dwell.max(60.0));
                }
                let weekend = u64::from((now / DAY_SECS) as u64 % 7 >= 5);
                self.routine(length, weekend)
            }
            Habit::Markov(order) => {
                let mut context = [MAX_TARGETS as u64; 4];
                for (into, target) in context.iter_mut().zip(&self.history[..order.min(3)]) {
                    *into = *target as u64;
                }
                self.chosen(hash(&context))
            }
            Habit::Clock(parts) => {
                let part = (now % DAY_SECS / DAY_SECS * parts as f64) as u64;
                self.chosen(hash(&[part, last as u64]))
            }
        };
        self.history = [target, self.history[0], self.history[1]];
        (target, self.dwell(target, last))
    }

    /// How often this habit has changed by now.
    fn epoch(&self, habit: u64) -> u64 {
        match self.family.drift {
            Drift::None => 0,
            Drift::Abrupt(every) => self.moves / every,
            Drift::Slow(every) => (self.moves + hash(&[self.seed, habit, 5]) % every) / every,
        }
    }

    /// A target other than the present one.
    fn other(&mut self) -> usize {
        let target = self.rng.below(self.family.targets - 1);
        target + usize::from(target >= self.history[0])
    }

    /// What the habit of this context chooses.
    fn chosen(&mut self, context: u64) -> usize {
        let epoch = self.epoch(context);
        let others = self.family.targets as u64 - 1;
        let (first, second) =
            (hash(&[self.seed, context, epoch, 6]) % others, hash(&[self.seed, context, epoch, 7]) % others);
        let draw = self.rng.unit();
        let target = if draw < self.family.peak {
            first as usize
        } else if draw < self.family.peak + 0.6 * (1.0 - self.family.peak) {
            second as usize
        } else {
            return self.other();
        };
        target + usize::from(target >= self.history[0])
    }

    /// The next of a round; now and then a visit is left out.
    fn routine(&mut self, length: usize, which: u64) -> usize {
        self.place += 1;
        if self.rng.unit() > self.family.peak {
            self.place += 1;
        }
        let place = (self.place % length) as u64;
        let epoch = self.epoch(hash(&[place, which]));
        let target = (hash(&[self.seed, place, which, epoch, 8]) % self.family.targets as u64) as usize;
        if target == self.history[0] { (target + 1) % self.family.targets } else { target }
    }

    /// How long it stays: habits have their own time for each target and where it came from.
    fn dwell(&mut self, target: usize, before: usize) -> f64 {
        let (low, high) = self.family.dwell_secs;
        if self.family.habit == Habit::Random {
            return (low + (high - low) * 0.5) * self.rng.exponential() + 0.01;
        }
        let own = unit(hash(&[self.seed, target as u64, 9]));
        let way = unit(hash(&[self.seed, target as u64, before as u64, 10]));
        let median = low * (high / low).powf(0.7 * own + 0.3 * way);
        median * (self.family.dwell_spread * self.rng.normal()).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::super::parameters::{TEST, TEST_SEEDS, TUNING, TUNING_SEEDS};

    #[test]
    fn traces_are_reproducible_and_without_gaps() {
        for family in TUNING {
            let scenario = family.scenario(1);
            assert_eq!(scenario, family.scenario(1));
            assert_ne!(scenario, family.scenario(2));
            assert_eq!(scenario.visits.len(), family.moves);
            for pair in scenario.visits.windows(2) {
                assert!(pair[0].from < pair[0].until && pair[0].until == pair[1].from);
                assert_ne!(pair[0].target, pair[1].target);
            }
        }
    }

    #[test]
    fn the_report_shares_neither_seeds_nor_parameters_with_the_tuning() {
        assert!(TEST_SEEDS.iter().all(|seed| !TUNING_SEEDS.contains(seed)));
        for family in TEST {
            for tuned in TUNING {
                assert_ne!(
                    (family.dwell_secs, family.targets, family.peak),
                    (tuned.dwell_secs, tuned.targets, tuned.peak)
                );
                assert_ne!(family.busy_share, tuned.busy_share);
                assert_ne!(family.fresh_secs, tuned.fresh_secs);
                assert_ne!(family.work_millis, tuned.work_millis);
                assert_ne!(family.quantum_millis, tuned.quantum_millis);
            }
        }
    }
}
