// Piece: Over many elements at a time: means, sums, maxima, softmax, norms. An outer index says which elements are gathered, an
// inner one runs over them; LANES invocations share an outer index, and go over its elements once or more.
var<workgroup> parts: array<f32, THREADS>;

fn outer_place(i: u32) -> u32 {
    let r3 = i / D3;
    let r2 = r3 / D2;
    return (r2 / D1) * A0 + (r2 % D1) * A1 + (r3 % D2) * A2 + (i % D3) * A3;
}
fn inner_place(k: u32) -> u32 {
    let r3 = k / E3;
    let r2 = r3 / E2;
    return (r2 / E1) * B0 + (r2 % E1) * B1 + (r3 % E2) * B2 + (k % E3) * B3;
}

// All LANES get the sum or the greatest of what they bring.
fn gather(tid: u32, value: f32, greatest: bool) -> f32 {
    let lane = tid % LANES;
    workgroupBarrier();
    parts[tid] = value;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (lane < half) {
            let other = parts[tid + half];
            if (greatest) { parts[tid] = greater(other, parts[tid]); } else { parts[tid] += other; }
        }
    }
    workgroupBarrier();
    return parts[tid - lane];
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) tid: u32) {
    let outer = (wid.x + wid.y * GRID_X) * (THREADS / LANES) + tid / LANES;
    let lane = tid % LANES;
    let valid = outer < OUTER;
    let base = outer_place(min(outer, OUTER - 1u));
    var sum = 0.0;
    var best = bitcast<f32>(0xff800000u | (lane & 0u));
    for (var k = lane; k < INNER; k += LANES) {
        let x = load_b(base + inner_place(k));
        best = greater(x, best);
        sum += select(x, x * x, SQUARES);
    }
    if (MODE == 2u || SOFT) { best = gather(tid, best, true); } else { sum = gather(tid, sum, false); }
    if (MODE <= 2u) {
        // 0 mean, 1 sum, 2 greatest
        if (valid && lane == 0u) {
            finish(outer, select(select(sum / f32(INNER), sum, MODE == 1u), best, MODE == 2u));
        }
        return;
    }
    var offset = 0.0;
    var factor = 1.0;
    if (SOFT) {
        // 3 softmax, 4 its logarithm
        sum = 0.0;
        for (var k = lane; k < INNER; k += LANES) { sum += exp(load_b(base + inner_place(k)) - best); }
        sum = gather(tid, sum, false);
        offset = best;
        factor = select(1.0 / sum, log(sum), MODE == 4u);
    } else if (MODE == 5u) {
        // Layer and group norm: the variance in a second turn, so that nothing cancels.
        offset = sum / f32(INNER);
        sum = 0.0;
        for (var k = lane; k < INNER; k += LANES) {
            let d = load_b(base + inner_place(k)) - offset;
            sum += d * d;
        }
        sum = gather(tid, sum, false);
        factor = 1.0 / sqrt(sum / f32(INNER) + EPSILON);
    } else if (MODE == 6u) {
        factor = 1.0 / sqrt(sum / f32(INNER) + EPSILON);
    } else {
        factor = 1.0 / greater(sqrt(sum), EPSILON);
    }
    if (!valid) { return; }
    for (var k = lane; k < INNER; k += LANES) {
        let i = base + inner_place(k);
        let d = load_b(i) - offset;
        var y = d * factor;
        if (MODE == 3u) { y = exp(d) * factor; }
        if (MODE == 4u) { y = d - factor; }
        // Weights go with the inner index, or with channels.
        let w = select(k, (i / CHANNEL_INNER) % CHANNELS, BY_CHANNEL);
        if (HAS_WEIGHT) { y *= aux[places.slope + w]; }
        if (HAS_SHIFT) { y += aux[places.shift + w]; }
        finish(i, y);
    }
}
