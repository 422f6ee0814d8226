//! The handle of a frame.

use bevy::ecs::entity::Entity;

/// The handle of one frame: the entity that carries it and the number it had when the handle was made.
///
/// Frame entities are recycled, never despawned. A handle whose `seq` is no longer the entity's own is out of date,
/// and everything that takes a `FrameId` notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameId {
    /// The frame entity, from its stream's fixed pool.
    pub entity: Entity,
    /// The frame's number in its stream, counted at the source; gaps are frames that were dropped.
    pub seq: u64,
}
