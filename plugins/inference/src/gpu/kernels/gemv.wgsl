// Piece: In: x, rows of K; weights [M, K] as they are. Out: [rows, M]. LANES invocations share a row of the weights.
@group(0) @binding(3) var<storage, read> weights: array<vec4<T>>;

var<workgroup> sums: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) tid: u32) {
    let id = wid.x + wid.y * GRID_X;
    if (id >= WORKGROUPS) { return; }
    let column = id / M_TILES;
    let row = (id % M_TILES) * (THREADS / LANES) + tid / LANES;
    let lane = tid % LANES;
    var sum = 0.0;
    if (row < M) {
        let base = places.weight / 4u + row * (K_PACKED / 4u);
        for (var k = lane; k < K_PACKED / 4u; k += LANES) {
            let w = vec4<f32>(weights[base + k]);
            let at = column * K + k * 4u;
            // Weights are zero beyond K; x is another row's there.
            var x = vec4(load_b(at), 0.0, 0.0, 0.0);
            if (k * 4u + 1u < K) { x.y = load_b(at + 1u); }
            if (k * 4u + 2u < K) { x.z = load_b(at + 2u); }
            if (k * 4u + 3u < K) { x.w = load_b(at + 3u); }
            sum += dot(w, x);
        }
    }
    sums[tid] = sum;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (lane < half) { sums[tid] += sums[tid + half]; }
    }
    if (lane == 0u && row < M) {
        var x = sums[tid];
        if (HAS_SHIFT) { x += aux[places.shift + row]; }
        finish(column * M + row, x);
    }
}
