//! Pictures with known motion: textures of random rectangles, and views of them by a homography.

use bevy::math::{DVec2, dvec2};
use bevy_freshet::vision::camera::Homography;

/// A gray picture.
#[derive(Clone)]
pub struct Gray {
    pub width: u32,
    pub height: u32,
    pub luma: Vec<u8>,
}

impl Gray {
    /// Rectangles of random places, sizes and shades; the same for the same seed.
    pub fn rectangles(width: u32, height: u32, seed: u64) -> Self {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut below = |most: u32| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            ((state >> 33) % u64::from(most)) as u32
        };
        let mut luma = vec![120; (width * height) as usize];
        for _ in 0..(width * height / 250) {
            let (left, top) = (below(width), below(height));
            let (right, bottom) = ((left + 4 + below(22)).min(width), (top + 4 + below(22)).min(height));
            let shade = below(256) as u8;
            for y in top..bottom {
                luma[(y * width + left) as usize..(y * width + right) as usize].fill(shade);
            }
        }
        Self { width, height, luma }
    }

    /// One shade.
    pub fn flat(width: u32, height: u32, shade: u8) -> Self {
        Self { width, height, luma: vec![shade; (width * height) as usize] }
    }

    fn at(&self, place: DVec2) -> Option<f64> {
        let last = dvec2(f64::from(self.width - 1), f64::from(self.height - 1));
        if place.cmplt(DVec2::ZERO).any() || place.cmpgt(last).any() {
            return None;
        }
        let corner = place.floor();
        let part = place - corner;
        let texel = |dx: u32, dy: u32| {
            let (x, y) = ((corner.x as u32 + dx).min(self.width - 1), (corner.y as u32 + dy).min(self.height - 1));
            f64::from(self.luma[(y * self.width + x) as usize])
        };
        let row = |dy| texel(0, dy) * (1.0 - part.x) + texel(1, dy) * part.x;
        Some(row(0) * (1.0 - part.y) + row(1) * part.y)
    }

    /// This picture as a view shows it over `ground`: the mean of 3x3 samples a pixel.
    pub fn seen(&self, view_from_picture: &Homography, ground: &Self) -> Self {
        let picture_from_view = view_from_picture.inverse().unwrap();
        let mut seen = ground.clone();
        for y in 0..seen.height {
            for x in 0..seen.width {
                let under = f64::from(ground.luma[(y * ground.width + x) as usize]);
                let sample = |index: u32| {
                    let offset = dvec2(f64::from(index % 3), f64::from(index / 3)) / 3.0 - 1.0 / 3.0;
                    let place = dvec2(f64::from(x), f64::from(y)) + offset;
                    picture_from_view.apply(place).and_then(|place| self.at(place)).unwrap_or(under)
                };
                let mean = (0..9).map(sample).sum::<f64>() / 9.0;
                seen.luma[(y * seen.width + x) as usize] = (mean + 0.5) as u8;
            }
        }
        seen
    }
}

/// A view that moves a picture by this many pixels.
pub fn shift(x: f64, y: f64) -> Homography {
    Homography::from_rows([1.0, 0.0, x, 0.0, 1.0, y, 0.0, 0.0, 1.0]).unwrap()
}
