//! Which descriptors come again when the picture is seen from anywhere, and how well the picture can be recognised.

use std::f32::consts::PI;

use super::descriptor::{Descriptor, Sighting, distance, features};
use super::random::Random;
use super::views::{Simulator, View, Viewpoint};

/// Descriptors of a target in the shortlist among all targets.
pub(super) const RETRIEVAL: usize = 64;

/// Random views that are tried.
const TRIALS: usize = 6;
/// Features of a random view: as many as a frame gives to a target.
const FEATURES: usize = 500;
/// Bits at most, of a right match.
const RIGHT: u32 = 64;
/// Bits at most, of a descriptor that came again.
const AGAIN: u32 = 56;
/// Pixels at most from where it should be.
const NEAR: f32 = 4.0;
/// Right matches in a view that are plenty.
const PLENTY_MATCHES: f32 = 250.0;
/// Parts (of 8x8) of the picture with right matches that are plenty.
const PLENTY_PARTS: f32 = 56.0;
/// Pixels between the chosen ones, as long as there are enough.
const SPREAD: [f32; 4] = [12.0, 6.0, 3.0, 0.0];

/// How the descriptors did.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outcome {
    /// Indices of the descriptors for the shortlist, [`RETRIEVAL`] of them unless there is none at all.
    pub(super) chosen: Vec<usize>,
    /// 0 to 100: right matches in a view, and how much of the picture they cover.
    pub(super) score: f32,
}

/// Shows the picture from [`TRIALS`] random sides, with noise, and matches.
pub(super) fn try_out(kept: &[Sighting], simulator: &mut Simulator, size: [usize; 2]) -> Outcome {
    if kept.is_empty() {
        return Outcome { chosen: Vec::new(), score: 0.0 };
    }
    let mut random = Random::new(1);
    let index = Index::new(kept, size);
    let mut hits = vec![0; kept.len()];
    let (mut matches, mut parts) = (0, 0);
    for _ in 0..TRIALS {
        let angle = random.between(0.0, 1.0);
        let (direction, scale) = (random.between(0.0, PI), random.between(0.45, 1.0));
        let mut view = simulator.view(Viewpoint { tilt: 1.0 / angle.cos(), direction, scale });
        add_noise(&mut view.luma, &mut random);
        let trial = index.matches(kept, &view, size);
        matches += trial.right;
        parts += trial.parts.count_ones();
        hits.iter_mut().zip(&trial.hits).for_each(|(sum, hit)| *sum += hit);
    }
    Outcome { chosen: choose(kept, &hits), score: score(matches, parts) }
}

/// 3 codes of standard deviation, as a camera has indoors.
fn add_noise(luma: &mut [u8], random: &mut Random) {
    for code in luma {
        *code = (f32::from(*code) + 3.0 * random.normal()) as u8;
    }
}

fn score(matches: u32, parts: u32) -> f32 {
    let share = |sum: u32, plenty: f32| (sum as f32 / TRIALS as f32 / plenty).min(1.0);
    100.0 * (share(matches, PLENTY_MATCHES) * share(parts, PLENTY_PARTS)).sqrt()
}

/// Those with most hits, spread over the picture.
fn choose(kept: &[Sighting], hits: &[u32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..kept.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(hits[*index]));
    let mut chosen: Vec<usize> = Vec::with_capacity(RETRIEVAL);
    for spread in SPREAD {
        for &index in &order {
            let away = |other: &usize| *other != index && squared(kept[*other].at, kept[index].at) >= spread * spread;
            if chosen.len() < RETRIEVAL && chosen.iter().all(away) {
                chosen.push(index);
            }
        }
    }
    let last = chosen[chosen.len() - 1];
    chosen.resize(RETRIEVAL, last);
    chosen
}

fn squared(a: [f32; 2], b: [f32; 2]) -> f32 {
    (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)
}

/// One view's matches.
struct Trial {
    /// Features whose nearest descriptor is of the right place.
    right: u32,
    /// One bit for each of 8x8 parts of the picture with such a feature.
    parts: u64,
    /// Of each descriptor: how many bits better than [`RIGHT`] its best right feature is.
    hits: Vec<u32>,
}

/// Descriptors by where they are: cells of [`NEAR`] pixels.
struct Index {
    columns: usize,
    cells: Vec<Vec<usize>>,
}

impl Index {
    fn new(kept: &[Sighting], [width, height]: [usize; 2]) -> Self {
        // Two cells more at each end than the picture needs.
        let cells = |side: usize| (side as f32 / NEAR) as usize + 5;
        let mut index = Self { columns: cells(width), cells: vec![Vec::new(); cells(width) * cells(height)] };
        for (number, sighting) in kept.iter().enumerate() {
            if let Some(cell) = index.cell(sighting.at) {
                index.cells[cell].push(number);
            }
        }
        index
    }

    /// `None` where no descriptor is near.
    fn cell(&self, at: [f32; 2]) -> Option<usize> {
        let [column, row] = at.map(|at| ((at / NEAR).floor() as i32).saturating_add(2));
        let (columns, rows) = (self.columns as i32, (self.cells.len() / self.columns) as i32);
        let inside = (1..columns - 1).contains(&column) && (1..rows - 1).contains(&row);
        inside.then(|| (row * columns + column) as usize)
    }

    /// Descriptors that may be near.
    fn around(&self, at: [f32; 2]) -> impl Iterator<Item = usize> {
        let middle = self.cell(at);
        middle.into_iter().flat_map(|middle| {
            let starts = [middle - self.columns - 1, middle - 1, middle + self.columns - 1];
            starts.into_iter().flat_map(|start| &self.cells[start..start + 3]).flatten().copied()
        })
    }

    fn matches(&self, kept: &[Sighting], view: &View, size: [usize; 2]) -> Trial {
        let mut trial = Trial { right: 0, parts: 0, hits: vec![0; kept.len()] };
        for feature in features(&view.luma, view.width, view.height, FEATURES) {
            let at = view.picture_from_view.point([feature.x, feature.y]);
            let mut best = RIGHT;
            for number in self.around(at) {
                if is_near(&kept[number], at) {
                    let bits = distance(&feature.descriptor, &kept[number].descriptor);
                    best = best.min(bits);
                    if bits < AGAIN {
                        trial.hits[number] = trial.hits[number].max(RIGHT - bits);
                    }
                }
            }
            if best < RIGHT && unmistakable(&feature.descriptor, at, best, kept) {
                trial.right += 1;
                trial.parts |= 1 << part(at, size);
            }
        }
        trial
    }
}

/// Whether all that look so much alike are here.
fn unmistakable(descriptor: &Descriptor, at: [f32; 2], best: u32, kept: &[Sighting]) -> bool {
    kept.iter().all(|other| distance(descriptor, &other.descriptor) > best || is_near(other, at))
}

fn is_near(sighting: &Sighting, at: [f32; 2]) -> bool {
    squared(sighting.at, at) < NEAR * NEAR
}

/// Number of the part of 8x8.
fn part(at: [f32; 2], size: [usize; 2]) -> u32 {
    let [column, row] = [0, 1].map(|axis| ((at[axis] / size[axis] as f32 * 8.0) as u32).min(7));
    row * 8 + column
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sighting(x: f32, y: f32) -> Sighting {
        Sighting { at: [x, y], scale: 1.0, angle: 0.0, descriptor: [0; 8], view: 0 }
    }

    #[test]
    fn many_matches_all_over_score_100() {
        assert_eq!(score(6 * 250, 6 * 56), 100.0);
        assert_eq!(score(6 * 800, 6 * 14), 50.0);
        assert_eq!(score(0, 0), 0.0);
    }

    #[test]
    fn the_chosen_are_spread_before_places_are_used_twice() {
        let kept: Vec<Sighting> = (0..130).map(|i| sighting((i / 2 * 20) as f32, (i % 2) as f32)).collect();
        let mut hits = vec![1; 130];
        hits[129] = 9;
        hits[128] = 8;
        let chosen = choose(&kept, &hits);
        assert_eq!(chosen.len(), RETRIEVAL);
        assert_eq!(chosen[0], 129);
        assert!(!chosen.contains(&128) && chosen[1..].iter().all(|index| index % 2 == 0));
    }

    #[test]
    fn few_descriptors_are_repeated() {
        assert_eq!(choose(&[sighting(0.0, 0.0), sighting(1.0, 0.0)], &[0, 5])[..3], [1, 0, 0]);
    }

    #[test]
    fn the_index_finds_neighbours_only() {
        let kept = [sighting(0.0, 0.0), sighting(7.9, 0.0), sighting(99.0, 49.0)];
        let index = Index::new(&kept, [100, 50]);
        let near = |at| index.around(at).collect::<Vec<_>>();
        assert_eq!(near([4.0, 0.0]), [0, 1]);
        assert_eq!(near([-1.0, -1.0]), [0]);
        assert_eq!(near([101.0, 51.0]), [2]);
        assert!(near([-100.0, 1e9]).is_empty());
    }
}
