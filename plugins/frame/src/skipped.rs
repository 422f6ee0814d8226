//! What is missing on a frame, and why.

use arrayvec::ArrayVec;
use bevy::ecs::component::Component;
use freshet_base::SkipReason;

/// What is missing on a frame, and why. On every frame; empty when nothing is missing.
#[derive(Component, Debug, Default, Clone, PartialEq, Eq)]
pub struct Skipped(ArrayVec<(&'static str, SkipReason), 16>);

impl Skipped {
    /// Notes that `what`, a stage or an attachment, is missing. The first reason given for it stays.
    pub fn note(&mut self, what: &'static str, reason: SkipReason) {
        // A seventeenth missing thing is in the ledger only.
        if self.reason(what).is_none() && !self.0.is_full() {
            self.0.push((what, reason));
        }
    }

    /// Why `what` is missing, if it is.
    pub fn reason(&self, what: &str) -> Option<SkipReason> {
        self.0.iter().find(|(name, _)| *name == what).map(|&(_, reason)| reason)
    }

    /// All that is missing.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, SkipReason)> + '_ {
        self.0.iter().copied()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
