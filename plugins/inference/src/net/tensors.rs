//! What a net reads of its weights.

use std::borrow::Cow;

use half::slice::HalfFloatSliceExt;

use crate::weights::Weights;
use half::{bf16, f16};

/// How the elements of a tensor are stored, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DType {
    /// IEEE 754, 32 bits.
    F32,
    /// IEEE 754, 16 bits.
    F16,
    /// The upper half of an `F32`.
    BF16,
}

impl DType {
    /// Bytes of one element.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::BF16 => 2,
        }
    }
}

/// What is known of a tensor without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// How elements are stored.
    pub dtype: DType,
    /// Extents, outermost first.
    pub shape: Vec<usize>,
}

impl TensorInfo {
    /// How many elements there are.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// A tensor, borrowed from where it lies.
#[derive(Debug, Clone)]
pub struct TensorView<'a> {
    /// Its type and extents.
    pub info: TensorInfo,
    /// Its elements, little-endian, packed.
    pub bytes: &'a [u8],
}

impl TensorView<'_> {
    /// The elements as `f32`; borrowed where they are stored so, and aligned.
    pub fn to_f32(&self) -> Cow<'_, [f32]> {
        self.range_f32(0..self.info.elements())
    }

    /// Some of the elements as `f32`.
    pub fn range_f32(&self, range: std::ops::Range<usize>) -> Cow<'_, [f32]> {
        let width = self.info.dtype.bytes();
        let bytes = &self.bytes[range.start * width..range.end * width];
        match self.info.dtype {
            DType::F32 => match bytemuck::try_cast_slice(bytes) {
                Ok(values) => Cow::Borrowed(values),
                Err(_) => bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect(),
            },
            DType::F16 => {
                let halves: Vec<f16> = bytes.as_chunks().0.iter().map(|&bytes| f16::from_le_bytes(bytes)).collect();
                let mut values = vec![0.0; halves.len()];
                halves.convert_to_f32_slice(&mut values);
                Cow::Owned(values)
            }
            DType::BF16 => bytes.as_chunks().0.iter().map(|&bytes| bf16::from_le_bytes(bytes).to_f32()).collect(),
        }
    }
}

/// Where tensors are described.
pub trait Tensors {
    /// The tensor of this name, unread. `None` when there is none, or when its elements are of a type that nets do not
    /// take.
    fn info(&self, name: &str) -> Option<TensorInfo>;
}

/// Where tensors lie.
pub trait TensorSource: Tensors {
    /// The tensor of this name.
    fn view(&self, name: &str) -> Option<TensorView<'_>>;
}

impl Tensors for Weights {
    fn info(&self, name: &str) -> Option<TensorInfo> {
        let info = self.info(name)?;
        let dtype = match info.dtype() {
            safetensors::Dtype::F32 => DType::F32,
            safetensors::Dtype::F16 => DType::F16,
            safetensors::Dtype::BF16 => DType::BF16,
            _ => return None,
        };
        Some(TensorInfo { dtype, shape: info.shape().to_vec() })
    }
}

impl TensorSource for Weights {
    fn view(&self, name: &str) -> Option<TensorView<'_>> {
        let info = Tensors::info(self, name)?;
        Some(TensorView { info, bytes: self.tensor(name).ok()?.bytes() })
    }
}

impl Tensors for safetensors::SafeTensors<'_> {
    fn info(&self, name: &str) -> Option<TensorInfo> {
        let view = self.tensor(name).ok()?;
        let dtype = match view.dtype() {
            safetensors::Dtype::F32 => DType::F32,
            safetensors::Dtype::F16 => DType::F16,
            safetensors::Dtype::BF16 => DType::BF16,
            _ => return None,
        };
        Some(TensorInfo { dtype, shape: view.shape().to_vec() })
    }
}

impl TensorSource for safetensors::SafeTensors<'_> {
    fn view(&self, name: &str) -> Option<TensorView<'_>> {
        let info = self.info(name)?;
        Some(TensorView { info, bytes: self.tensor(name).ok()?.data() })
    }
}
