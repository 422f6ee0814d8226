//! How a tensor lies on the GPU.

use std::fmt;
use std::ops::Range;

use safetensors::Dtype;

use super::super::view::TensorView;
use super::target::Target;

/// Type of an element on the GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Element {
    /// 4 bytes.
    F32,
    /// 2 bytes.
    F16,
    /// 4 bytes of any kind.
    U32,
}

impl Element {
    /// Its size in bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F32 | Self::U32 => 4,
            Self::F16 => 2,
        }
    }
}

/// Puts the elements of a tensor into another order. It is asked for the elements as they lie on the GPU, piece after
/// piece from the first to the last, and finds each in the tensor.
pub trait Repack: Send {
    /// How many elements it makes. May differ from the tensor's: for padding.
    fn elements(&self) -> usize;

    /// Writes exactly these of them, in order.
    fn write(&mut self, tensor: &TensorView<'_>, elements: Range<usize>, target: &mut Target<'_>);
}

/// A count of elements, and the function that writes them.
impl<F: FnMut(&TensorView<'_>, Range<usize>, &mut Target<'_>) + Send> Repack for (usize, F) {
    fn elements(&self) -> usize {
        self.0
    }

    fn write(&mut self, tensor: &TensorView<'_>, elements: Range<usize>, target: &mut Target<'_>) {
        (self.1)(tensor, elements, target);
    }
}

/// How a tensor lies on the GPU.
#[non_exhaustive]
pub enum Layout {
    /// Byte for byte as in the file.
    Same,
    /// In the same order, as this type, from f32, f16 or bf16.
    As(Element),
    /// In another order.
    Repacked(Element, Box<dyn Repack>),
}

impl Layout {
    /// In another order: `elements` of them, written by a function.
    ///
    /// ```
    /// # use freshet_inference::weights::{Element, Layout};
    /// let (rows, columns) = (3, 2);
    /// let transposed = Layout::repacked(Element::F16, rows * columns, move |tensor, elements, target| {
    ///     let floats = tensor.floats().expect("asked for with `Weights::require`");
    ///     target.floats(elements.map(|index| floats.get(index % rows * columns + index / rows)));
    /// });
    /// # drop(transposed);
    /// ```
    pub fn repacked(
        element: Element,
        elements: usize,
        write: impl FnMut(&TensorView<'_>, Range<usize>, &mut Target<'_>) + Send + 'static,
    ) -> Self {
        Self::Repacked(element, Box::new((elements, write)))
    }

    /// Whether a tensor of this type lies so already.
    pub(super) fn is_same(&self, dtype: Dtype) -> bool {
        match self {
            Self::Same => true,
            Self::As(Element::F32) => dtype == Dtype::F32,
            Self::As(Element::F16) => dtype == Dtype::F16,
            Self::As(Element::U32) => dtype == Dtype::U32,
            Self::Repacked(..) => false,
        }
    }
}

impl fmt::Debug for Layout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => formatter.write_str("Same"),
            Self::As(element) => write!(formatter, "As({element:?})"),
            Self::Repacked(element, repack) => write!(formatter, "Repacked({element:?}, {})", repack.elements()),
        }
    }
}
