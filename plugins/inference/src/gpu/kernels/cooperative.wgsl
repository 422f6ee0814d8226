// The product of gemm.wgsl by matrix units: a subgroup of 32 makes up to 32x32 elements out of 16x16 matrices.
// In: A packed as [row tile][k slice][BM][BK] among the weights; B by a window or strides. Sums are of f32.
@group(0) @binding(3) var<storage, read> weights: array<vec4<T>>;

// Rows of both are longer than they need be, so that eight rows lie in different banks.
const A_LENGTH: u32 = BK + 8u;
const B_LENGTH: u32 = BN + 8u;
var<workgroup> tile_a: array<vec4<T>, BM * A_LENGTH / 4u>;
var<workgroup> tile_b: array<T, BK * B_LENGTH>;
var<workgroup> stage: array<f32, THREADS / 32u * 256u>;

const LOADS_A: u32 = BM * BK / 4u / THREADS;
const LOADS_B: u32 = BK * BN / THREADS;
const ACROSS: u32 = BN / TN;

alias MatrixA = coop_mat16x16<f16, A>;
alias MatrixB = coop_mat16x16<f16, B>;

fn write_stage(tid: u32, row: u32, col: u32, split: u32) {
    let base = (tid / 32u) * 256u;
    for (var j = 0u; j < 8u; j++) {
        let e = tid % 32u + j * 32u;
        write(row + e / 16u, col + e % 16u, split, 0u, stage[base + e]);
    }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) tid: u32) {
    let id = wid.x + wid.y * GRID_X;
    if (id >= WORKGROUPS) { return; }
    let n_tile = id % N_TILES;
    let m_tile = (id / N_TILES) % M_TILES;
    let split = id / (N_TILES * M_TILES);
    let first = split * SPLIT_TILES;
    let last = min(first + SPLIT_TILES, K_TILES);
    let a_base = places.weight / 4u + m_tile * (K_TILES * BK * BM / 4u);
    let own = column(n_tile * BN + tid % BN, 0u);
    var next_a: array<vec4<T>, LOADS_A>;
    var next_b: array<T, LOADS_B>;
    var c00 = coop_mat16x16<f32, C>();
    var c01 = coop_mat16x16<f32, C>();
    var c10 = coop_mat16x16<f32, C>();
    var c11 = coop_mat16x16<f32, C>();
    let subgroup = tid / 32u;
    let own_row = (subgroup / ACROSS) * TM;
    let own_col = (subgroup % ACROSS) * TN;

    for (var tile = first; tile <= last; tile++) {
        if (tile > first) {
            for (var j = 0u; j < LOADS_A; j++) {
                let e = tid + j * THREADS;
                tile_a[(e / (BK / 4u)) * (A_LENGTH / 4u) + e % (BK / 4u)] = next_a[j];
            }
            for (var j = 0u; j < LOADS_B; j++) {
                let e = tid + j * THREADS;
                if (K_FAST) {
                    tile_b[(e % BK) * B_LENGTH + e / BK] = next_b[j];
                } else {
                    tile_b[(e / BN) * B_LENGTH + tid % BN] = next_b[j];
                }
            }
        }
        workgroupBarrier();
        if (tile < last) {
            let k0 = tile * BK;
            for (var j = 0u; j < LOADS_A; j++) {
                next_a[j] = weights[a_base + k0 * (BM / 4u) + tid + j * THREADS];
            }
            let run_tap = k0 / CHANNELS_IN;
            let run_channel = k0 % CHANNELS_IN;
            for (var j = 0u; j < LOADS_B; j++) {
                let e = tid + j * THREADS;
                if (K_FAST) {
                    next_b[j] = T(fetch(column(n_tile * BN + e / BK, 0u), k0 + e % BK, 0u, 0u));
                } else if (WHOLE) {
                    next_b[j] = T(fetch(own, k0 + e / BN, run_tap, run_channel + e / BN));
                } else {
                    let k = k0 + e / BN;
                    next_b[j] = T(fetch(own, k, k / CHANNELS_IN, k % CHANNELS_IN));
                }
            }
        }
        if (tile > first) {
            let a_stride = A_LENGTH / 4u;
            let b_stride = B_LENGTH;
            for (var k = 0u; k < BK; k += 16u) {
                let a0_at = (own_row * A_LENGTH + k) / 4u;
                let b0_at = k * B_LENGTH + own_col;
                let a0 = coopLoadT<MatrixA>(&tile_a[a0_at], a_stride);
                let b0 = coopLoadT<MatrixB>(&tile_b[b0_at], b_stride);
                c00 = coopMultiplyAdd(a0, b0, c00);
                if (TN == 32u) {
                    let b1_at = b0_at + 16u;
                    let b1 = coopLoadT<MatrixB>(&tile_b[b1_at], b_stride);
                    c01 = coopMultiplyAdd(a0, b1, c01);
                    if (TM == 32u) {
                        let a1_at = a0_at + 4u * A_LENGTH;
                        let a1 = coopLoadT<MatrixA>(&tile_a[a1_at], a_stride);
                        c10 = coopMultiplyAdd(a1, b0, c10);
                        c11 = coopMultiplyAdd(a1, b1, c11);
                    }
                } else if (TM == 32u) {
                    let a1_at = a0_at + 4u * A_LENGTH;
                    let a1 = coopLoadT<MatrixA>(&tile_a[a1_at], a_stride);
                    c10 = coopMultiplyAdd(a1, b0, c10);
                }
            }
        }
        workgroupBarrier();
    }

    let row = m_tile * BM + own_row;
    let col = n_tile * BN + own_col;
    let stage_at = subgroup * 256u;
    let stride = 16u;
    coopStoreT(c00, &stage[stage_at], stride);
    workgroupBarrier();
    write_stage(tid, row, col, split);
    if (TN == 32u) {
        workgroupBarrier();
        coopStoreT(c01, &stage[stage_at], stride);
        workgroupBarrier();
        write_stage(tid, row, col + 16u, split);
    }
    if (TM == 32u) {
        workgroupBarrier();
        coopStoreT(c10, &stage[stage_at], stride);
        workgroupBarrier();
        write_stage(tid, row + 16u, col, split);
    }
    if (TM == 32u && TN == 32u) {
        workgroupBarrier();
        coopStoreT(c11, &stage[stage_at], stride);
        workgroupBarrier();
        write_stage(tid, row + 16u, col + 16u, split);
    }
}
