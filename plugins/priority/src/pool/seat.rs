//! A worker's place: its inbox, its queue, its published head, and whose thread sits there.

use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, RwLock};
use std::thread::Thread;

use crate::pool::choose::WorkerClass;
use crate::pool::heads::Heads;
use crate::pool::inbox::{Entry, Inbox};
use crate::pool::queue::Queue;
use crate::pool::settings::PoolSettings;
use crate::pool::urgency::Urgency;

/// One seat. It holds waiting work of its class only: what changes class is handed over through an inbox, so workers
/// lock queues of their own class only, and no foreground worker ever waits for a lock that a background thread holds.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Seat {
    /// Published, read by everybody.
    pub(crate) heads: Heads,
    /// The version of the facts (levels, deadlines) that the queue is ordered by.
    pub(crate) seen: AtomicU64,
    /// Counts the threads that have sat here. One that finds a newer number than its own leaves.
    pub(crate) tenure: AtomicU64,
    /// Pushed to by any thread.
    pub(crate) inbox: Inbox,
    /// Locked by workers of this class; the warden tries.
    pub(crate) queue: Mutex<Queue<Entry>>,
    /// The thread that sits here. Written when one sits down, before it can sleep; so who has claimed its sleeping bit
    /// finds it readable.
    pub(crate) thread: RwLock<Option<Thread>>,
}

impl Seat {
    pub(crate) fn new(settings: &PoolSettings, inbox: usize) -> Self {
        Self {
            heads: Heads::new(),
            seen: AtomicU64::new(0),
            tenure: AtomicU64::new(0),
            inbox: Inbox::new(inbox),
            queue: Mutex::new(Queue::new(settings.aging, settings.foreground > 0)),
            thread: RwLock::new(None),
        }
    }

    /// How urgent the best task here is.
    pub(crate) fn best(&self) -> Urgency {
        Urgency::from_bits(self.heads.best())
    }

    /// Publishes what is left in the queue.
    pub(crate) fn settle(&self, queue: &Queue<Entry>, class: WorkerClass) {
        self.heads.settle(queue.best(class).bits());
    }

    /// Wakes its thread, which the caller has claimed.
    pub(crate) fn unpark(&self) {
        if let Ok(thread) = self.thread.try_read()
            && let Some(thread) = &*thread
        {
            thread.unpark();
        }
    }
}
