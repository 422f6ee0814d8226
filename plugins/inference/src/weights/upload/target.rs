//! Where a repacker writes to.

use half::f16;
use half::slice::HalfFloatSliceExt;

use super::layout::Element;

/// Numbers that are converted at once.
const BLOCK: usize = 256;

/// A piece of mapped GPU memory, written from its begin to its end. It cannot be read back: it may lie behind a bus.
#[derive(Debug)]
pub struct Target<'a> {
    rest: wgpu::WriteOnly<'a, [u8]>,
    element: Element,
    too_many: bool,
    too_large: Option<f32>,
}

impl<'a> Target<'a> {
    pub(super) fn new(rest: wgpu::WriteOnly<'a, [u8]>, element: Element) -> Self {
        Self { rest, element, too_many: false, too_large: None }
    }

    /// Type of the elements: what [`Self::floats`] converts to.
    pub fn element(&self) -> Element {
        self.element
    }

    /// Elements that are to be written still.
    pub fn remaining(&self) -> usize {
        self.rest.len() / self.element.bytes()
    }

    /// Writes numbers as the type of the elements; for [`Element::U32`], their bits.
    pub fn floats(&mut self, values: impl IntoIterator<Item = f32>) {
        let mut block = [0.0; BLOCK];
        let mut values = values.into_iter();
        loop {
            let mut count = 0;
            for (place, value) in block.iter_mut().zip(&mut values) {
                *place = value;
                count += 1;
            }
            self.float_slice(&block[..count]);
            if count < BLOCK || self.too_many {
                return;
            }
        }
    }

    /// As [`Self::floats`], from a slice.
    pub fn float_slice(&mut self, values: &[f32]) {
        if self.element != Element::F16 {
            return if cfg!(target_endian = "little") {
                self.bytes(bytemuck::cast_slice(values));
            } else {
                values.iter().for_each(|value| self.bytes(&value.to_le_bytes()));
            };
        }
        let mut halves = [f16::ZERO; BLOCK];
        for values in values.chunks(BLOCK) {
            let halves = &mut halves[..values.len()];
            halves.convert_from_f32_slice(values);
            if !halves.iter().all(|half| half.is_finite()) {
                let lost = values.iter().zip(&*halves).find(|(value, half)| value.is_finite() && !half.is_finite());
                self.too_large = self.too_large.or(lost.map(|(&value, _)| value));
            }
            if cfg!(target_endian = "little") {
                let bits: &[u16] = halves.reinterpret_cast();
                self.bytes(bytemuck::cast_slice(bits));
            } else {
                halves.iter().for_each(|half| self.bytes(&half.to_le_bytes()));
            }
        }
    }

    /// Writes bytes as they are, little-endian.
    pub fn bytes(&mut self, bytes: &[u8]) {
        match self.rest.split_off(..bytes.len()) {
            Some(mut place) => place.copy_from_slice(bytes),
            None => self.too_many = true,
        }
    }

    pub(super) fn end(self) -> Written {
        Written { missing: self.rest.len(), too_many: self.too_many, too_large: self.too_large }
    }
}

/// What became of a [`Target`].
pub(super) struct Written {
    /// Bytes that were not written.
    pub(super) missing: usize,
    pub(super) too_many: bool,
    /// A number that the type cannot hold.
    pub(super) too_large: Option<f32>,
}
