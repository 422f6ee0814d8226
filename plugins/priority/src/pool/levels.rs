//! The level that each workload's tasks have now.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::pool::task::WorkloadKey;
use freshet_base::Priority;

/// A fixed table with a word per workload, read and written without locks.
///
/// ```text
///  63            32 31            8 7        0
/// ┌────────────────┬───────────────┬──────────┐
/// │ workload's key │ changes so far│ level + 1│    0 = free
/// └────────────────┴───────────────┴──────────┘
/// ```
///
/// A task remembers the number of changes at its spawn: while it is the same, the task keeps its own level; after a
/// change it has the level of the table. So a promotion holds for what was spawned before it, and whoever spawns later
/// says the level itself.
#[derive(Debug)]
pub(crate) struct Levels {
    words: Box<[AtomicU64]>,
}

/// Where a task finds its workload's level.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LevelRef {
    /// Index in the table; `None` when it was full.
    slot: Option<u32>,
    /// Changes at the task's spawn.
    changes: u64,
    /// The task's own level.
    own: Priority,
}

const LEVEL_BITS: u64 = 0xff;
const CHANGE: u64 = 1 << 8;
const CHANGES: u64 = 0xffff_ff00;

impl Levels {
    pub(crate) fn new(workloads: usize) -> Self {
        Self { words: (0..workloads.next_power_of_two()).map(|_| AtomicU64::new(0)).collect() }
    }

    /// For a task that is being spawned with level `own`.
    pub(crate) fn reference(&self, key: WorkloadKey, own: Priority) -> LevelRef {
        let slot = self.slot(key);
        let changes = slot.map_or(0, |slot| self.words[slot as usize].load(Ordering::Acquire) & CHANGES);
        LevelRef { slot, changes, own }
    }

    /// The level of a task now.
    pub(crate) fn level(&self, reference: LevelRef) -> Priority {
        let Some(slot) = reference.slot else { return reference.own };
        let word = self.words[slot as usize].load(Ordering::Acquire);
        if word & CHANGES == reference.changes {
            return reference.own;
        }
        Priority::from_index((word & LEVEL_BITS) as usize - 1)
    }

    /// Changes the level of a workload's tasks. `false` when the table is full.
    pub(crate) fn set(&self, key: WorkloadKey, level: Priority) -> bool {
        let Some(slot) = self.slot(key) else { return false };
        let word = &self.words[slot as usize];
        let mut before = word.load(Ordering::Relaxed);
        loop {
            let changes = before.wrapping_add(CHANGE) & CHANGES;
            let after = before & !(CHANGES | LEVEL_BITS) | changes | (level.index() as u64 + 1);
            match word.compare_exchange_weak(before, after, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(newer) => before = newer,
            }
        }
    }

    /// The workload's place, taken when it has none. Places are never given back.
    fn slot(&self, key: WorkloadKey) -> Option<u32> {
        let mask = self.words.len() - 1;
        let start = (key.0.wrapping_mul(0x9e37_79b9) >> 7) as usize;
        let fresh = u64::from(key.0) << 32 | 1;
        (0..self.words.len()).map(|step| (start + step) & mask).find_map(|slot| {
            let word = self.words[slot].load(Ordering::Acquire);
            let word = match word {
                0 => match self.words[slot].compare_exchange(0, fresh, Ordering::AcqRel, Ordering::Acquire) {
                    Ok(_) => fresh,
                    Err(other) => other,
                },
                taken => taken,
            };
            (word >> 32 == u64::from(key.0)).then_some(slot as u32)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_holds_for_earlier_tasks_only() {
        let levels = Levels::new(4);
        let earlier = levels.reference(WorkloadKey(0), Priority::Low);
        assert_eq!(levels.level(earlier), Priority::Low);
        assert!(levels.set(WorkloadKey(0), Priority::High));
        let later = levels.reference(WorkloadKey(0), Priority::Idle);
        assert_eq!([levels.level(earlier), levels.level(later)], [Priority::High, Priority::Idle]);
        assert!(levels.set(WorkloadKey(0), Priority::Critical));
        assert_eq!([levels.level(earlier), levels.level(later)], [Priority::Critical; 2]);
    }

    #[test]
    fn workloads_do_not_disturb_each_other_and_a_full_table_says_so() {
        let levels = Levels::new(4);
        let references: Vec<_> = (0..5).map(|key| levels.reference(WorkloadKey(key), Priority::Normal)).collect();
        let set: Vec<_> = (0..5).map(|key| levels.set(WorkloadKey(key), Priority::from_index(key as usize))).collect();
        assert_eq!(set, [true, true, true, true, false]);
        for (key, &reference) in references.iter().enumerate().take(4) {
            assert_eq!(levels.level(reference), Priority::from_index(key));
        }
        assert_eq!(levels.level(references[4]), Priority::Normal);
    }
}
