// Piece: Columns of a product whose B is a picture seen through a window, or a value with strides.
// Where a column lies: the place of its first channel, and its row and column in the picture.
struct Column { base: u32, y: i32, x: i32, valid: bool }

fn column(col: u32, group: u32) -> Column {
    let valid = col < N;
    let c = select(0u, col, valid);
    if (!WINDOWED) { return Column(c * B_COLUMN, 0, 0, valid); }
    let image = c / (OH * OW);
    let pixel = c % (OH * OW);
    let y = i32(pixel / OW);
    let x = i32(pixel % OW);
    let base = (image * (CHANNELS_IN * GROUPS) + group * CHANNELS_IN) * (IH * IW);
    if (TRANSPOSED) { return Column(base, y + PAD_TOP, x + PAD_LEFT, valid); }
    return Column(base, y * STRIDE_Y - PAD_TOP, x * STRIDE_X - PAD_LEFT, valid);
}

// One element of B. Always loads, so that compilers can have many loads on their way at once.
fn fetch(at: Column, k: u32, tap: u32, channel: u32) -> f32 {
    var inside = at.valid;
    if (!WHOLE) { inside = inside && k < K; }
    if (!WINDOWED) {
        return select(0.0, load_b(select(0u, at.base + k * B_K, inside)), inside);
    }
    let ky = i32(tap / KW) * DILATION_Y;
    let kx = i32(tap % KW) * DILATION_X;
    var y = at.y + ky;
    var x = at.x + kx;
    if (TRANSPOSED) {
        y = at.y - ky;
        x = at.x - kx;
        inside = inside && y >= 0 && x >= 0 && y % STRIDE_Y == 0 && x % STRIDE_X == 0;
        y /= STRIDE_Y;
        x /= STRIDE_X;
    }
    if (PADDED) { inside = inside && y >= 0 && y < i32(IH) && x >= 0 && x < i32(IW); }
    let i = at.base + channel * (IH * IW) + u32(y) * IW + u32(x);
    return select(0.0, load_b(select(0u, i, inside)), inside);
}

// Writes one element of the result: finished, or as a part of a sum.
fn write(row: u32, col: u32, split: u32, group: u32, value: f32) {
    if (row >= M || col >= N) { return; }
    let i = group * OUT_GROUP + row * OUT_ROW + (col / PIXELS) * OUT_IMAGE + col % PIXELS;
    if (SPLITS > 1u) {
        scratch[split * OUT_TOTAL + i] = value;
        return;
    }
    var x = value;
    if (HAS_SHIFT) { x += aux[places.shift + group * M + row]; }
    finish(i, x);
}
