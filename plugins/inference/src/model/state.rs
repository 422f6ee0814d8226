//! What the app sees of a model, and how it steers it.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use bevy::ecs::prelude::*;
use freshet_base::{FrameId, SkipReason};

use super::Model;

/// Where a model stands. On the entity of its workload; a change of it is told by [`ModelChanged`], too, unless only the
/// progress changed.
#[derive(Component, Debug, Default, Clone, PartialEq)]
pub enum ModelState {
    /// It is not there: nobody has wanted an answer yet.
    #[default]
    Cold,
    /// It gets ready; frames go on meanwhile.
    Warming {
        /// How far it has come, from 0 to 1.
        progress: f32,
    },
    /// It thinks, or would.
    Ready,
    /// It could not be made ready, or it panicked: see [`ModelControl::rebuild`].
    Failed {
        /// Why, in one line.
        why: Arc<str>,
    },
    /// The app told it to rest: see [`ModelControl::resume`].
    Suspended,
}

impl ModelState {
    /// Its name, for people and for records.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Warming { .. } => "warming",
            Self::Ready => "ready",
            Self::Failed { .. } => "failed",
            Self::Suspended => "suspended",
        }
    }

    /// Whether both are the same but for the progress.
    pub fn is_like(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Warming { .. }, Self::Warming { .. })) || self == other
    }
}

/// A model stands somewhere else now.
#[derive(Message, Debug, Clone, PartialEq)]
pub struct ModelChanged {
    /// The model: the entity of its workload.
    pub model: Entity,
    /// The workload's name.
    pub name: &'static str,
    /// Where it stands.
    pub state: ModelState,
}

/// What a model did since the start. On the entity of its workload.
#[derive(Component, Debug, Default, Clone, PartialEq)]
pub struct ModelStats {
    /// Thoughts begun.
    pub begun: u64,
    /// Answers that landed on their own frame.
    pub answered: u64,
    /// Answers that came after their frame was recycled: they are the stream's `Latest` alone.
    pub late: u64,
    /// Answers of either kind that came after the deadline of the thought, which no checkpoint noticed.
    pub overdue: u64,
    /// Parts of answers that were said on the way.
    pub parts: u64,
    /// Frames without an answer, in the order of [`SkipReason::ALL`].
    pub skipped: [u64; SkipReason::ALL.len()],
    /// The most thoughts that were in flight and frames that waited, together: 2 at most.
    pub most_in_flight: usize,
    /// The stream and frame that it thinks about.
    pub thinking_of: Option<(Entity, FrameId)>,
    /// The frame that waits.
    pub waiting: Option<FrameId>,
    /// Time from capture to the newest answer.
    pub last_age: Duration,
    /// The longest time from capture to an answer.
    pub oldest_age: Duration,
}

impl ModelStats {
    /// Frames without an answer for this reason.
    pub const fn skipped_for(&self, reason: SkipReason) -> u64 {
        self.skipped[reason as usize]
    }

    pub(super) fn count_answer(&mut self, late: bool, age: Duration, overdue: bool) {
        *(if late { &mut self.late } else { &mut self.answered }) += 1;
        self.overdue += u64::from(overdue);
        self.last_age = age;
        self.oldest_age = self.oldest_age.max(age);
    }
}

/// Marks the entity of a model's workload with the model's type, to find it by.
#[derive(Component)]
pub struct ModelOf<M: Model>(pub(super) PhantomData<fn() -> M>);

/// Steers a model. On the entity of its workload; what is asked for happens in the next turn.
///
/// ```
/// # use bevy::prelude::*;
/// # use freshet_inference::{ModelControl, ModelState};
/// fn heal(mut models: Query<(&ModelState, &mut ModelControl), Changed<ModelState>>) {
///     for (state, mut control) in &mut models {
///         if matches!(state, ModelState::Failed { .. }) {
///             control.rebuild();
///         }
///     }
/// }
/// # bevy::ecs::system::assert_is_system(heal);
/// ```
#[derive(Component, Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct ModelControl {
    pub(super) warm_up: bool,
    pub(super) cancel: bool,
    pub(super) rebuild: bool,
    pub(super) suspended: bool,
}

impl ModelControl {
    /// Gets it ready now, though nobody wants an answer yet.
    pub const fn warm_up(&mut self) {
        self.warm_up = true;
    }

    /// Gives up the thought in flight, at its next checkpoint, and the frame that waits. It goes on with the next frame.
    pub const fn cancel(&mut self) {
        self.cancel = true;
    }

    /// Lets it rest until it is resumed: the thought in flight is given up, no frame is looked at. It keeps its memory.
    pub const fn suspend(&mut self) {
        self.suspended = true;
    }

    /// Lets it go on.
    pub const fn resume(&mut self) {
        self.suspended = false;
    }

    /// Whether it is to rest.
    pub const fn is_suspended(&self) -> bool {
        self.suspended
    }

    /// Makes the model anew, and forgives its workload what the old one did. A thought that does not reach a checkpoint
    /// is left behind: it ends when it ends, and so does the old model.
    pub const fn rebuild(&mut self) {
        self.rebuild = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_alone_is_no_change() {
        let warming = |progress| ModelState::Warming { progress };
        assert!(warming(0.1).is_like(&warming(0.9)) && ModelState::Ready.is_like(&ModelState::Ready));
        assert!(!warming(1.0).is_like(&ModelState::Ready));
        let failed = |why: &str| ModelState::Failed { why: why.into() };
        assert!(!failed("this").is_like(&failed("that")));
    }
}
