//! Products of matrices: convolutions, linear layers, `matmul`.

use super::window::window;
use super::*;
use crate::net::{MAX_RANK, Window};

/// What a product is, for the plain kernel.
struct Product {
    m: usize,
    n: usize,
    k: usize,
    /// How many products of that kind there are: groups of channels, or batches.
    batch: usize,
    /// Elements from one batch, one row, one image of the result to the next, and columns within an image.
    out: [usize; 4],
    total: usize,
}

impl Lowering<'_> {
    pub(super) fn conv(&mut self, step: &Step) -> Result<Cost, GpuError> {
        let (weight, groups, transposed) = match &step.op {
            Op::Conv2d { weight, groups, .. } => (weight, *groups, false),
            Op::ConvTranspose2d { weight, groups, .. } => (weight, *groups, true),
            _ => return Err(self.unsupported("is no convolution")),
        };
        let over = step.op.window(self.tensors).ok_or_else(|| self.unsupported("has no window"))?;
        let (input, output) = (self.shape(step.inputs[0]), self.shape(step.output));
        let (c, m) = (input.axis(1) / groups, output.axis(1) / groups);
        let taps = over.kernel[0] * over.kernel[1];
        if !transposed && c == 1 && groups > 1 {
            return self.depthwise(step, weight, over);
        }
        let pixels = output.axis(2) * output.axis(3);
        let plain = Window { kernel: [1, 1], stride: over.stride, padding: [0; 4], dilation: over.dilation };
        if !transposed && groups == 1 && over == plain && input.elements() == input.axis(0) * c && pixels == 1 {
            return self.vector(step, weight, (input.axis(0), m, c));
        }
        let product = Product {
            m,
            n: output.axis(0) * pixels,
            k: c * taps,
            batch: groups,
            out: [m * pixels, pixels, groups * m * pixels, pixels],
            total: output.elements(),
        };
        let kernel = if !transposed && groups == 1 { self.kernel(&product) } else { Kernel::Gemm };
        let tile = self.cut(kernel, &product);
        let mut header = Header::new();
        window(&mut header, &over, input, output);
        let is_padded = transposed || over.padding.iter().any(|&padding| padding > 0);
        header.set("WINDOWED", true).set("TRANSPOSED", transposed).set("PADDED", is_padded);
        header.set("CHANNELS_IN", c).set("WHOLE", c.is_multiple_of(tile.depth as usize));
        header.set("K_FAST", false);
        let (tile_rows, depth) = (tile.rows as usize, tile.depth as usize);
        let layout = if kernel == Kernel::Gemm {
            Layout::Tiles { groups, rows: m, channels: c, taps, tile: tile_rows, depth, transposed }
        } else {
            Layout::Blocks { rows: m, channels: c, taps, tile: tile_rows, depth }
        };
        self.product(step, header, &product, (kernel, tile), Some((weight, layout)))?;
        Ok(Cost { kernel, tile: Some(tile), each: 2 * product.k })
    }

    pub(super) fn linear(&mut self, step: &Step) -> Result<Cost, GpuError> {
        let Op::Linear { weight, .. } = &step.op else { return Err(self.unsupported("is no linear layer")) };
        let (input, output) = (self.shape(step.inputs[0]), self.shape(step.output));
        let (k, m) = (input.last(), output.last());
        let n = input.elements() / k;
        if n <= 4 {
            return self.vector(step, weight, (n, m, k));
        }
        let product = Product { m, n, k, batch: 1, out: [0, 1, m, 1], total: output.elements() };
        let kernel = self.kernel(&product);
        let tile = self.cut(kernel, &product);
        let mut header = Header::new();
        unwindowed(&mut header);
        header.set("K_FAST", true).set("B_COLUMN", k).set("B_K", 1_u32);
        let (tile_rows, depth) = (tile.rows as usize, tile.depth as usize);
        let layout = if kernel == Kernel::Gemm {
            Layout::Tiles { groups: 1, rows: m, channels: k, taps: 1, tile: tile_rows, depth, transposed: false }
        } else {
            Layout::Blocks { rows: m, channels: k, taps: 1, tile: tile_rows, depth }
        };
        self.product(step, header, &product, (kernel, tile), Some((weight, layout)))?;
        Ok(Cost { kernel, tile: Some(tile), each: 2 * k })
    }

    /// A linear layer of few rows: `n` rows of `k` numbers become `m` each.
    fn vector(&mut self, step: &Step, weight: &str, (n, m, k): (usize, usize, usize)) -> Result<Cost, GpuError> {
        let mut header = Header::new();
        let mut places = self.finish(step, &mut header)?;
        let x = self.place(step.inputs[0])?;
        header.set("B_SPACE", x.space as u32);
        places.b = x.offset;
        let packed = k.next_multiple_of(4);
        let lanes = (packed / 4).next_power_of_two().clamp(1, 32) as u32;
        self.turns(k)?;
        let tiles = m.div_ceil((THREADS / lanes) as usize);
        header.set("K", k).set("K_PACKED", packed).set("M", m).set("M_TILES", tiles).set("LANES", lanes);
        let (shard, offset) = self.weight(weight, Layout::Rows { k, packed }, m * packed)?;
        places.weight = offset;
        places.shift = self.shift(step, m, &mut header)?;
        self.dispatch(Kernel::Gemv, header, places, (tiles * n, THREADS, shard))?;
        Ok(Cost::simple(Kernel::Gemv, 2 * k))
    }

    pub(super) fn matmul(&mut self, step: &Step, transpose_b: bool) -> Result<Cost, GpuError> {
        let [a, b] = [self.shape(step.inputs[0]), self.shape(step.inputs[1])];
        let output = self.shape(step.output);
        let (m, k) = (a.axis(a.rank() - 2), a.last());
        let n = output.last();
        let product =
            Product { m, n, k, batch: output.elements() / (m * n), out: [m * n, n, 0, n], total: output.elements() };
        let tile = self.cut(Kernel::Gemm, &product);
        let mut header = Header::new();
        unwindowed(&mut header);
        let steps = if transpose_b { (k, 1) } else { (1, n) };
        header.set("K_FAST", transpose_b).set("B_COLUMN", steps.0).set("B_K", steps.1);
        header.set("BATCHED", true);
        if output.rank() > MAX_RANK {
            return Err(self.unsupported("has too many axes"));
        }
        let (extents, a_steps, b_steps) = (batch_extents(output), batch_steps(a, output), batch_steps(b, output));
        for (axis, names) in [
            ["BATCH_0", "A_BATCH_0", "B_BATCH_0"],
            ["BATCH_1", "A_BATCH_1", "B_BATCH_1"],
            ["BATCH_2", "A_BATCH_2", "B_BATCH_2"],
            ["BATCH_3", "A_BATCH_3", "B_BATCH_3"],
        ]
        .into_iter()
        .enumerate()
        {
            header.set(names[0], extents[axis]).set(names[1], a_steps[axis]).set(names[2], b_steps[axis]);
        }
        self.product(step, header, &product, (Kernel::Gemm, tile), None)?;
        Ok(Cost { kernel: Kernel::Gemm, tile: Some(tile), each: 2 * k })
    }

    /// Which kernel makes a product with weights.
    fn kernel(&self, product: &Product) -> Kernel {
        // Matrices of 16x16 that are mostly filling do not pay.
        let fills = product.m >= 16 && product.n >= 16 && product.k >= 16;
        if self.matrix_units && fills { Kernel::Cooperative } else { Kernel::Gemm }
    }

    fn cut(&self, kernel: Kernel, product: &Product) -> Tile {
        let Product { m, n, k, batch, .. } = *product;
        let given = self.tile.filter(|tile| match kernel {
            Kernel::Cooperative => tile.suits_units(self.threads, self.memory),
            _ => tile.own_columns <= 8,
        });
        given.unwrap_or_else(|| match kernel {
            Kernel::Cooperative => Tile::units(m, n, k, self.wanted, (self.threads, self.memory)),
            _ => Tile::plain(m, n, k, batch, self.wanted),
        })
    }

    /// The dispatch of a product, and that which adds its parts.
    fn product(
        &mut self,
        step: &Step,
        mut header: Header,
        product: &Product,
        (kernel, tile): (Kernel, Tile),
        weight: Option<(&str, Layout)>,
    ) -> Result<(), GpuError> {
        let Product { m, n, k, batch, out, total } = *product;
        self.turns(k)?;
        let (m_tiles, n_tiles) = (m.div_ceil(tile.rows as usize), n.div_ceil(tile.columns as usize));
        let k_tiles = k.div_ceil(tile.depth as usize);
        let split_tiles = k_tiles.div_ceil(tile.splits as usize);
        let splits = k_tiles.div_ceil(split_tiles);
        let mut places = self.finish(step, &mut header)?;
        let mut shard = 0;
        if let Some((tensor, layout)) = weight {
            let elements = batch * m_tiles * tile.rows as usize * k_tiles * tile.depth as usize;
            let (held, offset) = self.weight(tensor, layout, elements)?;
            (shard, places.weight) = (held, offset);
            let x = self.place(step.inputs[0])?;
            header.set("B_SPACE", x.space as u32).set("BATCHED", false);
            places.b = x.offset;
            no_batches(&mut header);
            places.shift = self.shift(step, batch * m, &mut header)?;
        } else {
            let (a, b) = (self.place(step.inputs[0])?, self.place(step.inputs[1])?);
            header.set("A_SPACE", a.space as u32).set("B_SPACE", b.space as u32);
            (places.a, places.b) = (a.offset, b.offset);
        }
        if !header.has("B_COLUMN") {
            header.set("B_COLUMN", 0_u32).set("B_K", 0_u32);
        }
        header.set_all(&[
            ("BM", tile.rows),
            ("BN", tile.columns),
            ("BK", tile.depth),
            ("TM", tile.own_rows),
            ("TN", tile.own_columns),
            ("K_GROUPS", tile.k_groups),
        ]);
        header.set_all(&[
            ("M", m),
            ("N", n),
            ("K", k),
            ("GROUPS", batch),
            ("M_TILES", m_tiles),
            ("N_TILES", n_tiles),
            ("K_TILES", k_tiles),
            ("SPLITS", splits),
            ("SPLIT_TILES", split_tiles),
            ("OUT_GROUP", out[0]),
            ("OUT_ROW", out[1]),
            ("OUT_IMAGE", out[2]),
            ("PIXELS", out[3]),
            ("OUT_TOTAL", total),
        ]);
        let groups = m_tiles * n_tiles * splits * batch;
        let threads = if kernel == Kernel::Cooperative { tile.unit_threads() } else { tile.threads() };
        self.dispatch(kernel, header, places, (groups, threads, shard))?;
        self.add_splits(step, splits, total, (out[1], batch * m))
    }

    /// Adds the parts of a product whose k was split.
    pub(super) fn add_splits(
        &mut self,
        step: &Step,
        splits: usize,
        total: usize,
        (pixels, rows): (usize, usize),
    ) -> Result<(), GpuError> {
        if splits <= 1 {
            return Ok(());
        }
        self.scratch = self.scratch.max(splits * total);
        self.fits("memory for split sums", (splits * total) as u64 * 4)?;
        let mut header = Header::new();
        let mut places = self.finish(step, &mut header)?;
        header.set("SPLITS", splits).set("PIXELS", pixels).set("ROWS", rows);
        if !matches!(step.op, Op::Matmul { .. }) {
            places.shift = self.shift(step, rows, &mut header)?;
        }
        self.dispatch_each(Kernel::Splits, header, places, (total, 0))
    }
}

/// Constants of windows, for products that have none.
fn unwindowed(header: &mut Header) {
    for name in ["IH", "IW", "OH", "OW", "KH", "KW", "CHANNELS_IN"] {
        header.set(name, 1_u32);
    }
    for name in ["STRIDE_Y", "STRIDE_X", "DILATION_Y", "DILATION_X"] {
        header.set(name, 1_i32);
    }
    for name in ["PAD_TOP", "PAD_LEFT", "PAD_BOTTOM", "PAD_RIGHT"] {
        header.set(name, 0_i32);
    }
    header.set("WINDOWED", false).set("TRANSPOSED", false).set("PADDED", false).set("WHOLE", false);
}

fn no_batches(header: &mut Header) {
    for name in ["BATCH_0", "BATCH_1", "BATCH_2", "BATCH_3"] {
        header.set(name, 1_u32);
    }
    for name in ["A_BATCH_0", "A_BATCH_1", "A_BATCH_2", "A_BATCH_3"] {
        header.set(name, 0_u32);
    }
    for name in ["B_BATCH_0", "B_BATCH_1", "B_BATCH_2", "B_BATCH_3"] {
        header.set(name, 0_u32);
    }
}

/// Extents of the axes before the last two; 1 where there is none.
fn batch_extents(shape: Shape) -> [usize; 4] {
    let mut extents = [1; 4];
    let count = shape.rank().saturating_sub(2);
    for axis in 0..count {
        extents[4 - count + axis] = shape.axis(axis);
    }
    extents
}

/// Elements from one to the next along those axes; 0 where an operand repeats.
fn batch_steps(operand: Shape, output: Shape) -> [usize; 4] {
    let (own, wanted) = (batch_extents(operand), batch_extents(output));
    let mut steps = [0; 4];
    let mut step = operand.last() * operand.axis(operand.rank() - 2);
    for axis in (0..4).rev() {
        steps[axis] = if own[axis] == 1 && wanted[axis] != 1 { 0 } else { step };
        step *= own[axis];
    }
    steps
}
