//! Where the boxes of a graph lie and how its edges run: a layered drawing, from left to right.
//!
//! 1. Parts that no edge joins are drawn one by one and packed in rows.
//! 2. Layers by longest path; then each box moves to where its edges are shortest. An edge that passes a layer gets a
//!    place in it (`layers`).
//! 3. The order within each layer by barycentres, sweeping forth and back, the best order kept (`order`).
//! 4. Heights by least squares with that order kept (`place`).
//!
//! The frame is K. Sugiyama, S. Tagawa, M. Toda, *Methods for Visual Understanding of Hierarchical System Structures*,
//! IEEE Trans. SMC 11(2), 1981; step 2 and the passes of 3 follow E. Gansner, E. Koutsofios, S. North, K.-P. Vo, *A
//! Technique for Drawing Directed Graphs*, IEEE Trans. Software Eng. 19(3), 1993. No chance is involved: the same graph
//! is always drawn in the same way.

mod layers;
mod order;
mod place;

use layers::Layers;

/// A place or a size: to the right and down, in the unit of the boxes' sizes.
pub(crate) type Point = [f32; 2];

/// Between two layers.
const LAYER_GAP: f32 = 44.0;
/// Between two boxes of a layer.
const BOX_GAP: f32 = 10.0;
/// Between two parts.
const PART_GAP: f32 = 26.0;
/// What an edge needs in a layer that it passes.
const LANE: f32 = 2.0;
/// Width by height of the whole, as far as parts can be packed so.
const ASPECT: f32 = 1.7;

/// A drawn graph.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Layout {
    /// Upper left corner of each box.
    pub(crate) boxes: Vec<Point>,
    /// The corners of each edge, from the right side of a box to the left side of another. One that names no box, or
    /// that closes a cycle, has none.
    pub(crate) lines: Vec<Vec<Point>>,
    /// The whole; everything lies within.
    pub(crate) size: Point,
}

/// Draws boxes of these sizes, joined by these edges. Takes some ms for 300 boxes.
pub(crate) fn layout(sizes: &[Point], edges: &[(usize, usize)]) -> Layout {
    let mut whole = Layout { boxes: vec![[0.0; 2]; sizes.len()], lines: vec![Vec::new(); edges.len()], size: [0.0; 2] };
    let mut parts: Vec<(Vec<usize>, Vec<usize>, Layout)> =
        parts(sizes.len(), edges).into_iter().map(|(nodes, lines)| draw(sizes, edges, nodes, lines)).collect();
    // The largest first; single boxes come in the order of their numbers.
    parts.sort_by(|one, other| other.0.len().cmp(&one.0.len()).then(one.0.cmp(&other.0)));
    let row_width = row_width(parts.iter().map(|(_, _, part)| part.size));
    let (mut at, mut row_height) = ([0.0_f32; 2], 0.0_f32);
    for (nodes, lines, part) in parts {
        if at[0] > 0.0 && at[0] + part.size[0] > row_width {
            at = [0.0, at[1] + row_height + PART_GAP];
            row_height = 0.0;
        }
        let moved = |point: Point| [point[0] + at[0], point[1] + at[1]];
        for (&node, corner) in nodes.iter().zip(part.boxes) {
            whole.boxes[node] = moved(corner);
        }
        for (&line, corners) in lines.iter().zip(part.lines) {
            whole.lines[line] = corners.into_iter().map(moved).collect();
        }
        whole.size = [whole.size[0].max(at[0] + part.size[0]), whole.size[1].max(at[1] + part.size[1])];
        at[0] += part.size[0] + PART_GAP;
        row_height = row_height.max(part.size[1]);
    }
    whole
}

/// How wide the rows are in which parts are packed.
fn row_width(sizes: impl Iterator<Item = Point>) -> f32 {
    let (mut area, mut widest) = (0.0_f32, 0.0_f32);
    for [width, height] in sizes {
        area += (width + PART_GAP) * (height + PART_GAP);
        widest = widest.max(width);
    }
    widest.max((area * ASPECT).sqrt())
}

/// The nodes and the edges of each part, in the order of their numbers.
fn parts(nodes: usize, edges: &[(usize, usize)]) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut root: Vec<usize> = (0..nodes).collect();
    fn find(root: &mut [usize], mut node: usize) -> usize {
        while root[node] != node {
            root[node] = root[root[node]];
            node = root[node];
        }
        node
    }
    let known = |&(from, to): &(usize, usize)| from.max(to) < nodes;
    for &(from, to) in edges.iter().filter(|edge| known(edge)) {
        let (from, to) = (find(&mut root, from), find(&mut root, to));
        root[from.max(to)] = from.min(to);
    }
    let mut parts = vec![(Vec::new(), Vec::new()); nodes];
    for node in 0..nodes {
        parts[find(&mut root, node)].0.push(node);
    }
    for (line, edge) in edges.iter().enumerate().filter(|(_, edge)| known(edge)) {
        parts[find(&mut root, edge.0)].1.push(line);
    }
    parts.retain(|(nodes, _)| !nodes.is_empty());
    parts
}

/// Draws one part by itself.
fn draw(
    sizes: &[Point],
    edges: &[(usize, usize)],
    nodes: Vec<usize>,
    lines: Vec<usize>,
) -> (Vec<usize>, Vec<usize>, Layout) {
    // The nodes are sorted, so a number within the part is a place in the list.
    let local = |node: usize| nodes.binary_search(&node).unwrap_or_default();
    let part_edges: Vec<_> = lines.iter().map(|&line| (local(edges[line].0), local(edges[line].1))).collect();
    let part_sizes: Vec<_> = nodes.iter().map(|&node| sizes[node]).collect();
    let mut layers = Layers::new(&part_sizes, &part_edges);
    order::uncross(&mut layers);
    let tops = place::tops(&layers);

    let widths: Vec<f32> =
        layers.rows.iter().map(|row| row.iter().map(|&it| layers.sizes[it][0]).fold(0.0, f32::max)).collect();
    let lefts: Vec<f32> = widths
        .iter()
        .scan(0.0, |left, width| {
            let here = *left;
            *left += width + LAYER_GAP;
            Some(here)
        })
        .collect();
    let left = |it: usize| lefts[layers.layer[it]];
    let right = |it: usize| left(it) + widths[layers.layer[it]];
    let middle = |it: usize| tops[it] + layers.sizes[it][1] * 0.5;
    let drawn = layers.chains.iter().map(|chain| {
        let mut corners: Vec<Point> = Vec::new();
        if let [first, between @ .., last] = chain.as_slice() {
            // Straight to the end of the layer; slanted lines keep to the gaps, where no box is.
            corners.extend([[left(*first) + layers.sizes[*first][0], middle(*first)], [right(*first), middle(*first)]]);
            corners.extend(between.iter().flat_map(|&it| [[left(it), middle(it)], [right(it), middle(it)]]));
            corners.push([left(*last), middle(*last)]);
        }
        corners.dedup();
        corners
    });
    let drawn = drawn.collect();
    let boxes: Vec<Point> = (0..nodes.len()).map(|it| [left(it), tops[it]]).collect();
    let width = lefts.last().zip(widths.last()).map_or(0.0, |(left, width)| left + width);
    let height = (0..tops.len()).map(|it| tops[it] + layers.sizes[it][1]).fold(0.0, f32::max);
    (nodes, lines, Layout { boxes, lines: drawn, size: [width, height] })
}

#[cfg(test)]
mod tests;
