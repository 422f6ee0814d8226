// Piece: Rows of a table [V, D] by numbers; one outside takes the nearest row.
@group(0) @binding(3) var<storage, read> weights: array<T>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) tid: u32) {
    let i = (wid.x + wid.y * GRID_X) * THREADS + tid;
    if (i >= TOTAL) { return; }
    let row = u32(clamp(load_b(i / D), 0.0, f32(V - 1u)));
    finish(i, f32(weights[places.weight + min(row, V - 1u) * D + i % D]));
}
