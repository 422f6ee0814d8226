// Piece: A convolution of each channel by itself: an invocation makes one element. Weights [O, KH * KW]; O = C * MULTIPLIER.
@group(0) @binding(3) var<storage, read> weights: array<T>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) tid: u32) {
    let i = (wid.x + wid.y * GRID_X) * THREADS + tid;
    if (i >= TOTAL) { return; }
    let out_x = i % OW;
    let out_y = (i / OW) % OH;
    let plane = i / (OW * OH);
    let channel = plane % M;
    let source = ((plane / M) * CHANNELS_IN + channel / MULTIPLIER) * (IH * IW);
    let x0 = i32(out_x) * STRIDE_X - PAD_LEFT;
    let y0 = i32(out_y) * STRIDE_Y - PAD_TOP;
    let base = places.weight + channel * (KH * KW);
    var sum = 0.0;
    if (HAS_SHIFT) { sum = aux[places.shift + channel]; }
    for (var ky = 0u; ky < KH; ky++) {
        let y = y0 + i32(ky) * DILATION_Y;
        for (var kx = 0u; kx < KW; kx++) {
            let x = x0 + i32(kx) * DILATION_X;
            if (y >= 0 && y < i32(IH) && x >= 0 && x < i32(IW)) {
                sum = fma(f32(weights[base + ky * KW + kx]), load_b(source + u32(y) * IW + u32(x)), sum);
            }
        }
    }
    finish(i, sum);
}
