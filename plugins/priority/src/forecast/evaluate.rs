//! The trial: waiting with the forecast against the same system without, family by family.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::baseline::{Counted, Oracle, Shuffled};
use super::live::Forecaster;
use super::prediction::Predict;
use super::settings::ForecastSettings;
use super::simulate::{Outcome, Planner, simulate};
use super::skill::Skill;
use super::speculation::{Candidate, Plan};
use super::target::TargetId;
use super::trace::{Family, Group, Scenario};

pub use super::parameters::{TEST, TEST_SEEDS, TUNING, TUNING_SEEDS};

/// Seeds of a random family for each seed of the others.
const RANDOM_SEEDS: u64 = 25;

impl<P: Predict> Planner for Forecaster<P> {
    fn moved(&mut self, target: TargetId, at: Duration) {
        Self::moved(self, target, at);
    }

    fn plan(&self, now: Duration, candidates: &[Candidate], idle_share: f32) -> Plan {
        Self::plan(self, now, candidates, idle_share)
    }

    fn settle(&mut self, saved: Duration, wasted: Duration) {
        Self::settle(self, saved, wasted);
    }
}

/// Who foretells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Predictor {
    /// The model.
    Model,
    /// The most frequent target.
    Frequent,
    /// What followed the present target.
    Order1,
    /// The model with its targets mixed up.
    Shuffled,
}

/// Runs one scenario with a predictor.
pub fn trial(scenario: &Scenario, predictor: Predictor, settings: ForecastSettings) -> (Outcome, Skill) {
    fn run<P: Predict>(scenario: &Scenario, mut forecast: Forecaster<P>) -> (Outcome, Skill) {
        let outcome = simulate(scenario, Some(&mut forecast));
        (outcome, *forecast.skill())
    }
    let settings = ForecastSettings { targets: scenario.works.len() as u8, ..settings };
    match predictor {
        Predictor::Model => run(scenario, Forecaster::new(settings)),
        Predictor::Frequent => run(scenario, Forecaster::with_predictor(Counted::new(0), settings)),
        Predictor::Order1 => run(scenario, Forecaster::with_predictor(Counted::new(1), settings)),
        Predictor::Shuffled => run(scenario, Forecaster::with_predictor(Shuffled::new(settings), settings)),
    }
}

/// One family's figures, all seeds together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Habit, drift, noise or random.
    pub group: String,
    /// Name of the family.
    pub family: String,
    /// Mean waiting per move without a forecast, in milliseconds.
    pub wait_millis: f64,
    /// Waiting with the forecast, less by this share (`..=1`; negative is worse).
    pub less: f64,
    /// The worst seed's.
    pub worst: f64,
    /// The best seed's.
    pub best: f64,
    /// The same with the most frequent target as the guess.
    pub frequent: f64,
    /// The same with what followed the present target.
    pub order1: f64,
    /// The same when a visit's result stays good for a soon return, with and without a forecast.
    pub kept: f64,
    /// The same with all that comes known: what the idle time can give at most.
    pub oracle: f64,
    /// Share of the last moves that were foreseen, mean of the seeds.
    pub hit_rate: f64,
    /// The same for the most frequent target.
    pub baseline_hit_rate: f64,
    /// Work done ahead for nothing, per second of waiting spared.
    pub wasted_per_saved: f64,
    /// Information gained over a blind guess, bits per move, mean of the seeds.
    pub gained_bits: f64,
    /// Delay of the present work by quanta, microseconds per run.
    pub present_delay_micros: f64,
}

/// All families.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluationReport {
    /// One per family.
    pub rows: Vec<Row>,
    /// Seeds per family.
    pub seeds: usize,
}

/// The report on the test table. Give it [`TEST_SEEDS`], and not while tuning.
pub fn report(seeds: &[u64]) -> EvaluationReport {
    report_on(&TEST, seeds, ForecastSettings::default())
}

/// A report on a table of families.
pub fn report_on(families: &[Family], seeds: &[u64], settings: ForecastSettings) -> EvaluationReport {
    let rows = families.iter().map(|family| row(family, seeds, settings)).collect();
    EvaluationReport { rows, seeds: seeds.len() }
}

fn row(family: &Family, seeds: &[u64], settings: ForecastSettings) -> Row {
    let mut sums = [0.0; 7];
    let (mut worst, mut best, mut hits, mut baseline_hits) = (f64::INFINITY, f64::NEG_INFINITY, 0.0, 0.0);
    let (mut prepared, mut used, mut delay, mut runs, mut moves, mut gained) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
    // Harm on random traces is a matter of the worst seed: many more of them.
    let per_seed = if family.group == Group::Random { RANDOM_SEEDS } else { 1 };
    let all_seeds = seeds.iter().flat_map(|seed| (0..per_seed).map(move |more| seed + 100_000 * more));
    for seed in all_seeds {
        let scenario = family.scenario(seed);
        let kept = Scenario { keeps_last: true, ..scenario.clone() };
        let without = simulate(&scenario, None);
        let (with, skill) = trial(&scenario, Predictor::Model, settings);
        let waited = [
            without.waited,
            with.waited,
            trial(&scenario, Predictor::Frequent, settings).0.waited,
            trial(&scenario, Predictor::Order1, settings).0.waited,
            simulate(&scenario, Some(&mut Oracle::new(&scenario))).waited,
            simulate(&kept, None).waited,
            trial(&kept, Predictor::Model, settings).0.waited,
        ];
        for (sum, waited) in sums.iter_mut().zip(waited) {
            *sum += waited.as_secs_f64();
        }
        let less = 1.0 - with.waited.as_secs_f64() / without.waited.as_secs_f64();
        (worst, best) = (worst.min(less), best.max(less));
        gained += f64::from(skill.gained_bits);
        hits += f64::from(skill.hit_rate);
        baseline_hits += f64::from(skill.baseline_hit_rate);
        prepared += with.prepared.as_secs_f64();
        used += with.used.as_secs_f64();
        delay += with.present_delay.as_secs_f64();
        runs += with.present_runs as f64;
        moves += with.moves as f64;
    }
    let count = (seeds.len() as f64 * per_seed as f64).max(1.0);
    let less = |place: usize| 1.0 - sums[place] / sums[0];
    Row {
        group: format!("{:?}", family.group).to_lowercase(),
        family: family.name.to_owned(),
        wait_millis: 1e3 * sums[0] / moves,
        less: less(1),
        worst,
        best,
        frequent: less(2),
        order1: less(3),
        kept: 1.0 - sums[6] / sums[5],
        oracle: less(4),
        hit_rate: hits / count,
        baseline_hit_rate: baseline_hits / count,
        wasted_per_saved: (prepared - used) / used.max(1e-3),
        gained_bits: gained / count,
        present_delay_micros: 1e6 * delay / runs,
    }
}

impl EvaluationReport {
    /// Mean of a group's families.
    pub fn less(&self, group: Group) -> f64 {
        let name = format!("{group:?}").to_lowercase();
        let rows: Vec<_> = self.rows.iter().filter(|row| row.group == name).collect();
        rows.iter().map(|row| row.less).sum::<f64>() / rows.len().max(1) as f64
    }

    /// The worst seed of a group: its share of waiting less (negative is worse than without).
    pub fn worst(&self, group: Group) -> f64 {
        let name = format!("{group:?}").to_lowercase();
        self.rows.iter().filter(|row| row.group == name).map(|row| row.worst).fold(f64::INFINITY, f64::min)
    }
}

impl fmt::Display for EvaluationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "less waiting for the first result after a move of attention, {} seeds per family", self.seeds)?;
        writeln!(
            f,
            "{:<7} {:<22} {:>8} | {:>8} {:>7} {:>7} {:>7} | {:>8} {:>7} {:>7} | {:>4} {:>5} {:>5} | {:>6} {:>8}",
            "group",
            "family",
            "wait ms",
            "forecast",
            "worst",
            "best",
            "kept",
            "frequent",
            "order 1",
            "oracle",
            "hits",
            "usual",
            "bits",
            "waste",
            "delay us"
        )?;
        for row in &self.rows {
            writeln!(
                f,
                "{:<7} {:<22} {:>8.1} | {:>7.1}% {:>6.1}% {:>6.1}% {:>6.1}% | {:>7.1}% {:>6.1}% {:>6.1}% | {:>4.2} {:>5.2} {:>5.2} | {:>6.2} {:>8.1}",
                row.group,
                row.family,
                row.wait_millis,
                100.0 * row.less,
                100.0 * row.worst,
                100.0 * row.best,
                100.0 * row.kept,
                100.0 * row.frequent,
                100.0 * row.order1,
                100.0 * row.oracle,
                row.hit_rate,
                row.baseline_hit_rate,
                row.gained_bits,
                row.wasted_per_saved,
                row.present_delay_micros,
            )?;
        }
        for group in [Group::Habit, Group::Drift, Group::Noise, Group::Tight, Group::Random] {
            let (mean, worst) = (100.0 * self.less(group), 100.0 * self.worst(group));
            writeln!(f, "{:<7} mean {mean:>6.2}%, worst seed {worst:>6.2}%", format!("{group:?}").to_lowercase())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::trace::Habit;

    /// Share of waiting less, over short traces of all tuning families of a group.
    fn less(group: Group, predictor: Predictor) -> f64 {
        let (mut without, mut with) = (Duration::ZERO, Duration::ZERO);
        for family in TUNING.iter().filter(|family| family.group == group) {
            let scenario = Family { moves: 250, ..*family }.scenario(3);
            without += simulate(&scenario, None).waited;
            with += trial(&scenario, predictor, ForecastSettings::default()).0.waited;
        }
        1.0 - with.as_secs_f64() / without.as_secs_f64()
    }

    #[test]
    fn habits_drift_and_noise_wait_a_third_less_and_not_by_chance() {
        for group in [Group::Habit, Group::Drift, Group::Noise] {
            let (model, shuffled) = (less(group, Predictor::Model), less(group, Predictor::Shuffled));
            assert!(model > 0.3, "{group:?}: {model}");
            assert!(shuffled < 0.1, "{group:?}, targets mixed up: {shuffled}");
        }
    }

    #[test]
    fn random_moves_wait_no_longer() {
        let less = less(Group::Random, Predictor::Model);
        assert!(less > -0.02, "{less}");
    }

    #[test]
    fn without_skill_hardly_anything_is_prepared() {
        let scenario = Family { habit: Habit::Routine(24), targets: 24, moves: 400, ..TUNING[0] }.scenario(5);
        let settings = ForecastSettings::default();
        let ungated = ForecastSettings { on_bits: -100.0, off_bits: -100.0, trial: 0, ..settings };
        let (gated, skill) = trial(&scenario, Predictor::Shuffled, settings);
        let (open, _) = trial(&scenario, Predictor::Shuffled, ungated);
        assert!(!skill.trusted && gated.prepared < open.prepared / 10, "{gated:?} {open:?}");
        assert!(gated.waited.as_secs_f64() <= 1.02 * simulate(&scenario, None).waited.as_secs_f64());
    }

    #[test]
    fn the_books_of_a_run_agree() {
        let scenario = Family { moves: 250, ..TUNING[0] }.scenario(2);
        let without = simulate(&scenario, None);
        let (with, skill) = trial(&scenario, Predictor::Model, ForecastSettings::default());
        assert_eq!((without.prepared, without.used, without.present_delay), Default::default());
        assert!(with.used <= with.prepared);
        assert_eq!(skill.saved, with.used);
        assert_eq!(skill.wasted, with.prepared - with.used);
        assert!(skill.predictions > 200);
    }
}
