//! What a lens and a sensor make of the light.

use crate::noise::hash;

/// A pixel's light runs a little into its neighbours. Values `stride` apart make a line, of `length` values.
pub(crate) fn soften(light: &[f32], stride: usize, length: usize) -> Vec<f32> {
    /// A bell whose deviation is 0.7 pixels.
    const BELL: [f32; 5] = [0.0096, 0.2054, 0.5700, 0.2054, 0.0096];
    let mean = |place: usize| {
        let at = (place / stride) % length;
        let start = place - at * stride;
        let near = |step: usize| light[start + (at + step).saturating_sub(2).min(length - 1) * stride];
        (0..BELL.len()).map(|step| BELL[step] * near(step)).sum()
    };
    (0..light.len()).map(mean).collect()
}

/// Noise with a deviation of 1, another for each pixel of each picture.
pub(crate) fn noise(x: u32, y: u32, picture: u32) -> f32 {
    let chance = |round: u32| hash(x as i32, y as i32, 900 + 3 * picture + round);
    // The sum of three has half a unit's deviation.
    2.0 * (chance(0) + chance(1) + chance(2) - 1.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softening_keeps_the_light_and_stays_in_its_line() {
        let mut light = vec![0.0; 3 * 7];
        light[3 * 3 + 1] = 1.0;
        let soft = soften(&light, 3, 7);
        assert!((soft.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{soft:?}");
        assert!(soft.iter().enumerate().all(|(place, light)| place % 3 == 1 || *light == 0.0), "{soft:?}");
        assert!(soft[3 * 3 + 1] > soft[3 * 2 + 1] && soft[3 * 2 + 1] > 0.0, "{soft:?}");
    }

    #[test]
    fn noise_has_the_deviation_that_it_says() {
        let square: f32 = (0..10_000).map(|place| noise(place % 100, place / 100, 5).powi(2)).sum();
        assert!((square / 10_000.0 - 1.0).abs() < 0.05, "{square}");
    }
}
