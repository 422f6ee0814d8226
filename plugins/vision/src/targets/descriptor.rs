//! What tells one place from another.

use super::views::Affine;
use crate::stages::features::reference::{Feature, Settings, detect};

/// 256 bits, compared by [`distance`].
pub(super) type Descriptor = [u32; 8];

/// Bits that differ (Hamming).
pub(super) fn distance(a: &Descriptor, b: &Descriptor) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}

/// A feature of a view, back in the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sighting {
    /// Pixels of the picture.
    pub(super) at: [f32; 2],
    /// Pixels of the picture for one of the descriptor's.
    pub(super) scale: f32,
    /// Radians, of x towards y.
    pub(super) angle: f32,
    /// What it looks like from there.
    pub(super) descriptor: Descriptor,
    /// Number of the view.
    pub(super) view: u32,
}

impl Sighting {
    /// What a feature of this view is in the picture.
    pub(super) fn of(feature: &Feature, view: u32, picture_from_view: &Affine) -> Self {
        let (sine, cosine) = feature.angle.sin_cos();
        let way = picture_from_view.direction([cosine, sine]);
        Self {
            at: picture_from_view.point([feature.x, feature.y]),
            scale: feature.scale * picture_from_view.stretch(),
            angle: way[1].atan2(way[0]),
            descriptor: feature.descriptor,
            view,
        }
    }
}

/// At most so many features, the strongest first: the same as the stage of features finds in a frame.
pub(super) fn features(luma: &[u8], width: usize, height: usize, capacity: usize) -> Vec<Feature> {
    let mut features = detect(luma, width, height, Settings { capacity, ..Settings::default() });
    features.sort_by(|a, b| b.response.total_cmp(&a.response));
    features
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_bits() {
        assert_eq!(distance(&[0; 8], &[u32::MAX; 8]), 256);
        assert_eq!(distance(&[5, 0, 0, 0, 0, 0, 0, 1], &[4, 0, 0, 0, 0, 0, 0, 3]), 2);
    }

    #[test]
    fn a_sighting_is_turned_and_moved_back() {
        let feature = Feature { x: 3.0, y: 4.0, scale: 2.0, angle: 0.0, response: 1.0, level: 0, descriptor: [7; 8] };
        let map = Affine { linear: [[0.0, -2.0], [2.0, 0.0]], shift: [10.0, 20.0] };
        let sighting = Sighting::of(&feature, 1, &map);
        assert_eq!((sighting.at, sighting.scale, sighting.view), ([2.0, 26.0], 4.0, 1));
        assert!((sighting.angle - std::f32::consts::FRAC_PI_2).abs() < 1e-6);
    }
}
