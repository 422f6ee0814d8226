// In: the pairs of each candidate. Out: the same pairs, those first that agree with most others; those with little
// support are gone. One workgroup for each candidate. All pairs are compared with all (at most 512 x 512): with few
// right matches among many wrong ones this finds them, where blind samples of four would not.
// With: ../matching/types.wgsl ../matching/agree.wgsl

@group(0) @binding(1) var<storage, read_write> pairs: array<Pair>;
@group(0) @binding(2) var<storage, read_write> pair_counts: array<vec4<u32>>;

const SIDE = 256u;
const SUPPORT_MIN = 5u; // less than that for the best pair: no target here
var<workgroup> places: array<vec4<f32>, 512>;
var<workgroup> similarities: array<vec2<f32>, 512>;
var<workgroup> keys: array<u32, 512>;
var<workgroup> most: atomic<u32>;
var<workgroup> kept: atomic<u32>;
var<workgroup> count_here: u32;

@compute @workgroup_size(256)
fn rank(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) li: u32) {
    if li == 0u {
        count_here = min(pair_counts[group.x].x, PAIRS);
        atomicStore(&most, 0u);
        atomicStore(&kept, 0u);
    }
    let count = workgroupUniformLoad(&count_here);
    if count == 0u { return; }
    let i0 = li;
    let i1 = li + SIDE;
    let base = group.x * PAIRS;
    let pair0 = pairs[base + min(i0, count - 1u)];
    let pair1 = pairs[base + min(i1, count - 1u)];
    places[i0] = vec4(pair0.target_px, pair0.frame_px);
    places[i1] = vec4(pair1.target_px, pair1.frame_px);
    similarities[i0] = pair0.similarity;
    similarities[i1] = pair1.similarity;
    workgroupBarrier();

    let place0 = places[i0];
    let place1 = places[i1];
    var support0 = 0u;
    var support1 = 0u;
    for (var j = 0u; j < count; j++) {
        let place = places[j];
        let similarity = similarities[j];
        support0 += select(0u, 1u, agree(place0, pair0.similarity, place, similarity));
        support1 += select(0u, 1u, agree(place1, pair1.similarity, place, similarity));
    }
    if i0 < count { atomicMax(&most, support0); }
    if i1 < count { atomicMax(&most, support1); }
    workgroupBarrier();
    let best = atomicLoad(&most);
    let least = max(3u, best / 4u);
    // Small keys first: much support, then a small distance, then the order of the features.
    keys[i0] = ((PAIRS - support0) << 18u) | (min(u32(pair0.distance), 511u) << 9u) | i0;
    keys[i1] = ((PAIRS - support1) << 18u) | (min(u32(pair1.distance), 511u) << 9u) | i1;
    if i0 >= count || support0 < least || best < SUPPORT_MIN { keys[i0] = NONE; } else { atomicAdd(&kept, 1u); }
    if i1 >= count || support1 < least || best < SUPPORT_MIN { keys[i1] = NONE; } else { atomicAdd(&kept, 1u); }
    workgroupBarrier();
    let key0 = keys[i0];
    let key1 = keys[i1];
    var rank0 = 0u;
    var rank1 = 0u;
    for (var j = 0u; j < count; j++) {
        rank0 += select(0u, 1u, keys[j] < key0);
        rank1 += select(0u, 1u, keys[j] < key1);
    }
    // All were read before the last barrier.
    if key0 != NONE { pairs[base + rank0] = pair0; }
    if key1 != NONE { pairs[base + rank1] = pair1; }
    if li == 0u { pair_counts[group.x] = vec4(atomicLoad(&kept), count, best, 0u); }
}
