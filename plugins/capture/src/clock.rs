//! When the frames of a paced source are due.

use std::time::Duration;

use freshet_base::Timestamp;

use crate::source::NextFrame;

/// A source that falls behind by more than this counts from there on, rather than run through what it missed.
const PATIENCE: Duration = Duration::from_millis(500);
/// The rate of sources that have none and are not told one.
const DEFAULT_RATE_HZ: f64 = 30.0;

/// When the frames of a paced source are due: counted from one anchor, so that small delays do not add up.
#[derive(Debug)]
pub(crate) struct PaceClock {
    rate_hz: f64,
    own_times: bool,
    /// A moment, and how far the source was then.
    anchor: Option<(Timestamp, Duration)>,
}

impl PaceClock {
    /// A clock for a source of this nominal rate; the rate wished for overrules it and the source's own times.
    pub(crate) fn new(nominal_hz: Option<f64>, wished_hz: Option<f64>) -> Self {
        let rate_hz = wished_hz.or(nominal_hz).filter(|&rate| crate::spec::is_rate(rate)).unwrap_or(DEFAULT_RATE_HZ);
        Self { rate_hz, own_times: wished_hz.is_none(), anchor: None }
    }

    /// When the frame is due, asked at `now`.
    pub(crate) fn due(&mut self, frame: &NextFrame, now: Timestamp) -> Timestamp {
        let own = frame.due.filter(|_| self.own_times);
        let offset = own.unwrap_or_else(|| Duration::from_secs_f64(frame.seq as f64 / self.rate_hz));
        let (anchor, before) = *self.anchor.get_or_insert((now, offset));
        let due = anchor.after(offset.saturating_sub(before));
        if now.since(due) > PATIENCE {
            self.anchor = Some((now, offset));
            return now;
        }
        due
    }

    /// Counts anew from the next frame.
    pub(crate) fn reset(&mut self) {
        self.anchor = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use freshet_base::{FrameFormat, PixelFormat};

    fn frame(seq: u64) -> NextFrame {
        NextFrame::new(seq, FrameFormat::new(8, 8, PixelFormat::Gray8).unwrap())
    }

    fn seconds(seconds: f64) -> Timestamp {
        Timestamp::from_nanos((seconds * 1e9).round() as u64)
    }

    #[test]
    fn delays_do_not_add_up() {
        let mut clock = PaceClock::new(Some(50.0), None);
        clock.due(&frame(0), seconds(10.0));
        for seq in 1..1000 {
            let late = seconds(10.0 + seq as f64 * 0.02 + 0.3);
            assert_eq!(clock.due(&frame(seq), late), seconds(10.0 + seq as f64 * 0.02));
        }
    }

    #[test]
    fn a_long_pause_is_not_run_through() {
        let mut clock = PaceClock::new(Some(50.0), None);
        clock.due(&frame(0), seconds(1.0));
        assert_eq!(clock.due(&frame(1), seconds(60.0)), seconds(60.0));
        assert_eq!(clock.due(&frame(2), seconds(60.0)), seconds(60.02));
        clock.reset();
        assert_eq!(clock.due(&frame(3), seconds(2.0)), seconds(2.0));
    }

    #[test]
    fn own_times_count_unless_a_rate_is_wished_for() {
        let uneven = |seq, seconds| NextFrame { due: Some(Duration::from_secs_f64(seconds)), ..frame(seq) };
        let mut own = PaceClock::new(Some(30.0), None);
        own.due(&uneven(0, 0.0), seconds(1.0));
        assert_eq!(own.due(&uneven(1, 0.4), seconds(1.0)), seconds(1.4));
        let mut wished = PaceClock::new(Some(30.0), Some(10.0));
        wished.due(&uneven(0, 0.0), seconds(1.0));
        assert_eq!(wished.due(&uneven(1, 0.4), seconds(1.0)), seconds(1.1));
    }
}
