//! Where values lie on the device.

use crate::net::{Plan, Storage, ValueId};

/// Elements to which values are aligned: 256 bytes of `f32`, so that inputs and outputs can be bound by offset.
pub(super) const ALIGN: usize = 64;

/// A buffer that values lie in. The numbers are those in `common.wgsl`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Space {
    /// Values between steps, used again and again.
    Arena = 0,
    /// What goes in and comes out, `f32`.
    Io = 1,
    /// Small weights and constants, `f32`.
    Aux = 2,
}

/// Where a value lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// In which buffer.
    pub space: Space,
    /// Its first element there.
    pub offset: u32,
}

/// Where all values lie; `None` for those fused away and for constants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) places: Vec<Option<Place>>,
    pub(super) arena: usize,
    pub(super) io: usize,
}

struct Life {
    value: usize,
    from: usize,
    to: usize,
    elements: usize,
}

/// Inputs and outputs each have a place of their own in `Io`; the rest shares the arena: the largest first, each at the
/// lowest place where nothing lies that lives at the same time (Pisarchyk and Lee 2020, "greedy by size").
pub(super) fn place(plan: &Plan) -> Places {
    let mut places = vec![None; plan.values.len()];
    let mut io = 0;
    let outer = (0..plan.inputs).map(ValueId).chain(plan.outputs.iter().map(|&output| plan.held(output)));
    for value in outer {
        if plan.values[value.0].storage == Storage::Held && places[value.0].is_none() {
            places[value.0] = Some(Place { space: Space::Io, offset: io as u32 });
            io += plan.shape(value).elements().next_multiple_of(ALIGN);
        }
    }
    let mut lives = lives(plan, &places);
    lives.sort_by_key(|life| std::cmp::Reverse(life.elements));
    let (mut arena, mut placed): (usize, Vec<(usize, Life)>) = (0, Vec::new());
    for life in lives {
        let meets = |other: &Life| other.from <= life.to && life.from <= other.to;
        let mut taken: Vec<(usize, usize)> = placed
            .iter()
            .filter(|(_, other)| meets(other))
            .map(|(offset, other)| (*offset, (offset + other.elements).next_multiple_of(ALIGN)))
            .collect();
        taken.sort_unstable();
        let mut offset = 0;
        for (start, end) in taken {
            if offset + life.elements <= start {
                break;
            }
            offset = offset.max(end);
        }
        arena = arena.max((offset + life.elements).next_multiple_of(ALIGN));
        places[life.value] = Some(Place { space: Space::Arena, offset: offset as u32 });
        placed.push((offset, life));
    }
    Places { places, arena, io }
}

fn lives(plan: &Plan, placed: &[Option<Place>]) -> Vec<Life> {
    let mut lives: Vec<Option<Life>> = plan.values.iter().map(|_| None).collect();
    for (at, step) in plan.steps.iter().enumerate() {
        let value = step.output.0;
        if placed[value].is_none() {
            lives[value] = Some(Life { value, from: at, to: at, elements: plan.shape(step.output).elements() });
        }
        for read in plan.reads(step) {
            if let Some(life) = &mut lives[read.0] {
                life.to = at;
            }
        }
    }
    lives.into_iter().flatten().collect()
}
