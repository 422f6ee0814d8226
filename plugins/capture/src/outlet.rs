//! Where a source's frames go.

use std::time::Duration;

use freshet_base::{DropReason, Timestamp};
use freshet_frame::{CapturePort, FrameStamp, FrameWriter, Offer, Pace, StreamState};

/// How long a capture thread rests before it looks again by itself. Whoever wants its frames wakes it.
const REST: Duration = Duration::from_millis(500);

/// Where a source's frames go: a stream, or, without an app, a probe.
pub(crate) trait Outlet {
    /// Offers a frame; `write` is called at most once, where there is room for it.
    fn offer<E>(
        &self,
        stamp: FrameStamp,
        write: impl FnOnce(&mut FrameWriter<'_>) -> Result<(), E>,
    ) -> Result<Offer, E>;

    /// Reports the source's state.
    fn report(&self, state: StreamState);

    /// Counts frames that were lost before they could be offered.
    fn count_drop(&self, reason: DropReason, frames: u64);

    /// What happens to frames that come too fast.
    fn pace(&self) -> Pace;

    /// Whether anybody wants frames.
    fn is_wanted(&self) -> bool;

    /// Whether the thread should end.
    fn is_closing(&self) -> bool;

    /// Rests until `until`; answers whether the stream is still open.
    fn rest_until(&self, until: Timestamp) -> bool;

    /// Rests until something may have changed.
    fn rest(&self);
}

impl Outlet for CapturePort {
    fn offer<E>(
        &self,
        stamp: FrameStamp,
        write: impl FnOnce(&mut FrameWriter<'_>) -> Result<(), E>,
    ) -> Result<Offer, E> {
        Self::offer(self, stamp, write)
    }

    fn report(&self, state: StreamState) {
        Self::report(self, state);
    }

    fn count_drop(&self, reason: DropReason, frames: u64) {
        Self::count_drop(self, reason, frames);
    }

    fn pace(&self) -> Pace {
        Self::pace(self)
    }

    fn is_wanted(&self) -> bool {
        Self::is_wanted(self)
    }

    fn is_closing(&self) -> bool {
        Self::is_closing(self)
    }

    fn rest_until(&self, until: Timestamp) -> bool {
        Self::rest_until(self, until)
    }

    fn rest(&self) {
        // The port learns here which thread to wake; the wish for frames may come at any moment after.
        if self.rest_until(Timestamp::now()) && !self.is_wanted() {
            std::thread::park_timeout(REST);
        }
    }
}
