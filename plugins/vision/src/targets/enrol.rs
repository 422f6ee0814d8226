//! A picture becomes a target.

use std::f32::consts::{FRAC_PI_4, SQRT_2};

use super::area::{codes, shrink};
use super::descriptor::{Sighting, features};
use super::error::EnrolError;
use super::groups::groups;
use super::places::places;
use super::retrieval::{RETRIEVAL, try_out};
use super::template::Template;
use super::views::{Simulator, Viewpoint};

/// A flat picture as the stages know it: what to find it by, and what it looks like.
///
/// The points of a target are `[x, y, scale, angle]`: pixels of its picture (x right, y down, whole numbers at the
/// pixels' centres), pixels for one of the descriptor's, radians of x towards y.
#[derive(Debug, Clone, PartialEq)]
pub struct EnrolledTarget {
    width: u32,
    height: u32,
    points: Vec<[f32; 4]>,
    descriptors: Vec<[u32; 8]>,
    retrieval: Vec<[u32; 8]>,
    retrieval_points: Vec<[f32; 4]>,
    score: f32,
    template: Template,
}

/// Longest side in pixels at which features are looked for: no camera resolves more at the sizes targets are found at.
const WORKING_SIDE: usize = 512;
/// Codes of luma: a picture that varies less is blank.
const LEAST_DEVIATION: f64 = 2.0;
/// Features of a view. More take longer and are not found more often: 700 gave the same in 240 scenes.
const FEATURES: usize = 500;
/// Descriptors before groups are filled up.
const KEEP: usize = 1_024;

impl EnrolledTarget {
    /// Fewest pixels on a side.
    pub const LEAST_SIDE: u32 = 48;
    /// Most pixels on a side.
    pub const MOST_SIDE: u32 = 8_192;
    /// Least score of a picture that is accepted.
    ///
    /// Measured with pictures of few shapes, tilted up to 45 degrees: from 18 on all were found, from 20 on still 9 of
    /// 12 or more with 40 % covered; below 13 at most 3 of 12, and as many in the wrong place.
    pub const LEAST_SCORE: f32 = 20.0;
    /// Most descriptors.
    pub const MOST_DESCRIPTORS: usize = 2_048;
    /// Descriptors for the shortlist.
    pub const RETRIEVAL: usize = RETRIEVAL;

    /// Learns a picture, given as luma (0 black, 255 white) row by row.
    ///
    /// Takes tens of milliseconds; the same picture always gives the same target.
    ///
    /// # Errors
    ///
    /// When the size is out of bounds or not that of `luma`, or when the picture has too little to be recognised by.
    pub fn enrol(luma: &[u8], width: u32, height: u32) -> Result<Self, EnrolError> {
        let sides = Self::LEAST_SIDE..=Self::MOST_SIDE;
        if !sides.contains(&width) || !sides.contains(&height) {
            return Err(EnrolError::Size { width, height });
        }
        let size = [width as usize, height as usize];
        if luma.len() != size[0] * size[1] {
            return Err(EnrolError::Length { width, height, found: luma.len() });
        }
        let working = Working::new(luma, size);
        if deviation(&working.luma) < LEAST_DEVIATION {
            return Err(EnrolError::Blank);
        }
        let mut simulator = Simulator::new(&working.luma, working.size[0], working.size[1]);
        let sightings = sightings(&mut simulator, working.size);
        let places = places(&sightings, working.size[0], working.size[1]);
        let kept: Vec<Sighting> = groups(&places, &sightings, KEEP).into_iter().map(|index| sightings[index]).collect();
        let outcome = try_out(&kept, &mut simulator, working.size);
        if outcome.score < Self::LEAST_SCORE {
            return Err(EnrolError::Texture { score: outcome.score });
        }
        let points: Vec<[f32; 4]> = kept.iter().map(|sighting| working.point(sighting)).collect();
        Ok(Self {
            width,
            height,
            descriptors: kept.iter().map(|sighting| sighting.descriptor).collect(),
            retrieval: outcome.chosen.iter().map(|index| kept[*index].descriptor).collect(),
            retrieval_points: outcome.chosen.iter().map(|index| points[*index]).collect(),
            points,
            score: outcome.score,
            template: Template::new(luma, size[0], size[1]),
        })
    }

    /// Columns of the picture.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows of the picture.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Where each descriptor is.
    pub fn points(&self) -> &[[f32; 4]] {
        &self.points
    }

    /// Groups of four, at most [`Self::MOST_DESCRIPTORS`] in all; those of one place of the picture are in one group.
    pub fn descriptors(&self) -> &[[u32; 8]] {
        &self.descriptors
    }

    /// The [`Self::RETRIEVAL`] descriptors that come again most surely.
    pub fn retrieval(&self) -> &[[u32; 8]] {
        &self.retrieval
    }

    /// Where each of [`Self::retrieval`] is.
    pub fn retrieval_points(&self) -> &[[f32; 4]] {
        &self.retrieval_points
    }

    /// How well it can be recognised, [`Self::LEAST_SCORE`] to 100.
    pub fn score(&self) -> f32 {
        self.score
    }

    /// What it looks like.
    pub fn template(&self) -> &Template {
        &self.template
    }
}

/// The picture at the size at which features are looked for.
struct Working {
    luma: Vec<u8>,
    size: [usize; 2],
    /// Pixels of the picture for one of these.
    ratio: [f32; 2],
}

impl Working {
    fn new(luma: &[u8], size: [usize; 2]) -> Self {
        let longest = size[0].max(size[1]);
        if longest <= WORKING_SIDE {
            return Self { luma: luma.to_vec(), size, ratio: [1.0; 2] };
        }
        let small = size.map(|side| ((side * WORKING_SIDE * 2 + longest) / (longest * 2)).max(1));
        let ratio = [0, 1].map(|axis| size[axis] as f64 / small[axis] as f64);
        let shrunk = shrink(luma, size[0], ratio, small[0], small[1]);
        Self { luma: codes(&shrunk), size: small, ratio: ratio.map(|ratio| ratio as f32) }
    }

    /// In the picture: x, y, scale, angle.
    fn point(&self, sighting: &Sighting) -> [f32; 4] {
        let [x, y] = [0, 1].map(|axis| (sighting.at[axis] + 0.5) * self.ratio[axis] - 0.5);
        [x, y, sighting.scale * (self.ratio[0] * self.ratio[1]).sqrt(), sighting.angle]
    }
}

/// Standard deviation, in codes.
fn deviation(luma: &[u8]) -> f64 {
    let (mut sum, mut squares) = (0_u64, 0_u64);
    for code in luma {
        sum += u64::from(*code);
        squares += u64::from(*code).pow(2);
    }
    let count = luma.len() as f64;
    (squares as f64 / count - (sum as f64 / count).powi(2)).max(0.0).sqrt()
}

/// From the front in two sizes, at 45 and at 60 degrees from four sides each.
fn viewpoints() -> impl Iterator<Item = Viewpoint> {
    let frontal = [1.0, 0.5].map(|scale| Viewpoint { tilt: 1.0, direction: 0.0, scale });
    let tilted = [SQRT_2, 2.0]
        .into_iter()
        .flat_map(|tilt| (0..4).map(move |step| Viewpoint { tilt, direction: step as f32 * FRAC_PI_4, scale: 0.8 }));
    frontal.into_iter().chain(tilted)
}

/// The features of all views, back in the picture.
fn sightings(simulator: &mut Simulator, size: [usize; 2]) -> Vec<Sighting> {
    let mut sightings = Vec::new();
    for (number, from) in viewpoints().enumerate() {
        let view = simulator.view(from);
        let found = features(&view.luma, view.width, view.height, FEATURES);
        let inside = |sighting: &Sighting| {
            (0..2).all(|axis| sighting.at[axis] > 0.0 && sighting.at[axis] < (size[axis] - 1) as f32)
        };
        let seen = found.iter().map(|feature| Sighting::of(feature, number as u32, &view.picture_from_view));
        sightings.extend(seen.filter(inside));
    }
    sightings
}

#[cfg(test)]
mod tests {
    use super::super::random::Random;
    use super::*;

    /// Rectangles of random sizes and shades.
    fn rectangles(width: usize, height: usize, count: usize) -> Vec<u8> {
        let mut random = Random::new(5);
        let mut luma = vec![128; width * height];
        for _ in 0..count {
            let mut within = |most: usize| random.between(0.0, most as f32) as usize;
            let (left, top, shade) = (within(width), within(height), within(256) as u8);
            let (right, bottom) = ((left + 5 + within(30)).min(width), (top + 5 + within(30)).min(height));
            for y in top..bottom {
                luma[y * width + left..y * width + right].fill(shade);
            }
        }
        luma
    }

    #[test]
    fn a_picture_with_texture_is_a_target() {
        let luma = rectangles(200, 160, 150);
        let target = EnrolledTarget::enrol(&luma, 200, 160).unwrap();
        assert_eq!((target.width(), target.height()), (200, 160));
        assert!(target.score() > 50.0, "{}", target.score());
        assert_eq!(target.points().len(), target.descriptors().len());
        assert_eq!(target.points().len() % 4, 0);
        assert!(target.points().len() > 200 && target.points().len() <= EnrolledTarget::MOST_DESCRIPTORS);
        assert_eq!((target.retrieval().len(), target.retrieval_points().len()), (64, 64));
        assert!(target.points().iter().all(|[x, y, scale, _]| *x > 0.0
            && *x < 199.0
            && *y > 0.0
            && *y < 159.0
            && *scale >= 1.0));
        assert_eq!(target, EnrolledTarget::enrol(&luma, 200, 160).unwrap());
    }

    #[test]
    fn points_are_in_pixels_of_the_picture_whatever_its_size() {
        let small = rectangles(300, 200, 150);
        let large: Vec<u8> = (0..900 * 600).map(|at| small[at / 900 / 3 * 300 + at % 900 / 3]).collect();
        let target = EnrolledTarget::enrol(&large, 900, 600).unwrap();
        let most = |axis: usize| target.points().iter().map(|point| point[axis]).fold(0.0, f32::max);
        assert!(most(0) > 800.0 && most(0) < 899.0 && most(1) > 500.0 && most(1) < 599.0);
    }

    #[test]
    fn what_is_no_target_says_why() {
        let enrol = |luma: &[u8], width, height| EnrolledTarget::enrol(luma, width, height).unwrap_err();
        assert_eq!(enrol(&[], 47, 480), EnrolError::Size { width: 47, height: 480 });
        assert_eq!(enrol(&[], 48, 8193), EnrolError::Size { width: 48, height: 8193 });
        assert_eq!(enrol(&[0; 100], 64, 64), EnrolError::Length { width: 64, height: 64, found: 100 });
        assert_eq!(enrol(&[90; 64 * 64], 64, 64), EnrolError::Blank);
        let gradient: Vec<u8> = (0..200 * 100).map(|at| (at % 200) as u8).collect();
        assert!(matches!(enrol(&gradient, 200, 100), EnrolError::Texture { score } if score < 5.0));
        let thin: Vec<u8> = (0..8192 * 48).map(|at| (at / 7 % 256) as u8).collect();
        assert!(matches!(enrol(&thin, 8192, 48), EnrolError::Texture { .. }));
    }
}
