//! Where frames enter: the capture thread's end of a stream.

mod farewell;
mod parameters;
mod ring;
mod shared;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use bevy::ecs::component::Component;
use crossbeam_channel::{Receiver, Sender, TrySendError};
use freshet_base::{DropReason, FrameFormat, Timestamp};

pub(crate) use farewell::OpenPorts;
pub use parameters::Parameters;
pub(crate) use ring::{Upload, UploadRing};
pub(crate) use shared::PortShared;
pub use writer::{FrameWriter, WriteError};

use crate::stream::{Pace, StreamState};

/// State changes that may be under way at once; a capture thread rests until the app has read some.
const STATE_CHANGES: usize = 32;
/// How long a capture thread rests before it looks again by itself.
const REST: Duration = Duration::from_millis(20);

/// What is known of a frame before its pixels are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameStamp {
    /// The frame's number, counted at the source from 0; a gap says that the source lost frames.
    pub seq: u64,
    /// When it was captured.
    pub captured: Timestamp,
    /// Its shape.
    pub format: FrameFormat,
}

/// What became of an offered frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// It is on its way.
    Taken,
    /// It was dropped and counted; its pixels were never asked for.
    Dropped(DropReason),
    /// The stream is being closed: the thread should end.
    Closed,
}

/// The capture thread's end of a stream. Frames are offered here; everything about buffers happens behind it.
///
/// With [`Pace::Real`] an offer never waits: a frame that finds no room is dropped at once. With [`Pace::Every`] it
/// rests until there is room, because no frame may be lost. Only capture threads ever rest here.
#[derive(Debug)]
pub struct CapturePort {
    shared: Arc<PortShared>,
    states: Sender<StreamState>,
}

/// The main world's end of a stream: a component on the stream entity. Removed or dropped, it closes the stream.
#[derive(Component, Debug)]
pub struct StreamPort {
    pub(crate) shared: Arc<PortShared>,
    pub(crate) states: Receiver<StreamState>,
    /// The ring in use.
    pub(crate) ring: Option<Arc<UploadRing>>,
    /// Whether the stream has been given its pool for this port. (A component that replaces another is not `Added`.)
    pub(crate) opened: bool,
}

impl Drop for CapturePort {
    fn drop(&mut self) {
        self.shared.end();
    }
}

impl Drop for StreamPort {
    fn drop(&mut self) {
        self.shared.close();
    }
}

/// Both ends of a new stream: one for the thread that captures, one for the stream entity.
pub fn port(pace: Pace) -> (CapturePort, StreamPort) {
    let shared = Arc::new(PortShared::new(pace));
    let (sender, receiver) = crossbeam_channel::bounded(STATE_CHANGES);
    (
        CapturePort { shared: Arc::clone(&shared), states: sender },
        StreamPort { shared, states: receiver, ring: None, opened: false },
    )
}

impl CapturePort {
    /// Offers a frame. `write` is called at most once, and only when there is a slot to write into.
    ///
    /// # Errors
    ///
    /// Whatever `write` fails with; the slot is free again then.
    pub fn offer<E>(
        &self,
        stamp: FrameStamp,
        write: impl FnOnce(&mut FrameWriter<'_>) -> Result<(), E>,
    ) -> Result<Offer, E> {
        self.shared.register_thread();
        loop {
            if self.is_closing() {
                return Ok(Offer::Closed);
            }
            match self.try_offer(&stamp) {
                Ok(ring) => {
                    let Some(slot) = ring.claim() else {
                        if let Some(dropped) = self.drop_or_rest(DropReason::RingFull) {
                            return Ok(dropped);
                        }
                        continue;
                    };
                    return slot.fill(stamp.seq, stamp.captured, write).map(|()| Offer::Taken);
                }
                Err(reason) => {
                    if let Some(dropped) = self.drop_or_rest(reason) {
                        return Ok(dropped);
                    }
                }
            }
        }
    }

    /// The ring for this frame, or why there is none.
    fn try_offer(&self, stamp: &FrameStamp) -> Result<Arc<UploadRing>, DropReason> {
        if !self.shared.is_wanted() {
            return Err(DropReason::Unwanted);
        }
        let mut request = self.shared.lock();
        match request.ring.upgrade() {
            Some(ring) if ring.format == stamp.format => {
                request.requested = None;
                Ok(ring)
            }
            _ => {
                request.requested = Some(stamp.format);
                Err(DropReason::NotReady)
            }
        }
    }

    fn drop_or_rest(&self, reason: DropReason) -> Option<Offer> {
        match self.shared.pace() {
            Pace::Real => {
                self.shared.count_drop(reason, 1);
                Some(Offer::Dropped(reason))
            }
            Pace::Every => {
                std::thread::park_timeout(REST);
                None
            }
        }
    }

    /// Reports the stream's state.
    pub fn report(&self, state: StreamState) {
        let mut state = state;
        // An app that is gone needs no reports; one that is busy gets them when it looks again.
        while let Err(TrySendError::Full(unsent)) = self.states.try_send(state) {
            if self.is_closing() {
                return;
            }
            state = unsent;
            std::thread::sleep(REST);
        }
    }

    /// Counts frames that were lost before they could be offered.
    pub fn count_drop(&self, reason: DropReason, frames: u64) {
        self.shared.count_drop(reason, frames);
    }

    /// How the stream treats frames that come too fast.
    pub fn pace(&self) -> Pace {
        self.shared.pace()
    }

    /// Whether anybody wants anything of this stream.
    pub fn is_wanted(&self) -> bool {
        self.shared.is_wanted()
    }

    /// Whether the stream is being closed.
    pub fn is_closing(&self) -> bool {
        self.shared.is_closing()
    }

    /// Rests until `until`, or until the stream is closed. Answers whether it is still open.
    pub fn rest_until(&self, until: Timestamp) -> bool {
        self.shared.register_thread();
        loop {
            let left = until.since(Timestamp::now());
            if self.is_closing() {
                return false;
            }
            if left.is_zero() {
                return true;
            }
            std::thread::park_timeout(left);
        }
    }
}
