//! Why something is missing.

use serde::Serialize;

/// Why a frame was dropped before it became a frame entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum DropReason {
    /// Nobody wants anything of this stream.
    Unwanted,
    /// The stream's buffers were still being made (its first frames, or its first after a change of size).
    NotReady,
    /// Every staging slot was full or on its way: the source is faster than the app.
    RingFull,
    /// A newer frame was there before the app looked.
    Superseded,
    /// Every frame of the pool was leased or still being worked on.
    PoolFull,
    /// Every readback slot was still on its way: the GPU is slower than the source.
    ReadbackFull,
    /// The source delivered bytes that are no picture.
    Corrupt,
    /// The driver or decoder reported a loss of its own.
    Driver,
}

impl DropReason {
    /// All reasons, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Unwanted,
        Self::NotReady,
        Self::RingFull,
        Self::Superseded,
        Self::PoolFull,
        Self::ReadbackFull,
        Self::Corrupt,
        Self::Driver,
    ];

    /// The name used in records and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unwanted => "unwanted",
            Self::NotReady => "not_ready",
            Self::RingFull => "ring_full",
            Self::Superseded => "superseded",
            Self::PoolFull => "pool_full",
            Self::ReadbackFull => "readback_full",
            Self::Corrupt => "corrupt",
            Self::Driver => "driver",
        }
    }
}

/// Why an attachment is missing on a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum SkipReason {
    /// The stage's pipeline was still being compiled.
    Warming,
    /// The frame's time was used up by more urgent work.
    OverBudget,
    /// The deadline passed before the result was there.
    Late,
    /// There was nothing of the kind in the picture.
    NoTarget,
    /// The stream ended or failed before the result came.
    SourceLost,
    /// The picture is too small or otherwise unfit for the stage.
    Unfit,
    /// The stage reported an error.
    Failed,
    /// Only every n-th frame is looked at, to save time.
    Thinned,
    /// Who makes it was busy, and a newer frame was there, or another stream's turn came, before this one's.
    Superseded,
    /// It was given up on the way: nobody wanted it any more, or the app said so.
    Cancelled,
}

impl SkipReason {
    /// All reasons, in the order of their numbers.
    pub const ALL: [Self; 10] = [
        Self::Warming,
        Self::OverBudget,
        Self::Late,
        Self::NoTarget,
        Self::SourceLost,
        Self::Unfit,
        Self::Failed,
        Self::Thinned,
        Self::Superseded,
        Self::Cancelled,
    ];

    /// The name used in records and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warming => "warming",
            Self::OverBudget => "over_budget",
            Self::Late => "late",
            Self::NoTarget => "no_target",
            Self::SourceLost => "source_lost",
            Self::Unfit => "unfit",
            Self::Failed => "failed",
            Self::Thinned => "thinned",
            Self::Superseded => "superseded",
            Self::Cancelled => "cancelled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_numbered_in_the_order_listed() {
        assert!(DropReason::ALL.iter().enumerate().all(|(index, &reason)| reason as usize == index));
        assert!(SkipReason::ALL.iter().enumerate().all(|(index, &reason)| reason as usize == index));
    }
}
