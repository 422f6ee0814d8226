//! What the systems of a schedule take now: meters in, figures for people out.

use std::collections::VecDeque;
use std::time::Duration;

use super::model::ScheduleModel;
use super::timed::Reading;

/// How long the longest run of a system is remembered.
const REMEMBERED: Duration = Duration::from_secs(5);
/// After this time half of a figure is from since then.
const HALF_LIFE: Duration = Duration::from_millis(700);

/// What one system takes.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(crate) struct Figures {
    /// One run, in ms: the mean of about the last second, or of the last runs there were. `None` before the first.
    pub(crate) mean_ms: Option<f64>,
    /// The longest run of the last 5 seconds, in ms.
    pub(crate) longest_ms: f64,
    /// Runs per second.
    pub(crate) rate_hz: f64,
    /// Its part of the time that all systems of the schedule take, 0 to 1.
    pub(crate) share: f64,
}

/// What all systems of one schedule take, as it was when it was last read.
#[derive(Debug, Default)]
pub(crate) struct Live {
    systems: Vec<System>,
    figures: Vec<Figures>,
}

#[derive(Debug, Default)]
struct System {
    last: Option<Reading>,
    /// CPU time per second of real time.
    busy: f64,
    /// The longest runs by the time that has passed since, each longer than those after it.
    longest: VecDeque<(Duration, Duration)>,
}

impl Live {
    /// Reads the meters `elapsed` after the last time. Bounded: some numbers per system.
    pub(crate) fn refresh(&mut self, schedule: &ScheduleModel, elapsed: Duration) {
        if self.systems.len() != schedule.nodes.len() {
            self.systems = schedule.nodes.iter().map(|_| System::default()).collect();
            self.figures = vec![Figures::default(); schedule.nodes.len()];
        }
        for ((node, system), figures) in schedule.nodes.iter().zip(&mut self.systems).zip(&mut self.figures) {
            if let Some(meter) = &node.meter {
                system.refresh(meter.read(), elapsed, figures);
            }
        }
        let busy = self.busy();
        for (system, figures) in self.systems.iter().zip(&mut self.figures) {
            figures.share = if busy > 0.0 { system.busy / busy } else { 0.0 };
        }
    }

    /// Lets the next reading begin anew: what runs until then is not told.
    pub(crate) fn pause(&mut self) {
        self.systems.iter_mut().for_each(|system| system.last = None);
    }

    /// Of each system, in the order of the schedule. Empty before the first reading.
    pub(crate) fn figures(&self) -> &[Figures] {
        &self.figures
    }

    /// The CPU time of all systems together for each run of the schedule, in ms. Systems that run at the same time count
    /// each; what a system waits counts, too.
    pub(crate) fn total_ms(&self) -> f64 {
        let rate = self.rate_hz();
        if rate > 0.0 { self.busy() * 1e3 / rate } else { 0.0 }
    }

    /// How often the schedule runs per second: as often as its most frequent system.
    pub(crate) fn rate_hz(&self) -> f64 {
        self.figures.iter().map(|it| it.rate_hz).fold(0.0, f64::max)
    }

    fn busy(&self) -> f64 {
        self.systems.iter().map(|it| it.busy).sum()
    }
}

impl System {
    fn refresh(&mut self, now: Reading, elapsed: Duration, figures: &mut Figures) {
        let seconds = elapsed.as_secs_f64();
        // The first reading only says where counting begins.
        let Some(last) = self.last.replace(now).filter(|_| seconds > 0.0) else { return };
        let runs = now.runs.saturating_sub(last.runs) as f64;
        let took = now.total.saturating_sub(last.total).as_secs_f64();
        let kept = 0.5_f64.powf(seconds / HALF_LIFE.as_secs_f64());
        let mix = |old: f64, new: f64| old * kept + new * (1.0 - kept);
        // Nothing is known from before the first runs.
        let begins = figures.mean_ms.is_none();
        if runs > 0.0 {
            let mean = took * 1e3 / runs;
            figures.mean_ms = Some(figures.mean_ms.map_or(mean, |old| mix(old, mean)));
        }
        let mix = |old, new| if begins { new } else { mix(old, new) };
        figures.rate_hz = mix(figures.rate_hz, runs / seconds);
        self.busy = mix(self.busy, took / seconds);
        self.remember(now.longest, elapsed);
        figures.longest_ms = self.longest.front().map_or(0.0, |(_, longest)| longest.as_secs_f64() * 1e3);
    }

    fn remember(&mut self, longest: Duration, elapsed: Duration) {
        self.longest.iter_mut().for_each(|(age, _)| *age += elapsed);
        while self.longest.front().is_some_and(|&(age, _)| age > REMEMBERED) {
            self.longest.pop_front();
        }
        while self.longest.back().is_some_and(|&(_, old)| old <= longest) {
            self.longest.pop_back();
        }
        if longest > Duration::ZERO {
            self.longest.push_back((Duration::ZERO, longest));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::model::{Node, WorldName};
    use super::super::timed::Meter;
    use super::*;

    const TENTH: Duration = Duration::from_millis(100);

    fn schedule(systems: usize) -> ScheduleModel {
        let node = |_| Node::new("a".into(), "a".into()).metered(Some(Arc::new(Meter::default())));
        let nodes = (0..systems).map(node).collect();
        ScheduleModel { world: WorldName::Main, label: "Update".into(), nodes, edges: Vec::new() }
    }

    fn run(schedule: &ScheduleModel, system: usize, micros: u64) {
        schedule.nodes[system].meter.as_ref().unwrap().add(Duration::from_micros(micros));
    }

    #[test]
    fn steady_systems_are_told_as_they_are() {
        let (schedule, mut live) = (schedule(3), Live::default());
        live.refresh(&schedule, Duration::ZERO);
        for _ in 0..50 {
            for _ in 0..6 {
                run(&schedule, 0, 300);
                run(&schedule, 1, 100);
            }
            live.refresh(&schedule, TENTH);
        }
        let [one, other, idle] = live.figures() else { panic!() };
        let near = |one: f64, other: f64| (one - other).abs() < 1e-6;
        assert!(near(one.mean_ms.unwrap(), 0.3) && near(one.rate_hz, 60.0) && near(one.share, 0.75), "{one:?}");
        assert!(near(other.share, 0.25) && near(other.longest_ms, 0.1), "{other:?}");
        assert_eq!(*idle, Figures::default());
        assert!(near(live.total_ms(), 0.4) && near(live.rate_hz(), 60.0), "{}", live.total_ms());
    }

    #[test]
    fn what_ran_before_anybody_looked_is_not_told() {
        let (schedule, mut live) = (schedule(1), Live::default());
        run(&schedule, 0, 9_000_000);
        live.refresh(&schedule, Duration::ZERO);
        live.refresh(&schedule, TENTH);
        assert_eq!(live.figures()[0], Figures::default());
    }

    #[test]
    fn the_longest_run_is_remembered_for_five_seconds() {
        let (schedule, mut live) = (schedule(1), Live::default());
        live.refresh(&schedule, Duration::ZERO);
        run(&schedule, 0, 8000);
        let mut told = Vec::new();
        for _ in 0..70 {
            live.refresh(&schedule, TENTH);
            told.push(live.figures()[0].longest_ms);
            run(&schedule, 0, 1000);
        }
        assert!(told[..50].iter().all(|ms| *ms == 8.0) && told[52..].iter().all(|ms| *ms == 1.0), "{told:?}");
        assert!(live.systems[0].longest.len() <= 2);
    }

    #[test]
    fn a_system_that_stops_fades() {
        let (schedule, mut live) = (schedule(2), Live::default());
        live.refresh(&schedule, Duration::ZERO);
        run(&schedule, 0, 500);
        for _ in 0..100 {
            run(&schedule, 1, 10);
            live.refresh(&schedule, TENTH);
        }
        let stopped = live.figures()[0];
        assert!(stopped.mean_ms == Some(0.5) && stopped.rate_hz < 0.01 && stopped.share < 0.01, "{stopped:?}");
    }
}
