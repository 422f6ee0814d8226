//! A binary heap whose entries can be taken out or moved from anywhere in it.

/// Smallest key first. An entry is named by a small number, its slot; each slot is in the heap at most once.
///
/// Invariants: `entries` is heap-ordered, and `places[slot]` is where `slot` is in `entries`, or [`ABSENT`].
#[derive(Debug)]
pub(crate) struct Heap<K> {
    entries: Vec<(K, u32)>,
    places: Vec<u32>,
}

const ABSENT: u32 = u32::MAX;

impl<K: Ord + Copy> Heap<K> {
    pub(crate) const fn new() -> Self {
        Self { entries: Vec::new(), places: Vec::new() }
    }

    /// The smallest key and its slot.
    pub(crate) fn peek(&self) -> Option<(K, u32)> {
        self.entries.first().copied()
    }

    /// Puts `slot` in, or changes its key.
    pub(crate) fn set(&mut self, slot: u32, key: K) {
        if self.places.len() <= slot as usize {
            self.places.resize(slot as usize + 1, ABSENT);
        }
        let place = match self.places[slot as usize] {
            ABSENT => {
                self.entries.push((key, slot));
                self.entries.len() - 1
            }
            place => {
                self.entries[place as usize].0 = key;
                place as usize
            }
        };
        self.settle(place);
    }

    /// Takes `slot` out, if it is in.
    pub(crate) fn remove(&mut self, slot: u32) {
        let Some(&place) = self.places.get(slot as usize).filter(|&&place| place != ABSENT) else { return };
        self.entries.swap_remove(place as usize);
        self.places[slot as usize] = ABSENT;
        if (place as usize) < self.entries.len() {
            self.settle(place as usize);
        }
    }

    /// Moves the entry at `place` to where it belongs.
    fn settle(&mut self, mut place: usize) {
        while place > 0 && self.entries[place].0 < self.entries[(place - 1) / 2].0 {
            self.entries.swap(place, (place - 1) / 2);
            self.note(place);
            place = (place - 1) / 2;
        }
        loop {
            let children = place * 2 + 1..(place * 2 + 3).min(self.entries.len());
            let Some(child) = children.min_by_key(|&child| self.entries[child].0) else { break };
            if self.entries[place].0 <= self.entries[child].0 {
                break;
            }
            self.entries.swap(place, child);
            self.note(place);
            place = child;
        }
        self.note(place);
    }

    fn note(&mut self, place: usize) {
        self.places[self.entries[place].1 as usize] = place as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_agrees_with_a_sorted_map(steps in prop::collection::vec((0_u32..12, prop::option::of(0_u64..30)), 0..200)) {
            let mut heap = Heap::new();
            let mut map = BTreeMap::new();
            for (slot, key) in steps {
                match key {
                    Some(key) => {
                        heap.set(slot, (key, slot));
                        map.insert(slot, key);
                    }
                    None => {
                        heap.remove(slot);
                        map.remove(&slot);
                    }
                }
                let least = map.iter().map(|(&slot, &key)| (key, slot)).min();
                prop_assert_eq!(heap.peek(), least.map(|least| (least, least.1)));
            }
        }
    }
}
