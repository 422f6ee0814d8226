// Piece: Scaled dot-product attention with sums kept on the way (Milakov and Gimelshein 2018), so that rows of any length fit.
// A workgroup makes QUERIES rows of one head: scores of THREADS keys at a time, one for each invocation, then the
// weighted sum of values, one dimension for each.
var<workgroup> query: array<f32, QUERIES * DEPTH>;
var<workgroup> scores: array<f32, QUERIES * THREADS>;
var<workgroup> parts: array<f32, THREADS>;

fn load_value(i: u32) -> f32 { return load(C_SPACE, places.weight + i); }

fn gather(tid: u32, value: f32, greatest: bool) -> f32 {
    workgroupBarrier();
    parts[tid] = value;
    for (var half = THREADS / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (tid < half) {
            let other = parts[tid + half];
            if (greatest) { parts[tid] = greater(other, parts[tid]); } else { parts[tid] += other; }
        }
    }
    workgroupBarrier();
    return parts[0];
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) tid: u32) {
    let id = wid.x + wid.y * GRID_X;
    if (id >= WORKGROUPS) { return; }
    let first = (id % QUERY_TILES) * QUERIES;
    let head = (id / QUERY_TILES) % HEADS;
    let batch = id / (QUERY_TILES * HEADS);
    let q_base = batch * LQ * (HEADS * DEPTH) + head * DEPTH;
    let k_base = batch * LK * (HEADS * DEPTH) + head * DEPTH;
    for (var e = tid; e < QUERIES * DEPTH; e += THREADS) {
        let q = first + e / DEPTH;
        var x = 0.0;
        if (q < LQ) { x = load_a(q_base + q * (HEADS * DEPTH) + e % DEPTH); }
        query[e] = x;
    }
    var best: array<f32, QUERIES>;
    var total: array<f32, QUERIES>;
    var sums: array<f32, QUERIES * SLOTS>;
    for (var q = 0u; q < QUERIES; q++) { best[q] = LEAST; }
    workgroupBarrier();
    for (var start = 0u; start < LK; start += THREADS) {
        let key = start + tid;
        var dots = array<f32, QUERIES>();
        if (key < LK) {
            for (var d = 0u; d < DEPTH; d++) {
                let x = load_b(k_base + key * (HEADS * DEPTH) + d);
                for (var q = 0u; q < QUERIES; q++) { dots[q] = fma(query[q * DEPTH + d], x, dots[q]); }
            }
        }
        for (var q = 0u; q < QUERIES; q++) {
            let seen = key < LK && (!CAUSAL || key <= first + q);
            let score = select(LEAST, dots[q] * SCALE, seen);
            let most = greater(gather(tid, score, true), best[q]);
            let weight = select(0.0, exp(score - most), seen);
            scores[q * THREADS + tid] = weight;
            let shrink = exp(best[q] - most);
            total[q] = total[q] * shrink + gather(tid, weight, false);
            best[q] = most;
            for (var s = 0u; s < SLOTS; s++) { sums[q * SLOTS + s] *= shrink; }
        }
        workgroupBarrier();
        let count = min(THREADS, LK - start);
        for (var s = 0u; s < SLOTS; s++) {
            let d = tid + s * THREADS;
            if (d < DEPTH) {
                for (var k = 0u; k < count; k++) {
                    let x = load_value(k_base + (start + k) * (HEADS * DEPTH) + d);
                    for (var q = 0u; q < QUERIES; q++) { sums[q * SLOTS + s] = fma(scores[q * THREADS + k], x, sums[q * SLOTS + s]); }
                }
            }
        }
        workgroupBarrier();
    }
    for (var q = 0u; q < QUERIES; q++) {
        for (var s = 0u; s < SLOTS; s++) {
            let d = tid + s * THREADS;
            if (d < DEPTH && first + q < LQ) {
                finish(q_base + (first + q) * (HEADS * DEPTH) + d, sums[q * SLOTS + s] / total[q]);
            }
        }
    }
}
