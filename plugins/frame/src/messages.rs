//! What happened to frames, for whoever reads messages.

use bevy::ecs::entity::Entity;
use bevy::ecs::message::Message;
use freshet_base::{DropReason, FrameId};

/// A frame entered the app. Its results follow as attachments.
#[derive(Message, Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameCaptured {
    /// The stream.
    pub stream: Entity,
    /// The frame.
    pub frame: FrameId,
}

/// Frames were dropped at the entrance since the app last looked.
#[derive(Message, Debug, Clone, Copy, PartialEq, Eq)]
pub struct FramesDropped {
    /// The stream.
    pub stream: Entity,
    /// Why.
    pub reason: DropReason,
    /// How many.
    pub frames: u64,
}
