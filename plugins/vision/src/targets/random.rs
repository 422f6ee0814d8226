//! Random numbers that are the same on every machine.

/// A PCG-XSH-RR generator (O'Neill 2014) with 64 bits of state. The same seed gives the same targets everywhere.
#[derive(Debug, Clone)]
pub(super) struct Random {
    state: u64,
}

impl Random {
    const MULTIPLIER: u64 = 6_364_136_223_846_793_005;
    const INCREMENT: u64 = 1_442_695_040_888_963_407;

    pub(super) fn new(seed: u64) -> Self {
        let mut random = Self { state: seed.wrapping_add(Self::INCREMENT) };
        random.bits();
        random
    }

    /// 32 random bits.
    pub(super) fn bits(&mut self) -> u32 {
        let state = self.state;
        self.state = state.wrapping_mul(Self::MULTIPLIER).wrapping_add(Self::INCREMENT);
        ((((state >> 18) ^ state) >> 27) as u32).rotate_right((state >> 59) as u32)
    }

    /// Evenly spread in `from..to`.
    pub(super) fn between(&mut self, from: f32, to: f32) -> f32 {
        from + (to - from) * (self.bits() >> 8) as f32 / (1 << 24) as f32
    }

    /// Nearly normal, mean 0, standard deviation 1: four bytes added up (Irwin and Hall), in -3.5..=3.5.
    pub(super) fn normal(&mut self) -> f32 {
        /// Of the sum of four bytes: sqrt(4 (256² - 1) / 12).
        const DEVIATION: f32 = 147.8;
        let sum: i32 = self.bits().to_le_bytes().into_iter().map(i32::from).sum();
        (sum - 510) as f32 / DEVIATION
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_and_another_seed_others() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            [random.bits(), random.bits(), random.bits()]
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn numbers_are_spread_as_said() {
        let mut random = Random::new(3);
        let even: Vec<f32> = (0..10_000).map(|_| random.between(2.0, 4.0)).collect();
        assert!(even.iter().all(|x| (2.0..4.0).contains(x)));
        assert!((even.iter().sum::<f32>() / 10_000.0 - 3.0).abs() < 0.03);
        let normal: Vec<f32> = (0..10_000).map(|_| random.normal()).collect();
        let mean = normal.iter().sum::<f32>() / 10_000.0;
        let variance = normal.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / 10_000.0;
        assert!(mean.abs() < 0.05 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }
}
