//! The extent of a value.

use std::fmt;

/// Most axes that a value has.
pub const MAX_RANK: usize = 6;

/// Most elements of a value: what an index on the GPU reaches.
const MAX_ELEMENTS: u64 = i32::MAX as u64;

/// Extents of a value's axes, outermost first; rows lie closely packed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    rank: u8,
    axes: [u32; MAX_RANK],
}

impl Shape {
    /// A shape of these extents. `None` with no axis or more than [`MAX_RANK`], an extent of 0, or more than 2^31 - 1
    /// elements.
    pub fn new(axes: &[usize]) -> Option<Self> {
        let mut held = [1; MAX_RANK];
        if axes.is_empty() || axes.len() > MAX_RANK {
            return None;
        }
        let mut elements = 1_u64;
        for (held, &axis) in held.iter_mut().zip(axes) {
            elements = elements.checked_mul(axis as u64)?;
            if axis == 0 || elements > MAX_ELEMENTS {
                return None;
            }
            *held = axis as u32;
        }
        Some(Self { rank: axes.len() as u8, axes: held })
    }

    /// How many axes there are.
    pub fn rank(&self) -> usize {
        usize::from(self.rank)
    }

    /// The extents.
    pub fn axes(&self) -> &[u32] {
        &self.axes[..self.rank()]
    }

    /// The extents, as numbers to index with.
    pub fn to_vec(&self) -> Vec<usize> {
        self.axes().iter().map(|&axis| axis as usize).collect()
    }

    /// Extent of one axis; 1 beyond the last.
    pub fn axis(&self, index: usize) -> usize {
        self.axes.get(index).map_or(1, |&axis| axis as usize)
    }

    /// Extent of the last axis.
    pub fn last(&self) -> usize {
        self.axis(self.rank() - 1)
    }

    /// How many elements there are.
    pub fn elements(&self) -> usize {
        self.axes().iter().map(|&axis| axis as usize).product()
    }

    /// Elements between neighbours along each axis.
    pub fn strides(&self) -> Vec<usize> {
        let mut strides = vec![1; self.rank()];
        for axis in (1..self.rank()).rev() {
            strides[axis - 1] = strides[axis] * self.axis(axis);
        }
        strides
    }

    /// The shape that two operands have together: axes are aligned at the last, and an extent of 1 repeats.
    pub fn broadcast(&self, other: &Self) -> Option<Self> {
        let rank = self.rank().max(other.rank());
        let from_end =
            |shape: &Self, back: usize| if back <= shape.rank() { shape.axis(shape.rank() - back) } else { 1 };
        let axes: Option<Vec<usize>> = (1..=rank)
            .rev()
            .map(|back| match (from_end(self, back), from_end(other, back)) {
                (a, b) if a == b => Some(a),
                (1, b) => Some(b),
                (a, 1) => Some(a),
                _ => None,
            })
            .collect();
        Self::new(&axes?)
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.axes())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.axes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_no_executor_could_index_is_no_shape() {
        assert_eq!(Shape::new(&[]), None);
        assert_eq!(Shape::new(&[2, 0]), None);
        assert_eq!(Shape::new(&[1; 7]), None);
        assert_eq!(Shape::new(&[1 << 16, 1 << 15]), None);
        assert_eq!(Shape::new(&[usize::MAX, usize::MAX]), None);
        assert_eq!(Shape::new(&[1 << 15, 1 << 15]).map(|shape| shape.elements()), Some(1 << 30));
    }

    #[test]
    fn an_extent_of_one_repeats() {
        let shape = |axes: &[usize]| Shape::new(axes).unwrap();
        assert_eq!(shape(&[2, 3, 4]).broadcast(&shape(&[3, 1])), Some(shape(&[2, 3, 4])));
        assert_eq!(shape(&[1]).broadcast(&shape(&[5, 6])), Some(shape(&[5, 6])));
        assert_eq!(shape(&[2, 3]).broadcast(&shape(&[2])), None);
    }

    proptest! {
        #[test]
        fn strides_reach_every_element_once(axes in proptest::collection::vec(1_usize..5, 1..6)) {
            let shape = Shape::new(&axes).unwrap();
            let strides = shape.strides();
            let mut seen = vec![false; shape.elements()];
            let mut place = vec![0; axes.len()];
            loop {
                let index: usize = place.iter().zip(&strides).map(|(at, stride)| at * stride).sum();
                prop_assert!(!std::mem::replace(&mut seen[index], true));
                let Some(axis) = (0..axes.len()).rev().find(|&axis| place[axis] + 1 < axes[axis]) else { break };
                place[axis] += 1;
                place[axis + 1..].fill(0);
            }
            prop_assert!(seen.into_iter().all(|one| one));
        }
    }
}
