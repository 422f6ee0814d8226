//! Which features of different views are the same place of the picture.

use std::cmp::Reverse;

use super::descriptor::Sighting;

/// A place of the picture, with all that was seen there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    /// Pixels of the picture: where it was seen first.
    at: [f32; 2],
    scale: f32,
    /// Indices of sightings, in the order of views, the strongest first.
    pub(super) members: Vec<usize>,
    /// One bit for each view.
    views: u32,
}

/// Side in pixels of the cells in which neighbours are looked for.
const CELL: f32 = 8.0;
/// Sightings of one place are at most so many pixels apart where the scale is 1.
const APART: f32 = 2.5;
/// And differ in scale at most so many times.
const SCALES: f32 = 1.6;
/// Parts, along each side, of which all shall be described.
const PARTS: usize = 4;

/// All places of a picture of this size, those to keep first: places seen in several views come before the others, for
/// what survives simulated warps survives real ones; within that all parts of the picture take turns.
pub(super) fn places(sightings: &[Sighting], width: usize, height: usize) -> Vec<Place> {
    let places = join(sightings, width, height);
    let part = |place: &Place| {
        let part = |at: f32, side: usize| ((at / side as f32 * PARTS as f32) as usize).min(PARTS - 1);
        part(place.at[0], width) + PARTS * part(place.at[1], height)
    };
    let mut parts = vec![Vec::new(); PARTS * PARTS];
    for place in places {
        parts[part(&place)].push(place);
    }
    let mut ranked = Vec::new();
    for (number, part) in parts.iter_mut().enumerate() {
        part.sort_by_key(|place| Reverse(place.views.count_ones()));
        let keyed =
            part.drain(..).enumerate().map(|(rank, place)| ((place.views.count_ones() < 2, rank, number), place));
        ranked.extend(keyed);
    }
    ranked.sort_by_key(|(key, _)| *key);
    ranked.into_iter().map(|(_, place)| place).collect()
}

/// Puts each sighting to the nearest place that fits, or makes it a new one.
fn join(sightings: &[Sighting], width: usize, height: usize) -> Vec<Place> {
    // A ring of cells around the picture, so that each cell has eight neighbours.
    let cells = |side: usize| (side as f32 / CELL) as usize + 3;
    let columns = cells(width);
    let mut grid: Vec<Vec<usize>> = vec![Vec::new(); columns * cells(height)];
    let mut places: Vec<Place> = Vec::new();
    for (index, sighting) in sightings.iter().enumerate() {
        let [column, row] = sighting.at.map(|at| (at / CELL) as usize + 1);
        let near = (row - 1..=row + 1).flat_map(|row| &grid[row * columns + column - 1..][..3]).flatten();
        let nearest =
            near.filter_map(|place| Some((fit(&places[*place], sighting)?, *place))).min_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, place)) = nearest {
            places[place].members.push(index);
            places[place].views |= 1 << sighting.view;
        } else {
            grid[row * columns + column].push(places.len());
            let views = 1 << sighting.view;
            places.push(Place { at: sighting.at, scale: sighting.scale, members: vec![index], views });
        }
    }
    places
}

/// How far away, squared, if it may be the same place.
fn fit(place: &Place, sighting: &Sighting) -> Option<f32> {
    let (least, most) = (place.scale.min(sighting.scale), place.scale.max(sighting.scale));
    let reach = APART * (0.7 * least).max(1.0);
    let [x, y] = [0, 1].map(|axis| place.at[axis] - sighting.at[axis]);
    let away = x * x + y * y;
    (away < reach * reach && most < SCALES * least).then_some(away)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sighting(x: f32, y: f32, scale: f32, view: u32) -> Sighting {
        Sighting { at: [x, y], scale, angle: 0.0, descriptor: [0; 8], view }
    }

    #[test]
    fn near_ones_of_like_size_are_one_place() {
        let seen = [
            sighting(15.5, 50.0, 1.0, 0),
            sighting(16.5, 50.0, 1.2, 1), // over a cell's border
            sighting(15.5, 50.0, 4.0, 1), // far larger
            sighting(25.0, 50.0, 1.0, 2),
        ];
        let members: Vec<_> = places(&seen, 100, 100).into_iter().map(|place| place.members).collect();
        assert_eq!(members, [vec![0, 1], vec![3], vec![2]]);
    }

    #[test]
    fn places_seen_often_come_first_and_parts_take_turns() {
        let mut seen = vec![sighting(5.0, 5.0, 1.0, 0), sighting(5.0, 15.0, 1.0, 0), sighting(95.0, 95.0, 1.0, 0)];
        seen.push(sighting(5.0, 15.2, 1.0, 3));
        let members: Vec<_> = places(&seen, 100, 100).into_iter().map(|place| place.members).collect();
        assert_eq!(members, [vec![1, 3], vec![2], vec![0]]);
    }
}
