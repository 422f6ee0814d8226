// In: refined hypotheses, descriptors of candidates and frame. Out: for each feature inside the outline of the best
// hypothesis the descriptor nearest in bits among those that it puts within a few px, turned and sized alike. What is
// right gains many matches now, also between views and among repeats where the ratio test is silent; chance gains few.
// Four workgroups for each candidate: each puts the features inside the outline into a grid over the target (lists in
// shared memory), then takes a quarter of the descriptors, which look only into the cells around them. The order in the lists is
// any; the least of unequal keys does not depend on it.
// With: ../matching/types.wgsl ../matching/hamming.wgsl

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> candidates: array<u32>;
@group(0) @binding(2) var<storage, read> targets: array<Target>;
@group(0) @binding(3) var<storage, read> target_descriptors: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> nearest: array<atomic<u32>>; // 2 for each feature, where chunk 0 was; `refine` cleared it
@group(0) @binding(5) var<storage, read> target_points: array<vec4<f32>>; // x, y, scale, angle
@group(0) @binding(6) var<storage, read_write> hypotheses: array<Hypothesis>; // candidate x (BLOCKS + 1): the best goes last
@group(1) @binding(0) var<storage, read> features: Features;
@group(1) @binding(1) var<storage, read> descriptors: array<vec4<u32>>;

const SIDE = 256u;
const PARTS = 4u;
const INLIERS_MIN = 6u; // of the unguided matches
const REACH = 6.0; // px at descriptor scale 2 and below
const REACH_AGAIN = 4.0;
const GRID = 24u; // cells on a side
const LISTED = 2048u; // features beyond are not guided to
var<workgroup> heads: array<atomic<u32>, 576>; // feature + 1, 0: none
var<workgroup> next: array<u32, 2048>;

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
    // Branches around a barrier have to be the same for all: this is.
    if !ok { return; }

    for (var i = li; i < GRID * GRID; i += SIDE) { atomicStore(&heads[i], 0u); }
    workgroupBarrier();
    // Back to the target through the adjugate: the columns of H^-1 up to a factor.
    let bx = cross(hy, hw);
    let by = cross(hw, hx);
    let bw = cross(hx, hy);
    let count = min(min(features.count, params.feature_capacity), LISTED);
    for (var f = li; f < count; f += SIDE) {
        let back = features.points[f].x * bx + features.points[f].y * by + bw;
        let at = back.xy / back.z;
        if all(at > vec2(0.0)) && all(at < size) {
            let cell = min(vec2<u32>(at / size * f32(GRID)), vec2(GRID - 1u));
            next[f] = atomicExchange(&heads[cell.y * GRID + cell.x], f + 1u);
        }
    }
    workgroupBarrier();

    let described = min(targets[candidate].count, 2048u);
    let first = targets[candidate].first;
    let out = group.y * params.chunks * params.feature_capacity;
    for (var d = group.x * SIDE + li; d < described; d += PARTS * SIDE) {
        let point = target_points[first + d];
        let depth = dot(hw, vec3(point.xy, 1.0));
        let seen = vec2(dot(hx, vec3(point.xy, 1.0)), dot(hy, vec3(point.xy, 1.0))) / depth;
        // The homography around that place, as an affinity: frame px for each target px.
        let jx = (hx.xy - seen.x * hw.xy) / depth;
        let jy = (hy.xy - seen.y * hw.xy) / depth;
        let det = abs(jx.x * jy.y - jx.y * jy.x);
        let expected_size = point.z * sqrt(det);
        let straight = vec2(cos(point.w), sin(point.w));
        let turned = vec2(dot(jx, straight), dot(jy, straight));
        let reach = reach_px * clamp(expected_size * 0.5, 1.0, 2.0);
        // Its circle of guidance lies within this far in the target (norm over determinant bounds the inverse).
        let far = reach * sqrt(dot(jx, jx) + dot(jy, jy)) / max(det, 1e-6);
        let scale = f32(GRID) / size;
        let low = vec2<u32>(clamp((point.xy - far) * scale, vec2(0.0), vec2(f32(GRID - 1u))));
        let high = vec2<u32>(clamp((point.xy + far) * scale, vec2(0.0), vec2(f32(GRID - 1u))));
        let a = target_descriptors[(first + d) * 2u];
        let b = target_descriptors[(first + d) * 2u + 1u];
        for (var y = low.y; y <= high.y; y++) {
            for (var x = low.x; x <= high.x; x++) {
                var link = atomicLoad(&heads[y * GRID + x]);
                while link != 0u {
                    let f = link - 1u;
                    link = next[f];
                    let error = vec2(features.points[f].x, features.points[f].y) - seen;
                    let f_scale = features.points[f].scale;
                    let f_angle = features.points[f].angle;
                    let along = dot(turned, vec2(cos(f_angle), sin(f_angle)));
                    // Within 40 degrees, and within a factor of 2 in size.
                    let fits = dot(error, error) < reach * reach && along > 0.0
                        && along * along > 0.59 * dot(turned, turned)
                        && f_scale < 2.0 * expected_size && expected_size < 2.0 * f_scale;
                    if fits {
                        let apart = hamming(a, b, descriptors[f * 2u], descriptors[f * 2u + 1u]);
                        atomicMin(&nearest[(out + f) * 2u], (apart << 16u) | d);
                    }
                }
            }
        }
    }
}
