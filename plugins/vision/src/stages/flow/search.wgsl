// In: prepared images of one level, the coarser flow, the global model.
// Out: one vector per 8x8 patch on a grid of 4 px: (du, dv) relative to the global model, and the cost
// (variance of the residual in units of normalised luma, 0 = perfect).
// Inverse compositional search with mean normalisation (Kroeger et al., Fast Optical Flow using Dense Inverse
// Search, ECCV 2016); it starts from the best of the coarse flow here, around here, and the global motion.
// Eight invocations per patch, one per row: each holds every second pixel of its row (a quincunx over the patch)
// in registers, and sums go through workgroup memory.
// With: level.wgsl sample.wgsl
@group(0) @binding(3) var<storage, read> coarse_flow: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read_write> patches: array<vec4<f32>>;

const STRIDE: i32 = 4;
const PITCH: u32 = 17u;             // 64 invocations in fours, one four more to keep memory banks apart

var<workgroup> parts: array<vec4<f32>, 204>;    // 12 quantities * PITCH
var<workgroup> totals: array<vec4<f32>, 16>;    // 8 numbers per patch
var<workgroup> starts: array<vec2<f32>, 64>;    // candidates, 8 per patch

fn coarse_at(direction: u32, at: vec2<f32>) -> vec2<f32> {
    let q = clamp((at + 0.5) / level.coarse_ratio - 0.5, vec2(0.0), vec2<f32>(level.coarse) - 1.0);
    let f = floor(q);
    let t = q - f;
    let a = vec2<u32>(f);
    let b = min(a + 1u, level.coarse - 1u);
    let base = direction * level.coarse.x * level.coarse.y;
    let r0 = base + a.y * level.coarse.x;
    let r1 = base + b.y * level.coarse.x;
    return level.coarse_ratio * mix(
        mix(coarse_flow[r0 + a.x], coarse_flow[r0 + b.x], t.x),
        mix(coarse_flow[r1 + a.x], coarse_flow[r1 + b.x], t.x), t.y);
}

fn put(quantity: u32, thread: u32, value: f32) { parts[quantity * PITCH + (thread >> 2u)][thread & 3u] = value; }

// Sum of one quantity over the eight invocations of a patch, in a fixed order.
fn total(quantity: u32, first: u32) -> f32 {
    let i = quantity * PITCH + (first >> 2u);
    return dot(parts[i] + parts[i + 1u], vec4(1.0));
}

// Every second pixel of one row of the patch: normalised luma, its gradient, whether it lies in the picture.
struct Template { wanted: vec4<f32>, gx: vec4<f32>, gy: vec4<f32>, there: vec4<f32> };

fn template_at(direction: u32, exists: bool, x: i32, y: i32) -> Template {
    let xs = vec4(x, x + 2, x + 4, x + 6);
    let row_exists = exists && y >= 0 && y < i32(level.size.y);
    let there = select(vec4(0.0), vec4(1.0), vec4(row_exists) & (xs >= vec4(0)) & (xs < vec4(i32(level.size.x))));
    let row = (direction * level.size.y + u32(clamp(y, 0, i32(level.size.y) - 1))) * level.size.x;
    let columns = row + vec4<u32>(clamp(xs, vec4(0), vec4(i32(level.size.x) - 1)));
    let e0 = images[columns.x];
    let e1 = images[columns.y];
    let e2 = images[columns.z];
    let e3 = images[columns.w];
    let j0 = unpack2x16float(e0.x);
    let j1 = unpack2x16float(e1.x);
    let j2 = unpack2x16float(e2.x);
    let j3 = unpack2x16float(e3.x);
    return Template(vec4(j0.x, j1.x, j2.x, j3.x), there * vec4(j0.y, j1.y, j2.y, j3.y),
        there * vec4(unpack2x16float(e0.y).x, unpack2x16float(e1.y).x, unpack2x16float(e2.y).x, unpack2x16float(e3.y).x), there);
}

// What a row adds to the sums of a search step: residual times gradient, residual, its square, pixels seen.
struct Sums { b: vec2<f32>, sum: f32, squares: f32, seen: f32 };

fn step_sums(frame: u32, t: Template, p0: vec2<f32>, hop: vec2<f32>) -> Sums {
    let p1 = p0 + hop;
    let p2 = p1 + hop;
    let p3 = p2 + hop;
    let valid = t.there * vec4(f32(inside(p0)), f32(inside(p1)), f32(inside(p2)), f32(inside(p3)));
    let r = valid * (vec4(bilinear(frame, p0), bilinear(frame, p1), bilinear(frame, p2), bilinear(frame, p3)) - t.wanted);
    return Sums(vec2(dot(r, t.gx), dot(r, t.gy)), dot(r, vec4(1.0)), dot(r, r), dot(valid, vec4(1.0)));
}

@compute @workgroup_size(64)
fn search(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let direction = group.z;
    let lane = thread & 7u;                     // row of the patch
    let mine = thread & 56u;                    // first invocation of the patch
    let cell = vec2(group.x * 4u + ((thread >> 3u) & 3u), group.y * 2u + (thread >> 5u));
    let exists = all(cell < level.patches);
    let corner = vec2<i32>(cell) * STRIDE - STRIDE;
    let centre = vec2<f32>(corner) + 3.5;
    let global = global_motion(direction);
    // the global model near the patch as an affine map
    let at_centre = global_flow(global, centre);
    let per_x = global_flow(global, centre + vec2(1.0, 0.0)) - at_centre + vec2(1.0, 0.0);
    let per_y = global_flow(global, centre + vec2(0.0, 1.0)) - at_centre + vec2(0.0, 1.0);

    // the template: a quincunx over the patch, and if dense the other half
    let y = corner.y + i32(lane);
    let x0 = corner.x + i32(lane & 1u);
    let x1 = corner.x + 1 - i32(lane & 1u);
    let dense = (level.flags & 4u) != 0u;
    var even = template_at(direction, exists, x0, y);
    var odd = Template();
    if dense { odd = template_at(direction, exists, x1, y); }
    // where the global model takes them, and the step from one to the next
    let d = vec2(f32(x0 - corner.x) - 3.5, f32(lane) - 3.5);
    let start = centre + at_centre + d.x * per_x + d.y * per_y;
    let start_odd = start + f32(x1 - x0) * per_x;
    let hop = 2.0 * per_x;

    put(0u, thread, dot(even.gx, even.gx) + dot(odd.gx, odd.gx));
    put(1u, thread, dot(even.gx, even.gy) + dot(odd.gx, odd.gy));
    put(2u, thread, dot(even.gy, even.gy) + dot(odd.gy, odd.gy));
    put(3u, thread, dot(even.gx + odd.gx, vec4(1.0)));
    put(4u, thread, dot(even.gy + odd.gy, vec4(1.0)));
    put(5u, thread, dot(even.there + odd.there, vec4(1.0)));
    put(6u, thread, even.there.x + even.there.z);
    // candidates, one per invocation: the global model itself (or no motion), the coarse flow here and around here
    var candidates = 1u;
    if (level.flags & 1u) != 0u { candidates += level.candidates; }
    var candidate = vec2(0.0);
    if lane > 0u && lane < candidates {
        let k = lane - 1u;
        var offset = vec2(0.0);
        if k > 0u { offset = select(vec2(0.0, 8.0), vec2(8.0, 0.0), k < 3u) * select(-1.0, 1.0, (k & 1u) == 0u); }
        let at = clamp(centre, vec2(0.0), vec2<f32>(level.size) - 1.0) + offset;
        candidate = coarse_at(direction, at) - global_flow(global, at);
    }
    starts[thread] = candidate;
    workgroupBarrier();
    if lane < 7u { totals[thread >> 2u][thread & 3u] = total(lane, mine); }
    workgroupBarrier();
    let result = mine >> 2u;
    let s0 = totals[result];
    let s1 = totals[result + 1u];
    var h = s0.xyz;                             // xx, xy, yy
    let n = max(s1.y, 1.0);
    let probed = max(s1.z, 1.0);
    let mean = vec2(s0.w, s1.x) / n;
    h -= n * vec3(mean.x * mean.x, mean.x * mean.y, mean.y * mean.y);
    h += vec3(1.0, 0.0, 1.0) * (0.002 * n);     // a flat patch stays where it starts
    let inverse = vec3(h.z, -h.y, h.x) / (h.x * h.z - h.y * h.y);
    even.gx = even.there * (even.gx - mean.x);
    even.gy = even.there * (even.gy - mean.y);
    odd.gx = odd.there * (odd.gx - mean.x);
    odd.gy = odd.there * (odd.gy - mean.y);

    // variance of the residual on a quarter of the pixels for each candidate
    for (var k = 0u; k < candidates; k++) {
        let at = start + starts[mine + k];
        let r = even.there.xz * (vec2(bilinear(1u - direction, at), bilinear(1u - direction, at + 2.0 * hop)) - even.wanted.xz);
        put(2u * k, thread, r.x + r.y);
        put(2u * k + 1u, thread, dot(r, r));
    }
    workgroupBarrier();
    if lane < candidates {
        let sum = total(2u * lane, mine);
        totals[thread >> 2u][thread & 3u] = (total(2u * lane + 1u, mine) - sum * sum / probed) / probed;
    }
    workgroupBarrier();
    var best = vec2(0.0);
    var cost = totals[result].x;
    for (var k = 1u; k < candidates; k++) {
        // the flow of this very place gets a small advantage: on equal terms smoothness should win
        let c = totals[result + (k >> 2u)][k & 3u] * select(1.0, 0.8, k == 1u);
        if c < cost { cost = c; best = starts[mine + k]; }
    }

    var w = best;
    var kept = best;
    var kept_cost = 1e9;
    var done = !exists;
    for (var step = 0u; step < level.iterations; step++) {
        if !done {
            var mine_now = step_sums(1u - direction, even, start + w, hop);
            if dense {
                let more = step_sums(1u - direction, odd, start_odd + w, hop);
                mine_now = Sums(mine_now.b + more.b, mine_now.sum + more.sum, mine_now.squares + more.squares, mine_now.seen + more.seen);
            }
            put(0u, thread, mine_now.b.x);
            put(1u, thread, mine_now.b.y);
            put(2u, thread, mine_now.sum);
            put(3u, thread, mine_now.squares);
            put(4u, thread, mine_now.seen);
        }
        workgroupBarrier();
        if !done && lane < 5u { totals[thread >> 2u][thread & 3u] = total(lane, mine); }
        workgroupBarrier();
        if !done {
            let now_sums = totals[result];
            let seen = totals[result + 1u].x;
            let now = (now_sums.w - now_sums.z * now_sums.z / seen) / seen;
            if seen < 0.25 * n { done = true; }
            else if now < kept_cost { kept_cost = now; kept = w; }
            else if step > 2u { done = true; }
            let b = now_sums.xy;
            let delta = vec2(inverse.x * b.x + inverse.y * b.y, inverse.y * b.x + inverse.z * b.y);
            w -= delta;
            if dot(delta, delta) < 1e-4 || any(abs(w - best) > vec2(level.reach)) { done = true; }
        }
    }
    if !done { kept = w; }      // the last step is taken on trust
    if exists && lane == 0u { patches[(direction * level.patches.y + cell.y) * level.patches.x + cell.x] = vec4(kept, kept_cost, 0.0); }
}
