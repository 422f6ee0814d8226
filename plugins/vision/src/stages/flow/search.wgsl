// In: prepared images of one level, the coarser flow, the global model.
// Out: one vector per 8x8 patch on a grid of 4 px: (du, dv) relative to the global model, and the cost
// (variance of the residual in units of normalised luma, 0 = perfect).
// Inverse compositional search with mean normalisation (Kroeger et al., Fast Optical Flow using Dense Inverse
// Search, ECCV 2016); it starts from the best of the coarse flow here, around here, and the global motion.
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

// Variance of the residual on every second pixel of the patch, for a vector relative to the model.
fn probe(direction: u32, low: vec2<i32>, high: vec2<i32>, w: vec2<f32>) -> f32 {
    var n = 0.0;
    var sum = 0.0;
    var squares = 0.0;
    for (var y = low.y; y < high.y; y += 2) {
        for (var x = low.x; x < high.x; x += 2) {
            let p = vec2(x, y);
            let at = vec2<f32>(p) + w + global_flow(direction, vec2<f32>(p));
            let r = bilinear(1u - direction, at) - unpack2x16float(images[texel_index(direction, p)].x).x;
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

    var best = vec2(0.0);           // the global model itself, or no motion
    var cost = probe(direction, low, high, best);
    if (level.flags & 1u) != 0u {
        for (var k = 0; k < 5; k++) {
            var offset = vec2(0.0);
            if k > 0 { offset = select(vec2(0.0, 8.0), vec2(8.0, 0.0), k < 3) * select(-1.0, 1.0, (k & 1) == 0); }
            let at = here + offset;
            let w = coarse_at(direction, at) - global_flow(direction, at);
            // the flow of this very place gets a small advantage: on equal terms smoothness should win
            let c = probe(direction, low, high, w) * select(1.0, 0.8, k == 0);
            if c < cost { cost = c; best = w; }
        }
    }

    var h = vec3(0.0);              // xx, xy, yy
    var mean_gradient = vec2(0.0);
    var n = 0.0;
    for (var y = low.y; y < high.y; y++) {
        for (var x = low.x; x < high.x; x++) {
            let e = images[texel_index(direction, vec2(x, y))];
            let g = vec2(unpack2x16float(e.x).y, unpack2x16float(e.y).x);
            h += vec3(g.x * g.x, g.x * g.y, g.y * g.y);
            mean_gradient += g;
            n += 1.0;
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
            for (var x = low.x; x < high.x; x++) {
                let p = vec2(x, y);
                let e = images[texel_index(direction, p)];
                let wanted = unpack2x16float(e.x);
                let g = vec2(wanted.y, unpack2x16float(e.y).x) - mean_gradient;
                let at = vec2<f32>(p) + w + global_flow(direction, vec2<f32>(p));
                let r = bilinear(1u - direction, at) - wanted.x;
                let m = select(0.0, 1.0, inside(at));
                b += m * r * g;
                sum += m * r;
                squares += m * r * r;
                seen += m;
            }
        }
        if seen < 0.25 * n { break; }
        let now = (squares - sum * sum / seen) / seen;
        if now < kept_cost { kept_cost = now; kept = w; } else if step > 2u { break; }
        let delta = vec2(inverse.x * b.x + inverse.y * b.y, inverse.y * b.x + inverse.z * b.y);
        w -= delta;
        if dot(delta, delta) < 1e-4 { break; }
        if any(abs(w - best) > vec2(level.reach)) { break; }
    }
    patches[place] = vec4(kept, kept_cost, 0.0);
}
