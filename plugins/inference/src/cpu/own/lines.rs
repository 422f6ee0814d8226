//! Memory that begins with a line of the cache, so that vectors do not lie across two.

use std::ops::{Deref, DerefMut};

/// Elements of a line.
const LINE: usize = 16;

#[derive(Debug, Clone, Copy, bytemuck::Zeroable, bytemuck::Pod)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

/// Elements from the beginning of a line on.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines(Vec<Line>);

impl Lines {
    /// So many zeros, at least.
    pub(super) fn zeros(elements: usize) -> Self {
        Self(vec![Line([0.0; LINE]); elements.div_ceil(LINE)])
    }
}

impl Deref for Lines {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        bytemuck::cast_slice(&self.0)
    }
}

impl DerefMut for Lines {
    fn deref_mut(&mut self) -> &mut [f32] {
        bytemuck::cast_slice_mut(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_begins_with_a_line() {
        for elements in [1, 16, 17, 1000] {
            let lines = Lines::zeros(elements);
            assert!(lines.len() >= elements && lines.iter().all(|&element| element == 0.0));
            assert!(lines.as_ptr().addr().is_multiple_of(64));
        }
    }
}
