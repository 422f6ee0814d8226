//! Where values lie: one piece of memory, used again when a value is read for the last time.

use super::check::ValueId;
use super::plan::{Plan, Storage};

/// Places for the values of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arena {
    /// For each value: where it lies; `None` for aliases, constants and what is fused.
    pub places: Vec<Option<Placement>>,
    /// How many elements there are room for.
    pub elements: usize,
}

/// A place of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// The first element.
    pub offset: usize,
    /// How many.
    pub elements: usize,
}

/// A value's life: from the step that makes it to the last that reads it, both included. Inputs live from the start,
/// outputs to the end.
#[derive(Debug, Clone, Copy)]
struct Life {
    value: ValueId,
    from: usize,
    to: usize,
    elements: usize,
}

/// The largest first, each at the lowest place where nothing lies that lives at the same time (Pisarchyk and Lee 2020,
/// "greedy by size").
pub(super) fn place(plan: &Plan, align: usize) -> Arena {
    let mut lives = lives(plan);
    lives.sort_by_key(|life| std::cmp::Reverse(life.elements));
    let mut places = vec![None; plan.values.len()];
    let mut placed: Vec<(Life, usize)> = Vec::with_capacity(lives.len());
    let mut elements = 0;
    for life in lives {
        let mut taken: Vec<(usize, usize)> = placed
            .iter()
            .filter(|(other, _)| other.from <= life.to && life.from <= other.to)
            .map(|(other, offset)| (*offset, (offset + other.elements).next_multiple_of(align)))
            .collect();
        taken.sort_unstable();
        let mut offset = 0;
        for (start, end) in taken {
            if offset + life.elements <= start {
                break;
            }
            offset = offset.max(end);
        }
        elements = elements.max(offset + life.elements);
        places[life.value.0] = Some(Placement { offset, elements: life.elements });
        placed.push((life, offset));
    }
    Arena { places, elements: elements.next_multiple_of(align) }
}

fn lives(plan: &Plan) -> Vec<Life> {
    let mut spans: Vec<Option<(usize, usize)>> = vec![None; plan.values.len()];
    spans[..plan.inputs].fill(Some((0, 0)));
    for (at, step) in plan.steps.iter().enumerate() {
        spans[step.output.0] = Some((at, at));
    }
    for (at, step) in plan.steps.iter().enumerate() {
        for ValueId(value) in plan.reads(step) {
            if let Some((_, to)) = &mut spans[value] {
                *to = at.max(*to);
            }
        }
    }
    for &output in &plan.outputs {
        if let Some((_, to)) = &mut spans[plan.held(output).0] {
            *to = plan.steps.len();
        }
    }
    let life = |(index, span): (usize, &Option<(usize, usize)>)| {
        let value = &plan.values[index];
        let (from, to) = span.filter(|_| value.storage == Storage::Held)?;
        Some(Life { value: ValueId(index), from, to, elements: value.shape.elements() })
    };
    spans.iter().enumerate().filter_map(life).collect()
}
