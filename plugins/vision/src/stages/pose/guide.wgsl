// In: refined hypotheses, descriptors of candidates and frame. Out: for each feature inside the outline of the best
// hypothesis the descriptor nearest in bits among those that it puts within a few px, turned and sized alike. What is
// right gains many matches now, also between views and among repeats where the ratio test is silent; chance gains few.
// A workgroup takes 256 features of one candidate; those inside move together first, so that the others cost nothing.

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> candidates: array<u32>;
@group(0) @binding(2) var<storage, read> targets: array<Target>;
@group(0) @binding(3) var<storage, read> target_descriptors: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> nearest: array<vec2<u32>>; // written where chunk 0 was
@group(0) @binding(5) var<storage, read> target_points: array<vec4<f32>>; // x, y, scale, angle
@group(0) @binding(6) var<storage, read_write> hypotheses: array<Hypothesis>; // candidate x (BLOCKS + 1): the best goes last
@group(1) @binding(0) var<storage, read> features: Features;
@group(1) @binding(1) var<storage, read> descriptors: array<vec4<u32>>;

const SIDE = 256u;
const INLIERS_MIN = 6u; // of the unguided matches
const REACH = 6.0; // px at descriptor scale 2 and below
const REACH_AGAIN = 4.0;
var<workgroup> inside: array<atomic<u32>, 8>; // a bit for each feature
var<workgroup> list: array<u32, 256>;
var<workgroup> places: array<vec4<f32>, 128>; // x, y, direction
var<workgroup> sizes: array<f32, 128>;
var<workgroup> tile: array<vec4<u32>, 256>;

@compute @workgroup_size(256)
fn guide(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) li: u32) {
    let slot = group.y * (BLOCKS + 1u);
    var best = slot;
    for (var i = 1u; i < BLOCKS; i++) {
        if hypotheses[slot + i].cost < hypotheses[best].cost { best = slot + i; }
    }
    search(group, li, best, REACH, true);
}

// Once more from what the first round led to: matches spread from one part of the target to all of it.
@compute @workgroup_size(256)
fn guide_again(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) li: u32) {
    search(group, li, group.y * (BLOCKS + 1u) + BLOCKS, REACH_AGAIN, false);
}

fn search(group: vec3<u32>, li: u32, best: u32, reach_px: f32, first_round: bool) {
    let candidate = candidates[group.y];
    if candidate >= params.target_count { return; }
    let h = hypotheses[best].homography;
    let found = hypotheses[best].cost < 1.0 && hypotheses[best].inliers >= INLIERS_MIN;
    let hx = vec3(h[0], h[1], h[2]);
    let hy = vec3(h[3], h[4], h[5]);
    let hw = vec3(h[6], h[7], h[8]);
    let size = vec2(targets[candidate].width, targets[candidate].height);
    // Positive depth at the corners: else the outline is torn.
    let depths = vec4(hw.z, hw.x * size.x + hw.z, hw.y * size.y + hw.z, hw.x * size.x + hw.y * size.y + hw.z);
    let ok = found && all(depths > vec4(0.0));
    if group.x == 0u && li == 0u {
        var copy = hypotheses[best];
        copy.cost = select(2.0, copy.cost, ok);
        if first_round { copy.unguided = copy.inliers; }
        hypotheses[group.y * (BLOCKS + 1u) + BLOCKS] = copy;
    }
    let count = min(features.count, params.feature_capacity);
    let f = group.x * SIDE + li;
    // Branches around a barrier have to be the same for all: these are.
    if !ok || group.x * SIDE >= count { return; }

    // Back to the target through the adjugate: x = rows of H^-1 up to a factor.
    let bx = cross(hy, hw);
    let by = cross(hw, hx);
    let bw = cross(hx, hy);
    if li < 8u { atomicStore(&inside[li], 0u); }
    workgroupBarrier();
    if f < count {
        let place = vec3(features.points[f].x, features.points[f].y, 1.0);
        let back = place.x * bx + place.y * by + bw;
        let at = back.xy / back.z;
        if all(at > vec2(0.0)) && all(at < size) { atomicOr(&inside[li / 32u], 1u << (li % 32u)); }
        nearest[group.y * params.chunks * params.feature_capacity + f] = vec2<u32>(NONE);
    }
    workgroupBarrier();
    var before = 0u;
    var total = 0u;
    for (var i = 0u; i < 8u; i++) {
        let word = atomicLoad(&inside[i]);
        let bits = countOneBits(word);
        if i < li / 32u { before += bits; }
        if i == li / 32u { before += countOneBits(word & ((1u << (li % 32u)) - 1u)); }
        total += bits;
    }
    let here = (atomicLoad(&inside[li / 32u]) & (1u << (li % 32u))) != 0u;
    if here { list[before] = f; }
    workgroupBarrier();

    let busy = li < total;
    let mine = list[select(0u, li, busy)];
    let seen = features.points[select(0u, mine, busy)];
    let a = descriptors[select(0u, mine, busy) * 2u];
    let b = descriptors[select(0u, mine, busy) * 2u + 1u];
    let place = vec3(seen.x, seen.y, 1.0);
    let back = place.x * bx + place.y * by + bw;
    let at = back.xy / back.z;
    // The homography around that place, as an affinity: frame px for each target px.
    let depth = dot(hw, vec3(at, 1.0));
    let jx = (hx.xy - seen.x * hw.xy) / depth;
    let jy = (hy.xy - seen.y * hw.xy) / depth;
    let zoom = sqrt(abs(jx.x * jy.y - jx.y * jy.x));
    let expected_size = seen.scale / max(zoom, 1e-6);
    let direction = vec2(cos(seen.angle), sin(seen.angle));
    let reach = reach_px * clamp(seen.scale * 0.5, 1.0, 2.0);
    var nearest_here = NONE;
    let described = min(targets[candidate].count, 2048u);
    for (var first = 0u; first < described; first += CHUNK) {
        let start = targets[candidate].first + first;
        let many = min(described - first, CHUNK);
        workgroupBarrier();
        if li < many {
            let point = target_points[start + li];
            places[li] = vec4(point.xy, cos(point.w), sin(point.w));
            sizes[li] = point.z;
        }
        if li < many * 2u { tile[li] = target_descriptors[start * 2u + li]; }
        workgroupBarrier();
        let steps = select(0u, many, busy);
        for (var j = 0u; j < steps; j++) {
            let other = places[j];
            let way = other.xy - at;
            let error = vec2(dot(jx, way), dot(jy, way));
            let turned = vec2(dot(jx, other.zw), dot(jy, other.zw));
            let along = dot(turned, direction);
            // Within 40 degrees, and within a factor of 2 in size.
            let alike = along > 0.0 && along * along > 0.59 * dot(turned, turned)
                && sizes[j] < 2.0 * expected_size && expected_size < 2.0 * sizes[j];
            let apart = hamming(a, b, tile[j * 2u], tile[j * 2u + 1u]);
            let fits = alike && dot(error, error) < reach * reach;
            nearest_here = min(nearest_here, select(NONE, (apart << 16u) | (first + j), fits));
        }
    }
    if busy { nearest[group.y * params.chunks * params.feature_capacity + mine].x = nearest_here; }
}
