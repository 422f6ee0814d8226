//! What followed which context: a small hashed table of fixed size.

use super::target::TargetId;

/// Contexts kept; the one not met for longest makes way.
pub(super) const SLOTS: usize = 256;

/// Successors kept per context.
pub(super) const WAYS: usize = 6;

/// Neighbouring places where a context may lie.
const PROBES: usize = 4;

/// One observation in the slow counts; 31 of them fit.
const SLOW_UNIT: u32 = 2048;

/// One observation in the fast counts, which forget a quarter each time, so that about four remain.
const FAST_UNIT: u32 = 48;

/// Which of a context's counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// The last dozens of visits.
    Slow,
    /// The last few.
    Fast,
}

/// Successors of one context.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Slot {
    /// Part of the hash of the context; 0 is an empty slot.
    pub tag: u16,
    /// When it was last met, in moves, wrapping.
    pub met: u16,
    pub targets: [u8; WAYS],
    pub slow: [u16; WAYS],
    pub fast: [u8; WAYS],
}

impl Slot {
    fn learn(&mut self, target: TargetId, memory: u32) {
        for count in &mut self.slow {
            *count = (u32::from(*count) * (memory - 1) / memory) as u16;
        }
        for count in &mut self.fast {
            *count = (u32::from(*count) * 3 / 4) as u8;
        }
        let known = (0..WAYS).find(|&way| self.targets[way] == target.0 && self.seen(way));
        let way = known.unwrap_or_else(|| {
            let rarest = (0..WAYS).min_by_key(|&way| self.slow[way]).unwrap_or(0);
            (self.targets[rarest], self.slow[rarest], self.fast[rarest]) = (target.0, 0, 0);
            rarest
        });
        self.slow[way] = (u32::from(self.slow[way]) + SLOW_UNIT).min(u32::from(u16::MAX)) as u16;
        self.fast[way] = (u32::from(self.fast[way]) + FAST_UNIT).min(u32::from(u8::MAX)) as u8;
    }

    const fn seen(&self, way: usize) -> bool {
        self.slow[way] > 0 || self.fast[way] > 0
    }

    /// Successors and how often each was met, in observations.
    pub fn successors(&self, pace: Pace) -> impl Iterator<Item = (TargetId, f32)> + '_ {
        (0..WAYS).filter(|&way| self.seen(way)).map(move |way| {
            let count = match pace {
                Pace::Slow => f32::from(self.slow[way]) / SLOW_UNIT as f32,
                Pace::Fast => f32::from(self.fast[way]) / FAST_UNIT as f32,
            };
            (TargetId(self.targets[way]), count)
        })
    }
}

/// The table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contexts {
    pub slots: Box<[Slot; SLOTS]>,
    /// Moves so far, wrapping.
    pub moves: u16,
}

impl Contexts {
    pub fn new() -> Self {
        Self { slots: Box::new([Slot::default(); SLOTS]), moves: 0 }
    }

    /// Where the context lies, or may be put.
    fn places(key: u64) -> (u16, impl Iterator<Item = usize>) {
        let hash = (key ^ (key >> 29)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let hash = (hash ^ (hash >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let tag = ((hash >> 48) as u16).max(1);
        let first = (hash >> 16) as usize;
        (tag, (0..PROBES).map(move |probe| (first + probe) % SLOTS))
    }

    pub fn find(&self, key: u64) -> Option<&Slot> {
        let (tag, mut places) = Self::places(key);
        places.find(|&place| self.slots[place].tag == tag).map(|place| &self.slots[place])
    }

    /// The context `key` was followed by `target`.
    pub fn learn(&mut self, key: u64, target: TargetId, memory: u8) {
        let (tag, mut places) = Self::places(key);
        let known = places.find(|&place| self.slots[place].tag == tag);
        let place = known.unwrap_or_else(|| {
            let age = |place: &usize| {
                let slot = &self.slots[*place];
                if slot.tag == 0 { u32::MAX } else { u32::from(self.moves.wrapping_sub(slot.met)) }
            };
            let oldest = Self::places(key).1.max_by_key(age).unwrap_or(0);
            self.slots[oldest] = Slot { tag, ..Slot::default() };
            oldest
        });
        self.slots[place].met = self.moves;
        self.slots[place].learn(target, u32::from(memory.max(2)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slow(slot: &Slot, target: u8) -> f32 {
        slot.successors(Pace::Slow).find(|(id, _)| id.0 == target).map_or(0.0, |(_, count)| count)
    }

    #[test]
    fn forgets_what_no_longer_follows() {
        let mut contexts = Contexts::new();
        for _ in 0..100 {
            contexts.learn(7, TargetId(1), 16);
        }
        let before = slow(contexts.find(7).unwrap(), 1);
        assert!((14.0..=16.0).contains(&before), "{before}");
        for _ in 0..40 {
            contexts.learn(7, TargetId(2), 16);
        }
        let slot = contexts.find(7).unwrap();
        assert!(slow(slot, 1) < 0.1 * slow(slot, 2));
    }

    #[test]
    fn a_full_table_keeps_what_was_met_last() {
        let mut contexts = Contexts::new();
        for key in 0..10_000 {
            contexts.moves = contexts.moves.wrapping_add(1);
            contexts.learn(key, TargetId((key % 32) as u8), 16);
        }
        let kept = (9_900..10_000).filter(|&key| contexts.find(key).is_some()).count();
        assert!(kept > 70, "{kept}");
        assert!((0..5_000).filter(|&key| contexts.find(key).is_some()).count() < 400);
    }
}
