//! The two tables of trials: one to tune on, one to report. They share neither seeds nor parameters.

use super::trace::{Drift, Family, Group, Habit};

/// Seeds to tune on.
pub const TUNING_SEEDS: [u64; 6] = [1, 2, 3, 4, 5, 6];

/// Seeds of the report.
pub const TEST_SEEDS: [u64; 8] = [9001, 9002, 9003, 9004, 9005, 9006, 9007, 9008];

const BASE: Family = Family {
    name: "",
    group: Group::Habit,
    habit: Habit::Markov(1),
    targets: 7,
    peak: 0.75,
    drift: Drift::None,
    noise: 0.0,
    dwell_secs: (3.0, 20.0),
    dwell_spread: 0.5,
    work_millis: (50, 800),
    busy_share: (0.2, 0.8),
    fresh_secs: (10.0, 60.0),
    quantum_millis: 5,
    moves: 900,
};

/// To tune on.
pub const TUNING: [Family; 16] = [
    Family { name: "routine", habit: Habit::Routine(9), peak: 0.92, ..BASE },
    Family { name: "weekdays", habit: Habit::Weekdays(7), peak: 0.9, ..BASE },
    Family { name: "markov 1", ..BASE },
    Family { name: "markov 2", habit: Habit::Markov(2), targets: 5, ..BASE },
    Family { name: "markov 3", habit: Habit::Markov(3), targets: 4, peak: 0.8, ..BASE },
    Family { name: "time of day", habit: Habit::Clock(4), dwell_secs: (30.0, 400.0), ..BASE },
    Family {
        name: "tight, markov 2",
        group: Group::Tight,
        habit: Habit::Markov(2),
        dwell_secs: (0.6, 4.0),
        work_millis: (300, 2500),
        busy_share: (0.5, 0.84),
        fresh_secs: (3.0, 9.0),
        ..BASE
    },
    Family { name: "abrupt, markov", group: Group::Drift, drift: Drift::Abrupt(200), ..BASE },
    Family {
        name: "abrupt, routine",
        group: Group::Drift,
        habit: Habit::Routine(8),
        peak: 0.92,
        drift: Drift::Abrupt(150),
        ..BASE
    },
    Family {
        name: "slow, markov 2",
        group: Group::Drift,
        habit: Habit::Markov(2),
        targets: 5,
        drift: Drift::Slow(300),
        ..BASE
    },
    Family { name: "noise 0.1", group: Group::Noise, noise: 0.1, ..BASE },
    Family {
        name: "noise 0.2, routine",
        group: Group::Noise,
        habit: Habit::Routine(8),
        peak: 0.95,
        noise: 0.2,
        ..BASE
    },
    Family {
        name: "noise 0.25, markov 2",
        group: Group::Noise,
        habit: Habit::Markov(2),
        targets: 5,
        noise: 0.25,
        ..BASE
    },
    Family { name: "uniform, 7", group: Group::Random, habit: Habit::Random, ..BASE },
    Family { name: "uniform, 3", group: Group::Random, habit: Habit::Random, targets: 3, ..BASE },
    Family {
        name: "uniform, 12, short",
        group: Group::Random,
        habit: Habit::Random,
        targets: 12,
        dwell_secs: (0.5, 3.0),
        ..BASE
    },
];

const TEST_BASE: Family = Family {
    name: "",
    group: Group::Habit,
    habit: Habit::Markov(1),
    targets: 9,
    peak: 0.7,
    drift: Drift::None,
    noise: 0.0,
    dwell_secs: (2.0, 30.0),
    dwell_spread: 0.7,
    work_millis: (60, 700),
    busy_share: (0.3, 0.9),
    fresh_secs: (8.0, 45.0),
    quantum_millis: 6,
    moves: 1100,
};

/// To report; nothing is tuned on it.
pub const TEST: [Family; 20] = [
    Family { name: "routine", habit: Habit::Routine(11), peak: 0.88, ..TEST_BASE },
    Family { name: "weekdays", habit: Habit::Weekdays(9), peak: 0.86, targets: 8, ..TEST_BASE },
    Family { name: "markov 1", ..TEST_BASE },
    Family { name: "markov 2", habit: Habit::Markov(2), targets: 6, ..TEST_BASE },
    Family { name: "markov 3", habit: Habit::Markov(3), targets: 5, peak: 0.78, ..TEST_BASE },
    Family { name: "time of day", habit: Habit::Clock(3), dwell_secs: (40.0, 300.0), peak: 0.72, ..TEST_BASE },
    Family {
        name: "tight, markov 2",
        group: Group::Tight,
        habit: Habit::Markov(2),
        dwell_secs: (0.5, 5.0),
        work_millis: (250, 3000),
        busy_share: (0.4, 0.81),
        fresh_secs: (2.0, 8.0),
        ..TEST_BASE
    },
    Family { name: "abrupt, markov", group: Group::Drift, drift: Drift::Abrupt(160), ..TEST_BASE },
    Family {
        name: "abrupt, markov 2",
        group: Group::Drift,
        habit: Habit::Markov(2),
        targets: 6,
        drift: Drift::Abrupt(260),
        ..TEST_BASE
    },
    Family {
        name: "abrupt, routine",
        group: Group::Drift,
        habit: Habit::Routine(10),
        peak: 0.9,
        drift: Drift::Abrupt(120),
        ..TEST_BASE
    },
    Family { name: "slow, markov", group: Group::Drift, targets: 10, drift: Drift::Slow(240), ..TEST_BASE },
    Family {
        name: "slow, routine",
        group: Group::Drift,
        habit: Habit::Routine(7),
        peak: 0.9,
        drift: Drift::Slow(350),
        ..TEST_BASE
    },
    Family {
        name: "noise 0.05, markov 3",
        group: Group::Noise,
        habit: Habit::Markov(3),
        targets: 5,
        noise: 0.05,
        ..TEST_BASE
    },
    Family { name: "noise 0.15, markov", group: Group::Noise, noise: 0.15, ..TEST_BASE },
    Family {
        name: "noise 0.15, routine",
        group: Group::Noise,
        habit: Habit::Routine(10),
        peak: 0.92,
        noise: 0.15,
        ..TEST_BASE
    },
    Family {
        name: "noise 0.3, markov 2",
        group: Group::Noise,
        habit: Habit::Markov(2),
        targets: 6,
        noise: 0.3,
        ..TEST_BASE
    },
    Family { name: "uniform, 9", group: Group::Random, habit: Habit::Random, ..TEST_BASE },
    Family { name: "uniform, 4", group: Group::Random, habit: Habit::Random, targets: 4, ..TEST_BASE },
    Family {
        name: "uniform, 16, short",
        group: Group::Random,
        habit: Habit::Random,
        targets: 16,
        dwell_secs: (0.3, 2.0),
        quantum_millis: 12,
        ..TEST_BASE
    },
    Family {
        name: "uniform, 6, light work",
        group: Group::Random,
        habit: Habit::Random,
        targets: 6,
        work_millis: (20, 80),
        quantum_millis: 8,
        ..TEST_BASE
    },
];
