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
    /// Subgroups that share the same elements, each with its part of every slice; 1 without matrix units.
    pub k_groups: u32,
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
        let tile = |rows, columns, own_rows, own_columns| Self {
            rows,
            columns,
            depth: 16,
            own_rows,
            own_columns,
            k_groups: 1,
            splits: 1,
        };
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

    /// Invocations of a workgroup with matrix units.
    pub const fn unit_threads(&self) -> u32 {
        self.threads() * 32 * self.k_groups
    }

    /// Workgroup memory of the kernel with matrix units, bytes.
    pub const fn unit_memory(&self) -> u32 {
        let staged = (self.rows + self.columns) * (self.depth + 8);
        staged * 2 + self.k_groups * self.rows * self.columns * 4
    }

    /// Whether the kernel with matrix units can be cut so: all invocations load as much, and all subgroups multiply.
    pub(super) fn suits_units(&self, threads: u32, memory: u32) -> bool {
        let own = self.unit_threads();
        let is_even = |whole: u32, part: u32| part > 0 && whole.is_multiple_of(part);
        [self.own_rows, self.own_columns].iter().all(|own| matches!(own, 16 | 32))
            && is_even(self.rows, self.own_rows)
            && is_even(self.columns, self.own_columns)
            && is_even(self.depth, self.k_groups * 16)
            && is_even(self.rows * self.depth / 4, own)
            && is_even(self.columns * self.depth / 4, own)
            && is_even(own, self.columns)
            && own <= threads
            && self.unit_memory() <= memory
    }

    /// The tile of a product by matrix units, for a device with workgroups of `threads` invocations and `memory` bytes.
    ///
    /// What was fastest on one large GPU (132 multiprocessors, 2026), over the layers of residual nets: as soon as there
    /// are enough elements, tiles that share most; the fewer there are, the more subgroups share an element; only for the
    /// longest sums of few elements a second dispatch.
    pub(super) fn units(m: usize, n: usize, k: usize, wanted: u32, (threads, memory): (u32, u32)) -> Self {
        let tile = |rows, columns, depth, k_groups| Self {
            rows,
            columns,
            depth,
            own_rows: 16,
            own_columns: 16,
            k_groups,
            splits: 1,
        };
        let count = |tile: &Self| m.div_ceil(tile.rows as usize) * n.div_ceil(tile.columns as usize);
        let wanted = wanted as usize;
        // For each: how much of the device it should fill, and from which length of k on.
        let candidates = [
            (tile(64, 32, 64, 1), wanted * 3 / 2, 0),
            (tile(32, 32, 64, 2), wanted * 5 / 8, 0),
            (tile(64, 16, 128, 4), wanted * 3 / 8, 512),
            (tile(32, 16, 256, 8), wanted / 4, 1536),
            (tile(32, 16, 128, 4), wanted * 3 / 8, 256),
            (tile(32, 16, 128, 8), 0, 128),
            (tile(32, 32, 64, 2), 0, 0),
            (tile(32, 32, 64, 1), 0, 0),
        ];
        let suits = |(tile, least, length): &&(Self, usize, usize)| {
            tile.suits_units(threads, memory) && count(tile) >= *least && k >= *length
        };
        let chosen = candidates.iter().find(suits).unwrap_or(&candidates[7]).0;
        if k >= 3072 && count(&chosen) * 2 < wanted {
            let mut split = tile(64, 32, 64, 1);
            split.splits = (wanted / count(&split)).clamp(1, k / 256) as u32;
            if split.suits_units(threads, memory) {
                return split;
            }
        }
        chosen
    }
}
