//! How much of the frame's time is left, and for whom.
//!
//! ```text
//!  First                Update                                     Last
//!  │ other systems ─►│ Critical ─► High ─► Normal ─► Low ─► Idle │ reserve │
//!  0                  always       each while the rest of the frame   what follows    target
//!                                  holds, less the floor of its level took of late
//! ```

use std::time::{Duration, Instant};

use bevy::ecs::prelude::*;
use freshet_base::Priority;

use crate::cost::CostEstimate;

/// How long a turn of the app may take, and how much of the present one is left.
#[derive(Resource, Debug)]
pub struct FrameBudget {
    /// How long a turn of the app may take. Default 1/60 s.
    pub target: Duration,
    /// What must be left of the target for a level to run, as shares of the target. Higher floors keep more in hand for
    /// what the app did not foresee, and let less urgent work run more rarely. `Critical`'s is not asked.
    /// Default 0, 0, 0.05, 0.15, 0.3.
    pub floors: [f32; 5],
    began: Instant,
    work_ended: Option<Instant>,
    /// What followed the levels' work in the main world, up to the end of `Last`. Rendering is not in it: where it runs on
    /// the main thread, `target` is to be that much shorter.
    tail: CostEstimate,
    busy: CostEstimate,
    last_busy: Duration,
    /// What background workloads took of this turn, and of the last.
    optional: Duration,
    last_optional: Duration,
}

impl Default for FrameBudget {
    fn default() -> Self {
        Self::new(Duration::from_nanos(1_000_000_000 / 60))
    }
}

impl FrameBudget {
    /// A budget of this much per turn.
    pub fn new(target: Duration) -> Self {
        Self {
            target,
            floors: [0.0, 0.0, 0.05, 0.15, 0.3],
            began: Instant::now(),
            work_ended: None,
            tail: CostEstimate::default(),
            busy: CostEstimate::default(),
            last_busy: Duration::ZERO,
            optional: Duration::ZERO,
            last_optional: Duration::ZERO,
        }
    }

    /// Time since the turn began.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// When the turn began.
    pub fn began(&self) -> Instant {
        self.began
    }

    /// What is left for the levels' work: the target, less what has passed, less what will follow.
    pub fn left(&self) -> Duration {
        self.target.saturating_sub(self.elapsed()).saturating_sub(self.reserve())
    }

    /// What is kept back for the work that follows: what it took of late, in 19 of 20 turns.
    pub fn reserve(&self) -> Duration {
        self.tail.p95().unwrap_or_default()
    }

    /// Whether work of this level that takes `cost` may begin now.
    pub fn allows(&self, level: Priority, cost: Duration) -> bool {
        level == Priority::Critical || is_affordable(self.left(), cost, self.floor(level))
    }

    /// What the main world's turns take, without what it waits between them.
    pub fn busy(&self) -> &CostEstimate {
        &self.busy
    }

    /// What the last turn took.
    pub fn last_busy(&self) -> Duration {
        self.last_busy
    }

    /// What the last turn took of what could not have been put off: without workloads of `Low` and `Idle`, which only fill
    /// what is left.
    pub fn last_needed(&self) -> Duration {
        self.last_busy.saturating_sub(self.last_optional)
    }

    pub(crate) fn note_optional(&mut self, took: Duration) {
        self.optional += took;
    }

    fn floor(&self, level: Priority) -> Duration {
        let share = self.floors[level.index()];
        // What is no number asks for nothing.
        self.target.mul_f32(if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 })
    }
}

/// Whether something that takes `cost` may begin when `left` is left and `floor` must remain untouched.
fn is_affordable(left: Duration, cost: Duration, floor: Duration) -> bool {
    left > floor && left - floor >= cost
}

/// The run condition of a level's set.
pub(crate) fn budget_holds(level: Priority) -> impl FnMut(Res<FrameBudget>) -> bool + Clone {
    move |budget| budget.allows(level, Duration::ZERO)
}

pub(crate) fn begin_turn(mut budget: ResMut<FrameBudget>) {
    budget.began = Instant::now();
    budget.work_ended = None;
}

pub(crate) fn end_work(mut budget: ResMut<FrameBudget>) {
    budget.work_ended = Some(Instant::now());
}

pub(crate) fn end_turn(mut budget: ResMut<FrameBudget>) {
    let now = Instant::now();
    let busy = now - budget.began;
    budget.last_busy = busy;
    budget.last_optional = std::mem::take(&mut budget.optional);
    budget.busy.record(busy);
    if let Some(ended) = budget.work_ended {
        budget.tail.record(now - ended);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn critical_work_runs_without_budget_and_nothing_else_does() {
        let budget = FrameBudget::new(Duration::ZERO);
        let allowed = Priority::ALL.map(|level| budget.allows(level, Duration::ZERO));
        assert_eq!(allowed, [true, false, false, false, false]);
        let budget = FrameBudget::new(Duration::from_secs(3600));
        assert!(Priority::ALL.iter().all(|&level| budget.allows(level, Duration::ZERO)));
        let mut budget = budget;
        budget.floors = [f32::NAN; 5];
        assert!(budget.allows(Priority::Idle, Duration::ZERO), "what is no number asks for nothing");
    }

    proptest! {
        /// What is begun fits, and leaves the floor of its level; what is refused would not have.
        #[test]
        fn what_is_begun_leaves_the_floor(left in 0_u64..1000, cost in 0_u64..1000, floor in 0_u64..1000) {
            let micros = Duration::from_micros;
            let begun = is_affordable(micros(left), micros(cost), micros(floor));
            prop_assert_eq!(begun, left > floor && left >= cost + floor);
        }
    }
}
