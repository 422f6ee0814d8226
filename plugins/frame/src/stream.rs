//! A stream of frames: a camera, a file, a pattern.

use std::num::NonZeroU8;

use bevy::ecs::component::Component;
use freshet_base::{DropReason, FrameFormat, Timestamp};
use serde::Serialize;

/// A source of frames. Its frames point to it with `FrameOf`; what is newest of it is on it as `Latest<T>`.
#[derive(Component, Debug, Clone, PartialEq, Eq)]
#[require(StreamSettings, StreamState, StreamStats, crate::demand::Demand)]
pub struct Stream {
    /// The name in records, reports and messages.
    pub name: String,
}

impl Stream {
    /// A stream of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }
}

/// What happens to frames that come faster than the app takes them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[repr(u8)]
pub enum Pace {
    /// The source's own rate; the newest wins, older ones are dropped and counted. For everything live.
    #[default]
    Real = 0,
    /// Each frame once, in order, none dropped; the source waits for the app. For measuring and for files.
    Every = 1,
}

/// How much a stream may hold. Read when its buffers are made.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamSettings {
    /// What happens to frames that come too fast. Default [`Pace::Real`].
    pub pace: Pace,
    /// Frames of the pool, each with a GPU slot. More keep results and leases for longer and cost GPU memory.
    /// At least 3, at most 16. Default 4.
    pub frames: NonZeroU8,
    /// Mapped staging buffers. More smooth out an app that stutters and add memory, never delay. At least 2, at most
    /// 8. Default 4.
    pub staging: NonZeroU8,
    /// Readback slots: frames whose results may be on their way at once. At least 1, at most `frames - 1`. Default 3.
    pub readback: NonZeroU8,
}

impl StreamSettings {
    /// Most frames in a pool.
    pub const MAX_FRAMES: usize = 16;
    /// Most staging buffers and most readback slots.
    pub const MAX_SLOTS: usize = 8;

    /// The same settings at another pace.
    #[must_use]
    pub const fn with_pace(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    pub(crate) fn frames(&self) -> usize {
        (self.frames.get() as usize).clamp(3, Self::MAX_FRAMES)
    }

    pub(crate) fn staging(&self) -> usize {
        (self.staging.get() as usize).clamp(2, Self::MAX_SLOTS)
    }

    pub(crate) fn readback(&self) -> usize {
        (self.readback.get() as usize).clamp(1, (self.frames() - 1).min(Self::MAX_SLOTS))
    }
}

impl Default for StreamSettings {
    fn default() -> Self {
        const fn number(number: u8) -> NonZeroU8 {
            NonZeroU8::new(number).expect("not zero")
        }
        Self { pace: Pace::Real, frames: number(4), staging: number(4), readback: number(3) }
    }
}

/// Where a stream stands. Set by its source; a change is a change of the component.
#[derive(Component, Debug, Default, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum StreamState {
    /// The source is being opened.
    #[default]
    Opening,
    /// Frames come.
    Streaming,
    /// The source went away; it may come back.
    Lost {
        /// What happened.
        reason: String,
    },
    /// The source is being opened again.
    Reconnecting,
    /// The source came to its end.
    Ended,
    /// The source cannot be used.
    Failed {
        /// The input and the cause, in one line.
        reason: String,
    },
}

impl StreamState {
    /// Whether no more frames will come.
    pub const fn is_over(&self) -> bool {
        matches!(self, Self::Ended | Self::Failed { .. })
    }
}

/// What a stream has delivered since it was opened.
#[derive(Component, Debug, Default, Clone, PartialEq)]
pub struct StreamStats {
    /// The format of its newest frame.
    pub format: Option<FrameFormat>,
    /// Frames that became frame entities.
    pub captured: u64,
    /// Frames whose results are all there.
    pub completed: u64,
    /// Frames that wait at the entrance for the app's next turn.
    pub waiting: u32,
    /// Frames dropped, in the order of [`DropReason::ALL`].
    pub dropped: [u64; DropReason::ALL.len()],
    /// Number of its newest frame.
    pub newest_seq: Option<u64>,
    /// When its newest frame was captured.
    pub newest: Timestamp,
    /// Frames per second, smoothed over about a second; by the times of capture.
    pub rate_hz: f32,
}

impl StreamStats {
    /// Frames dropped for this reason.
    pub const fn dropped_for(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize]
    }

    /// All frames dropped.
    pub fn dropped_total(&self) -> u64 {
        self.dropped.iter().sum()
    }

    pub(crate) fn count_capture(&mut self, seq: u64, captured: Timestamp, format: FrameFormat) {
        if let Some(before) = self.newest_seq
            && seq > before
            && captured > self.newest
        {
            let period = captured.since(self.newest).as_secs_f32() / (seq - before) as f32;
            let weight = (period * 2.0).min(1.0);
            let rate = 1.0 / period;
            self.rate_hz = if self.rate_hz == 0.0 { rate } else { self.rate_hz + weight * (rate - self.rate_hz) };
        }
        self.newest_seq = Some(seq);
        self.newest = captured;
        self.format = Some(format);
        self.captured += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use freshet_base::PixelFormat;

    #[test]
    fn settings_are_brought_into_bounds() {
        let one = NonZeroU8::MIN;
        let small = StreamSettings { pace: Pace::Real, frames: one, staging: one, readback: NonZeroU8::MAX };
        assert_eq!((small.frames(), small.staging(), small.readback()), (3, 2, 2));
    }

    #[test]
    fn the_rate_counts_dropped_frames_too() {
        let format = FrameFormat::new(8, 8, PixelFormat::Gray8).unwrap();
        let mut stats = StreamStats::default();
        for frame in (0..200).step_by(2) {
            stats.count_capture(frame, Timestamp::from_nanos(1 + frame * 10_000_000), format);
        }
        assert!((stats.rate_hz - 100.0).abs() < 0.1, "{}", stats.rate_hz);
    }
}
