//! What changed, and why.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::knob::KnobKind;

/// Why quality was lowered, given back, or cannot be lowered further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Reason {
    /// The frames cost more than they may.
    OverTarget {
        /// What a frame costs.
        estimate: Duration,
        /// What it may cost.
        target: Duration,
    },
    /// Frames are expected to stay under the target with more quality.
    Headroom {
        /// What a frame is expected to cost afterwards.
        predicted: Duration,
        /// What it may cost.
        target: Duration,
    },
    /// The frames cost more than they may and no knob has a step left.
    NothingLeft {
        /// What a frame costs.
        estimate: Duration,
        /// What it may cost.
        target: Duration,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = |time: Duration| time.as_secs_f64() * 1e3;
        match *self {
            Self::OverTarget { estimate, target } => {
                write!(out, "a frame costs {:.1} ms, more than its {:.1} ms", millis(estimate), millis(target))
            }
            Self::Headroom { predicted, target } => {
                write!(out, "a frame is expected to cost {:.1} ms of its {:.1} ms", millis(predicted), millis(target))
            }
            Self::NothingLeft { estimate, target } => write!(
                out,
                "a frame costs {:.1} ms, more than its {:.1} ms, and there is nothing left to give up",
                millis(estimate),
                millis(target)
            ),
        }
    }
}

/// A knob is to move. Apply it before the next frame; if it cannot be, call `Control::veto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Name of the knob.
    pub knob: &'static str,
    /// What it gives up or gets back.
    pub kind: KnobKind,
    /// Where it stood: 0 is full quality.
    pub from: u8,
    /// Where it stands now. Greater than `from`: less quality.
    pub to: u8,
    /// Why.
    pub reason: Reason,
    /// What a frame cost before.
    pub cost_before: Duration,
}

impl fmt::Display for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.to > self.from { "lowered" } else { "raised" };
        write!(out, "{} ({}) {verb} from {} to {}: {}", self.knob, self.kind.name(), self.from, self.to, self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_reads_as_a_sentence() {
        let [estimate, target] = [18_240, 16_667].map(Duration::from_micros);
        let reason = Reason::OverTarget { estimate, target };
        let mut change =
            Change { knob: "flow/rate", kind: KnobKind::Cadence, from: 0, to: 1, reason, cost_before: estimate };
        let text = "flow/rate (cadence) lowered from 0 to 1: a frame costs 18.2 ms, more than its 16.7 ms";
        assert_eq!(change.to_string(), text);
        change.reason = Reason::Headroom { predicted: estimate / 2, target };
        (change.from, change.to) = (1, 0);
        let text = "flow/rate (cadence) raised from 1 to 0: a frame is expected to cost 9.1 ms of its 16.7 ms";
        assert_eq!(change.to_string(), text);
        let text = "a frame costs 18.2 ms, more than its 16.7 ms, and there is nothing left to give up";
        assert_eq!(Reason::NothingLeft { estimate, target }.to_string(), text);
    }
}
