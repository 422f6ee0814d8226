//! What kernels are told.

/// Places of terms relative to a first element.
#[derive(Debug, Clone, Default)]
pub(in crate::cpu) struct Offsets {
    pub(super) offsets: Vec<u32>,
    pub(super) most: usize,
}

impl Offsets {
    /// `None` for places beyond 2^32.
    pub(in crate::cpu) fn new(offsets: impl Iterator<Item = usize>) -> Option<Self> {
        let offsets: Vec<u32> = offsets.map(|offset| u32::try_from(offset).ok()).collect::<Option<_>>()?;
        let most = offsets.iter().max().map_or(0, |&most| most as usize);
        Some(Self { offsets, most })
    }

    /// How many there are.
    pub(in crate::cpu) fn len(&self) -> usize {
        self.offsets.len()
    }
}

/// The left operand of a product: element `(r, k)` lies at `r · row + k · step`.
#[derive(Clone, Copy)]
pub(in crate::cpu) struct Left<'a> {
    pub elements: &'a [f32],
    pub row: usize,
    pub step: usize,
}

/// What is done to sums of a channel: factor, summand, factor of what is below zero, and bounds.
#[derive(Debug, Clone)]
pub(in crate::cpu) struct Affine {
    pub scale: Vec<f32>,
    pub shift: Vec<f32>,
    /// Empty: none.
    pub slope: Vec<f32>,
    pub range: [f32; 2],
}

/// Where sums lie: the flat places from and to, in rows `pitch` apart of which `width` elements count.
#[derive(Debug, Clone, Copy)]
pub(in crate::cpu) struct Flat {
    pub places: [usize; 2],
    pub pitch: usize,
    pub width: usize,
}

impl Flat {
    /// How many results lie before a flat place.
    pub(in crate::cpu) fn results(pitch: usize, width: usize, place: usize) -> usize {
        place / pitch * width + (place % pitch).min(width)
    }
}
