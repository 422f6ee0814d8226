//! What a capture thread and the main world share of one stream.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread::Thread;

use freshet_base::{DropReason, FrameFormat};
use freshet_ledger::dropped;

use super::ring::UploadRing;
use crate::stream::Pace;

/// What a capture thread and the main world share of one stream.
///
/// The main world never waits for it: it only tries the one lock, which the capture thread holds for an instant.
#[derive(Debug)]
pub(crate) struct PortShared {
    ring: Mutex<RingRequest>,
    pace: AtomicU8,
    wanted: AtomicBool,
    closing: AtomicBool,
    /// Whether the capture thread has let go of its end.
    ended: AtomicBool,
    dropped: [AtomicU64; DropReason::ALL.len()],
    thread: OnceLock<Thread>,
}

/// The ring in use and the format that the capture thread asks for.
#[derive(Debug, Default)]
pub(crate) struct RingRequest {
    /// The ring in use; the main world owns it.
    pub(crate) ring: Weak<UploadRing>,
    /// A format for which there is no ring yet.
    pub(crate) requested: Option<FrameFormat>,
}

impl PortShared {
    pub(crate) fn new(pace: Pace) -> Self {
        Self {
            ring: Mutex::default(),
            pace: AtomicU8::new(pace as u8),
            wanted: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            dropped: Default::default(),
            thread: OnceLock::new(),
        }
    }

    /// The lock, for the capture thread, which may wait.
    pub(crate) fn lock(&self) -> MutexGuard<'_, RingRequest> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lock, for the main world, which may not.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, RingRequest>> {
        self.ring.try_lock().ok()
    }

    pub(crate) fn pace(&self) -> Pace {
        if self.pace.load(Ordering::Relaxed) == Pace::Every as u8 { Pace::Every } else { Pace::Real }
    }

    pub(crate) fn set_pace(&self, pace: Pace) {
        self.pace.store(pace as u8, Ordering::Relaxed);
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    pub(crate) fn set_wanted(&self, wanted: bool) {
        if self.wanted.swap(wanted, Ordering::Relaxed) != wanted {
            self.wake();
        }
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.wake();
    }

    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    pub(crate) fn register_thread(&self) {
        self.thread.get_or_init(std::thread::current);
    }

    /// Wakes the capture thread if it is resting.
    pub(crate) fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    pub(crate) fn count_drop(&self, reason: DropReason, frames: u64) {
        dropped(reason).count(frames);
        self.dropped[reason as usize].fetch_add(frames, Ordering::Relaxed);
    }

    /// Frames dropped so far, by reason.
    pub(crate) fn drops(&self) -> [u64; DropReason::ALL.len()] {
        std::array::from_fn(|reason| self.dropped[reason].load(Ordering::Relaxed))
    }
}
