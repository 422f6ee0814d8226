// In: ranked pairs of each candidate. Out: for each candidate and block of 64 hypotheses the homography with the least
// truncated squared error (MSAC: Torr and Zisserman 2000). A thread makes one hypothesis and counts it on all pairs.
// Samples are guided: the first pair is drawn from the best supported (in the spirit of PROSAC, Chum and Matas 2005), the
// other three from those that agree with it. Everything is drawn from fixed seeds: the same input gives the same result.
// With: ../matching/types.wgsl ../matching/agree.wgsl

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> candidates: array<u32>;
@group(0) @binding(2) var<storage, read> pairs: array<Pair>;
@group(0) @binding(3) var<storage, read> pair_counts: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> hypotheses: array<Hypothesis>; // candidate x (BLOCKS + 1)

var<workgroup> places: array<vec4<f32>, 512>;
var<workgroup> similarities: array<vec2<f32>, 512>;
var<workgroup> precisions: array<f32, 512>; // 1 / allowed squared error
var<workgroup> costs: array<f32, 64>;
var<workgroup> owners: array<u32, 64>;

// PCG (O'Neill 2014), in the form of Jarzynski and Olano 2020.
fn pcg(value: u32) -> u32 {
    let state = value * 747796405u + 2891336453u;
    let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
    return (word >> 22u) ^ word;
}

fn cross2(a: vec2<f32>, b: vec2<f32>) -> f32 {
    return a.x * b.y - a.y * b.x;
}

// Twice the area of a triangle.
fn area(a: vec2<f32>, b: vec2<f32>, c: vec2<f32>) -> f32 {
    return cross2(b - a, c - a);
}

@compute @workgroup_size(64)
fn hypothesize(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) li: u32,
) {
    let candidate = candidates[group.y];
    let out = group.y * (BLOCKS + 1u) + group.x;
    let count = min(pair_counts[group.y].x, PAIRS);
    if candidate >= params.target_count || count < 6u {
        if li == 0u { hypotheses[out].cost = 2.0; }
        return;
    }
    for (var i = li; i < count; i += 64u) {
        let pair = pairs[group.y * PAIRS + i];
        places[i] = vec4(pair.target_px, pair.frame_px);
        similarities[i] = pair.similarity;
        let allowed = params.inlier_px * clamp(pair.scale * 0.5, 1.0, 2.0);
        precisions[i] = 1.0 / (allowed * allowed);
    }
    workgroupBarrier();

    var seed = pcg(group.y + 64u * (group.x * 64u + li) + 0x9e3779b9u);
    // The square of an even draw: the front of the list comes oftener.
    seed = pcg(seed);
    let draw = f32(seed >> 8u) / 16777216.0;
    let i0 = min(u32(draw * draw * f32(count)), count - 1u);
    let p0 = places[i0];
    let z0 = similarities[i0];
    var chosen = vec3<u32>(i0);
    var found = 0u;
    for (var try_number = 0u; try_number < 18u; try_number++) {
        seed = pcg(seed);
        let j = seed % count;
        let fits = found < 3u && j != i0 && j != chosen.x && j != chosen.y && agree(p0, z0, places[j], similarities[j]);
        if fits {
            if found == 0u { chosen.x = j; }
            if found == 1u { chosen.y = j; }
            if found == 2u { chosen.z = j; }
            found++;
        }
    }
    // Around the first pair: small numbers, and no origin far away.
    let p1 = places[chosen.x] - p0;
    let p2 = places[chosen.y] - p0;
    let p3 = places[chosen.z] - p0;
    let here = vec2(0.0);
    // A homography through four points, as a change of projective bases: columns (q_i mu_i / lambda_i) times the
    // adjugate of the columns (p_i, 1), with lambda, mu the areas of the triangles that leave one point out.
    let l = vec3(area(p3.xy, p1.xy, p2.xy), area(here, p3.xy, p2.xy), area(here, p1.xy, p3.xy));
    let m = vec3(area(p3.zw, p1.zw, p2.zw), area(here, p3.zw, p2.zw), area(here, p1.zw, p3.zw));
    let det_l = area(here, p1.xy, p2.xy);
    let det_m = area(here, p1.zw, p2.zw);
    // No three on a line, none mirrored, the same order around: in the target and in the frame.
    let least = min(min(abs(l.x), abs(l.y)), min(abs(l.z), abs(det_l)));
    let least_m = min(min(abs(m.x), abs(m.y)), min(abs(m.z), abs(det_m)));
    let signs = all(l * m > vec3(0.0)) && det_l * det_m > 0.0;
    // Half of the hypotheses are affine, through the first three points: a small or few-textured target shows no
    // perspective, and three right matches are found oftener than four.
    let affine = (li & 1u) == 1u;
    let apart = abs(det_l) > 64.0 && abs(det_m) > 16.0 && det_l * det_m > 0.0;
    var good = (affine && found >= 2u && apart) || (found == 3u && least > 64.0 && least_m > 16.0 && signs);
    let w = select(m / l, vec3(1.0), affine);
    // Rows of the adjugate of [p0 p1 p2; 1 1 1]; p0 is the origin.
    let a0 = vec3(p1.y - p2.y, p2.x - p1.x, det_l);
    let a1 = vec3(p2.y, -p2.x, 0.0);
    let a2 = vec3(-p1.y, p1.x, 0.0);
    // q0 is the origin too.
    let row_x = p1.z * w.y * a1 + p2.z * w.z * a2;
    let row_y = p1.w * w.y * a1 + p2.w * w.z * a2;
    let row_w = w.x * a0 + w.y * a1 + w.z * a2;
    let unit = 1.0 / row_w.z;
    let hx = row_x * unit;
    let hy = row_y * unit;
    let hw = row_w * unit;

    // What a camera can see: a tilt of at most 78 degrees, a size within 1/20 to 10, and no more perspective than such
    // a tilt makes through a lens of that field of view.
    let det = hx.x * hy.y - hx.y * hy.x;
    let stretch = dot(hx.xy, hx.xy) + dot(hy.xy, hy.xy);
    let slant = dot(hw.xy, hw.xy) * params.frame_width * params.frame_width;
    good = good && det > 0.0025 && det < 100.0 && stretch < 5.2 * det && slant < 4.0 * det;

    var sum = 0.0;
    for (var i = 0u; i < count; i++) {
        let place = places[i] - p0;
        let at = vec3(place.xy, 1.0);
        let depth = dot(hw, at);
        let error = vec2(dot(hx, at), dot(hy, at)) / depth - place.zw;
        let squared = dot(error, error) * precisions[i];
        // Also 1 when it is not a number.
        sum += select(1.0, squared, squared < 1.0 && depth > 0.0);
    }
    let cost = sum / f32(count);
    if !(cost < 1.0) { good = false; }
    costs[li] = select(2.0, cost, good);
    owners[li] = li;
    workgroupBarrier();
    for (var half = 32u; half > 0u; half /= 2u) {
        if li < half {
            let other = li + half;
            if costs[other] < costs[li] || (costs[other] == costs[li] && owners[other] < owners[li]) {
                costs[li] = costs[other];
                owners[li] = owners[other];
            }
        }
        workgroupBarrier();
    }
    if li != owners[0] { return; }
    // Back to the origins of target and frame.
    let hx1 = hx + p0.z * hw;
    let hy1 = hy + p0.w * hw;
    let back = vec3(-p0.xy, 1.0);
    let h8 = dot(hw, back);
    let scale = 1.0 / select(1e-9, h8, abs(h8) > 1e-9);
    var best: Hypothesis;
    best.homography = array<f32, 9>(
        hx1.x * scale, hx1.y * scale, dot(hx1, back) * scale,
        hy1.x * scale, hy1.y * scale, dot(hy1, back) * scale,
        hw.x * scale, hw.y * scale, 1.0,
    );
    best.cost = select(costs[0], 2.0, h8 <= 0.0);
    hypotheses[out] = best;
}
