//! Places where four squares meet.
//!
//! The response is that of `ChESS` (Bennett & Lasenby, "Quick and Robust Detection of Chess-board Features", CVIU 2014): a ring of 16 samples looks for two dark and two bright sectors that face each other. What responds is
//! then looked at closely: a finer ring must change four times between dark and bright, and where it does are the four
//! edges that leave the corner.

use std::f64::consts::{PI, TAU};

use bevy::math::DVec2;

use super::luma::Picture;

/// Radius of both rings, pixels.
const RADIUS: f64 = 5.0;
/// The ring of `ChESS`: 16 places at 22.5° steps, on whole pixels.
const RING: [(isize, isize); 16] = [
    (5, 0),
    (5, 2),
    (4, 4),
    (2, 5),
    (0, 5),
    (-2, 5),
    (-4, 4),
    (-5, 2),
    (-5, 0),
    (-5, -2),
    (-4, -4),
    (-2, -5),
    (0, -5),
    (2, -5),
    (4, -4),
    (5, -2),
];
/// Texels at the picture's edge where no ring fits.
const MARGIN: usize = 7;

/// A response that squares of about 8 levels of difference give.
const LEAST_RESPONSE: f32 = 60.0;

/// A place where four squares meet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Corner {
    /// Pixels of the picture that was searched.
    pub place: DVec2,
    pub response: f32,
    /// The four edges that leave it, by rising angle (clockwise as seen).
    pub edges: [Edge; 4],
}

/// An edge between a dark and a bright square, seen from a corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Edge {
    /// Radians, −π to π, y down.
    pub angle: f64,
    /// Whether the square after it (clockwise) is the bright one. Seen from the corner at its other end it is the
    /// other way round.
    pub bright_after: bool,
}

/// The difference of two angles, −π to π.
pub(super) fn turn(from: f64, to: f64) -> f64 {
    (to - from + PI).rem_euclid(TAU) - PI
}

/// The strongest `most` corners of a smoothed picture, strongest first.
pub(super) fn find_corners(smooth: &Picture, most: usize) -> Vec<Corner> {
    let responses = smooth.with_levels(responses(smooth));
    let mut peaks = Vec::new();
    for y in MARGIN..smooth.height.saturating_sub(MARGIN) {
        for x in MARGIN..smooth.width.saturating_sub(MARGIN) {
            if responses.at(x, y) > LEAST_RESPONSE && is_peak(&responses, x, y) {
                peaks.push((responses.at(x, y), x, y));
            }
        }
    }
    // By place where the response is the same, so that the order is always the same.
    peaks.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.2, a.1).cmp(&(b.2, b.1))));
    let corners = peaks.into_iter().filter_map(|(response, x, y)| {
        let place = peak_place(&responses, x, y);
        edges(smooth, place).map(|edges| Corner { place, response, edges })
    });
    corners.take(most).collect()
}

/// The `ChESS` response of every texel; 0 near the edge.
fn responses(smooth: &Picture) -> Vec<f32> {
    let (width, height) = (smooth.width, smooth.height);
    let mut responses = vec![0.0; width * height];
    for y in MARGIN..height.saturating_sub(MARGIN) {
        for x in MARGIN..width.saturating_sub(MARGIN) {
            let ring = RING.map(|(dx, dy)| smooth.at(x.wrapping_add_signed(dx), y.wrapping_add_signed(dy)));
            responses[y * width + x] = response(&ring, local_mean(smooth, x, y));
        }
    }
    responses
}

/// Samples that face each other agree and those a quarter turn on differ; edges and spots are taken off.
fn response(ring: &[f32; 16], local_mean: f32) -> f32 {
    let sum: f32 = (0..4).map(|n| ((ring[n] + ring[n + 8]) - (ring[n + 4] + ring[n + 12])).abs()).sum();
    let difference: f32 = (0..8).map(|n| (ring[n] - ring[n + 8]).abs()).sum();
    let mean = ring.iter().sum::<f32>() / 16.0;
    sum - difference - 16.0 * (mean - local_mean).abs()
}

/// The mean of a texel and its four neighbours.
fn local_mean(smooth: &Picture, x: usize, y: usize) -> f32 {
    (smooth.at(x, y) + smooth.at(x - 1, y) + smooth.at(x + 1, y) + smooth.at(x, y - 1) + smooth.at(x, y + 1)) / 5.0
}

/// Whether no texel within three pixels responds more. Of equal ones the first counts.
fn is_peak(responses: &Picture, x: usize, y: usize) -> bool {
    const REACH: usize = 3;
    let own = responses.at(x, y);
    (y - REACH..=y + REACH).all(|row| {
        (x - REACH..=x + REACH).all(|column| {
            let other = responses.at(column, row);
            other < own || (other == own && (row, column) >= (y, x))
        })
    })
}

/// The centre of mass of the response around a peak.
fn peak_place(responses: &Picture, x: usize, y: usize) -> DVec2 {
    let mut mass = 0.0;
    let mut moment = DVec2::ZERO;
    for row in y - 2..=y + 2 {
        for column in x - 2..=x + 2 {
            let weight = f64::from(responses.at(column, row).max(0.0));
            mass += weight;
            moment += weight * DVec2::new(column as f64, row as f64);
        }
    }
    moment / mass
}

/// The four edges around a place, or `None` when a ring does not change just four times between dark and bright, or
/// its edges do not continue through the corner.
pub(super) fn edges(smooth: &Picture, place: DVec2) -> Option<[Edge; 4]> {
    /// A line bends little on its way through a corner, radians.
    const LARGEST_BEND: f64 = 0.6;

    let level = |angle: f64| smooth.sample(place + RADIUS * DVec2::from_angle(angle));
    let edges: [Edge; 4] = changes::<48, 4>(TAU, level)?;
    let bend = |index: usize| turn(edges[index].angle + PI, edges[index + 2].angle).abs();
    let straight = smooth.holds(place, RADIUS) && bend(0) < LARGEST_BEND && bend(1) < LARGEST_BEND;
    straight.then_some(edges)
}

/// Whether squares cross at a place where they are expected to, whatever light falls on it.
///
/// Levels that face each other are added up: the border of a shadow, bright on one side and dark on the other, cancels
/// out, squares that face each other do not. Less strict than what corners are found by.
pub(super) fn is_crossing(smooth: &Picture, place: DVec2) -> bool {
    let level = |angle: f64| {
        let arm = RADIUS * DVec2::from_angle(angle);
        smooth.sample(place + arm) + smooth.sample(place - arm)
    };
    smooth.holds(place, RADIUS) && changes::<24, 2>(PI, level).is_some()
}

/// Where a level that repeats after the angle `span` goes through the middle of its range, by rising angle from −π on.
/// `None` unless that happens `COUNT` times, sensibly far from each other.
fn changes<const SAMPLES: usize, const COUNT: usize>(span: f64, level: impl Fn(f64) -> f64) -> Option<[Edge; COUNT]> {
    const LEAST_SECTOR: f64 = 0.26;

    let step = span / SAMPLES as f64;
    let levels: [f64; SAMPLES] = std::array::from_fn(|index| level(index as f64 * step - PI));
    let range = levels.iter().fold((f64::MAX, f64::MIN), |(low, high), &level| (low.min(level), high.max(level)));
    let middle = f64::midpoint(range.0, range.1);
    let mut found = [Edge { angle: 0.0, bright_after: false }; COUNT];
    let mut count = 0;
    for index in 0..SAMPLES {
        let (before, after) = (levels[index] - middle, levels[(index + 1) % SAMPLES] - middle);
        if (before < 0.0) == (after < 0.0) {
            continue;
        }
        let part = before / (before - after);
        *found.get_mut(count)? = Edge { angle: (index as f64 + part) * step - PI, bright_after: after >= 0.0 };
        count += 1;
    }
    let wide = |index: usize| {
        let next = if index + 1 < COUNT { found[index + 1].angle } else { found[0].angle + span };
        next - found[index].angle > LEAST_SECTOR
    };
    (count == COUNT && (0..COUNT).all(wide)).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::luma::Luma;

    /// Two lines that cross at a place, at two angles, with dark and bright sectors.
    fn crossing(place: DVec2, angles: [f64; 2]) -> Picture {
        let normals = angles.map(|angle| DVec2::from_angle(angle).perp());
        let side = |distance: f64| (distance + 0.5).clamp(0.0, 1.0) * 2.0 - 1.0;
        let pixels: Vec<u8> = (0..40 * 40)
            .map(|index| {
                let pixel = DVec2::new(f64::from(index % 40), f64::from(index / 40));
                let [a, b] = normals.map(|normal| side((pixel - place).dot(normal)));
                (128.0 + 90.0 * a * b) as u8
            })
            .collect();
        Picture::from(Luma::new(&pixels, 40, 40).unwrap())
    }

    #[test]
    fn finds_a_crossing_and_its_edges() {
        let place = DVec2::new(20.3, 18.6);
        let found = find_corners(&crossing(place, [0.2, 1.6]), 10);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].place.distance(place) < 0.5, "{}", found[0].place);
        for (edge, angle) in found[0].edges.iter().zip([0.2 - PI, 1.6 - PI, 0.2, 1.6]) {
            assert!(turn(edge.angle, angle).abs() < 0.12, "{} {angle}", edge.angle);
        }
        assert_eq!(
            found[0].edges.map(|edge| edge.bright_after)[..2],
            found[0].edges.map(|edge| edge.bright_after)[2..]
        );
    }

    #[test]
    fn edges_spots_and_nothing_are_no_corners() {
        let picture = |level: fn(f64, f64) -> f64| {
            let pixels: Vec<u8> =
                (0..1600).map(|index| level(f64::from(index % 40), f64::from(index / 40)) as u8).collect();
            find_corners(&Picture::from(Luma::new(&pixels, 40, 40).unwrap()), 10).len()
        };
        assert_eq!(picture(|x, _| if x < 20.0 { 20.0 } else { 220.0 }), 0);
        assert_eq!(picture(|x, y| if (x - 20.0).hypot(y - 20.0) < 4.0 { 20.0 } else { 220.0 }), 0);
        assert_eq!(picture(|x, y| if x < 20.0 && y < 20.0 { 20.0 } else { 220.0 }), 0);
        assert_eq!(picture(|_, _| 100.0), 0);
    }

    #[test]
    fn turns_are_the_short_way() {
        assert!((turn(3.0, -3.0) - (TAU - 6.0)).abs() < 1e-12);
        assert!((turn(0.5, 0.2) + 0.3).abs() < 1e-12);
    }
}
