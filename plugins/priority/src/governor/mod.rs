//! Keeps the cost of a frame under its target: gives quality up in a stated order, and back with hysteresis.
//!
//! ```text
//!  cost of a frame, share of the target
//!  1.10 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄╭──╮┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄  5 of 9 frames above: give up one step
//!  1.03 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄│┄┄╰─╮┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄  mean of 160 frames above: give up one step
//!  1.00 ══════════════│════╰────────╮══════════════  target; a fall ends here
//!  0.85 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄│┄┄┄┄┄┄┄┄┄┄┄┄┄│┄┄┄┄┄┄╭┄┄┄╭────  60 calm frames, and cost × learnt gain below:
//!       ──────────────╯             ╰──────╯───╯      take one step back
//!
//!  down: Cadence ► Resolution ► Quality ► ModelSize; within a kind every knob one step, then every knob the next;
//!  up:   the same in reverse. A step back that fails within the back-off (5 s) is given up again and doubles it (≤ 5 min).
//! ```
//!
//! What it promises: a load whose frames are all above 1.10 is answered within 5 frames, or 10 with noise around that
//! limit; each further step takes 7 frames (2 skipped, 5 seen), or 166 where a frame
//! costs between 1.00 and 1.10. A step back takes 66. Four bad
//! frames of nine do nothing.
//!
//! Where the ideas are from:
//! - Unity Adaptive Performance (`AdaptivePerformanceIndexer`, `AdaptivePerformanceScaler.CalculateCost`): levels of
//!   many small knobs, the cheapest next, where cost grows with the level, so that knobs take turns; the dearest is given
//!   back first; the effect of each is measured. Its samples include vsync, so it cannot tell headroom; ours do not.
//! - WebRTC: `OveruseFrameDetector` (more than one bad reading; a wide gap between the limits "so that scaling up or down
//!   does not jump all the way across"; a doubling delay where going up did not last; readings start anew after a pause
//!   and after a change), `BALANCED` degradation (resolution and frame rate take turns), `QualityScaler` (quick down, slow
//!   up).
//! - Unreal Engine dynamic resolution: few frames over budget suffice to act (`MaxConsecutiveOverBudgetGPUFrameCount`),
//!   a headroom below the budget, frames between changes (`MinResolutionChangePeriod`), slower up than down.
//! - GStreamer `QoS`: an emergency correction from the last observations beside a long-term one from the trend.

mod act;
mod control;
mod estimate;
mod knob;
pub mod plant;
mod reason;
mod settings;
#[cfg(test)]
mod tests;

pub(crate) use act::govern;
pub use act::{Governor, QualityChanged};
pub use control::{Control, FrameCost};
pub use knob::{Knob, KnobKind};
pub use reason::{Change, Reason};
pub use settings::ControlSettings;
