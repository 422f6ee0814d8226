//! How high the items of each layer lie.

use super::layers::Layers;
use super::{BOX_GAP, LANE};

/// Sweeps forth and back this often.
const SWEEPS: usize = 8;

/// The top of each item; the highest is at 0.
///
/// Each item wants to lie level with what it is joined with. Within a layer the heights nearest to that, in the sense of
/// least squares, which keep the order and the distances, are found exactly by pooling neighbours that are too close
/// (isotonic regression: M. Best, N. Chakravarti, *Active Set Algorithms for Isotonic Regression*, Math. Programming 47,
/// 1990).
pub(super) fn tops(layers: &Layers) -> Vec<f32> {
    let mut middles = vec![0.0_f32; layers.sizes.len()];
    for row in &layers.rows {
        let wanted = vec![0.0; row.len()];
        settle(layers, row, &wanted, &mut middles);
    }
    let count = layers.rows.len();
    for sweep in 0..SWEEPS {
        for step in 0..count {
            let row = &layers.rows[if sweep % 2 == 0 { step } else { count - 1 - step }];
            // Towards one side, then the other, at last both.
            let sides: &[usize] = if sweep + 2 < SWEEPS { &[[0], [1]][sweep % 2] } else { &[0, 1] };
            let wanted: Vec<f32> = row.iter().map(|&item| wanted(layers, item, sides, &middles)).collect();
            settle(layers, row, &wanted, &mut middles);
        }
    }
    let tops = |item: usize| middles[item] - layers.sizes[item][1] * 0.5;
    let highest = (0..middles.len()).map(tops).fold(f32::INFINITY, f32::min);
    (0..middles.len()).map(|item| tops(item) - highest).collect()
}

/// The mean height of what the item is joined with; its own when there is nothing.
fn wanted(layers: &Layers, item: usize, sides: &[usize], middles: &[f32]) -> f32 {
    let near = || sides.iter().flat_map(|&side| &layers.joined[side][item]);
    match near().count() {
        0 => middles[item],
        count => near().map(|&it| middles[it]).sum::<f32>() / count as f32,
    }
}

/// How much an item holds to its wish: bends in a line disturb more than a box that is a little off.
fn weight(layers: &Layers, item: usize) -> f32 {
    if layers.sizes[item][1] <= LANE { 4.0 } else { 1.0 }
}

/// Gives the items of a row the heights nearest to what they want.
fn settle(layers: &Layers, row: &[usize], wanted: &[f32], middles: &mut [f32]) {
    // With the distances taken out, the heights need only not fall.
    let mut offset = 0.0;
    let mut pools: Vec<(f32, f32, usize)> = Vec::with_capacity(row.len());
    let mut offsets = Vec::with_capacity(row.len());
    for (at, &item) in row.iter().enumerate() {
        if at > 0 {
            offset += (layers.sizes[row[at - 1]][1] + layers.sizes[item][1]) * 0.5 + BOX_GAP;
        }
        offsets.push(offset);
        let mut pool = (wanted[at] - offset, weight(layers, item), 1);
        while let Some(&(mean, heavy, count)) = pools.last()
            && mean > pool.0
        {
            let sum = heavy + pool.1;
            pool = ((mean * heavy + pool.0 * pool.1) / sum, sum, count + pool.2);
            pools.pop();
        }
        pools.push(pool);
    }
    let heights = pools.iter().flat_map(|&(mean, _, count)| std::iter::repeat_n(mean, count));
    for ((&item, offset), height) in row.iter().zip(offsets).zip(heights) {
        middles[item] = height + offset;
    }
}
