// Piece: In: sums over parts of k, one after the other in `scratch`. Out: their sum with shift, summand and activation.
@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) tid: u32) {
    let i = (wid.x + wid.y * GRID_X) * THREADS + tid;
    if (i >= TOTAL) { return; }
    var sum = 0.0;
    for (var split = 0u; split < SPLITS; split++) { sum += scratch[split * TOTAL + i]; }
    if (HAS_SHIFT) { sum += aux[places.shift + (i / PIXELS) % ROWS]; }
    finish(i, sum);
}
