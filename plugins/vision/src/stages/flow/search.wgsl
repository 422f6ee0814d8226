// In: prepared images of one level, the coarser flow, the global model.
// Out: one vector per 8x8 patch on a grid of 4 px: (du, dv) relative to the global model, and the cost
// (variance of the residual in units of normalised luma, 0 = perfect).
// Inverse compositional search with mean normalisation (Kroeger et al., Fast Optical Flow using Dense Inverse
// Search, ECCV 2016); it starts from the best of the coarse flow here, around here, and the global motion.
// With: level.wgsl sample.wgsl
@group(0) @binding(3) var<storage, read> coarse_flow: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read_write> patches: array<vec4<f32>>;

const SIDE: i32 = 8;
const STRIDE: i32 = 4;

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

// The global model near a patch, as an affine map: flow at its centre, change per pixel in x and in y.
struct Local { at_centre: vec2<f32>, per_x: vec2<f32>, per_y: vec2<f32> };

fn motion_near(global: Motion, centre: vec2<f32>) -> Local {
    var m: Local;
    m.at_centre = global_flow(global, centre);
    m.per_x = global_flow(global, centre + vec2(1.0, 0.0)) - m.at_centre;
    m.per_y = global_flow(global, centre + vec2(0.0, 1.0)) - m.at_centre;
    return m;
}

// Variance of the residual on every second pixel of the patch, for a vector relative to the model.
fn probe(direction: u32, low: vec2<i32>, high: vec2<i32>, start: vec2<f32>, m: Local) -> f32 {
    var n = 0.0;
    var sum = 0.0;
    var squares = 0.0;
    for (var y = low.y; y < high.y; y += 2) {
        for (var x = low.x; x < high.x; x += 2) {
            let d = vec2<f32>(vec2(x, y) - low);
            let at = start + d.x * (m.per_x + vec2(1.0, 0.0)) + d.y * (m.per_y + vec2(0.0, 1.0));
            let i = (direction * level.size.y + u32(y)) * level.size.x + u32(x);
            let r = bilinear(1u - direction, at) - unpack2x16float(images[i].x).x;
            n += 1.0;
            sum += r;
            squares += r * r;
        }
    }
    return (squares - sum * sum / n) / n;
}

@compute @workgroup_size(8, 8)
fn search(@builtin(global_invocation_id) id: vec3<u32>) {
    if any(id.xy >= level.patches) { return; }
    let direction = id.z;
    let place = (direction * level.patches.y + id.y) * level.patches.x + id.x;
    let corner = vec2<i32>(id.xy) * STRIDE - STRIDE;
    let low = max(corner, vec2(0));
    let high = min(corner + SIDE, vec2<i32>(level.size));
    let centre = vec2<f32>(corner) + 3.5;
    let here = clamp(centre, vec2(0.0), vec2<f32>(level.size) - 1.0);
    let global = global_motion(direction);
    let m = motion_near(global, centre);
    let d0 = vec2<f32>(low) - centre;
    let start = vec2<f32>(low) + m.at_centre + d0.x * m.per_x + d0.y * m.per_y;    // image of the first pixel

    var best = vec2(0.0);           // the global model itself, or no motion
    var cost = probe(direction, low, high, start, m);
    if (level.flags & 1u) != 0u {
        for (var k = 0u; k < level.candidates; k++) {
            var offset = vec2(0.0);
            if k > 0u { offset = select(vec2(0.0, 8.0), vec2(8.0, 0.0), k < 3u) * select(-1.0, 1.0, (k & 1u) == 0u); }
            let at = here + offset;
            let w = coarse_at(direction, at) - global_flow(global, at);
            // the flow of this very place gets a small advantage: on equal terms smoothness should win
            let c = probe(direction, low, high, start + w, m) * select(1.0, 0.8, k == 0u);
            if c < cost { cost = c; best = w; }
        }
    }

    var h = vec3(0.0);              // xx, xy, yy
    var mean_gradient = vec2(0.0);
    let n = f32((high.x - low.x) * (high.y - low.y));
    for (var y = low.y; y < high.y; y++) {
        for (var x = low.x; x < high.x; x++) {
            let e = images[(direction * level.size.y + u32(y)) * level.size.x + u32(x)];
            let g = vec2(unpack2x16float(e.x).y, unpack2x16float(e.y).x);
            h += vec3(g.x * g.x, g.x * g.y, g.y * g.y);
            mean_gradient += g;
        }
    }
    mean_gradient /= n;
    h -= n * vec3(mean_gradient.x * mean_gradient.x, mean_gradient.x * mean_gradient.y, mean_gradient.y * mean_gradient.y);
    h += vec3(1.0, 0.0, 1.0) * (0.002 * n);     // a flat patch stays where it starts
    let inverse = vec3(h.z, -h.y, h.x) / (h.x * h.z - h.y * h.y);

    var w = best;
    var kept = best;
    var kept_cost = 1e9;
    for (var step = 0u; step <= level.iterations; step++) {
        var b = vec2(0.0);
        var sum = 0.0;
        var squares = 0.0;
        var seen = 0.0;
        for (var y = low.y; y < high.y; y++) {
            let row = (direction * level.size.y + u32(y)) * level.size.x;
            let row_start = start + w + f32(y - low.y) * (m.per_y + vec2(0.0, 1.0));
            for (var x = low.x; x < high.x; x++) {
                let e = images[row + u32(x)];
                let wanted = unpack2x16float(e.x);
                let g = vec2(wanted.y, unpack2x16float(e.y).x) - mean_gradient;
                let at = row_start + f32(x - low.x) * (m.per_x + vec2(1.0, 0.0));
                let r = bilinear(1u - direction, at) - wanted.x;
                let valid = select(0.0, 1.0, inside(at));
                b += valid * r * g;
                sum += valid * r;
                squares += valid * r * r;
                seen += valid;
            }
        }
        if seen < 0.25 * n { break; }
        let now = (squares - sum * sum / seen) / seen;
        if now < kept_cost { kept_cost = now; kept = w; } else if step > 2u { break; }
        if step == level.iterations { break; }
        let delta = vec2(inverse.x * b.x + inverse.y * b.y, inverse.y * b.x + inverse.z * b.y);
        w -= delta;
        if dot(delta, delta) < 1e-4 { break; }
        if any(abs(w - best) > vec2(level.reach)) { break; }
    }
    patches[place] = vec4(kept, kept_cost, 0.0);
}
