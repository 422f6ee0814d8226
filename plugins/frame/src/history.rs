//! What was true at capture time, for answers that come late.

use bevy::ecs::component::Component;

/// The newest values of a stream, keyed by frame number, in a ring of fixed size.
///
/// An answer that comes after its frame was recycled still finds what was true when the frame was captured. Numbers
/// may have gaps; a value is overwritten by a newer one that falls on the same place.
///
/// ```
/// # use freshet_frame::History;
/// let mut heights = History::<f32>::with_capacity(4);
/// heights.insert(10, 1.5);
/// heights.insert(11, 1.6);
/// assert_eq!(heights.get(10), Some(&1.5));
/// heights.insert(14, 1.9); // falls on the place of 10
/// assert_eq!(heights.get(10), None);
/// ```
#[derive(Component, Debug, Clone)]
pub struct History<T: Send + Sync + 'static> {
    places: Box<[Option<(u64, T)>]>,
}

impl<T: Send + Sync + 'static> History<T> {
    /// Frames remembered by default: more than a minute at 60 Hz.
    pub const DEFAULT_CAPACITY: usize = 4096;

    /// A history of this many frames, at least one.
    pub fn with_capacity(frames: usize) -> Self {
        Self { places: (0..frames.max(1)).map(|_| None).collect() }
    }

    /// Remembers the value of frame `seq`. A value that is older than what its place holds is ignored.
    pub fn insert(&mut self, seq: u64, value: T) {
        let place = self.place(seq);
        let slot = &mut self.places[place];
        if slot.as_ref().is_none_or(|(held, _)| *held <= seq) {
            *slot = Some((seq, value));
        }
    }

    /// The value of frame `seq`, if it is still remembered.
    pub fn get(&self, seq: u64) -> Option<&T> {
        let (held, value) = self.places[self.place(seq)].as_ref()?;
        (*held == seq).then_some(value)
    }

    /// Frames that can be remembered.
    pub fn capacity(&self) -> usize {
        self.places.len()
    }

    fn place(&self, seq: u64) -> usize {
        (seq % self.places.len() as u64) as usize
    }
}

impl<T: Send + Sync + 'static> Default for History<T> {
    fn default() -> Self {
        Self::with_capacity(Self::DEFAULT_CAPACITY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// It answers with the value of exactly that frame or not at all, and never forgets the newest `capacity`
        /// frames of a stream without gaps.
        #[test]
        fn never_answers_for_another_frame(
            capacity in 1_usize..20,
            frames in proptest::collection::vec(0_u64..60, 1..100),
            asked in 0_u64..60,
        ) {
            let mut history = History::with_capacity(capacity);
            for &seq in &frames {
                history.insert(seq, seq * 3);
            }
            prop_assert!(history.get(asked).is_none_or(|&value| value == asked * 3));
            let newest = frames.iter().copied().max().unwrap_or(0);
            if frames.contains(&asked) && asked + capacity as u64 > newest {
                prop_assert!(history.get(asked).is_some());
            }
        }
    }
}
