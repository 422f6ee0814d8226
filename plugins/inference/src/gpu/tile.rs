//! How matrix products are cut into pieces.

/// How a matrix product is cut: a workgroup makes `rows` x `columns` elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tile {
    /// Rows (channels) of a workgroup.
    pub rows: u32,
    /// Columns (pixels) of a workgroup.
    pub columns: u32,
    /// Length of the slices of k that are staged.
    pub depth: u32,
    /// Rows of an invocation; of a subgroup, with matrix units.
    pub own_rows: u32,
    /// Columns of an invocation; of a subgroup, with matrix units.
    pub own_columns: u32,
    /// Into how many parts k is split; their sums are added by a second dispatch.
    pub splits: u32,
}

impl Tile {
    /// Invocations of a workgroup of the plain kernel.
    pub const fn threads(&self) -> u32 {
        (self.rows / self.own_rows) * (self.columns / self.own_columns)
    }

    /// The tile of a plain product of `m` x `n` elements over `k`, `batch` times, for a device that is busy with
    /// `wanted` workgroups.
    pub(super) fn plain(m: usize, n: usize, k: usize, batch: usize, wanted: u32) -> Self {
        let tile = |rows, columns, own_rows, own_columns| Self { rows, columns, depth: 16, own_rows, own_columns, splits: 1 };
        // From the most work for each number fetched to the most workgroups.
        let candidates = [tile(64, 64, 8, 4), tile(32, 64, 4, 4), tile(32, 32, 4, 4)];
        let count = |tile: &Self| m.div_ceil(tile.rows as usize) * n.div_ceil(tile.columns as usize) * batch;
        let waste = |tile: &Self| {
            let padded = m.next_multiple_of(tile.rows as usize) * n.next_multiple_of(tile.columns as usize);
            padded as f64 / (m * n) as f64
        };
        let slices = k.div_ceil(16);
        // A part of less than eight slices costs more to add than to make.
        let most = |tile: &Self| count(tile) * (slices / 8).max(1);
        let enough = |tile: &&Self| most(tile) >= wanted as usize && waste(tile) < 1.6;
        let mut chosen = *candidates.iter().find(enough).unwrap_or(&candidates[2]);
        let missing = (wanted as usize).div_ceil(count(&chosen));
        chosen.splits = missing.clamp(1, (slices / 8).max(1)) as u32;
        if chosen.splits == 1 || count(&chosen) * 2 > wanted as usize {
            chosen.splits = 1;
        }
        chosen
    }

    /// The tile of a product by matrix units.
    pub(super) fn units(m: usize, n: usize, k: usize, wanted: u32) -> Self {
        let tile = |rows, columns, own_rows, own_columns| Self { rows, columns, depth: 64, own_rows, own_columns, splits: 1 };
        let mut chosen = if m <= 32 { tile(32, 64, 16, 32) } else { tile(64, 32, 32, 16) };
        let count = m.div_ceil(chosen.rows as usize) * n.div_ceil(chosen.columns as usize);
        let slices = k.div_ceil(chosen.depth as usize);
        let missing = wanted as usize / count;
        chosen.splits = missing.clamp(1, (slices / 4).max(1)) as u32;
        chosen
    }
}
