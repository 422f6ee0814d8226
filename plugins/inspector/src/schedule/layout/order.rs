//! The order within each layer, with few crossings.

use super::layers::Layers;

/// Sweeps forth and back this often.
const SWEEPS: usize = 10;

/// Orders every layer by the mean place of what its items are joined with, and keeps the best of all sweeps.
pub(super) fn uncross(layers: &mut Layers) {
    let mut place = vec![0_usize; layers.sizes.len()];
    // Begin with what belongs together side by side.
    depth_first(layers);
    number(layers, &mut place);
    let mut best = (crossings(layers, &place), layers.rows.clone());
    for sweep in 0..SWEEPS {
        if best.0 == 0 {
            break;
        }
        let side = sweep % 2;
        let count = layers.rows.len();
        for step in 1..count {
            let row = if side == 0 { step } else { count - 1 - step };
            sort_row(layers, row, side, &mut place);
        }
        let now = crossings(layers, &place);
        if now < best.0 {
            best = (now, layers.rows.clone());
        }
    }
    layers.rows = best.1;
}

/// Each layer in the order in which a walk along the edges finds its items.
fn depth_first(layers: &mut Layers) {
    let mut found = vec![false; layers.sizes.len()];
    let mut rows = vec![Vec::new(); layers.rows.len()];
    let mut stack: Vec<usize> = layers.rows.iter().flatten().rev().copied().collect();
    while let Some(item) = stack.pop() {
        if !std::mem::replace(&mut found[item], true) {
            rows[layers.layer[item]].push(item);
            stack.extend(layers.joined[1][item].iter().rev());
        }
    }
    layers.rows = rows;
}

fn number(layers: &Layers, place: &mut [usize]) {
    for row in &layers.rows {
        row.iter().enumerate().for_each(|(at, &item)| place[item] = at);
    }
}

/// Sorts one layer by its neighbours on one side. An item without any stays where it is, as well as it can.
fn sort_row(layers: &mut Layers, row: usize, side: usize, place: &mut [usize]) {
    let joined = &layers.joined[side];
    let mean = |item: usize| {
        let near = &joined[item];
        let sum: usize = near.iter().map(|&it| place[it]).sum();
        if near.is_empty() { place[item] as f64 } else { sum as f64 / near.len() as f64 }
    };
    let mut sorted: Vec<(f64, usize)> = layers.rows[row].iter().map(|&item| (mean(item), item)).collect();
    // Stable: what is equal keeps its order.
    sorted.sort_by(|one, other| one.0.total_cmp(&other.0));
    for (at, &(_, item)) in sorted.iter().enumerate() {
        place[item] = at;
        layers.rows[row][at] = item;
    }
}

/// How often lines between neighbouring layers cross: the pairs that stand in the wrong order, counted with a tree of sums
/// (W. Barth, M. Jünger, P. Mutzel, *Simple and Efficient Bilayer Cross Counting*, J. Graph Algorithms Appl. 8(2), 2004).
fn crossings(layers: &Layers, place: &[usize]) -> usize {
    layers.rows.windows(2).map(|pair| crossings_between(layers, &pair[0], pair[1].len(), place)).sum()
}

fn crossings_between(layers: &Layers, row: &[usize], next_len: usize, place: &[usize]) -> usize {
    let mut tree = vec![0_usize; next_len + 1];
    let (mut lines, mut crossings) = (0, 0);
    let mut ends = Vec::new();
    for &item in row {
        ends.clear();
        ends.extend(layers.joined[1][item].iter().map(|&it| place[it]));
        // Lines from one item do not cross each other: first count all of them, then enter them.
        for &end in &ends {
            let mut at = end + 1;
            let mut above = 0;
            while at > 0 {
                above += tree[at];
                at &= at - 1;
            }
            crossings += lines - above;
        }
        for &end in &ends {
            let mut at = end + 1;
            while at <= next_len {
                tree[at] += 1;
                at += at & at.wrapping_neg();
            }
        }
        lines += ends.len();
    }
    crossings
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn two_layers(edges: &[(usize, usize)]) -> Layers {
        let edges: Vec<_> = edges.iter().map(|&(from, to)| (from, to + 6)).collect();
        Layers::new(&[[10.0, 10.0]; 12], &edges)
    }

    proptest! {
        #[test]
        fn crossings_are_counted_as_by_hand(edges in prop::collection::btree_set((0_usize..6, 0_usize..6), 0..20)) {
            let edges: Vec<_> = edges.into_iter().collect();
            let layers = two_layers(&edges);
            let mut place = vec![0; layers.sizes.len()];
            number(&layers, &mut place);
            let mut by_hand = 0;
            for (at, &(a, b)) in edges.iter().enumerate() {
                for &(c, d) in &edges[..at] {
                    let side = |one: usize, other: usize| place[one].cmp(&place[other]) as i32;
                    by_hand += usize::from(side(a, c) * side(b + 6, d + 6) < 0);
                }
            }
            prop_assert_eq!(crossings(&layers, &place), by_hand);
        }
    }

    #[test]
    fn what_can_be_drawn_without_a_crossing_is() {
        let mut layers = two_layers(&[(0, 5), (1, 4), (2, 3), (3, 2), (4, 1), (5, 0)]);
        uncross(&mut layers);
        let mut place = vec![0; layers.sizes.len()];
        number(&layers, &mut place);
        assert_eq!(crossings(&layers, &place), 0);
    }
}
