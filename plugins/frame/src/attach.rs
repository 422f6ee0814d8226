//! Attaching results to frames.

use std::any::TypeId;

use bevy::ecs::prelude::*;
use bevy::ecs::world::EntityRef;
use freshet_base::{Attachment, FrameId, SkipReason, Timestamp};
use freshet_ledger::{TimedKind, Timings, attachment, foreign};

use crate::frame::{Frame, FrameOf};
use crate::history::History;
use crate::skipped::Skipped;

/// On a stream: the newest result of its kind, and which frame it is from.
///
/// Results that came after their frame was recycled are here too; [`Latest::age`] says how old what they show is.
#[derive(Component, Debug, Clone, PartialEq)]
pub struct Latest<T: Attachment> {
    /// The result.
    pub value: T,
    /// The frame it was computed from, recycled or not.
    pub frame: FrameId,
    /// When that frame was captured.
    pub captured: Timestamp,
    /// Whether the result came after its frame was recycled.
    pub late: bool,
}

impl<T: Attachment> Latest<T> {
    /// Time since the frame it is from was captured.
    pub fn age(&self) -> std::time::Duration {
        self.captured.age()
    }
}

/// When each of a stream's newest frames was captured; what late results are dated by.
pub type CaptureTimes = History<Timestamp>;

/// Attaching results to frames, from any system.
pub trait AttachExt {
    /// Attaches `value` to its frame, where it stays until the frame is recycled, and makes it the stream's
    /// [`Latest`] of its kind, unless there is one of a newer frame.
    ///
    /// When the frame has been recycled already, the result becomes the stream's `Latest` alone, marked late. When the
    /// stream is gone too, it is counted as skipped. It never lands on another frame.
    fn attach<T: Attachment>(&mut self, frame: FrameId, value: T);

    /// Notes on the frame that `what`, a stage or an attachment, is missing, and counts it.
    fn skip(&mut self, frame: FrameId, what: &'static str, reason: SkipReason);
}

impl AttachExt for Commands<'_, '_> {
    fn attach<T: Attachment>(&mut self, frame: FrameId, value: T) {
        self.queue(move |world: &mut World| attach_now(world, frame, value));
    }

    fn skip(&mut self, frame: FrameId, what: &'static str, reason: SkipReason) {
        self.queue(move |world: &mut World| {
            attachment(what).skipped(reason);
            let current = world.get::<Frame>(frame.entity).is_some_and(|held| held.seq == frame.seq);
            if current && let Some(mut skipped) = world.get_mut::<Skipped>(frame.entity) {
                skipped.note(what, reason);
            }
        });
    }
}

fn attach_now<T: Attachment>(world: &mut World, id: FrameId, value: T) {
    let tally = attachment(T::NAME);
    let Some(&FrameOf(stream)) = world.get::<FrameOf>(id.entity) else {
        tally.skipped(SkipReason::SourceLost);
        return;
    };
    let (captured, late) = date::<T>(world, stream, id);
    let latest = Latest { value, frame: id, captured, late };
    if late {
        tally.late();
    } else {
        tally.made();
        if let Some(mut timings) = world.get_resource_mut::<Timings>() {
            timings.record(TimedKind::Age, T::NAME, captured.age());
        }
        if let Ok(mut frame) = world.get_entity_mut(id.entity) {
            let value = latest.value.clone();
            // As when it is taken off: what Bevy remembers of the set is Bevy's.
            foreign(|| {
                frame.insert(value);
            });
        }
    }
    match world.get_mut::<Latest<T>>(stream) {
        Some(mut held) if held.frame.seq <= id.seq => *held = latest,
        Some(_) => {}
        None => {
            if let Ok(mut stream) = world.get_entity_mut(stream) {
                stream.insert(latest);
            }
        }
    }
}

/// When the frame of a result was captured, and whether the result comes after it was recycled. From here on its kind is
/// known.
pub(crate) fn date<T: Attachment>(world: &mut World, stream: Entity, id: FrameId) -> (Timestamp, bool) {
    world.get_resource_or_init::<Attachments>().know::<T>();
    let on_time = world.get::<Frame>(id.entity).filter(|frame| frame.seq == id.seq).map(|frame| frame.captured);
    let remembered = || world.get::<CaptureTimes>(stream).and_then(|times| times.get(id.seq)).copied();
    // A result so late that even its date is forgotten is at least as old as what is remembered.
    (on_time.or_else(remembered).unwrap_or_default(), on_time.is_none())
}

/// The kinds of attachments that have been seen, so that frames can be cleared and recorded.
#[derive(Resource, Default)]
pub struct Attachments {
    kinds: Vec<AttachmentKind>,
}

/// One kind of attachment.
#[derive(Clone, Copy)]
pub struct AttachmentKind {
    type_id: TypeId,
    /// Its name.
    pub name: &'static str,
    /// The attachment of a frame, as JSON, if it has one.
    pub to_json: fn(EntityRef<'_>) -> Option<serde_json::Value>,
    clear: fn(&mut EntityWorldMut<'_>),
    forget: fn(&mut EntityWorldMut<'_>),
}

impl Attachments {
    fn know<T: Attachment>(&mut self) {
        let type_id = TypeId::of::<T>();
        if self.kinds.iter().all(|kind| kind.type_id != type_id) {
            self.kinds.push(AttachmentKind {
                type_id,
                name: T::NAME,
                to_json: |frame| serde_json::to_value(frame.get::<T>()?).ok(),
                clear: |frame| {
                    // The first time that a frame has just this set of attachments, Bevy remembers where it leads.
                    foreign(|| {
                        frame.remove::<T>();
                    });
                },
                forget: |stream| {
                    stream.remove::<Latest<T>>();
                },
            });
        }
    }

    /// The kinds seen so far.
    pub fn kinds(&self) -> &[AttachmentKind] {
        &self.kinds
    }
}

/// Takes the newest results off a stream that is opened anew.
pub(crate) fn forget_latest(world: &mut World, stream: Entity) {
    let kinds = world.get_resource::<Attachments>().map(|list| list.kinds.clone()).unwrap_or_default();
    let Ok(mut stream) = world.get_entity_mut(stream) else { return };
    for kind in kinds {
        (kind.forget)(&mut stream);
    }
}

/// Called for each frame before it is recycled, with its attachments still on it. For recorders.
pub type RetireHook = fn(&mut World, Entity);

/// Who wants to see frames before they are recycled.
#[derive(Resource, Default)]
pub struct RetireHooks(pub Vec<RetireHook>);

/// Gives a frame entity of the pool to a new frame: shows the old one to the hooks and takes everything off it.
pub(crate) fn recycle(world: &mut World, entity: Entity, frame: Frame) {
    if world.get::<Frame>(entity).is_some() {
        let mut hooks = 0;
        while let Some(&hook) = world.get_resource::<RetireHooks>().and_then(|list| list.0.get(hooks)) {
            hook(world, entity);
            hooks += 1;
        }
        let mut kinds = 0;
        while let Some(clear) = world.get_resource::<Attachments>().and_then(|list| Some(list.kinds.get(kinds)?.clear))
        {
            if let Ok(mut held) = world.get_entity_mut(entity) {
                clear(&mut held);
            }
            kinds += 1;
        }
        freshet_ledger::FRAMES_RECYCLED.count(1);
    }
    if let Some(mut skipped) = world.get_mut::<Skipped>(entity) {
        skipped.clear();
    }
    match world.get_mut::<Frame>(entity) {
        Some(mut held) => *held = frame,
        None => {
            if let Ok(mut place) = world.get_entity_mut(entity) {
                place.insert(frame);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use freshet_base::{FrameCode, FrameFormat, PixelFormat};

    fn frame(stream: Entity, seq: u64) -> Frame {
        let format = FrameFormat::new(8, 8, PixelFormat::Gray8).unwrap();
        Frame { stream, seq, captured: Timestamp::from_nanos(1 + seq), format }
    }

    fn code(seq: u32) -> FrameCode {
        FrameCode { seq: Some(seq), whole: true }
    }

    fn world_with_frame() -> (World, Entity, FrameId) {
        let mut world = World::new();
        let stream = world.spawn(CaptureTimes::with_capacity(8)).id();
        let entity = world.spawn((FrameOf(stream), Skipped::default())).id();
        world.get_mut::<CaptureTimes>(stream).unwrap().insert(5, Timestamp::from_nanos(6));
        recycle(&mut world, entity, frame(stream, 5));
        (world, stream, FrameId { entity, seq: 5 })
    }

    #[test]
    fn a_result_lands_on_its_frame_and_is_the_latest() {
        let (mut world, stream, id) = world_with_frame();
        world.commands().attach(id, code(5));
        world.flush();
        assert_eq!(world.get::<FrameCode>(id.entity), Some(&code(5)));
        let latest = world.get::<Latest<FrameCode>>(stream).unwrap();
        assert!(latest.frame == id && !latest.late && latest.captured == Timestamp::from_nanos(6));
    }

    #[test]
    fn a_late_result_is_latest_only_and_keeps_its_date() {
        let (mut world, stream, id) = world_with_frame();
        recycle(&mut world, id.entity, frame(stream, 6));
        world.commands().attach(id, code(5));
        world.flush();
        assert_eq!(world.get::<FrameCode>(id.entity), None, "never on another frame");
        let latest = world.get::<Latest<FrameCode>>(stream).unwrap().clone();
        assert!(latest.late && latest.frame.seq == 5 && latest.captured == Timestamp::from_nanos(6));

        world.commands().attach(FrameId { seq: 6, ..id }, code(6));
        world.commands().attach(id, code(4));
        world.flush();
        let latest = world.get::<Latest<FrameCode>>(stream).unwrap();
        assert_eq!((latest.frame.seq, latest.value), (6, code(6)), "an older result does not replace a newer one");
    }

    #[test]
    fn recycling_takes_everything_off_a_frame() {
        let (mut world, stream, id) = world_with_frame();
        world.commands().attach(id, code(5));
        world.commands().skip(id, "flow", SkipReason::OverBudget);
        world.flush();
        assert_eq!(world.get::<Skipped>(id.entity).unwrap().reason("flow"), Some(SkipReason::OverBudget));
        recycle(&mut world, id.entity, frame(stream, 6));
        assert_eq!(world.get::<FrameCode>(id.entity), None);
        assert_eq!(world.get::<Skipped>(id.entity).unwrap().iter().count(), 0);
    }

    #[test]
    fn a_result_of_a_stream_that_is_gone_is_counted() {
        let (mut world, stream, id) = world_with_frame();
        world.despawn(id.entity);
        world.despawn(stream);
        let before = attachment("frame_code").totals();
        world.commands().attach(id, code(5));
        world.flush();
        let after = attachment("frame_code").totals();
        let lost = SkipReason::SourceLost as usize;
        assert!(after.2[lost] > before.2[lost]);
    }
}
