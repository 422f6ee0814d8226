//! A frame: an entity of a fixed pool that carries what is known about one picture.

use bevy::ecs::component::Component;
use bevy::ecs::entity::Entity;
use freshet_base::{FrameFormat, FrameId, Timestamp};

/// One picture of a stream. Everything computed from it is attached to the same entity.
///
/// The entity comes from the stream's fixed pool. When it is recycled for a newer picture this component changes, and
/// all attachments are gone; hold a `FrameLease` to keep a frame for longer.
///
/// ```
/// # use bevy::prelude::*;
/// # use freshet_base::FrameCode;
/// # use freshet_frame::Frame;
/// fn show(frames: Query<(&Frame, &FrameCode), Changed<FrameCode>>) {
///     for (frame, code) in &frames {
///         assert!(code.seq.is_none_or(|seq| u64::from(seq) == frame.seq));
///     }
/// }
/// # bevy::ecs::system::assert_is_system(show);
/// ```
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// The stream it belongs to.
    pub stream: Entity,
    /// Its number in the stream, counted at the source from 0; gaps are frames that were dropped.
    pub seq: u64,
    /// When it was captured.
    pub captured: Timestamp,
    /// Its shape.
    pub format: FrameFormat,
}

impl Frame {
    /// The handle of this frame, given the entity it is on.
    pub const fn id(&self, entity: Entity) -> FrameId {
        FrameId { entity, seq: self.seq }
    }
}

/// Ties a frame entity to its stream.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
#[relationship(relationship_target = Frames)]
pub struct FrameOf(pub Entity);

/// The frame entities of a stream, used or not yet used; a frame that is in use has a [`Frame`].
#[derive(Component, Debug, Default)]
#[relationship_target(relationship = FrameOf, linked_spawn)]
pub struct Frames(Vec<Entity>);

impl Frames {
    /// The frame entities.
    pub fn iter(&self) -> impl Iterator<Item = Entity> + '_ {
        self.0.iter().copied()
    }
}

/// Which of the stream's preallocated GPU slots holds this frame's textures.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GpuSlot(pub u8);
