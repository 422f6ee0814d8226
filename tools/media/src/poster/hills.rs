//! The poster's mountains: ranges of facets, snow on the far ones, trees on the near one.

use crate::noise::{hash, smooth};
use crate::picture::Color;

/// A range: where its peaks begin and how far they rise, how many there are, and its tones in the sun and in the shade.
struct Range {
    foot: f32,
    rise: f32,
    peaks: i32,
    slope: f32,
    tones: [Color; 2],
    has_snow: bool,
    seed: u32,
}

const RANGES: [Range; 3] = [
    Range {
        foot: 0.47,
        rise: 0.185,
        peaks: 7,
        slope: 1.05,
        tones: [[0.56, 0.56, 0.68], [0.30, 0.34, 0.52]],
        has_snow: true,
        seed: 401,
    },
    Range {
        foot: 0.49,
        rise: 0.115,
        peaks: 10,
        slope: 0.85,
        tones: [[0.34, 0.52, 0.56], [0.16, 0.32, 0.42]],
        has_snow: false,
        seed: 411,
    },
    Range {
        foot: 0.51,
        rise: 0.075,
        peaks: 12,
        slope: 0.50,
        tones: [[0.40, 0.55, 0.32], [0.20, 0.38, 0.26]],
        has_snow: false,
        seed: 421,
    },
];

pub(super) fn color(x: f32, y: f32, sky: Color) -> Color {
    RANGES.iter().fold(sky, |behind, range| range.color(x, y).unwrap_or(behind))
}

impl Range {
    /// The highest of the peaks' flanks here: how far below it this place is, and whether it looks at the sun.
    fn flank(&self, x: f32, y: f32) -> (f32, bool) {
        let jag =
            0.016 * (smooth(x * 34.0, 0.0, 1, self.seed) - 0.5) + 0.006 * (smooth(x * 90.0, 0.0, 1, self.seed) - 0.5);
        let mut best = (f32::MIN, false);
        for peak in 0..self.peaks {
            let at = 1.40 * (peak as f32 + 0.9 * hash(peak, 1, self.seed)) / self.peaks as f32 - 0.05;
            let top = self.foot - self.rise * (0.35 + 0.65 * hash(peak, 2, self.seed));
            let depth = y - top - jag - self.slope * (x - at).abs() * (0.8 + 0.5 * hash(peak, 3, self.seed));
            if depth > best.0 {
                // The ridge comes down in a zigzag.
                let ridge = 0.028 * (smooth(y * 26.0, peak as f32, 64, self.seed + 1) - 0.5);
                let lean = 0.25 * (hash(peak, 4, self.seed) - 0.5) * (y - top);
                best = (depth, x > at + ridge + lean);
            }
        }
        best
    }

    fn color(&self, x: f32, y: f32) -> Option<Color> {
        let (depth, is_lit) = self.flank(x, y);
        if depth < 0.0 {
            return None;
        }
        let tone = self.tones[usize::from(!is_lit)];
        // Gullies run down the flank.
        let lean = if is_lit { 0.5 } else { -0.5 };
        let gully = smooth((x - lean * depth) * 75.0, depth * 12.0, 1 << 10, self.seed + 2);
        let tooth = 0.05 * smooth((x - lean * depth) * 48.0, depth * 6.0, 1 << 10, self.seed + 3) + 0.012;
        if self.has_snow && depth < tooth {
            return Some(if is_lit { [0.98, 0.95, 0.90] } else { [0.66, 0.72, 0.82] });
        }
        Some(if gully > 0.66 { tone.map(|part| part * if is_lit { 0.80 } else { 1.28 }) } else { tone })
    }
}
