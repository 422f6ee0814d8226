// Piece: The greatest or the mean within a window of each plane; an invocation makes one element.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) tid: u32) {
    let i = (wid.x + wid.y * GRID_X) * THREADS + tid;
    if (i >= TOTAL) { return; }
    let out_x = i % OW;
    let out_y = (i / OW) % OH;
    let source = (i / (OW * OH)) * (IH * IW);
    let x0 = i32(out_x) * STRIDE_X - PAD_LEFT;
    let y0 = i32(out_y) * STRIDE_Y - PAD_TOP;
    var best = bitcast<f32>(0xff800000u | (i & 0u));
    var sum = 0.0;
    var count = 0u;
    for (var ky = 0u; ky < KH; ky++) {
        let y = y0 + i32(ky) * DILATION_Y;
        for (var kx = 0u; kx < KW; kx++) {
            let x = x0 + i32(kx) * DILATION_X;
            if (y >= 0 && y < i32(IH) && x >= 0 && x < i32(IW)) {
                let v = load_b(source + u32(y) * IW + u32(x));
                if (GREATEST) { best = greater(v, best); } else { sum += v; }
                count += 1u;
            } else if (COUNT_PADDING && y < i32(IH) + PAD_BOTTOM && x < i32(IW) + PAD_RIGHT) {
                count += 1u;
            }
        }
    }
    finish(i, select(sum / f32(max(count, 1u)), best, GREATEST));
}
