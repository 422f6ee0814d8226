//! The limits and the patience.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// When to give up quality and when to give it back. Shares are of the target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ControlSettings {
    /// What a frame may cost. Lower gives up quality earlier. Below 1 µs counts as that. Default 1/60 s.
    pub target: Duration,
    /// A frame over this share is bad; five bad ones of nine give up a step. Lower acts on less, but noise of this size
    /// above the target then counts as load. Default 1.10.
    pub degrade_above: f64,
    /// A mean over this share for [`Self::lasting_patience`] frames gives up a step. Lower takes noise for load, higher
    /// tolerates a light overload for ever. Default 1.03; 1.0 while quality is being given up.
    pub lasting_above: f64,
    /// Frames after which a light overload counts as lasting. Higher is surer and later. Default 160.
    pub lasting_patience: u32,
    /// A step is taken back only when a frame is expected to stay below this share with it. Higher gives more quality
    /// back and comes closer to the edge. Default 0.85.
    pub recover_below: f64,
    /// Calm frames before a step is taken back. Higher is surer and later. Default 60.
    pub patience: u32,
    /// Frames that are not looked at after a change: pipelined frames, late GPU times. Default 2.
    pub settle: u32,
    /// Wait after a step was taken back and had to be given up again; doubles with each such failure. Higher flickers
    /// less. Default 5 s.
    pub backoff: Duration,
    /// The wait grows no longer than this. Default 5 min.
    pub max_backoff: Duration,
    /// A step that is expected not to fit is tried all the same after this long without a change, in case what was
    /// learnt is wrong. `Duration::MAX`: never. Default 1 h.
    pub doubt_after: Duration,
}

impl Default for ControlSettings {
    fn default() -> Self {
        Self {
            target: Duration::from_nanos(16_666_667),
            degrade_above: 1.10,
            lasting_above: 1.03,
            lasting_patience: 160,
            recover_below: 0.85,
            patience: 60,
            settle: 2,
            backoff: Duration::from_secs(5),
            max_backoff: Duration::from_secs(300),
            doubt_after: Duration::from_secs(3600),
        }
    }
}
