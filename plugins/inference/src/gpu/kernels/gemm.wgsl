// Piece: A product of matrices, of which convolutions and linear layers are cases: rows are channels of the result, columns its
// pixels (or rows of x), k runs over taps and channels. A workgroup makes BM x BN elements, an invocation TM x TN of
// them in registers; slices of BK are staged in workgroup memory, the next one on its way while one is worked on.
// In: A packed as [group][row tile][k][BM] among the weights, or a value [M, K]; B by its strides or by a window.
// Out: the result with summand and activation, or sums of a part of k in `scratch`.
@group(0) @binding(3) var<storage, read> weights: array<vec4<T>>;

var<workgroup> tile_a: array<vec4<f32>, BK * BM / 4u>;
var<workgroup> tile_b: array<vec4<f32>, BK * BN / 4u>;

const LOADS_A: u32 = BK * BM / 4u / THREADS;
const LOADS_B: u32 = BK * BN / THREADS;
const ACROSS: u32 = BN / TN;

// The next slice, on its way while one is worked on.
var<private> next_a: array<vec4<f32>, LOADS_A>;
var<private> next_b: array<f32, LOADS_B>;

// Four rows of A at one k, of a value [M, K].
fn fetch_rows(at: u32, row: u32, k: u32) -> vec4<f32> {
    var v = vec4(0.0);
    if (k < K) {
        for (var c = 0u; c < 4u; c++) {
            if (row + c < M) { v[c] = load_a(at + (row + c) * K + k); }
        }
    }
    return v;
}

fn fetch_slice(tile: u32, tid: u32, m_tile: u32, n_tile: u32, group: u32, a_base: u32, b_base: u32, own: Column) {
    let k0 = tile * BK;
    for (var j = 0u; j < LOADS_A; j++) {
        let e = tid + j * THREADS;
        if (BATCHED) {
            next_a[j] = fetch_rows(a_base, m_tile * BM + (e / BK) * 4u, k0 + e % BK);
        } else {
            next_a[j] = vec4<f32>(weights[a_base + k0 * (BM / 4u) + e]);
        }
    }
    // Where channels are a multiple of BK, all of a slice are of one tap.
    let run_tap = k0 / CHANNELS_IN;
    let run_channel = k0 % CHANNELS_IN;
    for (var j = 0u; j < LOADS_B; j++) {
        let e = tid + j * THREADS;
        if (K_FAST) {
            var at = column(n_tile * BN + e / BK, group);
            at.base += b_base;
            next_b[j] = fetch(at, k0 + e % BK, 0u, 0u);
        } else if (WHOLE) {
            next_b[j] = fetch(own, k0 + e / BN, run_tap, run_channel + e / BN);
        } else {
            let k = k0 + e / BN;
            next_b[j] = fetch(own, k, k / CHANNELS_IN, k % CHANNELS_IN);
        }
    }
}

fn stage_slice(tid: u32) {
    for (var j = 0u; j < LOADS_A; j++) {
        let e = tid + j * THREADS;
        if (BATCHED) {
            tile_a[(e % BK) * (BM / 4u) + e / BK] = next_a[j];
        } else {
            tile_a[e] = next_a[j];
        }
    }
    for (var j = 0u; j < LOADS_B; j++) {
        let e = tid + j * THREADS;
        if (K_FAST) {
            let c = e / BK;
            tile_b[(e % BK) * (BN / 4u) + c / 4u][c % 4u] = next_b[j];
        } else {
            let c = tid % BN;
            tile_b[(e / BN) * (BN / 4u) + c / 4u][c % 4u] = next_b[j];
        }
    }
}

fn write4(row: u32, col: u32, split: u32, group: u32, value: vec4<f32>) {
    write(row, col, split, group, value.x);
    write(row, col + 1u, split, group, value.y);
    write(row, col + 2u, split, group, value.z);
    write(row, col + 3u, split, group, value.w);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) tid: u32) {
    let id = wid.x + wid.y * GRID_X;
    if (id >= WORKGROUPS) { return; }
    let n_tile = id % N_TILES;
    let m_tile = (id / N_TILES) % M_TILES;
    let split = (id / (N_TILES * M_TILES)) % SPLITS;
    let group = id / (N_TILES * M_TILES * SPLITS);
    let first = split * SPLIT_TILES;
    let last = min(first + SPLIT_TILES, K_TILES);

    var a_base = places.weight / 4u + (group * M_TILES + m_tile) * (K_TILES * BK * BM / 4u);
    var b_base = 0u;
    if (BATCHED) {
        let b3 = group % BATCH_3;
        let b2 = (group / BATCH_3) % BATCH_2;
        let b1 = (group / (BATCH_3 * BATCH_2)) % BATCH_1;
        let b0 = group / (BATCH_3 * BATCH_2 * BATCH_1);
        a_base = b0 * A_BATCH_0 + b1 * A_BATCH_1 + b2 * A_BATCH_2 + b3 * A_BATCH_3;
        b_base = b0 * B_BATCH_0 + b1 * B_BATCH_1 + b2 * B_BATCH_2 + b3 * B_BATCH_3;
    }
    var own = column(n_tile * BN + tid % BN, group);
    own.base += b_base;
    var r0 = vec4(0.0); var r1 = vec4(0.0); var r2 = vec4(0.0); var r3 = vec4(0.0);
    var r4 = vec4(0.0); var r5 = vec4(0.0); var r6 = vec4(0.0); var r7 = vec4(0.0);
    var s0 = vec4(0.0); var s1 = vec4(0.0); var s2 = vec4(0.0); var s3 = vec4(0.0);
    var s4 = vec4(0.0); var s5 = vec4(0.0); var s6 = vec4(0.0); var s7 = vec4(0.0);
    let tx = tid % ACROSS;
    let ty = tid / ACROSS;

    fetch_slice(first, tid, m_tile, n_tile, group, a_base, b_base, own);
    for (var tile = first; tile < last; tile++) {
        stage_slice(tid);
        workgroupBarrier();
        if (tile + 1u < last) { fetch_slice(tile + 1u, tid, m_tile, n_tile, group, a_base, b_base, own); }
        for (var k = 0u; k < BK; k++) {
            let a = tile_a[k * (BM / 4u) + ty];
            let b = tile_b[k * (BN / 4u) + tx];
            r0 = fma(vec4(a.x), b, r0);
            r1 = fma(vec4(a.y), b, r1);
            r2 = fma(vec4(a.z), b, r2);
            r3 = fma(vec4(a.w), b, r3);
            if (TM == 8u) {
                let a2 = tile_a[k * (BM / 4u) + BM / 8u + ty];
                r4 = fma(vec4(a2.x), b, r4);
                r5 = fma(vec4(a2.y), b, r5);
                r6 = fma(vec4(a2.z), b, r6);
                r7 = fma(vec4(a2.w), b, r7);
                if (TN == 8u) {
                    let b2 = tile_b[k * (BN / 4u) + BN / 8u + tx];
                    s4 = fma(vec4(a2.x), b2, s4);
                    s5 = fma(vec4(a2.y), b2, s5);
                    s6 = fma(vec4(a2.z), b2, s6);
                    s7 = fma(vec4(a2.w), b2, s7);
                }
            }
            if (TN == 8u) {
                let b2 = tile_b[k * (BN / 4u) + BN / 8u + tx];
                s0 = fma(vec4(a.x), b2, s0);
                s1 = fma(vec4(a.y), b2, s1);
                s2 = fma(vec4(a.z), b2, s2);
                s3 = fma(vec4(a.w), b2, s3);
            }
        }
        workgroupBarrier();
    }

    let row = m_tile * BM + ty * 4u;
    let col = n_tile * BN + tx * 4u;
    write4(row, col, split, group, r0);
    write4(row + 1u, col, split, group, r1);
    write4(row + 2u, col, split, group, r2);
    write4(row + 3u, col, split, group, r3);
    if (TM == 8u) {
        write4(row + BM / 2u, col, split, group, r4);
        write4(row + BM / 2u + 1u, col, split, group, r5);
        write4(row + BM / 2u + 2u, col, split, group, r6);
        write4(row + BM / 2u + 3u, col, split, group, r7);
    }
    if (TN == 8u) {
        write4(row, col + BN / 2u, split, group, s0);
        write4(row + 1u, col + BN / 2u, split, group, s1);
        write4(row + 2u, col + BN / 2u, split, group, s2);
        write4(row + 3u, col + BN / 2u, split, group, s3);
        if (TM == 8u) {
            write4(row + BM / 2u, col + BN / 2u, split, group, s4);
            write4(row + BM / 2u + 1u, col + BN / 2u, split, group, s5);
            write4(row + BM / 2u + 2u, col + BN / 2u, split, group, s6);
            write4(row + BM / 2u + 3u, col + BN / 2u, split, group, s7);
        }
    }
}
