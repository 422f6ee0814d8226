//! How a lens bends rays: OpenCV's radial-tangential and rational models.

use bevy::math::{DMat2, DVec2};
use serde::Serialize;

use super::error::CameraModelError;

/// Radial and tangential distortion; all coefficients without unit, zero is an ideal lens.
///
/// With `r² = x² + y²` of a ray `(x, y) = (X/Z, Y/Z)` (Brown 1966, as OpenCV writes it):
///
/// ```text
/// g  = (1 + k1·r² + k2·r⁴ + k3·r⁶) / (1 + k4·r² + k5·r⁴ + k6·r⁶)
/// x' = g·x + 2·p1·x·y + p2·(r² + 2x²)
/// y' = g·y + 2·p2·x·y + p1·(r² + 2y²)
/// ```
#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize)]
pub struct Distortion {
    /// `k1` to `k6`.
    pub radial: [f64; 6],
    /// `p1`, `p2`.
    pub tangential: [f64; 2],
}

impl Distortion {
    /// An ideal lens.
    pub const NONE: Self = Self { radial: [0.0; 6], tangential: [0.0; 2] };

    /// No coefficient is larger than this, positive or negative.
    const LARGEST: f64 = 1000.0;
    /// Names in OpenCV's order.
    const NAMES: [&str; 8] = ["k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6"];

    /// From coefficients in OpenCV's order: `k1 k2 p1 p2 [k3 [k4 k5 k6]]`, or none at all. Zeros after the eighth
    /// (thin prism, tilt) are accepted.
    ///
    /// # Errors
    ///
    /// When the count is another, or a coefficient is not finite or absurd.
    pub fn from_opencv(coefficients: &[f64]) -> Result<Self, CameraModelError> {
        let count = coefficients.len();
        let (known, rest) = coefficients.split_at(count.min(8));
        if !matches!(count, 0 | 4 | 5 | 8 | 12 | 14) || rest.iter().any(|&value| value != 0.0) {
            return Err(CameraModelError::CoefficientCount { count });
        }
        let mut all = [0.0; 8];
        all[..known.len()].copy_from_slice(known);
        let [k1, k2, p1, p2, k3, k4, k5, k6] = all;
        let distortion = Self { radial: [k1, k2, k3, k4, k5, k6], tangential: [p1, p2] };
        distortion.check()?;
        Ok(distortion)
    }

    /// Coefficients in OpenCV's order, `k1 k2 p1 p2 k3 k4 k5 k6`.
    pub fn to_opencv(self) -> [f64; 8] {
        let ([k1, k2, k3, k4, k5, k6], [p1, p2]) = (self.radial, self.tangential);
        [k1, k2, p1, p2, k3, k4, k5, k6]
    }

    /// Whether the denominator is used.
    pub fn is_rational(self) -> bool {
        self.radial[3..].iter().any(|&coefficient| coefficient != 0.0)
    }

    /// Whether every coefficient is finite and of a sane size.
    ///
    /// # Errors
    ///
    /// Naming the first one that is not.
    pub fn check(self) -> Result<(), CameraModelError> {
        for (name, value) in Self::NAMES.into_iter().zip(self.to_opencv()) {
            if !value.is_finite() {
                return Err(CameraModelError::NotFinite { name, value });
            }
            if value.abs() > Self::LARGEST {
                return Err(CameraModelError::Coefficient { name, value, most: Self::LARGEST });
            }
        }
        Ok(())
    }

    /// Bends a ray `(X/Z, Y/Z)`.
    pub fn distort(self, ray: DVec2) -> DVec2 {
        let [p1, p2] = self.tangential;
        let DVec2 { x, y } = ray;
        let r2 = ray.length_squared();
        let (gain, _) = self.gain(r2);
        DVec2::new(
            gain * x + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x),
            gain * y + 2.0 * p2 * x * y + p1 * (r2 + 2.0 * y * y),
        )
    }

    /// The derivative of [`Self::distort`] by the ray; symmetric.
    pub fn jacobian(self, ray: DVec2) -> DMat2 {
        let [p1, p2] = self.tangential;
        let DVec2 { x, y } = ray;
        let (gain, slope) = self.gain(ray.length_squared());
        let mixed = 2.0 * (x * y * slope + p1 * x + p2 * y);
        DMat2::from_cols(
            DVec2::new(gain + 2.0 * x * x * slope + 2.0 * p1 * y + 6.0 * p2 * x, mixed),
            DVec2::new(mixed, gain + 2.0 * y * y * slope + 6.0 * p1 * y + 2.0 * p2 * x),
        )
    }

    /// The derivative of [`Self::distort`] by each coefficient, in OpenCV's order.
    pub fn gradient(self, ray: DVec2) -> [DVec2; 8] {
        let DVec2 { x, y } = ray;
        let r2 = ray.length_squared();
        let (gain, _) = self.gain(r2);
        let above = ray / self.denominator(r2);
        let below = -gain * above;
        let tangential = [DVec2::new(2.0 * x * y, r2 + 2.0 * y * y), DVec2::new(r2 + 2.0 * x * x, 2.0 * x * y)];
        let powers = [r2, r2 * r2, r2 * r2 * r2];
        let [k1, k2, k3] = powers.map(|power| above * power);
        let [k4, k5, k6] = powers.map(|power| below * power);
        [k1, k2, tangential[0], tangential[1], k3, k4, k5, k6]
    }

    /// Finds the ray that [`Self::distort`] bends into `bent`: Newton's method, the step halved while it does not help.
    ///
    /// `None` when there is none within `radius_limit` (see [`Self::radius_limit`]).
    pub fn undistort(self, bent: DVec2, radius_limit: f64) -> Option<DVec2> {
        const STEPS: usize = 50;
        const GOOD: f64 = 1e-12;

        if self == Self::NONE {
            return Some(bent);
        }
        let tolerance = GOOD * (1.0 + bent.length());
        let mut ray = bent.clamp_length_max(0.9 * radius_limit);
        let mut miss = self.distort(ray) - bent;
        for _ in 0..STEPS {
            if miss.length() <= tolerance {
                return (ray.length() <= radius_limit).then_some(ray);
            }
            let step = self.jacobian(ray).inverse() * miss;
            let better = (0..12).map(|halvings| ray - step * 0.5_f64.powi(halvings)).find_map(|next| {
                let next_miss = self.distort(next) - bent;
                (next.length() < 1.2 * radius_limit && next_miss.length() < miss.length()).then_some((next, next_miss))
            });
            (ray, miss) = better?;
        }
        None
    }

    /// The length of ray up to which bending keeps the order of rays along every direction from the centre (tangential
    /// terms, which are small, aside). Beyond it the model folds over and means nothing. Infinite for an ideal lens, at
    /// most 6 (80° off the axis) for any other.
    pub fn radius_limit(self) -> f64 {
        const MOST: f64 = 6.0;
        const STEPS: u32 = 600;

        if self.radial == [0.0; 6] {
            return f64::INFINITY;
        }
        let rises = |radius: f64| {
            let r2 = radius * radius;
            let (gain, slope) = self.gain(r2);
            self.denominator(r2) > 0.0 && gain > 0.0 && gain + 2.0 * r2 * slope > 0.0
        };
        let radius_at = |step: u32| MOST * f64::from(step) / f64::from(STEPS);
        let Some(first_fall) = (1..=STEPS).find(|&step| !rises(radius_at(step))) else {
            return MOST;
        };
        let (mut good, mut bad) = (radius_at(first_fall - 1), radius_at(first_fall));
        for _ in 0..40 {
            let middle = f64::midpoint(good, bad);
            *(if rises(middle) { &mut good } else { &mut bad }) = middle;
        }
        good
    }

    fn denominator(self, r2: f64) -> f64 {
        let [_, _, _, k4, k5, k6] = self.radial;
        1.0 + r2 * (k4 + r2 * (k5 + r2 * k6))
    }

    /// The radial factor `g` and its derivative by `r²`.
    fn gain(self, r2: f64) -> (f64, f64) {
        let [k1, k2, k3, k4, k5, k6] = self.radial;
        let numerator = 1.0 + r2 * (k1 + r2 * (k2 + r2 * k3));
        let numerator_slope = k1 + r2 * (2.0 * k2 + r2 * 3.0 * k3);
        let denominator = self.denominator(r2);
        let denominator_slope = k4 + r2 * (2.0 * k5 + r2 * 3.0 * k6);
        let gain = numerator / denominator;
        (gain, (numerator_slope - gain * denominator_slope) / denominator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Lenses from wide angle to tele, mild enough to hold up to 45 degrees off the axis.
    fn lens() -> impl Strategy<Value = Distortion> {
        (-0.3..0.3_f64, -0.05..0.05_f64, -0.01..0.01_f64, prop::array::uniform2(-0.005..0.005_f64), -0.05..0.05_f64)
            .prop_map(|(k1, k2, k3, tangential, k4)| Distortion { radial: [k1, k2, k3, k4, 0.0, 0.0], tangential })
    }

    fn ray(limit: f64) -> impl Strategy<Value = DVec2> {
        prop::array::uniform2(-limit..limit).prop_map(DVec2::from_array)
    }

    #[test]
    fn coefficients_keep_opencv_order() {
        let numbers = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        let lens = Distortion::from_opencv(&numbers).unwrap();
        assert_eq!((lens.radial, lens.tangential), ([1.0, 2.0, 5.0, 6.0, 7.0, 8.0], [3.0, 4.0]));
        assert_eq!(lens.to_opencv(), numbers);
        assert!(lens.is_rational());
    }

    #[test]
    fn odd_counts_and_absurd_values_are_refused() {
        assert_eq!(Distortion::from_opencv(&[0.1; 6]), Err(CameraModelError::CoefficientCount { count: 6 }));
        assert!(matches!(Distortion::from_opencv(&[0.1; 14]), Err(CameraModelError::CoefficientCount { .. })));
        assert!(Distortion::from_opencv(&[0.0; 14]).is_ok());
        let error = Distortion::from_opencv(&[0.1, f64::NAN, 0.0, 0.0]).unwrap_err();
        assert_eq!(error.to_string(), "k2 of the camera is NaN, which is not a number");
        assert!(matches!(
            Distortion::from_opencv(&[0.1, 0.0, 2e3, 0.0]),
            Err(CameraModelError::Coefficient { name: "p1", .. })
        ));
    }

    #[test]
    fn a_folding_lens_has_a_limit() {
        let lens = Distortion { radial: [-0.4, 0.0, 0.0, 0.0, 0.0, 0.0], tangential: [0.0; 2] };
        // d/dr (r − 0.4 r³) = 0
        let limit = lens.radius_limit();
        assert!((limit - (1.0 / 1.2_f64).sqrt()).abs() < 1e-9);
        let farthest = lens.distort(DVec2::new(limit, 0.0)).x;
        assert!(lens.undistort(DVec2::new(farthest - 1e-3, 0.0), limit).is_some());
        assert_eq!(lens.undistort(DVec2::new(farthest + 1e-3, 0.0), limit), None);
        assert_eq!(Distortion::NONE.radius_limit(), f64::INFINITY);
    }

    proptest! {
        #[test]
        fn undistorting_undoes(lens in lens(), ray in ray(0.7)) {
            let limit = lens.radius_limit();
            prop_assume!(ray.length() < 0.95 * limit);
            let back = lens.undistort(lens.distort(ray), limit);
            prop_assert!(back.is_some_and(|back| back.distance(ray) < 1e-9), "{back:?} for {ray}");
        }

        #[test]
        fn the_gradient_is_the_derivative(lens in lens(), ray in ray(0.7), index in 0..8_usize) {
            const STEP: f64 = 1e-6;
            let at = |step: f64| {
                let mut coefficients = lens.to_opencv();
                coefficients[index] += step;
                Distortion::from_opencv(&coefficients).unwrap().distort(ray)
            };
            let measured = (at(STEP) - at(-STEP)) / (2.0 * STEP);
            prop_assert!(measured.distance(lens.gradient(ray)[index]) < 1e-7);
        }

        #[test]
        fn the_jacobian_is_the_derivative(lens in lens(), ray in ray(0.7)) {
            const STEP: f64 = 1e-6;
            let exact = lens.jacobian(ray);
            for (axis, column) in [(DVec2::X, exact.x_axis), (DVec2::Y, exact.y_axis)] {
                let measured = (lens.distort(ray + STEP * axis) - lens.distort(ray - STEP * axis)) / (2.0 * STEP);
                prop_assert!(measured.distance(column) < 1e-7, "{measured} {column}");
            }
        }
    }
}
