// In: candidates, their descriptors, the frame's features. Out: for each candidate up to 512 pairs (target px, frame px).
//
// A target's descriptors come from several views, so the same place is there several times. Enrolment puts descriptors
// of one place into one aligned group of four; the second best distance, for the ratio test (Lowe 2004), is that of the
// best other group. A duplicate of the place therefore never spoils the test, at no cost.
// With: types.wgsl hamming.wgsl

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> candidates: array<u32>;
@group(0) @binding(2) var<storage, read> targets: array<Target>;
@group(0) @binding(3) var<storage, read> target_descriptors: array<vec4<u32>>; // 2 for each
@group(0) @binding(4) var<storage, read_write> nearest: array<vec2<u32>>; // candidate, chunk, feature: distance << 16 | descriptor
@group(0) @binding(5) var<storage, read> target_points: array<vec4<f32>>; // x, y, scale, angle
@group(0) @binding(6) var<storage, read_write> pairs: array<Pair>; // candidate x 512
@group(0) @binding(7) var<storage, read_write> pair_counts: array<vec4<u32>>; // candidate: pairs, pairs before ranking
@group(0) @binding(8) var<storage, read> hypotheses: array<Hypothesis>; // candidate x (BLOCKS + 1)
@group(1) @binding(0) var<storage, read> features: Features;
@group(1) @binding(1) var<storage, read> descriptors: array<vec4<u32>>;

var<workgroup> tile: array<vec4<u32>, 256>;

fn two_best(before: vec2<u32>, group_best: u32) -> vec2<u32> {
    return vec2(min(before.x, group_best), min(before.y, max(before.x, group_best)));
}

// A workgroup takes 256 features and 128 descriptors; a thread has four features in registers, so that a descriptor
// read from shared memory serves four distances.
@compute @workgroup_size(64)
fn compare(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) li: u32) {
    let candidate = candidates[group.z];
    let count = min(features.count, params.feature_capacity);
    if candidate >= params.target_count || group.x * 256u >= count { return; }
    let first = group.y * CHUNK;
    let all = targets[candidate].count;
    if first >= all { return; }
    let here = min(all - first, CHUNK);
    let start = (targets[candidate].first + first) * 2u;
    for (var i = li; i < CHUNK * 2u; i += 64u) {
        // The last group of four is filled up with its last descriptor.
        tile[i] = target_descriptors[start + min(i / 2u, here - 1u) * 2u + (i & 1u)];
    }
    workgroupBarrier();

    let f0 = group.x * 256u + li;
    let f1 = f0 + 64u;
    let f2 = f0 + 128u;
    let f3 = f0 + 192u;
    let last = count - 1u;
    let a0 = descriptors[min(f0, last) * 2u];
    let b0 = descriptors[min(f0, last) * 2u + 1u];
    let a1 = descriptors[min(f1, last) * 2u];
    let b1 = descriptors[min(f1, last) * 2u + 1u];
    let a2 = descriptors[min(f2, last) * 2u];
    let b2 = descriptors[min(f2, last) * 2u + 1u];
    let a3 = descriptors[min(f3, last) * 2u];
    let b3 = descriptors[min(f3, last) * 2u + 1u];
    var n0 = vec2<u32>(NONE);
    var n1 = vec2<u32>(NONE);
    var n2 = vec2<u32>(NONE);
    var n3 = vec2<u32>(NONE);
    for (var i = 0u; i < here; i += 4u) {
        var of_group = vec4<u32>(NONE);
        for (var j = 0u; j < 4u; j++) {
            let a = tile[(i + j) * 2u];
            let b = tile[(i + j) * 2u + 1u];
            let apart =
                vec4(hamming(a, b, a0, b0), hamming(a, b, a1, b1), hamming(a, b, a2, b2), hamming(a, b, a3, b3));
            let index = first + min(i + j, here - 1u);
            of_group = min(of_group, (apart << vec4<u32>(16u)) | vec4<u32>(index));
        }
        n0 = two_best(n0, of_group.x);
        n1 = two_best(n1, of_group.y);
        n2 = two_best(n2, of_group.z);
        n3 = two_best(n3, of_group.w);
    }
    let out = (group.z * params.chunks + group.y) * params.feature_capacity;
    if f0 < count { nearest[out + f0] = n0; }
    if f1 < count { nearest[out + f1] = n1; }
    if f2 < count { nearest[out + f2] = n2; }
    if f3 < count { nearest[out + f3] = n3; }
}

const SIDE = 256u;
var<workgroup> taken: array<atomic<u32>, 2048>; // for each descriptor: the nearest of the features that chose it
var<workgroup> bins: array<atomic<u32>, 256>;
var<workgroup> sums: array<u32, 256>;

fn inclusive(li: u32, value: u32) -> u32 {
    sums[li] = value;
    workgroupBarrier();
    for (var step = 1u; step < SIDE; step *= 2u) {
        var left = 0u;
        if li >= step { left = sums[li - step]; }
        workgroupBarrier();
        sums[li] += left;
        workgroupBarrier();
    }
    return sums[li];
}

// Merges the chunks, tests distance, ratio and mutual choice, keeps the nearest 512, in the order of the features.
fn gather(k: u32, li: u32, candidate: u32, chunks: u32, distance_max: u32) {
    let count = min(features.count, params.feature_capacity);
    let described = min(targets[candidate].count, 2048u);
    let base = k * params.chunks * params.feature_capacity;
    for (var i = li; i < described; i += SIDE) { atomicStore(&taken[i], NONE); }
    atomicStore(&bins[li], 0u);
    workgroupBarrier();
    for (var f = li; f < count; f += SIDE) {
        var two = vec2<u32>(NONE);
        for (var chunk = 0u; chunk < chunks; chunk++) {
            let more = nearest[base + chunk * params.feature_capacity + f];
            two = vec2(min(two.x, more.x), min(min(two.y, more.y), max(two.x, more.x)));
        }
        let apart = two.x >> 16u;
        if apart <= distance_max && f32(apart) <= params.ratio * f32(two.y >> 16u) {
            atomicMin(&taken[two.x & 65535u], (apart << 16u) | f);
        } else {
            two.x = NONE;
        }
        // Chunk 0's place is free now; only this thread reads it before the next barrier.
        nearest[base + f].x = two.x;
    }
    storageBarrier();
    workgroupBarrier();
    for (var f = li; f < count; f += SIDE) {
        let best = nearest[base + f].x;
        if best != NONE {
            if atomicLoad(&taken[best & 65535u]) == ((best & 0xffff0000u) | f) {
                atomicAdd(&bins[min(best >> 16u, 255u)], 1u);
            } else {
                nearest[base + f].x = NONE;
            }
        }
    }
    storageBarrier();
    workgroupBarrier();
    // Distances up to which all pairs fit.
    let upto = inclusive(li, atomicLoad(&bins[li]));
    workgroupBarrier();
    atomicStore(&bins[li], 0u);
    workgroupBarrier();
    if upto <= PAIRS { atomicAdd(&bins[0], 1u); }
    workgroupBarrier();
    let limit = atomicLoad(&bins[0]);

    let each = (count + SIDE - 1u) / SIDE;
    let from_feature = min(li * each, count);
    let to_feature = min(from_feature + each, count);
    var mine = 0u;
    for (var f = from_feature; f < to_feature; f++) {
        mine += select(0u, 1u, (nearest[base + f].x >> 16u) < limit);
    }
    workgroupBarrier();
    var at = inclusive(li, mine) - mine;
    if li == SIDE - 1u {
        pair_counts[k].x = at + mine;
    }
    for (var f = from_feature; f < to_feature; f++) {
        let best = nearest[base + f].x;
        if (best >> 16u) >= limit { continue; }
        let place = target_points[targets[candidate].first + (best & 65535u)];
        let seen = features.points[f];
        let turn = seen.angle - place.w;
        let size = seen.scale / max(place.z, 1e-6);
        var pair: Pair;
        pair.target_px = place.xy;
        pair.frame_px = vec2(seen.x, seen.y);
        pair.similarity = size * vec2(cos(turn), sin(turn));
        pair.scale = seen.scale;
        pair.distance = f32(best >> 16u);
        pairs[k * PAIRS + at] = pair;
        at++;
    }
}

// One workgroup for each candidate.
@compute @workgroup_size(256)
fn collect(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) li: u32) {
    let candidate = candidates[group.x];
    if candidate >= params.target_count || targets[candidate].count == 0u {
        if li == 0u { pair_counts[group.x] = vec4<u32>(0u); }
        return;
    }
    let chunks = min((targets[candidate].count + CHUNK - 1u) / CHUNK, params.chunks);
    if li == SIDE - 1u { pair_counts[group.x] = vec4<u32>(0u); } // x is written by the same thread later
    gather(group.x, li, candidate, chunks, params.distance_max);
}

// The same after `guide`: its matches lie where chunk 0 was, without a second best.
@compute @workgroup_size(256)
fn collect_guided(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) li: u32) {
    let candidate = candidates[group.x];
    // No hypothesis, no guidance.
    if candidate >= params.target_count || hypotheses[group.x * (BLOCKS + 1u) + BLOCKS].cost >= 1.0 { return; }
    gather(group.x, li, candidate, 1u, GUIDED_DISTANCE);
}
