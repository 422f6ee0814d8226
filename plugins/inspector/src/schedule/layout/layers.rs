//! Which box lies in which layer.

use std::collections::BTreeMap;

use super::{LANE, Point};
use crate::schedule::dag;

/// A part in layers. Items are the boxes by number, then the places where edges pass a layer.
#[derive(Debug)]
pub(super) struct Layers {
    /// Of each item.
    pub(super) sizes: Vec<Point>,
    /// The layer of each item.
    pub(super) layer: Vec<usize>,
    /// The items of each layer from top to bottom.
    pub(super) rows: Vec<Vec<usize>>,
    /// Of each item, the items of the layer before and of the layer after that it is joined with.
    pub(super) joined: [Vec<Vec<usize>>; 2],
    /// The items along each edge; none for an edge that does not lead forward.
    pub(super) chains: Vec<Vec<usize>>,
}

impl Layers {
    pub(super) fn new(sizes: &[Point], edges: &[(usize, usize)]) -> Self {
        let mut layer = layers(sizes.len(), edges);
        let mut all_sizes = sizes.to_vec();
        let mut joined = [vec![Vec::new(); sizes.len()], vec![Vec::new(); sizes.len()]];
        let mut chains = Vec::with_capacity(edges.len());
        // Edges from one box share their lanes for as long as they can: it is drawn as a line that branches.
        let mut lanes: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        let mut by_length: Vec<usize> = (0..edges.len()).collect();
        by_length.sort_by_key(|&at| edges[at]);
        chains.resize(edges.len(), Vec::new());
        for at in by_length {
            let (from, to) = edges[at];
            if layer[from] >= layer[to] {
                continue;
            }
            let mut chain = vec![from];
            for passed in layer[from] + 1..layer[to] {
                let lane = *lanes.entry((from, passed)).or_insert_with(|| {
                    all_sizes.push([0.0, LANE]);
                    layer.push(passed);
                    joined.iter_mut().for_each(|side| side.push(Vec::new()));
                    all_sizes.len() - 1
                });
                chain.push(lane);
            }
            chain.push(to);
            for pair in chain.windows(2) {
                if !joined[1][pair[0]].contains(&pair[1]) {
                    joined[1][pair[0]].push(pair[1]);
                    joined[0][pair[1]].push(pair[0]);
                }
            }
            chains[at] = chain;
        }
        let mut rows = vec![Vec::new(); layer.iter().max().map_or(0, |last| last + 1)];
        for (item, &layer) in layer.iter().enumerate() {
            rows[layer].push(item);
        }
        Self { sizes: all_sizes, layer, rows, joined, chains }
    }
}

/// Longest path from the left; then each box goes, within what its edges allow, to where they are shortest.
fn layers(nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let order = dag::order(nodes, edges);
    let mut place = vec![0; nodes];
    for (at, &node) in order.iter().enumerate() {
        place[node] = at;
    }
    let forward: Vec<_> = edges.iter().copied().filter(|&(from, to)| place[from] < place[to]).collect();
    let after = dag::successors(nodes, &forward);
    let before = dag::successors(nodes, &forward.iter().map(|&(from, to)| (to, from)).collect::<Vec<_>>());
    let mut layer = vec![0_usize; nodes];
    for &node in &order {
        layer[node] = before[node].iter().map(|&it| layer[it] + 1).max().unwrap_or(0);
    }
    let last = layer.iter().copied().max().unwrap_or(0);
    for _ in 0..3 {
        for &node in order.iter().rev() {
            let lowest = before[node].iter().map(|&it| layer[it] + 1).max().unwrap_or(0);
            let highest = after[node].iter().map(|&it| layer[it] - 1).min().unwrap_or(last);
            // Each step to the right makes the edges from the left longer and those to the right shorter.
            layer[node] = match before[node].len().cmp(&after[node].len()) {
                std::cmp::Ordering::Less => highest,
                std::cmp::Ordering::Equal => layer[node],
                std::cmp::Ordering::Greater => lowest,
            };
        }
    }
    let first = layer.iter().copied().min().unwrap_or(0);
    layer.iter().map(|it| it - first).collect()
}
