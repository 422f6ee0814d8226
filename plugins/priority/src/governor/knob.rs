//! What can be given up, and in which order.

use serde::{Deserialize, Serialize};

/// What a knob gives up, in the order in which quality is given up: the first is missed least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum KnobKind {
    /// How often something is computed.
    Cadence,
    /// How many texels are looked at.
    Resolution,
    /// How carefully: presets, iterations, candidates.
    Quality,
    /// Which size of a model runs.
    ModelSize,
}

impl KnobKind {
    /// All of them, first given up first.
    pub const ALL: [Self; 4] = [Self::Cadence, Self::Resolution, Self::Quality, Self::ModelSize];

    /// Name in records: `snake_case`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cadence => "cadence",
            Self::Resolution => "resolution",
            Self::Quality => "quality",
            Self::ModelSize => "model_size",
        }
    }
}

/// Something whose quality can be lowered in steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Knob {
    /// Unique name: `area/what`.
    pub name: &'static str,
    /// What it gives up.
    pub kind: KnobKind,
    /// Levels below full quality, 1 or more. 0 is taken as 1.
    pub steps: u8,
    /// Where it stands: 0 is full quality, `steps` the lowest.
    pub position: u8,
}

impl Knob {
    /// A knob at full quality.
    pub const fn new(name: &'static str, kind: KnobKind, steps: u8) -> Self {
        Self { name, kind, steps: if steps == 0 { 1 } else { steps }, position: 0 }
    }
}

/// A knob, the positions it cannot take, and what its steps were seen to gain.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub knob: Knob,
    vetoed: [u64; 4],
    /// What is known of the step that leads down from each position.
    pub known: Box<[super::estimate::Known]>,
}

impl Slot {
    pub fn new(mut knob: Knob) -> Self {
        knob.steps = knob.steps.max(1);
        knob.position = knob.position.min(knob.steps);
        Self { knob, vetoed: [0; 4], known: vec![Default::default(); usize::from(knob.steps)].into() }
    }

    /// Full quality is always available.
    pub fn is_vetoed(&self, position: u8) -> bool {
        position > 0 && self.vetoed[usize::from(position / 64)] >> (position % 64) & 1 == 1
    }

    pub fn set_vetoed(&mut self, position: u8, vetoed: bool) {
        let bit = 1 << (position % 64);
        let word = &mut self.vetoed[usize::from(position / 64)];
        *word = if vetoed { *word | bit } else { *word & !bit };
    }

    /// The next available position with less quality.
    pub fn lower(&self) -> Option<u8> {
        (self.knob.position..self.knob.steps).map(|above| above + 1).find(|&position| !self.is_vetoed(position))
    }

    /// The next available position with more quality.
    pub fn higher(&self) -> Option<u8> {
        (0..self.knob.position).rev().find(|&position| !self.is_vetoed(position))
    }
}

/// The step that gives up quality next: the first kind that has one, in it the knob that stands highest, of those the
/// one registered first.
pub(super) fn next_down(slots: &[Slot]) -> Option<(usize, u8)> {
    slots
        .iter()
        .enumerate()
        .filter_map(|(index, slot)| Some((index, slot.lower()?)))
        .min_by_key(|&(index, _)| (slots[index].knob.kind, slots[index].knob.position, index))
}

/// The step that was given up last: the reverse of [`next_down`].
pub(super) fn next_up(slots: &[Slot]) -> Option<(usize, u8)> {
    slots
        .iter()
        .enumerate()
        .filter_map(|(index, slot)| Some((index, slot.higher()?)))
        .max_by_key(|&(index, to)| (slots[index].knob.kind, to, index))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn slots(steps: &[(usize, u8)], vetoes: &[(usize, u8)]) -> Vec<Slot> {
        let slot = |&(kind, steps): &(usize, u8)| Slot::new(Knob::new("test", KnobKind::ALL[kind], steps));
        let mut slots: Vec<Slot> = steps.iter().map(slot).collect();
        for &(slot, position) in vetoes {
            let count = slots.len();
            slots[slot % count].set_vetoed(position, true);
        }
        slots
    }

    #[test]
    fn kinds_go_in_order_and_knobs_of_a_kind_take_turns() {
        let mut slots = slots(&[(1, 2), (0, 1), (1, 1), (3, 1), (2, 1)], &[]);
        let mut order = Vec::new();
        while let Some((index, to)) = next_down(&slots) {
            slots[index].knob.position = to;
            order.push((index, to));
        }
        assert_eq!(order, [(1, 1), (0, 1), (2, 1), (0, 2), (4, 1), (3, 1)]);
    }

    proptest! {
        #[test]
        fn up_is_down_in_reverse(
            steps in prop::collection::vec((0usize..4, 1u8..=255), 1..6),
            vetoes in prop::collection::vec((0usize..6, 0u8..=255), 0..40),
        ) {
            let mut slots = slots(&steps, &vetoes);
            let mut path = Vec::new();
            while let Some((index, to)) = next_down(&slots) {
                let knob = &mut slots[index].knob;
                path.push((index, knob.position));
                prop_assert!(to > knob.position && to <= knob.steps);
                knob.position = to;
                prop_assert!(!slots[index].is_vetoed(to));
            }
            while let Some(up) = next_up(&slots) {
                prop_assert_eq!(Some(up), path.pop());
                slots[up.0].knob.position = up.1;
            }
            prop_assert!(path.is_empty());
        }
    }
}
