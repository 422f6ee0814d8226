//! How numbers of a net are stored.

/// How numbers are stored between steps. Sums are always of `f32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Precision {
    /// `f16` where the device has it.
    #[default]
    Auto,
    /// `f32`: within 1e-3 of other executors.
    F32,
    /// `f16`: half the memory, within 1e-2; numbers beyond 65504 become infinite.
    F16,
}
