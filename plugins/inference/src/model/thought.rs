//! What a model sees of its task.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::task::{Poll, Waker};

use crossbeam_queue::ArrayQueue;
use freshet_base::{FrameId, Timestamp};
use freshet_frame::Part;
use freshet_priority::{TaskContext, TaskFailure};

use super::Model;
use super::mailbox::Address;

/// A thought on its way: which frame it is about, when to make room, and a voice for what is known already.
pub struct Thought<M: Model> {
    context: TaskContext,
    about: Address,
    voice: Arc<Voice<M::Part>>,
}

impl<M: Model> Thought<M> {
    pub(super) const fn new(context: TaskContext, about: Address, voice: Arc<Voice<M::Part>>) -> Self {
        Self { context, about, voice }
    }

    /// The frame it is about.
    pub const fn frame(&self) -> FrameId {
        self.about.frame
    }

    /// When that frame was captured.
    pub const fn captured(&self) -> Timestamp {
        self.about.captured
    }

    /// A point where it may be interrupted: more urgent work goes first. Have one at least every few milliseconds,
    /// between layers or tokens.
    ///
    /// # Errors
    ///
    /// When it is to stop, as nobody wants the answer any more or its deadline passed: return it, `?` does.
    pub async fn checkpoint(&self) -> Result<(), TaskFailure> {
        self.context.checkpoint().await
    }

    /// Says a part of the answer, which the app sees from its next turn on. It waits where the app has to take earlier
    /// parts in first, unless a part [replaces](Part::REPLACES) those before. It is a checkpoint, too.
    ///
    /// # Errors
    ///
    /// As [`checkpoint`](Self::checkpoint).
    pub async fn say(&self, part: M::Part) -> Result<(), TaskFailure> {
        self.voice.say(part, &self.context).await
    }

    /// The task, for code that asks it by itself.
    pub const fn context(&self) -> &TaskContext {
        &self.context
    }
}

/// Getting ready: progress, and when to make room.
pub struct WarmUp {
    context: TaskContext,
    progress: Arc<Progress>,
}

impl WarmUp {
    pub(super) const fn new(context: TaskContext, progress: Arc<Progress>) -> Self {
        Self { context, progress }
    }

    /// Says how far it has come, from 0 to 1. The app sees it in its next turn.
    pub fn report(&self, progress: f32) {
        self.progress.set(progress);
    }

    /// A point where it may be interrupted. Have one at least every few milliseconds.
    ///
    /// # Errors
    ///
    /// When it is to stop: return it, `?` does.
    pub async fn checkpoint(&self) -> Result<(), TaskFailure> {
        self.context.checkpoint().await
    }

    /// The task, for code that asks it by itself.
    pub const fn context(&self) -> &TaskContext {
        &self.context
    }
}

/// How far a warm-up has come, from 0 to 1, as the bits of a float.
#[derive(Debug, Default)]
pub(super) struct Progress(AtomicU32);

impl Progress {
    pub(super) fn set(&self, progress: f32) {
        let within = if progress.is_finite() { progress.clamp(0.0, 1.0) } else { 0.0 };
        self.0.store(within.to_bits(), Relaxed);
    }

    pub(super) fn get(&self) -> f32 {
        f32::from_bits(self.0.load(Relaxed))
    }
}

/// Parts on their way from the task to the app: a queue of fixed size, without locks.
pub(super) struct Voice<P> {
    parts: ArrayQueue<P>,
    /// The task that waits for room.
    waiting: ArrayQueue<Waker>,
}

impl<P: Send + 'static> Voice<P> {
    pub(super) fn new<T>() -> Self
    where
        P: Part<T>,
    {
        Self { parts: ArrayQueue::new(P::QUEUE.max(1)), waiting: ArrayQueue::new(1) }
    }

    async fn say<T>(&self, mut part: P, context: &TaskContext) -> Result<(), TaskFailure>
    where
        P: Part<T>,
    {
        if P::REPLACES {
            drop(self.parts.force_push(part));
            return context.checkpoint().await;
        }
        while let Err(back) = self.parts.push(part) {
            part = back;
            self.room().await;
            context.checkpoint().await?;
        }
        context.checkpoint().await
    }

    /// Waits until the app has taken parts in.
    async fn room(&self) {
        poll_fn(|cx| {
            // Left before looking, so that who takes parts in meanwhile finds it.
            drop(self.waiting.force_push(cx.waker().clone()));
            if self.parts.is_full() { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }

    /// Takes out what has been said so far, at most a queue's worth, oldest first.
    pub(super) fn hear(&self) -> impl Iterator<Item = P> + '_ {
        (0..self.parts.capacity()).map_while(|_| self.parts.pop())
    }

    /// Lets a task that waits for room go on; also one that is to stop.
    pub(super) fn wake(&self) {
        if let Some(waker) = self.waiting.pop() {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_keeps_within_its_range() {
        let progress = Progress::default();
        for (said, shown) in [(0.25, 0.25), (7.0, 1.0), (-1.0, 0.0), (f32::NAN, 0.0)] {
            progress.set(said);
            assert_eq!(progress.get(), shown);
        }
    }
}
