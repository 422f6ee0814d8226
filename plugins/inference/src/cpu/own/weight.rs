//! Weights: read where they are mapped, or copied where they cannot be.

use crate::cpu::error::ExecutorError;
use crate::net::{DType, TensorSource};

/// A tensor that a step reads.
#[derive(Debug)]
pub(super) enum Weight {
    /// In the source, as `f32`.
    Mapped { name: String, elements: usize },
    /// Here, since the source has it in another type, or not aligned.
    Copied(Vec<f32>),
}

impl Weight {
    pub(super) fn new(layer: &str, name: &str, source: &dyn TensorSource) -> Result<Self, ExecutorError> {
        if let Some(mapped) = mapped(name, source) {
            return Ok(Self::Mapped { name: name.to_owned(), elements: mapped.len() });
        }
        let view = source.view(name).ok_or_else(|| ExecutorError::missing(layer, name))?;
        Ok(Self::Copied(view.to_f32().into_owned()))
    }

    /// A small tensor, copied.
    pub(super) fn read(layer: &str, name: &str, source: &dyn TensorSource) -> Result<Vec<f32>, ExecutorError> {
        let view = source.view(name).ok_or_else(|| ExecutorError::missing(layer, name))?;
        Ok(view.to_f32().into_owned())
    }

    pub(super) fn get<'a>(&'a self, layer: &str, source: &'a dyn TensorSource) -> Result<&'a [f32], ExecutorError> {
        match self {
            Self::Copied(values) => Ok(values),
            Self::Mapped { name, elements } => mapped(name, source)
                .filter(|values| values.len() == *elements)
                .ok_or_else(|| ExecutorError::missing(layer, name)),
        }
    }

    pub(super) fn elements(&self) -> usize {
        match self {
            Self::Mapped { elements, .. } => *elements,
            Self::Copied(values) => values.len(),
        }
    }

    pub(super) fn copied_bytes(&self) -> usize {
        match self {
            Self::Mapped { .. } => 0,
            Self::Copied(values) => size_of_val(values.as_slice()),
        }
    }
}

/// The elements where they lie, if they lie there as `f32`.
fn mapped<'a>(name: &str, source: &'a dyn TensorSource) -> Option<&'a [f32]> {
    let view = source.view(name)?;
    if view.info.dtype != DType::F32 || cfg!(target_endian = "big") {
        return None;
    }
    bytemuck::try_cast_slice(view.bytes).ok()
}
