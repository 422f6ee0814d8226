// Piece: Another size of each plane; an invocation makes one element.
// Places of samples: 0 half a pixel in, 1 from the corner on, 2 corners on corners.
fn place(i: u32, into: u32, size: u32) -> f32 {
    if (COORDINATES == 1u) { return f32(i) * (f32(size) / f32(into)); }
    if (COORDINATES == 2u) { return f32(i) * (f32(size - 1u) / f32(max(into - 1u, 1u))); }
    return (f32(i) + 0.5) * (f32(size) / f32(into)) - select(0.5, 0.0, NEAREST);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) tid: u32) {
    let i = (wid.x + wid.y * GRID_X) * THREADS + tid;
    if (i >= TOTAL) { return; }
    let base = (i / (OW * OH)) * (IH * IW);
    if (NEAREST) {
        // In whole numbers, so that no rounding moves a sample.
        let ox = i % OW;
        let oy = (i / OW) % OH;
        var x = ((2u * ox + 1u) * IW) / (2u * OW);
        var y = ((2u * oy + 1u) * IH) / (2u * OH);
        if (COORDINATES == 1u) { x = (ox * IW) / OW; y = (oy * IH) / OH; }
        if (COORDINATES == 2u) { x = (ox * (IW - 1u)) / max(OW - 1u, 1u); y = (oy * (IH - 1u)) / max(OH - 1u, 1u); }
        finish(i, load_b(base + min(y, IH - 1u) * IW + min(x, IW - 1u)));
        return;
    }
    let x = clamp(place(i % OW, OW, IW), 0.0, f32(IW - 1u));
    let y = clamp(place((i / OW) % OH, OH, IH), 0.0, f32(IH - 1u));
    let x0 = u32(x);
    let y0 = u32(y);
    let x1 = min(x0 + 1u, IW - 1u);
    let y1 = min(y0 + 1u, IH - 1u);
    let top = mix(load_b(base + y0 * IW + x0), load_b(base + y0 * IW + x1), x - f32(x0));
    let bottom = mix(load_b(base + y1 * IW + x0), load_b(base + y1 * IW + x1), x - f32(x0));
    finish(i, mix(top, bottom, y - f32(y0)));
}
