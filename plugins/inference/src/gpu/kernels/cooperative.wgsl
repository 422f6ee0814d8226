// Piece: The product of gemm.wgsl by matrix units: a subgroup of 32 makes TM x TN elements (up to 32x32) out of 16x16 matrices.
// K_GROUPS subgroups share the same elements, each with its part of every slice, so that few elements still keep many
// invocations busy; their sums are added through workgroup memory.
// In: A packed as [row tile][k slice][BM][BK] among the weights; B by a window or strides. Sums are of f32.
@group(0) @binding(3) var<storage, read> weights: array<vec4<T>>;

// Rows of A and columns of B, both along k; longer than they need be, so that eight of them lie in different banks.
const LENGTH: u32 = BK + 8u;
var<workgroup> tile_a: array<vec4<T>, BM * LENGTH / 4u>;
var<workgroup> tile_b: array<vec4<T>, BN * LENGTH / 4u>;
var<workgroup> sums: array<f32, K_GROUPS * BM * BN>;

const LOADS_A: u32 = BM * BK / 4u / THREADS;
const LOADS_B: u32 = BK * BN / 4u / THREADS;
const ACROSS: u32 = BN / TN;
const SUBGROUPS: u32 = THREADS / 32u / K_GROUPS;        // that share no element
const K_PART: u32 = BK / K_GROUPS;

alias MatrixA = coop_mat16x16<f16, A>;
alias MatrixB = coop_mat16x16<f16, B>;

fn load_t(i: u32) -> T {
    if (B_SPACE == IO) { return T(io[places.b + i]); }
    return arena[places.b + i];
}

// What comes from one slice to one invocation.
struct Slice { a: array<vec4<T>, LOADS_A>, b: array<vec4<T>, LOADS_B> }

// Where a column's element lies, of a tap and channel; the start of the picture where it is outside.
struct Seen { at: u32, inside: bool }

fn seen(own: Column, tap: u32, channel: u32) -> Seen {
    let y = own.y + i32(tap / KW) * DILATION_Y;
    let x = own.x + i32(tap % KW) * DILATION_X;
    let is_near = !PADDED || (y >= 0 && y < i32(IH) && x >= 0 && x < i32(IW));
    let inside = own.valid && is_near && tap < KH * KW;
    let i = own.base + channel * (IH * IW) + u32(y) * IW + u32(x);
    return Seen(select(0u, i, inside), inside);
}

// Of four channels from there on.
fn four(from_here: Seen) -> vec4<T> {
    let at = from_here.at;
    let v = vec4(load_t(at), load_t(at + IH * IW), load_t(at + 2u * IH * IW), load_t(at + 3u * IH * IW));
    return select(vec4(T(0.0)), v, from_here.inside);
}

fn fetch_at(own: Column, k: u32) -> f32 {
    return fetch(own, k, k / CHANNELS_IN, k % CHANNELS_IN);
}

fn fetch_slice(tile: u32, tid: u32, a_base: u32, n_tile: u32, own: Column) -> Slice {
    var next: Slice;
    let k0 = tile * BK;
    for (var j = 0u; j < LOADS_A; j++) {
        next.a[j] = weights[a_base + k0 * (BM / 4u) + tid + j * THREADS];
    }
    let k_own = tid / BN * 4u;
    if (WINDOWED && WHOLE) {
        // All of a slice are of one tap: one place and one test for all loads.
        let tap = k0 / CHANNELS_IN;
        let start = seen(own, tap, k0 % CHANNELS_IN + k_own);
        for (var j = 0u; j < LOADS_B; j++) {
            next.b[j] = four(Seen(start.at + j * (THREADS / BN * 4u * IH * IW), start.inside));
        }
    } else if (WINDOWED && CHANNELS_IN % 4u == 0u) {
        for (var j = 0u; j < LOADS_B; j++) {
            let k = k0 + k_own + j * (THREADS / BN * 4u);
            next.b[j] = four(seen(own, k / CHANNELS_IN, k % CHANNELS_IN));
        }
    } else {
        for (var j = 0u; j < LOADS_B; j++) {
            let k = k0 + k_own + j * (THREADS / BN * 4u);
            next.b[j] = vec4<T>(vec4(fetch_at(own, k), fetch_at(own, k + 1u), fetch_at(own, k + 2u), fetch_at(own, k + 3u)));
        }
    }
    return next;
}

fn stage_slice(tid: u32, given: Slice) {
    var next = given;
    for (var j = 0u; j < LOADS_A; j++) {
        let e = tid + j * THREADS;
        tile_a[(e / (BK / 4u)) * (LENGTH / 4u) + e % (BK / 4u)] = next.a[j];
    }
    for (var j = 0u; j < LOADS_B; j++) {
        tile_b[(tid % BN) * (LENGTH / 4u) + tid / BN + j * (THREADS / BN)] = next.b[j];
    }
}

var<private> c00: coop_mat16x16<f32, C>;
var<private> c01: coop_mat16x16<f32, C>;
var<private> c10: coop_mat16x16<f32, C>;
var<private> c11: coop_mat16x16<f32, C>;

// Adds the products of the staged slice to the sums.
fn multiply(k_group: u32, own_row: u32, own_col: u32) {
    let stride = LENGTH / 4u;
    for (var part = 0u; part < K_PART; part += 16u) {
        let k = k_group * K_PART + part;
        let a0_at = (own_row * LENGTH + k) / 4u;
        let b0_at = (own_col * LENGTH + k) / 4u;
        let a0 = coopLoadT<MatrixA>(&tile_a[a0_at], stride);
        let b0 = coopLoad<MatrixB>(&tile_b[b0_at], stride);
        c00 = coopMultiplyAdd(a0, b0, c00);
        if (TN == 32u) {
            let b1_at = b0_at + 4u * LENGTH;
            let b1 = coopLoad<MatrixB>(&tile_b[b1_at], stride);
            c01 = coopMultiplyAdd(a0, b1, c01);
            if (TM == 32u) {
                let a1_at = a0_at + 4u * LENGTH;
                let a1 = coopLoadT<MatrixA>(&tile_a[a1_at], stride);
                c10 = coopMultiplyAdd(a1, b0, c10);
                c11 = coopMultiplyAdd(a1, b1, c11);
            }
        } else if (TM == 32u) {
            let a1_at = a0_at + 4u * LENGTH;
            let a1 = coopLoadT<MatrixA>(&tile_a[a1_at], stride);
            c10 = coopMultiplyAdd(a1, b0, c10);
        }
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
    let subgroup = (tid / 32u) % SUBGROUPS;
    let k_group = tid / (32u * SUBGROUPS);
    let own_row = (subgroup / ACROSS) * TM;
    let own_col = (subgroup % ACROSS) * TN;
    c00 = coop_mat16x16<f32, C>();
    c01 = coop_mat16x16<f32, C>();
    c10 = coop_mat16x16<f32, C>();
    c11 = coop_mat16x16<f32, C>();

    // Two slices are on their way while one is worked on; two turns are written out, so that nothing waits for a copy.
    var even = fetch_slice(first, tid, a_base, n_tile, own);
    var odd = fetch_slice(min(first + 1u, last - 1u), tid, a_base, n_tile, own);
    for (var tile = first; tile < last; tile += 2u) {
        stage_slice(tid, even);
        workgroupBarrier();
        even = fetch_slice(min(tile + 2u, last - 1u), tid, a_base, n_tile, own);
        multiply(k_group, own_row, own_col);
        workgroupBarrier();
        if (tile + 1u >= last) { break; }
        stage_slice(tid, odd);
        workgroupBarrier();
        odd = fetch_slice(min(tile + 3u, last - 1u), tid, a_base, n_tile, own);
        multiply(k_group, own_row, own_col);
        workgroupBarrier();
    }

    let s_stride = BN;
    let s00 = (k_group * BM + own_row) * BN + own_col;
    coopStoreT(c00, &sums[s00], s_stride);
    if (TN == 32u) {
        let s01 = s00 + 16u;
        coopStoreT(c01, &sums[s01], s_stride);
    }
    if (TM == 32u) {
        let s10 = s00 + 16u * BN;
        coopStoreT(c10, &sums[s10], s_stride);
    }
    if (TM == 32u && TN == 32u) {
        let s11 = s00 + 16u * BN + 16u;
        coopStoreT(c11, &sums[s11], s_stride);
    }
    workgroupBarrier();
    for (var e = tid; e < BM * BN; e += THREADS) {
        var sum = sums[e];
        for (var g = 1u; g < K_GROUPS; g++) { sum += sums[g * BM * BN + e]; }
        write(m_tile * BM + e / BN, n_tile * BN + e % BN, split, 0u, sum);
    }
}
