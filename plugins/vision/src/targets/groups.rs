//! Descriptors in groups of four, as the match stage reads them.
//!
//! All descriptors of a place are in one group. The ratio test (Lowe 2004) asks for the second best among the *other*
//! groups, so that another view of the same place never spoils it.

use super::descriptor::{Sighting, distance};
use super::places::Place;

/// Descriptors in a group.
pub(super) const GROUP: usize = 4;
/// Descriptors of one place differ by at least so many bits.
const DISTINCT: u32 = 24;
/// Groups that are looked at for room.
const WINDOW: usize = 64;

/// Indices of at most `keep` sightings, of the first places first, in groups of [`GROUP`]. A group with room left
/// repeats its last one.
pub(super) fn groups(places: &[Place], sightings: &[Sighting], keep: usize) -> Vec<usize> {
    let mut total = 0;
    let mut chosen: Vec<Vec<usize>> = Vec::new();
    for place in places {
        let distinct = distinct(place, sightings);
        total += distinct.len();
        if total > keep {
            break;
        }
        chosen.push(distinct);
    }
    chosen.sort_by_key(|members| std::cmp::Reverse(members.len()));
    pack(&chosen)
}

/// Sightings of a place that look different, [`GROUP`] at most.
fn distinct(place: &Place, sightings: &[Sighting]) -> Vec<usize> {
    let mut chosen: Vec<usize> = Vec::with_capacity(GROUP);
    for &member in &place.members {
        let new = |other: &usize| distance(&sightings[member].descriptor, &sightings[*other].descriptor) >= DISTINCT;
        if chosen.iter().all(new) {
            chosen.push(member);
            if chosen.len() == GROUP {
                break;
            }
        }
    }
    chosen
}

/// Places, the largest first, each to the first group with room: 4, 3 + 1, 2 + 2, 1 + 1 + 1 + 1.
fn pack(places: &[Vec<usize>]) -> Vec<usize> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for members in places {
        let start = groups.len().saturating_sub(WINDOW);
        match groups[start..].iter_mut().find(|group| group.len() + members.len() <= GROUP) {
            Some(group) => group.extend(members),
            None => groups.push(members.clone()),
        }
    }
    let filled = |group: &Vec<usize>| -> [usize; GROUP] { std::array::from_fn(|i| group[i.min(group.len() - 1)]) };
    groups.iter().flat_map(filled).collect()
}

#[cfg(test)]
mod tests {
    use super::super::places::places;
    use super::*;

    #[test]
    fn no_place_lies_over_a_border() {
        let packed = pack(&[vec![0, 1, 2], vec![3, 4, 5], vec![6, 7], vec![8]]);
        assert_eq!(packed, [0, 1, 2, 8, 3, 4, 5, 5, 6, 7, 7, 7]);
    }

    #[test]
    fn a_place_keeps_what_looks_different() {
        let looks = [0, 1, u32::MAX, u32::MAX, 0xffff];
        let seen: Vec<Sighting> = (0..5)
            .map(|view| Sighting {
                at: [20.0, 20.0],
                scale: 1.0,
                angle: 0.0,
                descriptor: [looks[view], looks[view], 0, 0, 0, 0, 0, 0],
                view: view as u32,
            })
            .collect();
        let places = places(&seen, 40, 40);
        assert_eq!(groups(&places, &seen, 100), [0, 2, 4, 4]);
        assert!(groups(&places, &seen, 2).is_empty());
    }
}
