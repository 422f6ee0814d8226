//! One worker in virtual time, with and without a forecast.
//!
//! ```text
//! attention   A ────────────────────────────────────┐ B
//! worker      ▓ first result of A  ▒ ▒ ▒ ▒ ▒ ▒ ▒ ▒ ▒│▓ first result of B, less what lies ready
//! idle time                         ░ ░ ░ ░   ░ ░ ░░│   ▒ present work   ░ prepared work, quantum by quantum
//!                                                   └ a quantum that runs on delays B
//! ```
//!
//! What can do harm is modelled: a running quantum of another target delays the first result (and the present work) until it
//! ends; a prepared result is thrown away when it is stale; work that keeps no progress loses it when it is cancelled; the
//! policy knows the work of a first result only as the mean of those it has seen.

use std::time::Duration;

use super::rng::{hash, unit};
use super::speculation::{Candidate, Plan, Speculation};
use super::target::TargetId;
use super::trace::Scenario;

/// Period of the present work.
const PRESENT_PERIOD: Duration = Duration::from_micros(33_333);

/// How much earlier or later than foreseen it may come.
const JITTER: Duration = Duration::from_micros(3_333);

/// Between two plans at least.
const REPLAN: Duration = Duration::from_millis(250);

/// What one decision takes on each move; charged to the waiting.
const DECISION: Duration = Duration::from_micros(10);

/// Decides what is prepared.
pub trait Planner {
    /// Attention has moved.
    fn moved(&mut self, target: TargetId, at: Duration);
    /// What to prepare.
    fn plan(&self, now: Duration, candidates: &[Candidate], idle_share: f32) -> Plan;
    /// Work done ahead has spared `saved`; `wasted` was for nothing.
    fn settle(&mut self, saved: Duration, wasted: Duration);
}

/// What a run came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Waiting for first results, all together.
    pub waited: Duration,
    /// Moves of attention.
    pub moves: u64,
    /// Work done ahead.
    pub prepared: Duration,
    /// The part of it that a visit used.
    pub used: Duration,
    /// Delay of the present work by quanta, all together.
    pub present_delay: Duration,
    /// Runs of the present work.
    pub present_runs: u64,
}

/// What lies ready for one target.
#[derive(Debug, Clone, Copy, Default)]
struct Store {
    /// When the finished result was begun, and whether ahead of time.
    ready: Option<(Duration, bool)>,
    /// When the unfinished one was begun, and how far it is.
    part: Option<(Duration, Duration)>,
    /// Mean work of the first results so far.
    mean: Option<Duration>,
    /// Work that the next visit needs.
    need: Duration,
}

struct Bench<'a> {
    scenario: &'a Scenario,
    stores: Vec<Store>,
    outcome: Outcome,
    candidates: Vec<Candidate>,
}

/// Runs the scenario; without a planner nothing is prepared.
pub fn simulate(scenario: &Scenario, mut planner: Option<&mut dyn Planner>) -> Outcome {
    let mut bench = Bench {
        scenario,
        stores: vec![Store::default(); scenario.works.len()],
        outcome: Outcome::default(),
        candidates: Vec::with_capacity(scenario.works.len()),
    };
    for visit in scenario.visits.iter().rev() {
        bench.stores[visit.target.index()].need = visit.work;
    }
    let mut running_on = Duration::ZERO;
    for index in 0..scenario.visits.len() {
        let visit = scenario.visits[index];
        let mut wait = running_on;
        if let Some(planner) = planner.as_deref_mut() {
            planner.moved(visit.target, visit.from);
            wait += DECISION;
        }
        let saved = bench.arrive(index);
        wait += visit.work - saved;
        wait = wait.min(visit.until - visit.from);
        bench.outcome.waited += wait;
        bench.outcome.moves += 1;
        running_on = Duration::ZERO;
        let delivered = visit.from + wait < visit.until;
        if let Some(planner) = planner.as_deref_mut() {
            running_on = bench.idle(visit.target, visit.from, visit.from + wait, visit.until, planner);
            let next = scenario.visits.get(index + 1).map(|visit| visit.target);
            bench.cancel(next);
            planner.settle(saved, Duration::ZERO);
        }
        if scenario.keeps_last && delivered {
            bench.stores[visit.target.index()].ready = Some((visit.until, false));
        }
    }
    if let Some(planner) = planner {
        planner.settle(Duration::ZERO, bench.outcome.prepared.saturating_sub(bench.outcome.used));
    }
    bench.outcome
}

/// When the present work foreseen for `release` really comes: up to [`JITTER`] earlier or later, which the policy does not know.
fn really(release: Duration) -> Duration {
    (release + JITTER.mul_f64(2.0 * unit(hash(&[release.as_micros() as u64])))).saturating_sub(JITTER)
}

impl Bench<'_> {
    /// The visit begins: how much of its work is done already.
    fn arrive(&mut self, index: usize) -> Duration {
        let visit = self.scenario.visits[index];
        let place = visit.target.index();
        let fresh_for = self.scenario.works[place].fresh_for;
        let fresh = |begun: Duration| visit.from.saturating_sub(begun) <= fresh_for;
        let store = &mut self.stores[place];
        let ready = store.ready.take().filter(|ready| fresh(ready.0));
        let done = if ready.is_some() {
            visit.work
        } else {
            store.part.filter(|part| fresh(part.0)).map_or(Duration::ZERO, |part| part.1)
        };
        store.part = None;
        store.mean = Some(store.mean.map_or(visit.work, |mean| (mean * 3 + visit.work) / 4));
        let next = self.scenario.visits[index + 1..].iter().find(|later| later.target == visit.target);
        store.need = next.map_or(visit.work, |later| later.work);
        if ready.is_none_or(|(_, ahead)| ahead) {
            self.outcome.used += done;
        }
        done
    }

    /// Idle time from `begin` to `until`. Returns how long a quantum runs on after `until`.
    fn idle(
        &mut self,
        current: TargetId,
        from: Duration,
        begin: Duration,
        until: Duration,
        planner: &mut dyn Planner,
    ) -> Duration {
        let busy = self.scenario.works[current.index()].busy_share;
        let present = PRESENT_PERIOD.mul_f64(busy);
        let (mut now, mut release, mut due, mut replan) = (begin, begin, begin, begin);
        self.outcome.present_runs += (until.saturating_sub(begin).as_micros() / PRESENT_PERIOD.as_micros()) as u64;
        let (mut todo, mut in_quantum) = (Todo::default(), false);
        while now < until {
            if now >= due {
                if in_quantum {
                    self.outcome.present_delay += now - due;
                }
                in_quantum = false;
                now += present;
                release += PRESENT_PERIOD;
                due = really(release);
                continue;
            }
            if now >= replan {
                self.offer(current, now);
                todo.set(&planner.plan(now, &self.candidates, 1.0 - busy as f32));
                replan = now + REPLAN.max((now - from) / 8);
            }
            let Some(target) = todo.first() else {
                // Nothing to prepare until the next plan: the present work runs undisturbed.
                in_quantum = false;
                now = replan;
                if release < now {
                    release += PRESENT_PERIOD * ((now - release).as_micros() / PRESENT_PERIOD.as_micros()) as u32;
                    if now < release + present {
                        now = release + present;
                    }
                    release += PRESENT_PERIOD;
                    due = really(release);
                }
                continue;
            };
            let quantum = self.scenario.works[target.index()].quantum;
            if !Speculation::may_start(quantum, Some(release.saturating_sub(now))) {
                (now, in_quantum) = (due.max(now), false);
                continue;
            }
            now = self.quantum(target, now, &mut todo, &mut replan);
            in_quantum = true;
        }
        // Present work yields at once, a quantum runs on.
        if in_quantum { now.saturating_sub(until) } else { Duration::ZERO }
    }

    /// Runs one quantum of a target's prepared work. Returns when it ends.
    fn quantum(&mut self, target: TargetId, now: Duration, todo: &mut Todo, replan: &mut Duration) -> Duration {
        let work = self.scenario.works[target.index()];
        let store = &mut self.stores[target.index()];
        let part = store.part.filter(|part| now.saturating_sub(part.0) <= work.fresh_for);
        let (begun, done) = part.unwrap_or((now, Duration::ZERO));
        let slice = work.quantum.min(store.need.saturating_sub(done));
        self.outcome.prepared += slice;
        if done + slice >= store.need {
            (store.ready, store.part) = (Some((begun, true)), None);
            todo.finish();
            *replan = now + slice;
        } else {
            store.part = Some((begun, done + slice));
        }
        now + slice
    }

    /// Lists what could be prepared.
    fn offer(&mut self, current: TargetId, now: Duration) {
        self.candidates.clear();
        for (place, (store, work)) in self.stores.iter().zip(&self.scenario.works).enumerate() {
            let target = TargetId(place as u8);
            let Some(mean) = store.mean.filter(|_| target != current) else { continue };
            let left = |begun: Duration| (begun + work.fresh_for).saturating_sub(now);
            let part = store.part.filter(|part| !left(part.0).is_zero());
            let remaining = part.map_or(mean, |part| mean.saturating_sub(part.1).max(mean / 10));
            self.candidates.push(Candidate {
                target,
                remaining,
                fresh_for: part.map_or(work.fresh_for, |part| left(part.0)),
                covered: store.ready.map_or(Duration::ZERO, |ready| left(ready.0)),
                quantum: work.quantum,
                resumable: work.resumable,
            });
        }
    }

    /// Attention moves on: unfinished work that keeps no progress is lost, unless it is for where attention goes.
    fn cancel(&mut self, next: Option<TargetId>) {
        for (place, store) in self.stores.iter_mut().enumerate() {
            if next != Some(TargetId(place as u8)) && !self.scenario.works[place].resumable {
                store.part = None;
            }
        }
    }
}

/// Targets to prepare, in order.
#[derive(Default)]
struct Todo {
    targets: [TargetId; super::prediction::RANKED],
    next: usize,
    len: usize,
}

impl Todo {
    fn set(&mut self, plan: &Plan) {
        (self.next, self.len) = (0, plan.steps().len());
        for (into, step) in self.targets.iter_mut().zip(plan.steps()) {
            *into = step.target;
        }
    }

    fn first(&self) -> Option<TargetId> {
        (self.next < self.len).then(|| self.targets[self.next])
    }

    const fn finish(&mut self) {
        self.next += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::speculation::{Rest, Step};
    use super::super::trace::{TargetWork, Visit};
    use super::*;

    /// Prepares one target, until then.
    struct Only(TargetId, Duration);

    impl Planner for Only {
        fn moved(&mut self, _target: TargetId, _at: Duration) {}

        fn plan(&self, now: Duration, candidates: &[Candidate], _idle_share: f32) -> Plan {
            let mut plan = Plan::rest(Rest::NothingPays);
            // Over and over: the worst that a policy can do.
            if now < self.1 && candidates.iter().any(|candidate| candidate.target == self.0) {
                plan.push(Step { target: self.0, gain_secs: 1.0, cost_secs: 0.0 });
            }
            plan
        }

        fn settle(&mut self, _saved: Duration, _wasted: Duration) {}
    }

    const WORK: Duration = Duration::from_millis(100);

    /// Rounds 0, 1, 2, each visit lasting `dwell`.
    fn rounds(dwell: Duration, fresh_for: Duration) -> Scenario {
        let visits = (0..60u32).map(|visit| Visit {
            target: TargetId((visit % 3) as u8),
            from: dwell * visit,
            until: dwell * (visit + 1),
            work: WORK,
        });
        let work = TargetWork { busy_share: 0.3, fresh_for, quantum: Duration::from_millis(5), resumable: true };
        Scenario { visits: visits.collect(), works: vec![work; 3], keeps_last: false }
    }

    #[test]
    fn without_a_forecast_every_visit_waits_for_its_work() {
        let outcome = simulate(&rounds(Duration::from_secs(1), Duration::from_secs(9)), None);
        assert_eq!((outcome.waited, outcome.moves), (WORK * 60, 60));
    }

    #[test]
    fn what_is_prepared_is_not_waited_for() {
        let scenario = rounds(Duration::from_secs(1), Duration::from_secs(9));
        let outcome = simulate(&scenario, Some(&mut Only(TargetId(1), Duration::MAX)));
        // All visits of target 1 but the first, whose cost is not known before; 10 µs for each decision.
        let waited = WORK * 41 + DECISION * 60;
        assert!(outcome.waited >= waited && outcome.waited < waited + Duration::from_millis(5 * 60), "{outcome:?}");
        assert_eq!(outcome.used, WORK * 19);
    }

    #[test]
    fn what_is_stale_is_worth_nothing() {
        // Target 1 is prepared until 2.7 s, and visited at 4 s.
        let used = |fresh_for| {
            let scenario = rounds(Duration::from_secs(1), fresh_for);
            simulate(&scenario, Some(&mut Only(TargetId(1), Duration::from_millis(2_700)))).used
        };
        assert_eq!(used(Duration::from_secs(1)), Duration::ZERO);
        assert_eq!(used(Duration::from_secs(2)), WORK);
    }

    #[test]
    fn a_quantum_that_runs_on_delays_the_move() {
        // Target 2 is prepared for no use: the moves to 1 and 0 come within a quantum now and then.
        let mut scenario = rounds(Duration::from_millis(333), Duration::from_millis(1));
        for work in &mut scenario.works {
            (work.busy_share, work.quantum) = (0.0, Duration::from_millis(21));
        }
        let (with, without) =
            (simulate(&scenario, Some(&mut Only(TargetId(2), Duration::MAX))), simulate(&scenario, None));
        assert!(with.waited > without.waited + Duration::from_millis(20), "{with:?} {without:?}");
        assert!(with.waited < without.waited + Duration::from_millis(60 * 22));
    }

    #[test]
    fn a_kept_result_needs_no_work_with_or_without_a_forecast() {
        let scenario = Scenario { keeps_last: true, ..rounds(Duration::from_secs(1), Duration::from_secs(9)) };
        assert_eq!(simulate(&scenario, None).waited, WORK * 3);
    }
}
