//! What holds for every drawing.

use proptest::prelude::*;

use super::*;

/// Boxes of several sizes, and edges from lesser to greater numbers under some permutation.
fn graphs() -> impl Strategy<Value = (Vec<Point>, Vec<(usize, usize)>)> {
    (1_usize..60).prop_flat_map(|count| {
        let sizes = prop::collection::vec((20.0_f32..200.0, 10.0_f32..50.0), count);
        let edges = prop::collection::btree_set((0..count, 0..count), 0..90);
        let names = Just((0..count).collect::<Vec<_>>()).prop_shuffle();
        (sizes, edges, names).prop_map(|(sizes, edges, names)| {
            let edges = edges.into_iter().filter(|(from, to)| from < to).map(|(from, to)| (names[from], names[to]));
            (sizes.into_iter().map(|(width, height)| [width, height]).collect(), edges.collect())
        })
    })
}

/// Whether a segment enters a box, its rim left out: clipped by Liang and Barsky.
fn enters(a: Point, b: Point, corner: Point, size: Point) -> bool {
    let (mut from, mut to) = (0.0_f32, 1.0_f32);
    for axis in 0..2 {
        let (low, high) = (corner[axis] + 0.05, corner[axis] + size[axis] - 0.05);
        let step = b[axis] - a[axis];
        if step.abs() < 1e-6 {
            if a[axis] <= low || a[axis] >= high {
                return false;
            }
            continue;
        }
        let (one, other) = ((low - a[axis]) / step, (high - a[axis]) / step);
        from = from.max(one.min(other));
        to = to.min(one.max(other));
    }
    from < to
}

proptest! {
    #[test]
    fn every_box_is_placed_within_the_whole_and_on_no_other((sizes, edges) in graphs()) {
        let drawn = layout(&sizes, &edges);
        prop_assert_eq!(drawn.boxes.len(), sizes.len());
        for (at, (corner, size)) in drawn.boxes.iter().zip(&sizes).enumerate() {
            for axis in 0..2 {
                prop_assert!(corner[axis] >= -0.01 && corner[axis] + size[axis] <= drawn.size[axis] + 0.01);
            }
            for (other, other_size) in drawn.boxes.iter().zip(&sizes).take(at) {
                let apart = (0..2).any(|axis| {
                    corner[axis] >= other[axis] + other_size[axis] + 1.0 || other[axis] >= corner[axis] + size[axis] + 1.0
                });
                prop_assert!(apart, "{corner:?} {size:?} lies on {other:?} {other_size:?}");
            }
        }
    }

    #[test]
    fn edges_lead_to_the_right_from_box_to_box_and_through_none((sizes, edges) in graphs()) {
        let drawn = layout(&sizes, &edges);
        for (&(from, to), line) in edges.iter().zip(&drawn.lines) {
            let (start, end) = (line[0], line[line.len() - 1]);
            prop_assert!((start[0] - drawn.boxes[from][0] - sizes[from][0]).abs() < 0.01);
            prop_assert!((end[0] - drawn.boxes[to][0]).abs() < 0.01);
            for pair in line.windows(2) {
                prop_assert!(pair[0][0] <= pair[1][0] + 0.01);
                for (corner, size) in drawn.boxes.iter().zip(&sizes) {
                    prop_assert!(!enters(pair[0], pair[1], *corner, *size), "{pair:?} enters {corner:?} {size:?}");
                }
            }
        }
    }

    #[test]
    fn the_same_graph_is_drawn_in_the_same_way((sizes, edges) in graphs()) {
        prop_assert_eq!(layout(&sizes, &edges), layout(&sizes, &edges));
    }
}

#[test]
fn a_chain_is_a_straight_line() {
    let drawn = layout(&[[50.0, 20.0]; 4], &[(2, 0), (0, 3), (3, 1)]);
    assert!(drawn.boxes.iter().all(|corner| corner[1] == 0.0), "{:?}", drawn.boxes);
    assert_eq!(drawn.size, [50.0 * 4.0 + LAYER_GAP * 3.0, 20.0]);
}

#[test]
fn boxes_without_edges_are_packed_about_as_wide_as_a_screen() {
    let [width, height] = layout(&[[100.0, 30.0]; 100], &[]).size;
    assert!((1.0..3.0).contains(&(width / height)), "{width} x {height}");
}

#[test]
fn an_edge_that_closes_a_cycle_or_names_no_box_is_not_drawn() {
    let drawn = layout(&[[10.0, 10.0]; 2], &[(0, 1), (1, 0), (1, 1), (1, 7)]);
    let drawn: Vec<_> = drawn.lines.iter().map(|line| !line.is_empty()).collect();
    assert_eq!(drawn, [true, false, false, false]);
    assert_eq!(layout(&[], &[]), Layout::default());
}
