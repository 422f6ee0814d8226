//! Gray pictures.

use bevy::math::DVec2;

/// A gray picture of 8 bits, rows tightly packed, top row first.
#[derive(Debug, Clone, Copy)]
pub struct Luma<'a> {
    pixels: &'a [u8],
    width: usize,
    height: usize,
}

impl<'a> Luma<'a> {
    /// `None` when there are not exactly `width × height` pixels, or none.
    pub fn new(pixels: &'a [u8], width: u32, height: u32) -> Option<Self> {
        let (width, height) = (width as usize, height as usize);
        (width > 0 && height > 0 && width.checked_mul(height) == Some(pixels.len())).then_some(Self {
            pixels,
            width,
            height,
        })
    }

    /// Columns.
    pub fn width(&self) -> u32 {
        self.width as u32
    }

    /// Rows.
    pub fn height(&self) -> u32 {
        self.height as u32
    }
}

/// A gray picture in `f32`, 0 to 255: what the steps of the search work on.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    levels: Vec<f32>,
    pub width: usize,
    pub height: usize,
}

impl From<Luma<'_>> for Picture {
    fn from(luma: Luma<'_>) -> Self {
        let levels = luma.pixels.iter().map(|&level| f32::from(level)).collect();
        Self { levels, width: luma.width, height: luma.height }
    }
}

impl Picture {
    /// From levels of the same number.
    pub fn with_levels(&self, levels: Vec<f32>) -> Self {
        debug_assert_eq!(levels.len(), self.levels.len());
        Self { levels, width: self.width, height: self.height }
    }

    pub fn at(&self, x: usize, y: usize) -> f32 {
        self.levels[y * self.width + x]
    }

    /// Whether all texels within `margin` (pixels) of a place exist.
    pub fn holds(&self, place: DVec2, margin: f64) -> bool {
        place.x - margin >= 0.0
            && place.y - margin >= 0.0
            && place.x + margin <= (self.width - 1) as f64
            && place.y + margin <= (self.height - 1) as f64
    }

    /// The level between texels, bilinear, edges going on for ever.
    pub fn sample(&self, place: DVec2) -> f64 {
        let last = DVec2::new((self.width - 1) as f64, (self.height - 1) as f64);
        let place = place.clamp(DVec2::ZERO, last);
        let (x, y) = (place.x as usize, place.y as usize);
        let (right, below) = ((x + 1).min(self.width - 1), (y + 1).min(self.height - 1));
        let part = place.fract();
        let row = |y: usize| f64::from(self.at(x, y)) * (1.0 - part.x) + f64::from(self.at(right, y)) * part.x;
        row(y) * (1.0 - part.y) + row(below) * part.y
    }

    /// Half the size, each texel the mean of four; a last odd row or column is left out. `None` when nothing is left.
    ///
    /// The texel at `x` covers what lay at `2x + 0.5`.
    pub fn halved(&self) -> Option<Self> {
        let (width, height) = (self.width / 2, self.height / 2);
        if width == 0 || height == 0 {
            return None;
        }
        let mut levels = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let row = |y: usize| self.at(2 * x, y) + self.at(2 * x + 1, y);
                levels.push((row(2 * y) + row(2 * y + 1)) / 4.0);
            }
        }
        Some(Self { levels, width, height })
    }

    /// Smoothed by 1-2-1 both ways: enough against pixel noise, too little to move a corner.
    pub fn smoothed(&self) -> Self {
        let (last_x, last_y) = (self.width - 1, self.height - 1);
        let mut across = Vec::with_capacity(self.levels.len());
        for row in self.levels.chunks_exact(self.width) {
            across.extend((0..row.len()).map(|x| {
                let (left, right) = (row[x.saturating_sub(1)], row[(x + 1).min(last_x)]);
                (left + 2.0 * row[x] + right) / 4.0
            }));
        }
        let across = self.with_levels(across);
        let mut levels = Vec::with_capacity(self.levels.len());
        for y in 0..self.height {
            let (above, below) = (y.saturating_sub(1), (y + 1).min(last_y));
            levels.extend(
                (0..self.width).map(|x| (across.at(x, above) + 2.0 * across.at(x, y) + across.at(x, below)) / 4.0),
            );
        }
        self.with_levels(levels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_are_checked() {
        assert!(Luma::new(&[0; 6], 3, 2).is_some());
        assert!(Luma::new(&[0; 5], 3, 2).is_none());
        assert!(Luma::new(&[], 0, 0).is_none());
    }

    #[test]
    fn halves_are_means() {
        let picture = Picture::from(Luma::new(&[0, 4, 9, 8, 12, 9], 3, 2).unwrap());
        let half = picture.halved().unwrap();
        assert_eq!((half.width, half.height, half.at(0, 0)), (1, 1, 6.0));
        assert!(half.halved().is_none());
    }

    proptest! {
        /// On a plane of levels sampling and smoothing are exact.
        #[test]
        fn planes_are_kept(x in 1.0..6.0_f64, y in 1.0..6.0_f64) {
            let pixels: Vec<u8> = (0..64).map(|index| (3 * (index % 8) + 20 * (index / 8)) as u8).collect();
            let picture = Picture::from(Luma::new(&pixels, 8, 8).unwrap());
            let place = DVec2::new(x, y);
            prop_assert!((picture.sample(place) - (3.0 * x + 20.0 * y)).abs() < 1e-9);
            prop_assert!((picture.smoothed().at(3, 3) - picture.at(3, 3)).abs() < 1e-4);
        }
    }
}
