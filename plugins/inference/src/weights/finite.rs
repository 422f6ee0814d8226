//! Looking for numbers that are none.

use half::{bf16, f16};
use safetensors::Dtype;

use super::error::WeightsError;
use super::handle::Weights;
use super::view::TensorView;

impl Weights {
    /// The first element of a tensor that is infinite or no number, and its value. Reads the whole tensor; of whole
    /// numbers it reads none.
    ///
    /// # Errors
    ///
    /// There is no such tensor, or the file changed.
    pub fn find_non_finite(&self, name: &str) -> Result<Option<(usize, f64)>, WeightsError> {
        self.read(name, |view| first_non_finite(&view))
    }

    /// Checks that all numbers of a tensor are finite. Reads the whole tensor.
    ///
    /// # Errors
    ///
    /// One is not, there is no such tensor, or the file changed.
    pub fn require_finite(&self, name: &str) -> Result<(), WeightsError> {
        match self.find_non_finite(name)? {
            None => Ok(()),
            Some((index, value)) => {
                let (file, tensor) = (self.file().to_owned(), super::error::clip(name));
                Err(WeightsError::NotFinite { file, tensor, index, value })
            }
        }
    }
}

fn first_non_finite(view: &TensorView<'_>) -> Option<(usize, f64)> {
    match view.dtype() {
        Dtype::F32 => first(view, |bytes| f32::from_le_bytes(bytes).into()),
        Dtype::F16 => first(view, |bytes| f16::from_le_bytes(bytes).into()),
        Dtype::BF16 => first(view, |bytes| bf16::from_le_bytes(bytes).into()),
        Dtype::F64 => first(view, f64::from_le_bytes),
        _ => None,
    }
}

fn first<const BYTES: usize>(view: &TensorView<'_>, read: impl Fn([u8; BYTES]) -> f64) -> Option<(usize, f64)> {
    let (elements, _) = view.bytes().as_chunks::<BYTES>();
    elements.iter().map(|&bytes| read(bytes)).enumerate().find(|(_, value)| !value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::super::tests::safetensors;
    use super::*;

    #[test]
    fn the_first_bad_number_is_named() {
        let f32s: Vec<u8> = [1.0, f32::MAX, f32::NAN, f32::INFINITY].into_iter().flat_map(f32::to_le_bytes).collect();
        let f16s: Vec<u8> = [f16::MAX, f16::NEG_INFINITY].into_iter().flat_map(f16::to_le_bytes).collect();
        let bf16s: Vec<u8> = [bf16::MAX, bf16::NAN].into_iter().flat_map(bf16::to_le_bytes).collect();
        let f64s: Vec<u8> = [f64::MAX].into_iter().flat_map(f64::to_le_bytes).collect();
        let file = safetensors(&[
            ("f32", Dtype::F32, &[2, 2], &f32s),
            ("f16", Dtype::F16, &[2], &f16s),
            ("bf16", Dtype::BF16, &[2], &bf16s),
            ("f64", Dtype::F64, &[1], &f64s),
            ("i32", Dtype::I32, &[4], &f32s),
        ]);
        let weights = Weights::from_bytes("memory", file).unwrap();
        let found = |name| weights.find_non_finite(name).unwrap();
        assert!(found("f32").is_some_and(|(index, value)| index == 2 && value.is_nan()));
        assert_eq!(found("f16"), Some((1, f64::NEG_INFINITY)));
        assert!(found("bf16").is_some_and(|(index, _)| index == 1));
        assert_eq!(found("f64"), None);
        assert_eq!(found("i32"), None);
        let error = weights.require_finite("f32").unwrap_err();
        assert_eq!(error.to_string(), "the tensor \"f32\" of the weights \"memory\" holds NaN at element 2");
    }
}
