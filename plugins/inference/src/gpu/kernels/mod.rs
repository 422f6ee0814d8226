//! The kernels, as texts.

/// A kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// Attention.
    Attention,
    /// Convolution and linear layer by matrix units.
    Cooperative,
    /// Convolution of each channel by itself.
    Depthwise,
    /// Rows of a table.
    Embedding,
    /// Product of matrices: convolution, linear layer, `matmul`.
    Gemm,
    /// Product of a matrix and few vectors.
    Gemv,
    /// Element by element, along strides.
    Map,
    /// Maxima and means of windows.
    Pool,
    /// Another size of a picture.
    Resize,
    /// Sums, softmax and norms over many elements.
    Rows,
    /// The end of a product whose sum was split.
    Splits,
}

impl Kernel {
    /// Its name, as labels carry it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Attention => "attention",
            Self::Cooperative => "cooperative",
            Self::Depthwise => "depthwise",
            Self::Embedding => "embedding",
            Self::Gemm => "gemm",
            Self::Gemv => "gemv",
            Self::Map => "map",
            Self::Pool => "pool",
            Self::Resize => "resize",
            Self::Rows => "rows",
            Self::Splits => "splits",
        }
    }

    pub(super) const fn is_cooperative(self) -> bool {
        matches!(self, Self::Cooperative)
    }

    pub(super) const fn text(self) -> &'static str {
        macro_rules! with_common {
            ($($name:literal),+) => {
                concat!(include_str!("common.wgsl"), $(include_str!($name)),+)
            };
        }
        match self {
            Self::Attention => with_common!("attention.wgsl"),
            Self::Cooperative => with_common!("columns.wgsl", "cooperative.wgsl"),
            Self::Depthwise => with_common!("depthwise.wgsl"),
            Self::Embedding => with_common!("embedding.wgsl"),
            Self::Gemm => with_common!("columns.wgsl", "gemm.wgsl"),
            Self::Gemv => with_common!("gemv.wgsl"),
            Self::Map => with_common!("map.wgsl"),
            Self::Pool => with_common!("pool.wgsl"),
            Self::Resize => with_common!("resize.wgsl"),
            Self::Rows => with_common!("rows.wgsl"),
            Self::Splits => with_common!("splits.wgsl"),
        }
    }
}
