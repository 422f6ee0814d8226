//! One frame as one line.

use bevy::ecs::prelude::*;
use bevy::ecs::world::EntityRef;
use freshet_frame::{AttachmentKind, Attachments, Frame, Skipped, Stream};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// One frame and what is known about it, as it is written down. The order of the fields is the order in the file.
#[derive(serde::Serialize)]
pub(super) struct FrameLine<'a> {
    stream: &'a str,
    pub(super) seq: u64,
    captured_ns: u64,
    attachments: AttachmentsOf<'a>,
    skipped: SkippedOf<'a>,
}

impl<'a> FrameLine<'a> {
    /// What is on this frame now. `None` for an entity that carries no frame, or whose stream is gone.
    pub(super) fn of(world: &'a World, entity: Entity) -> Option<Self> {
        let entity = world.get_entity(entity).ok()?;
        let frame = entity.get::<Frame>()?;
        let stream = world.get::<Stream>(frame.stream)?;
        Some(Self {
            stream: &stream.name,
            seq: frame.seq,
            captured_ns: frame.captured.as_nanos(),
            attachments: AttachmentsOf {
                frame: entity,
                kinds: world.get_resource::<Attachments>().map_or(&[], Attachments::kinds),
            },
            skipped: SkippedOf(entity.get()),
        })
    }

    /// Writes the line, with its end, into an empty buffer.
    pub(super) fn write(&self, line: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(&mut *line, self)?;
        line.push(b'\n');
        Ok(())
    }
}

struct AttachmentsOf<'a> {
    frame: EntityRef<'a>,
    kinds: &'a [AttachmentKind],
}

impl Serialize for AttachmentsOf<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for kind in self.kinds {
            if let Some(value) = (kind.to_json)(self.frame) {
                map.serialize_entry(kind.name, &value)?;
            }
        }
        map.end()
    }
}

struct SkippedOf<'a>(Option<&'a Skipped>);

impl Serialize for SkippedOf<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.into_iter().flat_map(Skipped::iter))
    }
}
