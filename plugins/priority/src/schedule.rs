//! When things happen.

use bevy::ecs::prelude::*;
use bevy::ecs::schedule::ScheduleLabel;
use freshet_base::Priority;

/// This crate's own steps in `Update`. The levels lie between the two, in order:
///
/// `Decide → Drive(Critical) → Priority::Critical → Drive(High) → Priority::High → … → Priority::Idle → Settle`
///
/// An app's own systems join a level with `.in_set(Priority::Low)`: they run while the frame's budget holds. Workloads are
/// asked one by one, with what each is expected to take.
#[derive(SystemSet, Debug, Clone, PartialEq, Eq, Hash)]
pub enum PrioritySystems {
    /// What the user attends to is read, levels are assigned, the turn's work is planned.
    Decide,
    /// Just before the level of this name: the workloads that are at it.
    Drive(Priority),
    /// After the last level: what is left of the frame belongs to others.
    Settle,
}

/// The steps of [`PrioritySystems::Decide`], run on one thread: no task, no allocation.
#[derive(ScheduleLabel, Debug, Clone, PartialEq, Eq, Hash)]
pub struct Decide;

/// Steps of the schedule [`Decide`], in order.
#[derive(SystemSet, Debug, Clone, PartialEq, Eq, Hash)]
pub enum DecideSystems {
    /// What the last turn's work took is booked.
    Measure,
    /// Signals become a context.
    Attend,
    /// What comes next is guessed.
    Forecast,
    /// Contexts, guesses, age and conduct become levels.
    Rank,
    /// Quality is given up or taken back.
    Govern,
    /// Levels and deadlines become the turn's agenda.
    Plan,
}
