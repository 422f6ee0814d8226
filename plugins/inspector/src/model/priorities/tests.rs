//! Made-up figures, and what the tab says of them.

use std::time::Duration;

use bevy::ecs::entity::Entity;
use freshet_base::{Priority, Role};
use freshet_priority::{
    Context, CostEstimate, Knob, KnobKind, Lane, LevelStatistics, Outcome, PoolStatistics, Skill, Span, Why,
    WorkloadCounters,
};

use super::*;
use crate::model::Tone;
use crate::model::timeline::TimelineInput;

fn cost(micros: u64) -> CostEstimate {
    let mut cost = CostEstimate::default();
    (0..20).for_each(|run| cost.record(Duration::from_micros(micros + run)));
    cost
}

pub(crate) fn workload(index: u32, name: &'static str, role: Role) -> WorkloadInput {
    WorkloadInput {
        entity: Entity::from_raw_u32(index).unwrap(),
        name,
        role,
        base: role.base(),
        level: role.base(),
        why: Why::Base,
        on_gpu: false,
        is_enabled: true,
        cost: cost(250),
        task_cost: CostEstimate::default(),
        deadline: Some(Duration::from_millis(16)),
        counters: WorkloadCounters { runs: 300, ..Default::default() },
        last_run: Some(Duration::from_millis(12)),
    }
}

/// A call is on, and something has gone wrong.
pub(crate) fn inputs() -> PrioritiesInputs {
    let mut workloads = vec![
        workload(0, "camera", Role::Frames),
        workload(1, "answers", Role::Chat),
        workload(2, "a workload of a rather long name", Role::Other("something of the app's own")),
        workload(3, "fit", Role::Training),
        workload(4, "guesses", Role::Speculation),
        workload(5, "flow", Role::Perception),
    ];
    (workloads[1].level, workloads[1].why) = (Priority::Low, Why::Context(Context::Call));
    (workloads[3].level, workloads[3].why) = (Priority::Idle, Why::Panicked);
    workloads[3].counters.missed = 12_345_678;
    workloads[4].why = Why::Forecast { next: Context::Chat, probability: 0.83 };
    (workloads[5].on_gpu, workloads[5].last_run) = (true, None);
    let change = "a frame costs 18.2 ms, more than its 16.7 ms".to_owned();
    let knob = |name, position| Knob { position, ..Knob::new(name, KnobKind::ModelSize, 3) };
    PrioritiesInputs {
        now: Instant::now() + Duration::from_secs(60),
        attention: AttentionInput {
            context: Context::Call,
            stood: Duration::from_millis(3250),
            forced: Some(Context::Call),
            changes: 4,
            forecast_on: true,
            guess: Some((Context::Chat, 0.83)),
            expected_in: Some(Duration::from_secs(12)),
            acted_upon: true,
            skill: Skill {
                hit_rate: 0.78,
                baseline_hit_rate: 0.5,
                gained_bits: 0.7,
                predictions: 45,
                ..Default::default()
            },
            target: Duration::from_micros(16_667),
            busy_p95: Some(Duration::from_micros(7_800)),
            governor_on: true,
            quality_changes: 3,
            knobs: vec![
                KnobInput { knob: knob("vision/cadence", 1), last: Some(change) },
                KnobInput { knob: knob("vision/a knob of a long name", 0), last: None },
            ],
        },
        workloads,
        pool: PoolInput {
            statistics: PoolStatistics {
                levels: [LevelStatistics { finished: 12_345_678_901, running: 1, ..Default::default() }; 5],
                ..Default::default()
            },
            classes: vec![
                ("foreground", 1, Some("as the process".into())),
                ("background", 2, Some("refused: not allowed here".into())),
            ],
        },
    }
}

/// Has seen the workloads of [`inputs`] before one of them was demoted.
pub(crate) fn memory() -> Memory {
    let mut memory = Memory::default();
    let mut before = inputs();
    before.now -= Duration::from_secs(2);
    priorities_model(&before, &mut memory);
    before.now += Duration::from_millis(1900);
    before.workloads[1].counters.demotions = 1;
    priorities_model(&before, &mut memory);
    before.now += Duration::from_secs(3600);
    memory
}

/// Something of everything.
pub(crate) fn window(now: Instant) -> TimelineInput {
    let mut spans = Vec::new();
    for run in 0..900_u64 {
        let (lane, level) = match run % 3 {
            0 => (Lane::Main, Priority::from_index((run % 5) as usize)),
            1 => (Lane::Worker(0), Priority::High),
            _ => (Lane::Worker(1 + (run % 2) as u16), Priority::Low),
        };
        let start = now - Duration::from_millis(5400 - run * 6);
        let took = Duration::from_micros(if run % 50 == 1 { 80_000 } else { 900 * (run % 7) });
        let (workload, outcome) = (Entity::PLACEHOLDER, Outcome::Finished);
        spans.push(Span {
            workload,
            name: "embed",
            level,
            lane,
            start,
            end: start + took,
            outcome,
            missed: run % 77 == 0,
        });
    }
    let turns = [300_u64, 380, 2600, 4990].map(|ago| (now - Duration::from_millis(ago), Context::Call)).into();
    TimelineInput { ended: spans.len(), spans, workers: [1, 2], turns, now }
}

fn row<'a>(model: &'a PrioritiesModel, name: &str) -> (Priority, &'a WorkloadRow) {
    let rows = model.levels.body.iter().flat_map(|band| band.rows.iter().map(|row| (band.level, row)));
    rows.into_iter().find(|(_, row)| row.name == name).unwrap()
}

fn line<'a>(model: &'a PrioritiesModel, what: &str) -> &'a Line {
    model.attention.body.lines.iter().find(|line| line.what.trim() == what).unwrap()
}

#[test]
fn each_workload_is_in_its_level_with_why_and_what_it_costs() {
    let model = priorities_model(&inputs(), &mut Memory::default());
    assert_eq!(model.levels.body.iter().map(|band| band.level).collect::<Vec<_>>(), Priority::ALL);
    let (level, answers) = row(&model, "answers");
    assert_eq!((level, answers.why.as_str(), answers.why_tone), (Priority::Low, "context call", Tone::Plain));
    let (level, camera) = row(&model, "camera");
    assert_eq!((level, camera.why.as_str(), camera.tone), (Priority::Critical, "its own level", Tone::Plain));
    assert_eq!((camera.cost[1].as_str(), camera.task_cost[0].as_str()), ("0.268", "–"));
    assert_eq!([&camera.deadline, &camera.last_run, &camera.missed.0], ["16.0", "12.0 ms", "0"]);
    assert_eq!(row(&model, "flow").1.role, "perception, GPU");
    assert!(row(&model, "guesses").1.why.contains("83 %"));
    assert_eq!(model.levels.body[2].summary, "1 workload");
}

#[test]
fn misconduct_is_told_in_its_tone() {
    let model = priorities_model(&inputs(), &mut Memory::default());
    let (level, fit) = row(&model, "fit");
    assert_eq!((level, fit.tone, fit.why.as_str(), fit.why_tone), (Priority::Idle, Tone::Bad, "panicked", Tone::Bad));
    assert_eq!((fit.missed.0.as_str(), fit.missed.1), ("12.3 M", Tone::Bad));
    assert_eq!((model.levels.summary.as_str(), model.levels.tone), ("1 of 6 demoted for misconduct", Tone::Bad));
    assert!(model.pool.body.facts.iter().any(|(what, _, tone)| *what == "background" && *tone == Tone::Bad));
}

#[test]
fn what_moved_within_the_last_second_is_pointed_out() {
    let mut memory = Memory::default();
    let mut inputs = inputs();
    let mut look = |inputs: &PrioritiesInputs| row(&priorities_model(inputs, &mut memory), "answers").1.moved;
    assert_eq!(look(&inputs), None, "where it came from before is not known");
    inputs.workloads[1].counters.promotions += 1;
    assert_eq!(look(&inputs), Some(Moved::Up));
    inputs.now += Duration::from_millis(900);
    assert_eq!(look(&inputs), Some(Moved::Up));
    inputs.now += Duration::from_millis(200);
    assert_eq!(look(&inputs), None);
    inputs.workloads[1].counters.demotions += 1;
    assert_eq!(look(&inputs), Some(Moved::Down));
    inputs.now += Duration::from_millis(100);
    let answers = inputs.workloads.remove(1);
    priorities_model(&inputs, &mut memory);
    inputs.now += Duration::from_millis(100);
    inputs.workloads.insert(1, answers);
    assert_eq!(row(&priorities_model(&inputs, &mut memory), "answers").1.moved, None, "one that went is forgotten");
}

#[test]
fn attention_forecast_frame_and_governor_are_told_with_their_switches() {
    let mut inputs = inputs();
    let model = priorities_model(&inputs, &mut Memory::default());
    assert_eq!(line(&model, "context").text, "call for 3.2 s, forced");
    let on: Vec<_> = line(&model, "attend to").choices.iter().filter(|choice| choice.is_on).collect();
    assert_eq!((on.len(), on[0].ask), (1, Ask::Attend(Some(Context::Call))));
    assert_eq!(line(&model, "forecast").text, "chat 83 % in 12 s, acted upon");
    assert_eq!(line(&model, "forecast").choices[0].ask, Ask::Forecast(false));
    assert_eq!(line(&model, "skill").text, "78 % hits (usual 50 %), +0.70 bits, 45 scored");
    assert_eq!(line(&model, "frame").text, "busy p95 7.80 of 16.7 ms, 8.87 left");
    assert_eq!(line(&model, "governor").text, "1 of 2 knobs lowered, 3 changes");
    let knob = line(&model, "vision/cadence");
    assert_eq!(knob.text, "model size 1 of 3 down: a frame costs 18.2 ms, more than its 16.7 ms");

    inputs.attention = AttentionInput { busy_p95: Some(Duration::from_secs(1)), ..Default::default() };
    let model = priorities_model(&inputs, &mut Memory::default());
    assert_eq!(line(&model, "frame").tone, Tone::Bad);
    assert_eq!((line(&model, "forecast").text.as_str(), line(&model, "governor").tone), ("switched off", Tone::Dim));
    assert!(line(&model, "attend to").choices[4].is_on, "nothing is forced");
}
