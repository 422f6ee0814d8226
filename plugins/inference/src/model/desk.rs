//! What the app keeps of a model.

use std::sync::Arc;
use std::time::Instant;

use bevy::ecs::change_detection::CheckChangeTicks;
use bevy::ecs::prelude::*;
use bevy::ecs::system::BoxedSystem;
use bevy::platform::cell::SyncCell;
use bevy::tasks::Task;
use freshet_base::{Attachment, FrameId, SkipReason};
use freshet_frame::{Frames, Wants};
use freshet_priority::{TaskControl, TaskFailure};

use super::mailbox::Mailbox;
use super::seat::Seat;
use super::state::{ModelState, ModelStats};
use super::thought::{Progress, Voice};
use super::{Model, ModelError};

/// What the app keeps of a model. Taken out by whoever works at it with the world in hand.
#[derive(Resource)]
pub(super) struct Desk<M: Model>(SyncCell<Option<Box<Work<M>>>>);

impl<M: Model> Desk<M> {
    pub(super) fn new(work: Work<M>) -> Self {
        Self(SyncCell::new(Some(Box::new(work))))
    }

    pub(super) fn get(&mut self) -> Option<&mut Work<M>> {
        self.0.get().as_deref_mut()
    }

    pub(super) fn take(&mut self) -> Option<Box<Work<M>>> {
        self.0.get().take()
    }

    pub(super) fn put(&mut self, work: Box<Work<M>>) {
        *self.0.get() = Some(work);
    }
}

/// Everything but the model itself.
pub(super) struct Work<M: Model> {
    /// The entity of the workload, and its name.
    pub(super) entity: Entity,
    pub(super) name: &'static str,
    pub(super) make: Arc<dyn Fn() -> M + Send + Sync>,
    /// Takes from a frame what the model is to know of it.
    pub(super) look: BoxedSystem<In<FrameId>, Option<M::Input>>,
    pub(super) mailbox: Mailbox<M::Input>,
    pub(super) chamber: Chamber<M>,
    /// What was rebuilt, to be dropped on a worker: it may be large.
    pub(super) retired: Option<Chamber<M>>,
    pub(super) running: Running<M>,
    pub(super) state: ModelState,
    pub(super) stats: ModelStats,
    /// The app wants it ready, though nobody may want an answer yet.
    pub(super) is_asked: bool,
    pub(super) streams: QueryState<(Entity, &'static Frames), With<Wants<M::Output>>>,
    /// The streams that want its answers, and the frames of each that are settled.
    pub(super) settled: Vec<Settled>,
    /// How often there was no budget for it when it was last looked at.
    pub(super) over_budget: u64,
    pub(super) failed_in_a_row: u32,
}

/// What app and task share.
pub(super) struct Chamber<M: Model> {
    pub(super) seat: Arc<Seat<M>>,
    pub(super) voice: Arc<Voice<M::Part>>,
    pub(super) progress: Arc<Progress>,
}

impl<M: Model> Default for Chamber<M> {
    fn default() -> Self {
        Self { seat: Arc::default(), voice: Arc::new(Voice::new()), progress: Arc::default() }
    }
}

/// The frames of a stream that are offered or skipped: all up to this one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settled {
    pub(super) stream: Entity,
    pub(super) newest: Option<FrameId>,
    /// It still wants answers.
    pub(super) wants: bool,
}

/// The task of a model: at most one.
pub(super) enum Running<M: Model> {
    Nothing,
    WarmUp(Task<Result<Result<(), ModelError>, TaskFailure>>, TaskControl),
    Thought(Thinking<M>),
}

/// A thought on its way.
pub(super) struct Thinking<M: Model> {
    pub(super) task: Task<Result<Answer<M::Output>, TaskFailure>>,
    pub(super) control: TaskControl,
    pub(super) deadline: Option<Instant>,
    /// It was told to stop, and this is why.
    pub(super) stopped: Option<SkipReason>,
}

/// How a thought ended that was not stopped.
pub(super) struct Answer<T> {
    pub(super) result: Result<T, ModelError>,
    pub(super) at: Instant,
}

impl<M: Model> Work<M> {
    /// What its answers are called, on frames and in the books.
    pub(super) const PRODUCT: &'static str = <M::Output as Attachment>::NAME;

    /// Notes that a frame has no answer, and counts it.
    pub(super) fn skip(&mut self, commands: &mut Commands<'_, '_>, frame: FrameId, reason: SkipReason) {
        self.stats.skipped[reason as usize] += 1;
        freshet_frame::AttachExt::skip(commands, frame, Self::PRODUCT, reason);
    }

    /// Whether it is to be there.
    pub(super) fn is_wanted(&self) -> bool {
        self.is_asked || !self.settled.is_empty()
    }

    /// Tells the thought in flight to stop.
    pub(super) fn stop(&mut self, reason: SkipReason) {
        if let Running::Thought(thinking) = &mut self.running {
            thinking.control.cancel();
            thinking.stopped.get_or_insert(reason);
            // It may wait for room to say something.
            self.chamber.voice.wake();
        }
    }
}

/// Change ticks are 32 bits wide: a system that Bevy does not know must be told before they wrap around.
pub(super) fn check_ticks<M: Model>(check: On<CheckChangeTicks>, mut desk: ResMut<Desk<M>>) {
    if let Some(work) = desk.bypass_change_detection().get() {
        work.look.check_change_tick(*check);
    }
}
