//! What a layer does.

use serde::Deserialize;

/// What a layer does. Field names are those of the file; tensors are named, not held.
///
/// Values are `f32`, rows closely packed; pictures are `[N, C, H, W]`. Where a layer has one input, it is `x`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Op {
    /// Cross-correlation. Weight `[O, I / groups, Kh, Kw]`, bias `[O]`.
    Conv2d {
        /// Name of the weight.
        weight: String,
        /// Name of the bias.
        #[serde(default)]
        bias: Option<String>,
        /// Rows and columns from one place to the next.
        #[serde(default = "ones")]
        stride: [usize; 2],
        /// Rows and columns added: top, left, bottom, right.
        #[serde(default)]
        padding: [usize; 4],
        /// Rows and columns from one element of the kernel to the next.
        #[serde(default = "ones")]
        dilation: [usize; 2],
        /// Into how many parts channels are divided.
        #[serde(default = "one")]
        groups: usize,
    },
    /// The gradient of [`Op::Conv2d`], as an up-sampling. Weight `[I, O / groups, Kh, Kw]`, bias `[O]`.
    ConvTranspose2d {
        /// Name of the weight.
        weight: String,
        /// Name of the bias.
        #[serde(default)]
        bias: Option<String>,
        /// Rows and columns from one place to the next.
        #[serde(default = "ones")]
        stride: [usize; 2],
        /// Rows and columns cropped from the result: top, left, bottom, right.
        #[serde(default)]
        padding: [usize; 4],
        /// Rows and columns from one element of the kernel to the next.
        #[serde(default = "ones")]
        dilation: [usize; 2],
        /// Rows and columns added at the bottom and on the right.
        #[serde(default)]
        output_padding: [usize; 2],
        /// Into how many parts channels are divided.
        #[serde(default = "one")]
        groups: usize,
    },
    /// `x · weightᵀ + bias` over the last axis. Weight `[O, I]`, bias `[O]`.
    Linear {
        /// Name of the weight.
        weight: String,
        /// Name of the bias.
        #[serde(default)]
        bias: Option<String>,
    },
    /// `a · b` over the last two axes; those before are broadcast.
    Matmul {
        /// Whether `b` is `[.., N, K]`.
        #[serde(default)]
        transpose_b: bool,
    },
    /// `(x - mean) / sqrt(variance + epsilon) * scale + shift`, for each channel (axis 1).
    BatchNorm {
        /// Name of the factors `[C]`.
        scale: String,
        /// Name of the summands `[C]`.
        shift: String,
        /// Name of the means `[C]`.
        mean: String,
        /// Name of the variances `[C]`.
        variance: String,
        /// Added to variances.
        #[serde(default = "epsilon")]
        epsilon: f32,
    },
    /// Normalises over the last axes.
    LayerNorm {
        /// Name of the factors, of the shape of the normalised axes.
        #[serde(default)]
        weight: Option<String>,
        /// Name of the summands, likewise.
        #[serde(default)]
        bias: Option<String>,
        /// How many of the last axes are normalised together.
        #[serde(default = "one")]
        axes_count: usize,
        /// Added to variances.
        #[serde(default = "epsilon")]
        epsilon: f32,
    },
    /// Normalises over groups of channels (axis 1) and all that follows.
    GroupNorm {
        /// How many groups; as many as channels: instance norm.
        groups: usize,
        /// Name of the factors `[C]`.
        #[serde(default)]
        weight: Option<String>,
        /// Name of the summands `[C]`.
        #[serde(default)]
        bias: Option<String>,
        /// Added to variances.
        #[serde(default = "epsilon")]
        epsilon: f32,
    },
    /// `x / sqrt(mean(x²) + epsilon) * weight`, over the last axis.
    RmsNorm {
        /// Name of the factors, of the extent of the last axis.
        #[serde(default)]
        weight: Option<String>,
        /// Added to the mean square.
        #[serde(default = "epsilon")]
        epsilon: f32,
    },
    /// `max(x, 0)`
    Relu {},
    /// `x · sigmoid(x)`
    Silu {},
    /// `x · Φ(x)` (Hendrycks and Gimpel 2016), exact.
    Gelu {},
    /// The same by `tanh`.
    GeluTanh {},
    /// `1 / (1 + exp(-x))`
    Sigmoid {},
    /// Hyperbolic tangent.
    Tanh {},
    /// `clamp(x / 6 + 1/2, 0, 1)`
    HardSigmoid {},
    /// `x · clamp(x / 6 + 1/2, 0, 1)`
    HardSwish {},
    /// `x · tanh(ln(1 + exp(x)))`
    Mish {},
    /// `eˣ`
    Exp {},
    /// Square root.
    Sqrt {},
    /// Absolute value.
    Abs {},
    /// `-x`
    Neg {},
    /// The error function.
    Erf {},
    /// `x`
    Identity {},
    /// `clamp(x, min, max)`
    Clip {
        /// The least; none if absent.
        #[serde(default)]
        min: Option<f32>,
        /// The most; none if absent.
        #[serde(default)]
        max: Option<f32>,
    },
    /// `x < 0 ? slope · x : x`
    LeakyRelu {
        /// Factor of what is negative.
        #[serde(default = "leak")]
        slope: f32,
    },
    /// `x < 0 ? alpha · (eˣ - 1) : x`
    Elu {
        /// Factor of what is negative.
        #[serde(default = "unit")]
        alpha: f32,
    },
    /// `x < 0 ? slope[c] · x : x`, for each channel (axis 1).
    Prelu {
        /// Name of the slopes, `[1]` or `[C]`.
        slope: String,
    },
    /// `a + b`, broadcast, as all that follow with two inputs.
    Add {},
    /// `a - b`
    Sub {},
    /// `a · b`
    Mul {},
    /// `a / b`
    Div {},
    /// The greater of both.
    Max {},
    /// The lesser of both.
    Min {},
    /// `aᵇ`
    Pow {},
    /// A weight as a value.
    Constant {
        /// Its name.
        tensor: String,
    },
    /// Inputs one after the other along an axis.
    Concat {
        /// The axis; negative from the last.
        axis: isize,
    },
    /// The greatest within a window; padding counts as minus infinity.
    MaxPool2d {
        /// Rows and columns of the window.
        kernel: [usize; 2],
        /// Rows and columns from one place to the next; absent: as the kernel.
        #[serde(default = "zeros")]
        stride: [usize; 2],
        /// Rows and columns added: top, left, bottom, right.
        #[serde(default)]
        padding: [usize; 4],
        /// Rows and columns from one element of the kernel to the next.
        #[serde(default = "ones")]
        dilation: [usize; 2],
        /// Whether a window that reaches beyond the padded picture is added at the end.
        #[serde(default)]
        ceil: bool,
    },
    /// The mean of a window.
    AvgPool2d {
        /// Rows and columns of the window.
        kernel: [usize; 2],
        /// Rows and columns from one place to the next; absent: as the kernel.
        #[serde(default = "zeros")]
        stride: [usize; 2],
        /// Rows and columns added: top, left, bottom, right.
        #[serde(default)]
        padding: [usize; 4],
        /// Rows and columns from one element of the kernel to the next.
        #[serde(default = "ones")]
        dilation: [usize; 2],
        /// Whether a window that reaches beyond the padded picture is added at the end.
        #[serde(default)]
        ceil: bool,
        /// Whether padding counts as zeros, or not at all.
        #[serde(default = "yes")]
        count_padding: bool,
    },
    /// `[N, C, H, W]` to means `[N, C, 1, 1]`.
    GlobalAvgPool2d {},
    /// Means over axes.
    Mean(Reduce),
    /// Sums over axes.
    Sum(Reduce),
    /// Maxima over axes.
    MaxOver(Reduce),
    /// Another size of a picture.
    Resize {
        /// How values between samples are found.
        mode: ResizeMode,
        /// Rows and columns of the result.
        size: [usize; 2],
        /// Where samples lie.
        #[serde(default)]
        coordinates: Coordinates,
    },
    /// `[N, C·f², H, W]` to `[N, C, H·f, W·f]` (Shi et al. 2016); channel `c·f² + y·f + x` becomes the pixel `(y, x)`.
    PixelShuffle {
        /// `f`
        factor: usize,
    },
    /// The inverse of [`Op::PixelShuffle`].
    PixelUnshuffle {
        /// `f`
        factor: usize,
    },
    /// `eˣ / Σ eˣ` along an axis.
    Softmax {
        /// The axis; negative from the last.
        #[serde(default = "last")]
        axis: isize,
    },
    /// The logarithm of [`Op::Softmax`].
    LogSoftmax {
        /// The axis; negative from the last.
        #[serde(default = "last")]
        axis: isize,
    },
    /// Scaled dot-product attention (Vaswani et al. 2017) of query, key, value `[N, L, D]`.
    Attention {
        /// Into how many parts `D` is divided.
        heads: usize,
        /// Factor of scores; absent: `1 / sqrt(D / heads)`.
        #[serde(default)]
        scale: Option<f32>,
        /// Whether a query sees only keys up to its own place (aligned at the first).
        #[serde(default)]
        causal: bool,
    },
    /// Rows of a table `[V, D]`, by numbers; one outside `0..V` takes the nearest row.
    Embedding {
        /// Name of the table.
        weight: String,
    },
    /// Other extents of the same elements.
    Reshape {
        /// The extents; one may be -1.
        shape: Vec<isize>,
    },
    /// Axes in another order.
    Transpose {
        /// Which axis comes first, second, …
        axes: Vec<usize>,
    },
    /// A part of an axis.
    Slice {
        /// The axis; negative from the last.
        axis: isize,
        /// The first; negative from the end.
        start: isize,
        /// The one after the last; negative from the end, clamped to it.
        end: isize,
        /// Every how many.
        #[serde(default = "one")]
        step: usize,
    },
    /// More elements around.
    Pad {
        /// How many before, for each axis.
        before: Vec<usize>,
        /// How many after.
        after: Vec<usize>,
        /// What they are.
        #[serde(default)]
        value: f32,
    },
    /// `x / max(‖x‖, epsilon)` along an axis.
    L2Normalize {
        /// The axis; negative from the last.
        #[serde(default = "last")]
        axis: isize,
        /// The least norm.
        #[serde(default = "tiny")]
        epsilon: f32,
    },
}

/// Where a kernel goes over a picture: what convolutions and pools have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Rows and columns of the kernel.
    pub kernel: [usize; 2],
    /// Rows and columns from one place to the next.
    pub stride: [usize; 2],
    /// Rows and columns added: top, left, bottom, right.
    pub padding: [usize; 4],
    /// Rows and columns from one element of the kernel to the next.
    pub dilation: [usize; 2],
}

/// Over what values are gathered.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reduce {
    /// The axes; negative from the last.
    pub axes: Vec<isize>,
    /// Whether they stay, with an extent of 1.
    #[serde(default = "yes")]
    pub keep: bool,
}

/// How values between samples are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResizeMode {
    /// The sample at the floor of the coordinate.
    Nearest,
    /// Between the four around; those at the edge repeat.
    Linear,
}

/// Where the samples of a result lie in the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coordinates {
    /// `(i + 1/2) · in / out - 1/2`; for nearest, the floor of `(i + 1/2) · in / out`.
    #[default]
    HalfPixel,
    /// `i · in / out`
    Asymmetric,
    /// `i · (in - 1) / (out - 1)`
    AlignCorners,
}

const fn one() -> usize {
    1
}

const fn ones() -> [usize; 2] {
    [1, 1]
}

const fn zeros() -> [usize; 2] {
    [0, 0]
}

const fn last() -> isize {
    -1
}

const fn yes() -> bool {
    true
}

const fn unit() -> f32 {
    1.0
}

const fn leak() -> f32 {
    0.01
}

const fn epsilon() -> f32 {
    1e-5
}

const fn tiny() -> f32 {
    1e-12
}
