//! Why a workload is at its level.

use std::fmt;

use crate::attention::Context;

/// Why a workload is at its present level.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub enum Why {
    /// It is its own.
    #[default]
    Base,
    /// What the user does makes it so.
    Context(Context),
    /// The user is likely to turn to it next.
    Forecast {
        /// What the user is likely to do next.
        next: Context,
        /// How likely, 0 to 1.
        probability: f32,
    },
    /// It has waited for so long that its bound is near.
    Aged,
    /// The app said so.
    Pinned,
    /// It panicked.
    Panicked,
    /// It ran for too long without letting others run.
    Stalled,
    /// It missed one deadline after another.
    MissedDeadlines,
    /// It panicked again and again, and is not run any more.
    Suspended,
}

impl Why {
    /// Whether it is there because it misbehaved.
    pub const fn is_misconduct(self) -> bool {
        matches!(self, Self::Panicked | Self::Stalled | Self::MissedDeadlines | Self::Suspended)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Base => f.write_str("its own level"),
            Self::Context(context) => write!(f, "context {context}"),
            Self::Forecast { next, probability } => write!(f, "{next} is likely next ({:.0} %)", probability * 100.0),
            Self::Aged => f.write_str("waited too long"),
            Self::Pinned => f.write_str("pinned"),
            Self::Panicked => f.write_str("panicked"),
            Self::Stalled => f.write_str("ran too long"),
            Self::MissedDeadlines => f.write_str("missed its deadlines"),
            Self::Suspended => f.write_str("suspended after panics"),
        }
    }
}
