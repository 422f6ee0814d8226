//! What the vision stages found in a frame, as twelve numbers of about the same size.

/// How many numbers describe a frame.
pub const SIZE: usize = 12;

/// Farthest that a number may be from its mean, in standard deviations: one wild frame must not outweigh the others.
const FARTHEST: f32 = 8.0;

/// The summaries that were attached to a frame. What is missing is 0.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct FrameSummary {
    /// Mean of the trusted flow vectors, in pixels.
    pub mean_px: [f32; 2],
    /// Their standard deviation, in pixels.
    pub spread_px: f32,
    /// Share of the picture whose flow is trusted, 0 to 1.
    pub trusted: f32,
    /// Corners found.
    pub features: f32,
    /// Points that are followed.
    pub tracks: f32,
    /// Of these, those that began in this frame.
    pub fresh: f32,
    /// Mean age of the points, in frames.
    pub mean_age: f32,
    /// Mean luma as it is displayed, 0 to 1.
    pub luma: f32,
    /// Mean colour, linear sRGB, 0 to 1.
    pub color: [f32; 3],
}

/// A frame as a point: raw out of [`FrameSummary::vector`], in standard deviations out of [`Scale::apply`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrameVector(pub [f32; SIZE]);

impl FrameSummary {
    /// The numbers in the order of the fields. Lengths, counts and ages as logarithms, with their sign: from 10 to 20
    /// points is as far as from 1,000 to 2,000. What is not finite becomes 0.
    pub fn vector(&self) -> FrameVector {
        let log = |value: f32| value.signum() * value.abs().min(1e9).ln_1p();
        let ([x, y], [red, green, blue]) = (self.mean_px, self.color);
        let share = |value: f32| value.clamp(0.0, 1.0);
        let numbers = [
            log(x),
            log(y),
            log(self.spread_px),
            share(self.trusted),
            log(self.features),
            log(self.tracks),
            log(self.fresh),
            log(self.mean_age),
            share(self.luma),
            share(red),
            share(green),
            share(blue),
        ];
        FrameVector(numbers.map(|number| if number.is_finite() { number } else { 0.0 }))
    }
}

impl FrameVector {
    /// Square of the Euclidean distance.
    pub fn distance_squared(&self, other: &Self) -> f32 {
        self.0.iter().zip(&other.0).map(|(one, other)| (one - other) * (one - other)).sum()
    }
}

/// Mean and spread of each number, over all frames so far (Welford, "Note on a Method for Calculating Corrected Sums of
/// Squares and Products", Technometrics 1962).
#[derive(Debug, Default, Clone, Copy)]
pub struct Spread {
    frames: f64,
    means: [f64; SIZE],
    squares: [f64; SIZE],
}

impl Spread {
    /// Takes a raw vector in.
    pub fn add(&mut self, vector: &FrameVector) {
        self.frames += 1.0;
        for ((value, mean), squares) in vector.0.iter().zip(&mut self.means).zip(&mut self.squares) {
            let away = f64::from(*value) - *mean;
            *mean += away / self.frames;
            *squares += away * (f64::from(*value) - *mean);
        }
    }

    /// The scale as it is now. Numbers that hardly change are left small.
    pub fn scale(&self) -> Scale {
        let mut scale = Scale::default();
        for place in 0..SIZE {
            scale.means[place] = self.means[place] as f32;
            scale.deviations[place] = ((self.squares[place] / self.frames.max(1.0)).sqrt() as f32).max(0.01);
        }
        scale
    }
}

/// A spread that stays as it was taken: vectors can be compared when the same scale was applied to both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    means: [f32; SIZE],
    deviations: [f32; SIZE],
}

impl Default for Scale {
    fn default() -> Self {
        Self { means: [0.0; SIZE], deviations: [1.0; SIZE] }
    }
}

impl Scale {
    /// A raw vector in standard deviations from the mean, each at most 8.
    pub fn apply(&self, raw: &FrameVector) -> FrameVector {
        FrameVector(std::array::from_fn(|place| {
            ((raw.0[place] - self.means[place]) / self.deviations[place]).clamp(-FARTHEST, FARTHEST)
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn broken_numbers_become_nothing() {
        let broken = FrameSummary {
            mean_px: [f32::NAN, f32::INFINITY],
            trusted: f32::NAN,
            luma: 7.0,
            features: -0.0,
            ..FrameSummary::default()
        };
        let FrameVector(numbers) = broken.vector();
        assert!(numbers.iter().all(|number| number.is_finite()));
        assert_eq!((numbers[0], numbers[3], numbers[8]), (0.0, 0.0, 1.0));
    }

    proptest! {
        #[test]
        fn scaled_vectors_have_mean_0_and_deviation_1(values in prop::collection::vec(-50.0..50.0_f32, 8..200)) {
            let vectors: Vec<_> = values.iter().map(|value| FrameVector([*value; SIZE])).collect();
            let mut spread = Spread::default();
            vectors.iter().for_each(|vector| spread.add(vector));
            let scale = spread.scale();
            let scaled: Vec<f64> = vectors.iter().map(|vector| f64::from(scale.apply(vector).0[5])).collect();
            let mean = scaled.iter().sum::<f64>() / scaled.len() as f64;
            let deviation = (scaled.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / scaled.len() as f64).sqrt();
            // A sample of fewer than 65 cannot be farther out than 8 deviations; one of 200 hardly is.
            prop_assert!(mean.abs() < 0.01 && (deviation - 1.0).abs() < 0.05, "{mean} {deviation}");
        }
    }
}
