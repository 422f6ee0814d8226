// In: the query features, 64 retrieval descriptors for each target to look at. Out: votes for each of these targets.
// `compare`: a workgroup takes 4 targets and 128 queries; a thread has one descriptor of each target in registers, so
// that a query read from shared memory serves four distances. `vote` merges the chunks and counts.
// With: types.wgsl hamming.wgsl agree.wgsl

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scan: array<u32>;
@group(0) @binding(2) var<storage, read> queries: array<u32>;
@group(0) @binding(3) var<storage, read> retrieval: array<vec4<u32>>; // 2 x 64 for each target
@group(0) @binding(4) var<storage, read_write> nearest_query: array<u32>; // chunk, slot, 64: distance << 16 | query
@group(0) @binding(5) var<storage, read> retrieval_points: array<vec4<f32>>; // x, y, scale, angle
@group(0) @binding(6) var<storage, read_write> votes: array<u32>; // slot
@group(1) @binding(0) var<storage, read> features: Features;
@group(1) @binding(1) var<storage, read> descriptors: array<vec4<u32>>; // 2 for each feature

const SLOTS = 4u;
var<workgroup> tile: array<vec4<u32>, 256>;

fn slots() -> u32 { return LOST + params.targets_per_frame; }

fn target_of(slot: u32) -> u32 {
    if slot >= slots() { return NONE; }
    return scan[slot];
}

@compute @workgroup_size(64)
fn compare(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) li: u32) {
    if params.target_count <= params.candidates { return; }
    let count = queries[0];
    let first = group.y * QUERY_CHUNK;
    let slot = group.x * SLOTS;
    let t0 = target_of(slot);
    let t1 = target_of(slot + 1u);
    let t2 = target_of(slot + 2u);
    let t3 = target_of(slot + 3u);
    if (t0 & t1 & t2 & t3) == NONE { return; } // `vote` does not read slots without a target

    let here = min(max(count, first) - first, QUERY_CHUNK);
    for (var i = li; i < here * 2u; i += 64u) { tile[i] = descriptors[queries[1u + first + i / 2u] * 2u + (i & 1u)]; }
    workgroupBarrier();

    let last = params.target_count - 1u;
    let p0 = (min(t0, last) * RETRIEVAL + li) * 2u;
    let p1 = (min(t1, last) * RETRIEVAL + li) * 2u;
    let p2 = (min(t2, last) * RETRIEVAL + li) * 2u;
    let p3 = (min(t3, last) * RETRIEVAL + li) * 2u;
    let a0 = retrieval[p0];
    let b0 = retrieval[p0 + 1u];
    let a1 = retrieval[p1];
    let b1 = retrieval[p1 + 1u];
    let a2 = retrieval[p2];
    let b2 = retrieval[p2 + 1u];
    let a3 = retrieval[p3];
    let b3 = retrieval[p3 + 1u];
    var best = vec4<u32>(NONE);
    for (var i = 0u; i < here; i++) {
        let a = tile[i * 2u];
        let b = tile[i * 2u + 1u];
        let apart = vec4(hamming(a, b, a0, b0), hamming(a, b, a1, b1), hamming(a, b, a2, b2), hamming(a, b, a3, b3));
        best = min(best, (apart << vec4<u32>(16u)) | vec4<u32>(first + i));
    }
    let stride = (slots() + SLOTS - 1u) / SLOTS * SLOTS * RETRIEVAL;
    let out = group.y * stride + slot * RETRIEVAL + li;
    nearest_query[out] = best.x;
    nearest_query[out + RETRIEVAL] = best.y;
    nearest_query[out + 2u * RETRIEVAL] = best.z;
    nearest_query[out + 3u * RETRIEVAL] = best.w;
}

const VOTE_DISTANCE = 64u;
var<workgroup> places: array<vec4<f32>, 64>;
var<workgroup> similarities: array<vec2<f32>, 64>;
var<workgroup> weights: array<u32, 64>;
var<workgroup> best_sum: atomic<u32>;

// A target's votes: the weight of the largest set of its matches that agree with one of them in place, turn and size.
// Chance matches do not agree, so even a handful of right ones stands out among a thousand targets (in the spirit of weak
// geometric consistency, Jegou, Douze and Schmid 2008). Whole numbers: the order of additions does not matter.
@compute @workgroup_size(64)
fn vote(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) li: u32) {
    let slot = group.x;
    if params.target_count <= params.candidates { return; }
    let found = target_of(slot);
    if found >= params.target_count {
        if li == 0u && slot < slots() { votes[slot] = 0u; }
        return;
    }
    let stride = (slots() + SLOTS - 1u) / SLOTS * SLOTS * RETRIEVAL;
    let chunks = (queries[0] + QUERY_CHUNK - 1u) / QUERY_CHUNK;
    var best = NONE;
    for (var chunk = 0u; chunk < chunks; chunk++) {
        best = min(best, nearest_query[chunk * stride + slot * RETRIEVAL + li]);
    }
    let apart = min(best >> 16u, VOTE_DISTANCE);
    let hit = apart < VOTE_DISTANCE;
    let weight = (VOTE_DISTANCE - apart) * (VOTE_DISTANCE - apart) / 16u;
    let seen = features.points[queries[1u + select(0u, best & 65535u, hit)]];
    let point = retrieval_points[found * RETRIEVAL + li];
    let turn = seen.angle - point.w;
    places[li] = vec4(point.xy, seen.x, seen.y);
    similarities[li] = seen.scale / max(point.z, 1e-6) * vec2(cos(turn), sin(turn));
    weights[li] = weight;
    if li == 0u { atomicStore(&best_sum, 0u); }
    workgroupBarrier();
    var sum = weight;
    for (var j = 0u; j < RETRIEVAL; j++) {
        sum += select(0u, weights[j], agree(places[li], similarities[li], places[j], similarities[j]));
    }
    if weight > 0u { atomicMax(&best_sum, sum); }
    workgroupBarrier();
    if li == 0u { votes[slot] = atomicLoad(&best_sum); }
}
