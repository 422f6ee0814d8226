//! Results that grow before they are complete.

use bevy::ecs::prelude::*;
use freshet_base::{Attachment, FrameId};

use crate::attach::{Latest, date};
use crate::frame::FrameOf;

/// A piece of a result that is said while the rest is still being made: a word of a sentence, a finer version of a map.
///
/// ```
/// # use freshet_frame::Part;
/// struct Word(&'static str);
///
/// impl Part<String> for Word {
///     fn begin(&self) -> String {
///         self.0.to_owned()
///     }
///
///     fn add_to(&self, whole: &mut String) {
///         whole.push_str(self.0);
///     }
/// }
/// ```
pub trait Part<T>: Send + 'static {
    /// Parts that may wait until the app takes them in, at its next turn. More let a result be made in longer bursts.
    /// At least 1. Default 64.
    const QUEUE: usize = 64;
    /// Whether a part makes those before it needless: then the oldest gives way where the queue is full, and who says
    /// it never waits. Default no.
    const REPLACES: bool = false;

    /// What there is of the result when this is its first part.
    fn begin(&self) -> T;

    /// Adds it to what there is.
    fn add_to(&self, whole: &mut T);
}

/// A part that is a whole result, for those that come in ever better versions: the newest replaces those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole<T>(pub T);

impl<T: Clone + Send + 'static> Part<T> for Whole<T> {
    const QUEUE: usize = 1;
    const REPLACES: bool = true;

    fn begin(&self) -> T {
        self.0.clone()
    }

    fn add_to(&self, whole: &mut T) {
        whole.clone_from(&self.0);
    }
}

/// Letting results grow, from any system.
pub trait GrowExt {
    /// Adds a part to the result of a frame that is still being made: to the component on the frame, while it is not
    /// recycled, and to the stream's [`Latest`], unless that is of a newer frame. Nothing is counted: `attach` it when it
    /// is complete.
    fn grow<T: Attachment>(&mut self, frame: FrameId, part: impl Part<T>);
}

impl GrowExt for Commands<'_, '_> {
    fn grow<T: Attachment>(&mut self, frame: FrameId, part: impl Part<T>) {
        self.queue(move |world: &mut World| grow_now(world, frame, &part));
    }
}

fn grow_now<T: Attachment>(world: &mut World, id: FrameId, part: &impl Part<T>) {
    let Some(&FrameOf(stream)) = world.get::<FrameOf>(id.entity) else { return };
    let (captured, late) = date::<T>(world, stream, id);
    if !late && let Ok(mut frame) = world.get_entity_mut(id.entity) {
        match frame.get_mut::<T>() {
            Some(mut whole) => part.add_to(&mut whole),
            None => drop(frame.insert(part.begin())),
        }
    }
    let Ok(mut stream) = world.get_entity_mut(stream) else { return };
    match stream.get_mut::<Latest<T>>() {
        Some(mut held) if held.frame == id => {
            part.add_to(&mut held.value);
            held.late = late;
        }
        Some(held) if held.frame.seq > id.seq => {}
        Some(mut held) => *held = Latest { value: part.begin(), frame: id, captured, late },
        None => drop(stream.insert(Latest { value: part.begin(), frame: id, captured, late })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attach::{AttachExt, CaptureTimes, recycle};
    use crate::frame::Frame;
    use freshet_base::{FrameFormat, PixelFormat, Timestamp};
    use freshet_ledger::attachment;
    use serde::Serialize;

    #[derive(Component, Debug, Clone, Default, PartialEq, Serialize)]
    struct Words(String);

    impl Attachment for Words {
        const NAME: &'static str = "grown_words";
    }

    struct Word(&'static str);

    impl Part<Words> for Word {
        fn begin(&self) -> Words {
            Words(self.0.to_owned())
        }

        fn add_to(&self, whole: &mut Words) {
            whole.0.push_str(self.0);
        }
    }

    fn frame(stream: Entity, seq: u64) -> Frame {
        let format = FrameFormat::new(8, 8, PixelFormat::Gray8).unwrap();
        Frame { stream, seq, captured: Timestamp::from_nanos(1 + seq), format }
    }

    #[test]
    fn a_result_grows_on_its_frame_and_then_on_latest_alone_and_is_counted_when_it_is_complete() {
        let mut world = World::new();
        let stream = world.spawn(CaptureTimes::with_capacity(8)).id();
        world.get_mut::<CaptureTimes>(stream).unwrap().insert(5, Timestamp::from_nanos(6));
        let entity = world.spawn((FrameOf(stream), crate::Skipped::default())).id();
        recycle(&mut world, entity, frame(stream, 5));
        let id = FrameId { entity, seq: 5 };
        let say = |world: &mut World, word| {
            world.commands().grow(id, Word(word));
            world.flush();
        };
        say(&mut world, "a");
        say(&mut world, "b");
        assert_eq!(world.get::<Words>(entity), Some(&Words("ab".into())));
        assert_eq!(world.get::<Latest<Words>>(stream).unwrap().value.0, "ab");
        recycle(&mut world, entity, frame(stream, 6));
        assert_eq!(world.get::<Words>(entity), None, "what is half made is taken off with the rest");
        say(&mut world, "c");
        assert_eq!(world.get::<Words>(entity), None, "never on another frame");
        let latest = world.get::<Latest<Words>>(stream).unwrap();
        assert_eq!((latest.value.0.as_str(), latest.late, latest.frame), ("abc", true, id));
        assert_eq!(latest.captured, Timestamp::from_nanos(6));
        assert_eq!(attachment("grown_words").totals().0, 0, "not yet complete");
        world.commands().attach(id, Words("abc!".into()));
        world.flush();
        assert_eq!(attachment("grown_words").totals().1, 1);

        world.commands().attach(FrameId { seq: 6, ..id }, Words("new".into()));
        say(&mut world, "old");
        assert_eq!(world.get::<Latest<Words>>(stream).unwrap().value.0, "new", "an older one does not grow into it");
    }
}
