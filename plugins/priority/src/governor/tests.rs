//! The governor on the simulated app.

use std::time::Duration;

use proptest::prelude::*;

use super::plant::{Coupling, Plant, Sample, Scenario};
use super::{Change, Control, ControlSettings, FrameCost, Knob, KnobKind, Reason};

/// Steps of all of [`Plant::knobs`].
const STEPS: usize = 9;

fn changes(samples: &[Sample]) -> Vec<(usize, Change)> {
    samples.iter().enumerate().filter_map(|(frame, sample)| Some((frame, sample.change?))).collect()
}

fn lowers(change: &Change) -> bool {
    change.to > change.from
}

fn with_knobs(settings: ControlSettings) -> Control {
    let mut control = Control::new(settings);
    Plant::knobs().into_iter().for_each(|knob| control.register(knob));
    control
}

/// Feeds the same cost, in shares of the target, and returns what changed.
fn feed(control: &mut Control, start: u32, frames: u32, cost: f64) -> Vec<Change> {
    let target = control.settings().target;
    let frame = Duration::from_nanos(16_666_667);
    (start..start + frames)
        .filter_map(|index| control.step(FrameCost { busy: target.mul_f64(cost) }, frame * index))
        .collect()
}

fn couplings() -> impl Strategy<Value = Coupling> {
    prop_oneof![Just(Coupling::Product), Just(Coupling::Sum)]
}

fn effects() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(1.05f64..1.9, 4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Every frame over the limit: the first step within 5 frames, a further one every 7 as long as it is needed, and no
    /// step more than needed.
    #[test]
    fn a_step_load_is_answered_in_as_few_frames_and_steps_as_needed(
        before in 0.0f64..0.99, after in 1.101f64..6.0, latency in 0u32..=2, coupling in couplings(), effects in effects(),
    ) {
        let scenario = Scenario::Step { before, after, at: 200 };
        let samples = Plant { latency, coupling, effects, ..Plant::new(scenario) }.run(1500);
        let changes = changes(&samples);
        let down: Vec<_> = changes.iter().copied().take_while(|(_, change)| lowers(change)).collect();
        // A step that is stronger than the load was may be tried once: the load could have gone at that moment.
        prop_assert!(changes.len() - down.len() <= 2, "{changes:?}");
        prop_assert!((200..205).contains(&down[0].0), "first at {}", down[0].0);
        for pair in down.windows(2) {
            let patience = if samples[pair[1].0].cost > 1.1 { 7 } else { 166 };
            prop_assert!(pair[1].0 - pair[0].0 <= patience, "{} then {}", pair[0].0, pair[1].0);
        }
        for (frame, change) in down {
            prop_assert!(samples[frame].cost > 1.0 && change.cost_before > Duration::ZERO);
            prop_assert!(matches!(change.reason, Reason::OverTarget { .. }), "{change}");
        }
        let end = samples[1499];
        prop_assert!(end.cost <= 1.0 || end.depth as usize == STEPS, "{end:?}");
    }

    /// With noise the first step still comes within 10 frames of a jump to 1.25 and more.
    #[test]
    fn noise_does_not_hide_a_step_load(before in 0.2f64..0.9, after in 1.25f64..5.0, seed: u64) {
        let scenario = Scenario::Step { before, after, at: 200 };
        let samples = Plant { noise: 0.1, seed, ..Plant::new(scenario) }.run(260);
        let first = changes(&samples)[0].0;
        prop_assert!((200..210).contains(&first), "first at {first}");
    }

    #[test]
    fn when_the_load_goes_all_quality_comes_back_without_a_detour(
        calm in 0.1f64..0.7, loaded in 1.25f64..5.0, loaded_frames in 30u32..2000, noise in 0.0f64..0.1, seed: u64,
        coupling in couplings(),
    ) {
        let until = 200 + loaded_frames;
        let scenario = Scenario::Release { calm, loaded, from: 200, until };
        let samples = Plant { noise, seed, coupling, ..Plant::new(scenario) }.run(until + 1200);
        // The median may still show the load for five frames, and a step already decided takes two.
        let late = changes(&samples).into_iter().find(|&(frame, change)| frame > until as usize + 7 && lowers(&change));
        prop_assert!(late.is_none(), "{late:?}");
        prop_assert_eq!(samples.last().unwrap().depth, 0);
    }

    #[test]
    fn a_ramp_goes_down_once_and_up_once(high in 1.2f64..4.0, frames in 600u32..4000, seed: u64, coupling in couplings()) {
        let scenario = Scenario::Ramp { low: 0.3, high, frames };
        let samples = Plant { noise: 0.05, seed, coupling, ..Plant::new(scenario) }.run(2 * frames + 1500);
        let changes = changes(&samples);
        let turns = changes.windows(2).filter(|pair| lowers(&pair[0].1) != lowers(&pair[1].1)).count();
        prop_assert!(turns <= 3, "{turns} turns"); // one failed trial adds two
        prop_assert_eq!(samples.last().unwrap().depth, 0);
    }

    /// Whatever comes: positions stay in range, each change is one step from where the knob stood, a step back waits its
    /// patience, and steps back that fail are a back-off apart.
    #[test]
    fn every_change_keeps_the_rules(
        seed: u64, stride in 0.001f64..0.3, high in 1.0f64..4.0, noise in 0.0f64..0.4, spike_every in 0u32..200,
        coupling in couplings(), effects in effects(),
    ) {
        let scenario = Scenario::Walk { low: 0.2, high, stride };
        let plant = Plant { noise, seed, spike_every, coupling, effects, ..Plant::new(scenario) };
        let samples = plant.run(20_000);
        let mut positions = [0; 4];
        let knobs = Plant::knobs();
        let mut last: Option<(usize, Change)> = None;
        let (mut failed_at, mut wait) = (None, 300);
        for (frame, change) in changes(&samples) {
            let index = knobs.iter().position(|knob| knob.name == change.knob).unwrap();
            prop_assert_eq!(positions[index], change.from);
            prop_assert_eq!(change.from.abs_diff(change.to), 1);
            prop_assert!(change.to <= knobs[index].steps);
            positions[index] = change.to;
            if let Some((before, last)) = last {
                let patience = if lowers(&change) { 7 } else { 62 };
                prop_assert!(frame - before >= patience, "{last} at {before}, {change} at {frame}");
                if lowers(&change) && !lowers(&last) && frame - before <= 300 {
                    if let Some(failed_at) = failed_at {
                        prop_assert!(frame - failed_at >= wait, "failed at {failed_at} and {frame}");
                    }
                    (failed_at, wait) = (Some(frame), 300);
                }
            }
            last = Some((frame, change));
        }
        prop_assert_eq!(changes(&plant.run(20_000)), changes(&samples), "not deterministic");
    }

    /// Nothing panics and positions stay in range, whatever is measured and whatever the clock does.
    #[test]
    fn any_input_is_survived(
        frames in prop::collection::vec((any::<u64>(), 0u32..64, any::<u64>()), 1..400), target in any::<u64>(),
    ) {
        let mut control = with_knobs(ControlSettings { target: Duration::from_nanos(target >> 34), ..Default::default() });
        control.register(Knob { name: "odd", kind: KnobKind::Cadence, steps: 0, position: 200 });
        for (cost, shift, now) in frames {
            let busy = if shift == 0 { Duration::MAX } else { Duration::from_nanos(cost >> shift) };
            control.step(FrameCost { busy }, Duration::from_nanos(now >> 20));
            prop_assert!(control.knobs().all(|knob| knob.position <= knob.steps));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_flat_cost_up_to_the_target_changes_nothing_in_100_000_frames(level in 0.0f64..=1.0, seed: u64) {
        for (level, noise) in [(level, 0.0), (level, 0.1), (0.97, 0.1), (1.0, 0.0), (1.0, 0.1), (1.02, 0.0)] {
            let samples = Plant { noise, seed, ..Plant::new(Scenario::Flat(level)) }.run(100_000);
            prop_assert_eq!(changes(&samples), [], "at {} with noise {}", level, noise);
        }
    }

    #[test]
    fn a_flat_cost_above_the_target_only_ever_gives_up(
        level in 1.0f64..6.0, near in 1.0f64..1.03, noise in 0.0f64..0.1, seed: u64, effects in effects(),
        coupling in prop_oneof![couplings(), Just(Coupling::None)],
    ) {
        for level in [level, near] {
            let scenario = Scenario::Flat(level);
            let plant = Plant { noise, seed, coupling, effects: effects.clone(), ..Plant::new(scenario) };
            let changes = changes(&plant.run(100_000));
            prop_assert!(changes.len() <= STEPS && changes.iter().all(|(_, change)| lowers(change)), "{changes:?}");
            let last = changes.last().map_or(0, |&(frame, _)| frame);
            prop_assert!(last < 2000 || level < 1.03, "still changing at {last}");
        }
    }

    #[test]
    fn spikes_change_nothing(level in 0.0f64..0.95, spike_every in 12u32..2000, noise in 0.0f64..0.1, seed: u64) {
        let samples = Plant { noise, seed, spike_every, ..Plant::new(Scenario::Flat(level)) }.run(50_000);
        prop_assert_eq!(changes(&samples), []);
    }
}

#[test]
fn the_order_is_cadence_resolution_quality_model_and_back() {
    let scenario = Scenario::Release { calm: 0.05, loaded: 9.0, from: 100, until: 400 };
    let changes = changes(&Plant { coupling: Coupling::None, ..Plant::new(scenario) }.run(2000));
    let kinds: Vec<_> = changes.iter().map(|(_, change)| change.kind).collect();
    use KnobKind::{Cadence as C, ModelSize as M, Quality as Q, Resolution as R};
    assert_eq!(kinds, [C, C, C, R, R, R, Q, Q, M, M, Q, Q, R, R, R, C, C, C]);
}

#[test]
fn a_load_that_nothing_helps_is_said_once() {
    for knobs in [true, false] {
        let mut control = if knobs { with_knobs(Default::default()) } else { Control::default() };
        let plant = Plant { coupling: Coupling::None, noise: 0.1, ..Plant::new(Scenario::Flat(1.5)) };
        let samples = plant.drive(&mut control, 20_000);
        let notices: Vec<_> = samples.iter().filter_map(|sample| sample.notice).collect();
        assert!(matches!(notices[..], [Reason::NothingLeft { .. }]), "{notices:?}");
        assert!(control.exhausted().is_some());
        assert_eq!(samples.last().unwrap().depth as usize, if knobs { STEPS } else { 0 });
        feed(&mut control, 20_000, 200, 0.5);
        assert_eq!(control.exhausted(), None);
    }
}

/// An app that costs 1.3 at full quality and 0.4 below it, and a governor that doubts what it learnt after a second.
#[test]
fn the_wait_doubles_with_each_failed_step_back() {
    let backoff = Duration::from_secs(5);
    let settings = ControlSettings { doubt_after: Duration::from_secs(1), backoff, ..Default::default() };
    let mut control = Control::new(settings);
    control.register(Knob::new("only", KnobKind::Cadence, 1));
    let mut failed = Vec::new();
    for index in 0..200_000 {
        let cost = if control.is_degraded() { 0.4 } else { 1.3 };
        let now = Duration::from_millis(16) * index;
        let change = control.step(FrameCost { busy: settings.target.mul_f64(cost) }, now);
        if change.is_some_and(|change| lowers(&change)) {
            failed.push(now.as_secs_f64());
        }
    }
    let waits: Vec<f64> = failed.windows(2).skip(1).map(|pair| pair[1] - pair[0]).collect();
    for (wait, expected) in waits.iter().zip([5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0, 300.0]) {
        assert!((*wait - expected).abs() < 0.5, "{waits:?}");
    }
    assert!(waits.len() >= 9, "{waits:?}");
}

/// The same app without doubts: one try, because a step that more than halves the cost is not believed at first.
#[test]
fn what_was_learnt_keeps_it_from_trying_again() {
    let mut control = Control::default();
    control.register(Knob::new("only", KnobKind::Cadence, 1));
    let plant = Plant { effects: vec![3.2], noise: 0.05, ..Plant::new(Scenario::Flat(1.3)) };
    let changes = changes(&plant.drive(&mut control, 100_000));
    assert_eq!(changes.iter().map(|(_, change)| change.to).collect::<Vec<_>>(), [1, 0, 1]);
}

/// The load goes at the moment of a step, which then seems to gain more than it does.
#[test]
fn a_burst_that_ends_while_a_step_is_learnt_costs_no_quality() {
    for loaded in [1.105, 1.11, 1.15, 1.2, 1.3, 1.6, 3.0] {
        for calm in [0.5, 0.6, 0.7, 0.8] {
            for width in 1..60 {
                let scenario = Scenario::Release { calm, loaded, from: 300, until: 300 + width };
                let samples = Plant::new(scenario).run(1500);
                assert_eq!(samples.last().unwrap().depth, 0, "{width} frames of {loaded} over {calm}");
            }
        }
    }
}

#[test]
fn a_vetoed_position_is_left_and_not_taken_again() {
    let mut control = Control::default();
    control.register(Knob::new("only", KnobKind::Cadence, 3));
    control.veto("only", 1);
    let change = feed(&mut control, 0, 7, 2.0)[0];
    assert_eq!((change.from, change.to), (0, 2));
    assert_eq!(control.veto("only", 2), Some(0));
    assert!(!control.is_degraded());
    let change = feed(&mut control, 7, 7, 2.0)[0];
    assert_eq!((change.from, change.to), (0, 3));
    assert_eq!(control.veto("only", 0), None, "full quality cannot be refused");
    assert_eq!(control.veto("other", 1), None);
    control.allow("only", 1);
    let back: Vec<_> = feed(&mut control, 14, 400, 0.1).iter().map(|change| change.to).collect();
    assert_eq!(back, [1, 0]);
}

#[test]
fn knobs_come_and_go() {
    let mut control = with_knobs(ControlSettings::default());
    assert_eq!(feed(&mut control, 0, 7, 2.0).len(), 1);
    let gone = control.unregister("stages/cadence").unwrap();
    assert_eq!((gone.position, control.is_degraded(), control.knobs().len()), (1, false, 3));
    assert_eq!(control.unregister("stages/cadence"), None);
    let change = feed(&mut control, 7, 7, 2.0)[0];
    assert_eq!(change.kind, KnobKind::Resolution);
    control.register(Knob::new("stages/resolution", KnobKind::Resolution, 1));
    assert_eq!((control.knobs().len(), control.is_degraded()), (3, false));
}

#[test]
fn reset_gives_all_quality_back() {
    let mut control = with_knobs(ControlSettings::default());
    feed(&mut control, 0, 100, 2.0);
    assert!(control.exhausted().is_some() || control.is_degraded());
    control.reset();
    assert!(!control.is_degraded() && control.exhausted().is_none() && control.take_notice().is_none());
}

#[test]
fn a_new_target_is_judged_by_new_frames() {
    let mut control = with_knobs(ControlSettings::default());
    assert_eq!(feed(&mut control, 0, 200, 0.9), []);
    control.set_target(control.settings().target / 2);
    assert_eq!(feed(&mut control, 200, 6, 1.8), []);
    assert_eq!(feed(&mut control, 206, 1, 1.8).len(), 1);
}

#[test]
fn after_a_pause_the_estimate_starts_anew() {
    let mut control = with_knobs(ControlSettings::default());
    assert_eq!(feed(&mut control, 0, 4, 3.0), []);
    assert_eq!(feed(&mut control, 1000, 7, 3.0), [], "a pause, two frames skipped, four seen");
    assert_eq!(feed(&mut control, 1007, 1, 3.0).len(), 1);
}
