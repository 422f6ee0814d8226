//! One frame as one line.

use std::collections::BTreeMap;

use bevy::ecs::prelude::*;
use freshet_frame::{Attachments, Frame, Skipped, Stream};
use serde::Serialize;

/// One frame and what is known about it. As JSON on one line it is what recordings are made of; the order of the fields
/// is the order in the file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct FrameLine {
    stream: String,
    pub(super) seq: u64,
    captured_ns: u64,
    attachments: BTreeMap<&'static str, serde_json::Value>,
    skipped: BTreeMap<&'static str, &'static str>,
}

impl FrameLine {
    /// What is on this frame now. `None` for an entity that carries no frame, or whose stream is gone.
    pub(super) fn of(world: &World, entity: Entity) -> Option<Self> {
        let entity = world.get_entity(entity).ok()?;
        let frame = entity.get::<Frame>()?;
        let stream = world.get::<Stream>(frame.stream)?;
        let kinds = world.get_resource::<Attachments>().map_or(&[][..], Attachments::kinds);
        let attachments = kinds.iter().filter_map(|kind| Some((kind.name, (kind.to_json)(entity)?)));
        let skipped = entity.get::<Skipped>().into_iter().flat_map(Skipped::iter);
        Some(Self {
            stream: stream.name.clone(),
            seq: frame.seq,
            captured_ns: frame.captured.as_nanos(),
            attachments: attachments.collect(),
            skipped: skipped.map(|(what, reason)| (what, reason.name())).collect(),
        })
    }
}
