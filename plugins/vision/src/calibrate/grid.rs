//! From loose corners to a numbered grid.
//!
//! Each corner sends out four edges. Two corners are neighbours when an edge of one points at the other and back, and
//! its bright side is the same side seen from both: that rules out diagonals and corners two steps away whatever the
//! perspective. Neighbours are numbered from corner to corner; cells that stayed empty are looked for where their
//! neighbours say they are.

use std::collections::{HashMap, VecDeque};

use bevy::math::DVec2;

use super::corner::{Corner, edges, is_crossing, turn};
use super::luma::Picture;
use super::subpixel::refine;

/// A cell's column and row; any cell may be the origin.
type Cell = (i32, i32);

/// Steps along edges 0 to 3 of an unturned corner: clockwise with y down.
const STEPS: [Cell; 4] = [(1, 0), (0, 1), (-1, 0), (0, -1)];

/// A numbered grid of corners. Rows follow columns clockwise, so it is never mirrored.
#[derive(Debug, Clone, Default)]
pub(super) struct Grid {
    cells: HashMap<Cell, DVec2>,
}

/// All grids of at least `least` corners, the largest first.
pub(super) fn find_grids(corners: &[Corner], least: usize) -> Vec<Grid> {
    let links = links(corners);
    let mut taken = vec![false; corners.len()];
    let mut grids = Vec::new();
    for start in 0..corners.len() {
        if !taken[start] {
            grids.push(number_from(start, corners, &links, &mut taken));
        }
    }
    grids.retain(|grid| grid.cells.len() >= least);
    grids.sort_by_key(|grid| std::cmp::Reverse(grid.cells.len()));
    grids
}

/// The neighbour along each edge and which of its edges points back.
type Links = Vec<[Option<(usize, usize)>; 4]>;

fn links(corners: &[Corner]) -> Links {
    let one_way: Links =
        (0..corners.len()).map(|from| [0, 1, 2, 3].map(|edge| nearest_along(corners, from, edge))).collect();
    let agreed =
        |from: usize, edge: usize| one_way[from][edge].filter(|&(to, back)| one_way[to][back] == Some((from, edge)));
    (0..corners.len()).map(|from| [0, 1, 2, 3].map(|edge| agreed(from, edge))).collect()
}

/// The nearest corner that an edge points at, and that points back with the same side bright.
fn nearest_along(corners: &[Corner], from: usize, edge: usize) -> Option<(usize, usize)> {
    /// How far an edge may point past its neighbour, radians.
    const AIM: f64 = 0.3;

    let (own, edge) = (&corners[from], corners[from].edges[edge]);
    let facing = |other: &Corner| {
        let way = other.place - own.place;
        let back = turn(0.0, way.to_angle() + std::f64::consts::PI);
        if turn(edge.angle, way.to_angle()).abs() > AIM {
            return None;
        }
        other.edges.iter().position(|candidate| {
            candidate.bright_after != edge.bright_after && turn(candidate.angle, back).abs() < AIM
        })
    };
    let candidates = corners.iter().enumerate().filter(|&(index, _)| index != from);
    candidates.filter_map(|(index, other)| facing(other).map(|back| (index, back))).min_by(|a, b| {
        let distance = |index: usize| corners[index].place.distance_squared(own.place);
        distance(a.0).total_cmp(&distance(b.0))
    })
}

/// Numbers all corners that can be reached from one, breadth first.
fn number_from(start: usize, corners: &[Corner], links: &Links, taken: &mut [bool]) -> Grid {
    let mut grid = Grid::default();
    let mut queue = VecDeque::from([(start, (0, 0), 0)]);
    taken[start] = true;
    while let Some((corner, cell, rotation)) = queue.pop_front() {
        if grid.cells.contains_key(&cell) {
            // Two corners for one cell: a wrong link somewhere; the nearer one (fewer links away) stays.
            continue;
        }
        grid.cells.insert(cell, corners[corner].place);
        for (edge, link) in links[corner].iter().enumerate() {
            let Some((next, back)) = *link else { continue };
            if std::mem::replace(&mut taken[next], true) {
                continue;
            }
            let direction = (edge + rotation) % 4;
            let step = STEPS[direction];
            // The edge that points back goes in the opposite direction of this one.
            let next_rotation = (direction + 2 + 4 - back) % 4;
            queue.push_back((next, (cell.0 + step.0, cell.1 + step.1), next_rotation));
        }
    }
    grid
}

impl Grid {
    /// The place of a cell from the two beyond it on one line, in any of the four directions; the mean of all that
    /// there are, and the distance between neighbours there.
    fn predict(&self, cell: Cell) -> Option<(DVec2, f64)> {
        let mut sum = DVec2::ZERO;
        let mut step = 0.0;
        let mut count = 0.0;
        for (dx, dy) in STEPS {
            let at = |times: i32| self.cells.get(&(cell.0 + times * dx, cell.1 + times * dy)).copied();
            if let (Some(near), Some(far)) = (at(1), at(2)) {
                // Squares shrink towards the horizon: with a third one the change of step is known.
                let change = at(3).map_or(DVec2::ZERO, |farther| (near - far) - (far - farther));
                sum += near + (near - far) + change;
                step += near.distance(far);
                count += 1.0;
            }
        }
        (count > 0.0).then(|| (sum / count, step / count))
    }

    /// Looks for corners in empty cells within the grid's bounds, until no more are found.
    ///
    /// Between two corners a crossing is enough. Elsewhere it must look as clear as those that were found first: from
    /// the border of the board a row of edges goes on that is easily taken for corners.
    pub fn fill_holes(&mut self, smooth: &Picture) {
        loop {
            let (low, high) = self.bounds();
            let cells = (low.1..=high.1).flat_map(|row| (low.0..=high.0).map(move |column| (column, row)));
            let empty = cells.filter(|cell| !self.cells.contains_key(cell));
            let found: Vec<_> =
                empty
                    .filter_map(|cell| self.look_for(smooth, cell).map(|place| (cell, place)))
                    .filter(|&(cell, place)| {
                        if self.is_between(cell) { is_crossing(smooth, place) } else { edges(smooth, place).is_some() }
                    })
                    .collect();
            if found.is_empty() {
                return;
            }
            self.cells.extend(found);
        }
    }

    /// Whether both neighbours along a row or along a column are there.
    fn is_between(&self, (column, row): Cell) -> bool {
        let both = |a, b| self.cells.contains_key(&a) && self.cells.contains_key(&b);
        both((column - 1, row), (column + 1, row)) || both((column, row - 1), (column, row + 1))
    }

    /// Where the gradients around a cell's predicted place meet, if that is near to it.
    fn look_for(&self, smooth: &Picture, cell: Cell) -> Option<DVec2> {
        let (predicted, step) = self.predict(cell)?;
        let reach = (0.25 * step).clamp(2.0, 6.0) as usize;
        refine(smooth, predicted, reach).filter(|place| place.distance(predicted) < 0.3 * step)
    }

    fn bounds(&self) -> (Cell, Cell) {
        self.cells.keys().fold(((i32::MAX, i32::MAX), (i32::MIN, i32::MIN)), |(low, high), &(x, y)| {
            ((low.0.min(x), low.1.min(y)), (high.0.max(x), high.1.max(y)))
        })
    }

    /// The full windows of `columns × rows` cells, either way round: the corners of each, row by row. More than one
    /// means that the board is larger than that. A window of uneven steps is none: a wrong link bent the grid.
    pub fn windows(&self, columns: usize, rows: usize) -> Vec<Vec<DVec2>> {
        let mut found = self.upright_windows(columns as i32, rows as i32);
        if columns != rows {
            found.extend(self.turned().upright_windows(columns as i32, rows as i32));
        }
        found.retain(|window| is_even(window, columns));
        found
    }

    /// The same corners numbered after a quarter turn.
    fn turned(&self) -> Self {
        Self { cells: self.cells.iter().map(|(&(column, row), &place)| ((-row, column), place)).collect() }
    }

    fn upright_windows(&self, columns: i32, rows: i32) -> Vec<Vec<DVec2>> {
        let (low, high) = self.bounds();
        let origins = (low.1..=high.1 - rows + 1).flat_map(|y| (low.0..=high.0 - columns + 1).map(move |x| (x, y)));
        let window = |(x, y): Cell| {
            let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (x + column, y + row)));
            cells.map(|cell| self.cells.get(&cell).copied()).collect()
        };
        origins.filter_map(window).collect()
    }
}

/// Whether steps along rows and columns hardly change from one to the next, as in any view of a flat board.
fn is_even(window: &[DVec2], columns: usize) -> bool {
    /// Share of a step by which the next one may differ.
    const LARGEST_CHANGE: f64 = 0.4;

    let even = |before: DVec2, place: DVec2, after: DVec2| {
        (before + after - 2.0 * place).length() < LARGEST_CHANGE * (after - before).length() / 2.0
    };
    let rows_even =
        window.chunks_exact(columns).all(|row| row.windows(3).all(|three| even(three[0], three[1], three[2])));
    rows_even
        && (2 * columns..window.len())
            .all(|last| even(window[last - 2 * columns], window[last - columns], window[last]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(columns: i32, rows: i32) -> Grid {
        let place = |column: i32, row: i32| DVec2::new(f64::from(10 * column), f64::from(10 * row));
        let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| ((column, row), place(column, row))));
        Grid { cells: cells.collect() }
    }

    #[test]
    fn a_window_is_found_either_way_round() {
        let grid = full(4, 3);
        let lying = grid.windows(4, 3).remove(0);
        assert_eq!((lying[0], lying[1], lying[4]), (DVec2::ZERO, DVec2::new(10.0, 0.0), DVec2::new(0.0, 10.0)));
        let standing = grid.windows(3, 4).remove(0);
        let (along, across) = (standing[1] - standing[0], standing[3] - standing[0]);
        assert!(along.perp_dot(across) > 0.0, "mirrored");
    }

    #[test]
    fn larger_boards_have_many_windows_and_smaller_ones_none() {
        assert_eq!(full(5, 3).windows(4, 3).len(), 2);
        assert_eq!(full(4, 4).windows(4, 3).len(), 4);
        assert_eq!(full(3, 3).windows(4, 3).len(), 0);
    }

    #[test]
    fn strays_beside_the_board_do_no_harm() {
        let mut grid = full(4, 3);
        grid.cells.insert((4, 1), DVec2::new(40.0, 10.0));
        assert_eq!(grid.windows(4, 3).len(), 1);
        grid.cells.remove(&(1, 1));
        assert_eq!(grid.windows(4, 3).len(), 0);
    }

    #[test]
    fn holes_are_predicted_from_all_sides() {
        let mut grid = full(5, 5);
        grid.cells.remove(&(2, 2));
        let (place, step) = grid.predict((2, 2)).unwrap();
        assert!(place.distance(DVec2::splat(20.0)) < 1e-9 && (step - 10.0).abs() < 1e-9);
    }
}
