//! Which frame entity is used next.

use arrayvec::ArrayVec;
use bevy::ecs::entity::Entity;

use crate::stream::StreamSettings;

/// The frame entities of a stream and the numbers of the frames they carry.
#[derive(Debug, Default, Clone)]
pub(crate) struct FramePool {
    places: ArrayVec<(Entity, Option<u64>), { StreamSettings::MAX_FRAMES }>,
}

impl FramePool {
    pub(crate) fn new(entities: impl IntoIterator<Item = Entity>) -> Self {
        Self { places: entities.into_iter().map(|entity| (entity, None)).collect() }
    }

    /// The place to use for a new frame: one never used, else the oldest that is not busy.
    pub(crate) fn pick(&self, is_busy: impl Fn(usize) -> bool) -> Option<usize> {
        let free = self.places.iter().enumerate().filter(|(place, _)| !is_busy(*place));
        free.min_by_key(|(_, (_, seq))| seq.map_or(0, |seq| seq + 1)).map(|(place, _)| place)
    }

    /// Puts frame `seq` in a place and answers with its entity and whether another frame lost the place.
    pub(crate) fn put(&mut self, place: usize, seq: u64) -> (Entity, bool) {
        let (entity, held) = &mut self.places[place];
        (*entity, held.replace(seq).is_some())
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pool(places: u32) -> FramePool {
        FramePool::new((0..places).map(|index| Entity::from_raw_u32(index).unwrap()))
    }

    proptest! {
        /// A busy place is never given away, the newest frames stay longest, and a place is refused only when all are
        /// busy.
        #[test]
        fn the_oldest_free_place_is_used(
            places in 1_u32..10,
            busy in proptest::collection::vec(0_u16..1024, 1..80),
        ) {
            let mut pool = pool(places);
            for (seq, busy) in busy.into_iter().enumerate() {
                let is_busy = |place: usize| busy >> place & 1 == 1;
                let Some(place) = pool.pick(is_busy) else {
                    prop_assert!((0..places as usize).all(is_busy));
                    continue;
                };
                prop_assert!(!is_busy(place));
                let lost = pool.places[place].1;
                let older = pool.places.iter().enumerate().filter(|(other, _)| !is_busy(*other));
                prop_assert!(older.map(|(_, (_, held))| *held).all(|held| held >= lost));
                pool.put(place, seq as u64);
                prop_assert_eq!(pool.places[place].1, Some(seq as u64));
            }
        }
    }
}
