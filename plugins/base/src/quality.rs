//! What was given up for a frame.

use arrayvec::ArrayVec;
use bevy::ecs::component::Component;
use serde::Serialize;

use crate::Attachment;

/// What quality was given up for this frame, so that the app keeps its frame time: names of knobs, and how many steps
/// each is below full quality. Only on frames for which something was.
#[derive(Component, Debug, Default, Clone, PartialEq, Eq)]
pub struct Degraded(pub ArrayVec<(&'static str, u8), { Degraded::MOST }>);

impl Degraded {
    /// Knobs that are told of.
    pub const MOST: usize = 8;
}

impl Serialize for Degraded {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

impl Attachment for Degraded {
    const NAME: &'static str = "degraded";
}
