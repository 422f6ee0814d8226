//! Weighs experts by what they foresaw: fixed share.
//!
//! After each outcome a weight is multiplied by the probability that its expert gave (Bayes), then every expert gives
//! the share α of its weight to all (Herbster & Warmuth 1998, "Tracking the best expert"). The loss stays near that of
//! the best *sequence* of experts, so that an expert that becomes the right one takes over within a few outcomes.

/// Weights of `N` experts, `0..=1`, sum 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mixture<const N: usize>(pub [f32; N]);

impl<const N: usize> Mixture<N> {
    pub const fn new() -> Self {
        Self([1.0 / N as f32; N])
    }

    /// `probabilities`: what each expert had given to the outcome. `share`: α.
    pub fn learn(&mut self, probabilities: &[f32; N], share: f32) {
        let sum: f32 = self.0.iter().zip(probabilities).map(|(weight, p)| weight * p).sum();
        if !(sum.is_finite() && sum > 0.0) {
            return;
        }
        for (weight, p) in self.0.iter_mut().zip(probabilities) {
            *weight = (1.0 - share) * (*weight * p / sum) + share / N as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_better_expert_takes_over_and_back() {
        let mut mixture = Mixture::<2>::new();
        for _ in 0..500 {
            mixture.learn(&[0.9, 0.3], 0.02);
        }
        assert!(mixture.0[0] > 0.95);
        for _ in 0..6 {
            mixture.learn(&[0.3, 0.9], 0.02);
        }
        assert!(mixture.0[1] > 0.8, "{mixture:?}");
    }

    proptest! {
        #[test]
        fn weights_stay_weights(outcomes in proptest::collection::vec(proptest::array::uniform4(0.0f32..1.0), 0..200)) {
            let mut mixture = Mixture::<4>::new();
            for probabilities in &outcomes {
                mixture.learn(probabilities, 0.02);
            }
            prop_assert!((mixture.0.iter().sum::<f32>() - 1.0).abs() < 1e-3);
            prop_assert!(mixture.0.iter().all(|weight| (0.0..=1.001).contains(weight)));
        }
    }
}
