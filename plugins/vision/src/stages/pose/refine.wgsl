// In: the best hypothesis of each block, the ranked pairs. Out: the same, locally optimised (Chum, Matas and Kittler 2003):
// eight rounds of Gauss-Newton on the transfer error, re-weighted with Tukey's biweight whose width shrinks to the
// inlier threshold, in normalised coordinates (Hartley 1997). A workgroup for each; each thread sums over its pairs,
// one thread for each entry of the normal equations adds up in fixed order, all threads solve them alike.
// With: ../matching/types.wgsl solve.wgsl

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> candidates: array<u32>;
@group(0) @binding(2) var<storage, read> pairs: array<Pair>;
@group(0) @binding(3) var<storage, read> pair_counts: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> hypotheses: array<Hypothesis>; // candidate x (BLOCKS + 1)
@group(0) @binding(5) var<storage, read_write> nearest: array<vec2<u32>>; // see `guide`

const THREADS = 64u;
const STRIDE = 65u; // one more than the threads: no two sums in one bank
const ENTRIES = 36u;
const ROUNDS = 8u;
var<workgroup> parts: array<f32, 2340>; // entry x STRIDE
var<workgroup> totals: array<f32, 36>;
var<workgroup> start: Hypothesis;

fn put3(li: u32, entry: u32, value: vec3<f32>) {
    parts[entry * STRIDE + li] = value.x;
    parts[(entry + 1u) * STRIDE + li] = value.y;
    parts[(entry + 2u) * STRIDE + li] = value.z;
}

fn add_up(li: u32, entries: u32) {
    workgroupBarrier();
    if li < entries {
        var sum = 0.0;
        for (var i = 0u; i < THREADS; i++) { sum += parts[li * STRIDE + i]; }
        totals[li] = sum;
    }
    workgroupBarrier();
}

fn get3(entry: u32) -> vec3<f32> {
    return vec3(totals[entry], totals[entry + 1u], totals[entry + 2u]);
}

// Of each block, with the matches that the ratio test left.
@compute @workgroup_size(64)
fn refine(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) li: u32) {
    clear_nearest(group.y, group.x * THREADS + li, BLOCKS * THREADS);
    optimise(group.y, group.y * (BLOCKS + 1u) + group.x, li, 0u);
}

// Of the best block, with the matches that it guided to. It is near already: the wide rounds are left out.
@compute @workgroup_size(64)
fn refine_guided(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) li: u32) {
    clear_nearest(group.x, li, THREADS);
    optimise(group.x, group.x * (BLOCKS + 1u) + BLOCKS, li, 2u);
}

// `guide` comes next and takes minima over several workgroups: somebody has to put the largest value there before.
fn clear_nearest(k: u32, first: u32, step: u32) {
    if candidates[k] >= params.target_count { return; }
    let base = k * params.chunks * params.feature_capacity;
    for (var i = first; i < params.feature_capacity; i += step) { nearest[base + i] = vec2<u32>(NONE); }
}

fn optimise(k: u32, out: u32, li: u32, first_round: u32) {
    let candidate = candidates[k];
    if li == 0u { start = hypotheses[out]; }
    let given = workgroupUniformLoad(&start);
    if candidate >= params.target_count || given.cost >= 1.0 { return; }
    let count = min(pair_counts[k].x, PAIRS);
    let base = k * PAIRS;
    var hx = vec3(given.homography[0], given.homography[1], given.homography[2]);
    var hy = vec3(given.homography[3], given.homography[4], given.homography[5]);
    var hw = vec3(given.homography[6], given.homography[7], given.homography[8]);

    // Centre and spread of the inliers, in the target and in the frame. Sums are taken about the first pair, so that
    // squares do not cancel.
    let origin = vec4(pairs[base].target_px, pairs[base].frame_px);
    var number = 0.0;
    var sum = vec4(0.0);
    var squares = vec2(0.0);
    for (var i = li; i < count; i += THREADS) {
        let pair = pairs[base + i];
        let at = vec3(pair.target_px, 1.0);
        let depth = dot(hw, at);
        let error = vec2(dot(hx, at), dot(hy, at)) / depth - pair.frame_px;
        let allowed = params.inlier_px * clamp(pair.scale * 0.5, 1.0, 2.0);
        if dot(error, error) < 4.0 * allowed * allowed && depth > 0.0 {
            let place = vec4(pair.target_px, pair.frame_px) - origin;
            number += 1.0;
            sum += place;
            squares += vec2(dot(place.xy, place.xy), dot(place.zw, place.zw));
        }
    }
    put3(li, 0u, vec3(number, sum.xy));
    put3(li, 3u, vec3(sum.zw, squares.x));
    put3(li, 6u, vec3(squares.y, 0.0, 0.0));
    add_up(li, 7u);
    let used = max(totals[0], 1.0);
    let mean = vec4(totals[1], totals[2], totals[3], totals[4]) / used;
    let spread = sqrt(max(vec2(totals[5], totals[6]) / used
        - vec2(dot(mean.xy, mean.xy), dot(mean.zw, mean.zw)), vec2(1.0)));
    let centre = mean + origin;
    let zoom = 1.4142135 / spread; // normalised = (px - centre) * zoom
    workgroupBarrier();

    // H in normalised coordinates: T_frame H T_target^-1.
    hx = (hx - centre.z * hw) * zoom.y;
    hy = (hy - centre.w * hw) * zoom.y;
    let undo = vec3(centre.xy, 1.0);
    hx = vec3(hx.xy / zoom.x, dot(hx, undo));
    hy = vec3(hy.xy / zoom.x, dot(hy, undo));
    hw = vec3(hw.xy / zoom.x, dot(hw, undo));
    let unit = 1.0 / hw.z;
    hx *= unit;
    hy *= unit;
    hw *= unit;
    // What is expected of the perspective before any match is seen: a plane tilted by about 45 degrees, in a camera whose
    // focal length is the frame's width. It matters where few matches in one part of the target would let the rest swing.
    let expected = 0.9 / (zoom.y * params.frame_width);
    let prior = zoom.y * zoom.y / (expected * expected); // with errors of 1 px
    for (var round = first_round; round < ROUNDS; round++) {
        let width = select(1.5, 3.0 - 0.5 * f32(round), round < 3u);
        var p0 = vec3(0.0); // sums of w a a^T, a = (x, y, 1) / depth: xx, xy, x
        var p1 = vec3(0.0); // yy, y, 1
        var u0 = vec3(0.0); // the same times u
        var u1 = vec3(0.0);
        var v0 = vec3(0.0); // times v
        var v1 = vec3(0.0);
        var s0 = vec3(0.0); // times u^2 + v^2
        var s1 = vec3(0.0);
        var ru = vec3(0.0); // w a times the error in u
        var rv = vec3(0.0);
        var rw = vec3(0.0); // w a times -(u error_u + v error_v)
        for (var i = li; i < count; i += THREADS) {
            let pair = pairs[base + i];
            let at = vec3((pair.target_px - centre.xy) * zoom.x, 1.0);
            let seen = (pair.frame_px - centre.zw) * zoom.y;
            let depth = dot(hw, at);
            let uv = vec2(dot(hx, at), dot(hy, at)) / depth;
            let error = seen - uv;
            let allowed = width * params.inlier_px * clamp(pair.scale * 0.5, 1.0, 2.0) * zoom.y;
            let part = dot(error, error) / (allowed * allowed);
            if part < 1.0 && depth > 0.0 {
                let fine = 1.0 / clamp(pair.scale, 1.0, 4.0);
                let weight = (1.0 - part) * (1.0 - part) * fine;
                let a = at / depth;
                let wa = weight * a;
                let q0 = vec3(wa.x * a.x, wa.x * a.y, wa.x * a.z);
                let q1 = vec3(wa.y * a.y, wa.y * a.z, wa.z * a.z);
                p0 += q0;
                p1 += q1;
                u0 += q0 * uv.x;
                u1 += q1 * uv.x;
                v0 += q0 * uv.y;
                v1 += q1 * uv.y;
                let square = dot(uv, uv);
                s0 += q0 * square;
                s1 += q1 * square;
                ru += wa * error.x;
                rv += wa * error.y;
                rw -= wa * dot(uv, error);
            }
        }
        put3(li, 0u, p0);
        put3(li, 3u, p1);
        put3(li, 6u, u0);
        put3(li, 9u, u1);
        put3(li, 12u, v0);
        put3(li, 15u, v1);
        put3(li, 18u, s0);
        put3(li, 21u, s1);
        put3(li, 24u, ru);
        put3(li, 27u, rv);
        put3(li, 30u, rw);
        add_up(li, 33u);
        p0 = get3(0u);
        p1 = get3(3u);
        u0 = get3(6u);
        u1 = get3(9u);
        v0 = get3(12u);
        v1 = get3(15u);
        s0 = get3(18u);
        s1 = get3(21u);
        ru = get3(24u);
        rv = get3(27u);
        rw = get3(30u);
        let damp = 1e-6 * (p0.x + p1.x + p1.z) + 1e-12;
        // Unknowns in order: h00 h01 h02 h10 | h11 h12 h20 h21.
        let upper = mat4x4(
            vec4(p0.x + damp, p0.y, p0.z, 0.0),
            vec4(p0.y, p1.x + damp, p1.y, 0.0),
            vec4(p0.z, p1.y, p1.z + damp, 0.0),
            vec4(0.0, 0.0, 0.0, p0.x + damp),
        );
        // Columns: h00 h01 h02 h10; rows: h11 h12 h20 h21.
        let below = mat4x4(
            vec4(0.0, 0.0, -u0.x, -u0.y),
            vec4(0.0, 0.0, -u0.y, -u1.x),
            vec4(0.0, 0.0, -u0.z, -u1.y),
            vec4(p0.y, p0.z, -v0.x, -v0.y),
        );
        let lower = mat4x4(
            vec4(p1.x + damp, p1.y, -v0.y, -v1.x),
            vec4(p1.y, p1.z + damp, -v0.z, -v1.y),
            vec4(-v0.y, -v0.z, s0.x + damp + prior, s0.y),
            vec4(-v1.x, -v1.y, s0.y, s1.x + damp + prior),
        );
        let step = solve8(upper, below, lower, vec4(ru, rv.x), vec4(rv.yz, rw.xy - prior * hw.xy));
        // All threads have read the totals before they are written again: add_up begins with a barrier.
        if step.ok {
            hx += step.first.xyz;
            hy += vec3(step.first.w, step.second.xy);
            hw += vec3(step.second.zw, 0.0);
        }
    }

    // Back to px: T_frame^-1 H T_target.
    let target_back = vec3(-centre.xy * zoom.x, 1.0);
    hx = vec3(hx.xy * zoom.x, dot(hx, target_back));
    hy = vec3(hy.xy * zoom.x, dot(hy, target_back));
    hw = vec3(hw.xy * zoom.x, dot(hw, target_back));
    hx = hx / zoom.y + centre.z * hw;
    hy = hy / zoom.y + centre.w * hw;
    let last = 1.0 / hw.z;
    hx *= last;
    hy *= last;
    hw *= last;

    var cost = 0.0;
    var inliers = 0.0;
    var squared_px = 0.0;
    for (var i = li; i < count; i += THREADS) {
        let pair = pairs[base + i];
        let at = vec3(pair.target_px, 1.0);
        let depth = dot(hw, at);
        let error = vec2(dot(hx, at), dot(hy, at)) / depth - pair.frame_px;
        let allowed = params.inlier_px * clamp(pair.scale * 0.5, 1.0, 2.0);
        let squared = dot(error, error);
        let part = squared / (allowed * allowed);
        if part < 1.0 && depth > 0.0 {
            cost += part;
            inliers += 1.0;
            squared_px += squared;
        } else {
            cost += 1.0;
        }
    }
    put3(li, 0u, vec3(cost, inliers, squared_px));
    add_up(li, 3u);
    if li != 0u { return; }
    var result = given;
    result.homography = array<f32, 9>(hx.x, hx.y, hx.z, hy.x, hy.y, hy.z, hw.x, hw.y, 1.0);
    result.cost = totals[0] / f32(count);
    result.inliers = u32(totals[1]);
    result.reprojection = sqrt(totals[2] / max(totals[1], 1.0));
    if !(result.cost < 1.0) { result.cost = 2.0; } // not a number, or nothing fits
    hypotheses[out] = result;
}
