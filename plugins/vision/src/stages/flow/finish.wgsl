// In: flows of one level in both directions. Out: RGBA16F (dx, dy, confidence 0..=1, 0), pixels.
// `publish`. In: prepared images and flow of one level, a backward flow of it or of a coarser one.
// Out: full-size Rgba16Float (dx, dy, confidence, 0), px; previous (x, y) went to (x + dx, y + dy). Confidence 0..1: the
// backward flow must lead back, the pictures must agree, and the target must lie inside. Between the pixels of the
// level the flow minus the global model is linear.
// `check_publish`: the same for a flow of full size.
// `first_frame`: no previous frame: zero flow, confidence 0, identity summary.
// With: level.wgsl sample.wgsl
@group(0) @binding(3) var<storage, read> flow: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read> backward: array<vec2<f32>>;   // `coarse` is its size
@group(0) @binding(6) var output: texture_storage_2d<rgba16float, write>;
@group(0) @binding(7) var<storage, read_write> summary: array<vec4<f32>, 4>;

// Backward flow at a pixel of this level, in pixels of this level.
fn backward_at(at: vec2<f32>) -> vec2<f32> {
    let q = clamp((at + 0.5) / level.coarse_ratio - 0.5, vec2(0.0), vec2<f32>(level.coarse) - 1.0);
    let f = floor(q);
    let t = q - f;
    let a = vec2<u32>(f);
    let b = min(a + 1u, level.coarse - 1u);
    let r0 = (level.coarse.y + a.y) * level.coarse.x;
    let r1 = (level.coarse.y + b.y) * level.coarse.x;
    return level.coarse_ratio * mix(mix(backward[r0 + a.x], backward[r0 + b.x], t.x), mix(backward[r1 + a.x], backward[r1 + b.x], t.x), t.y);
}

fn confidence(p: vec2<f32>, u: vec2<f32>) -> f32 {
    let to = p + u;
    if !inside(to) { return 0.0; }
    let ratio = f32(1u << level.level);
    let back = backward_at(to);
    let miss = ratio * (u + back);
    let tolerance = level.tolerance + 0.01 * ratio * length(u);     // px of level 0
    let m = dot(miss, miss) / (tolerance * tolerance);
    let r = bilinear(1u, to) - unpack2x16float(images[u32(p.y) * level.size.x + u32(p.x)].x).x;
    return 1.0 / ((1.0 + m * m) * (1.0 + 0.25 * r * r * r * r));
}

@compute @workgroup_size(16, 16)
fn check_publish(@builtin(global_invocation_id) id: vec3<u32>) {
    if any(id.xy >= level.size) { return; }
    let u = flow[id.y * level.size.x + id.x];
    textureStore(output, id.xy, vec4(u, confidence(vec2<f32>(id.xy), u), 0.0));
}

// A workgroup writes 32x32 pixels; the pixels of the level that they lie between are checked once into workgroup memory.
// Tiles begin half a pixel of the level early, so that each invocation's four pixels, one below the other, lie
// between the same four (at level 1: two and two).
const TILE: i32 = 32;
var<workgroup> checked: array<vec4<f32>, 289>;      // flow minus the global model, px of the level; confidence

@compute @workgroup_size(32, 8)
fn publish(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let shift = level.level;
    let side = 1 << shift;
    let ratio = f32(side);
    let across = (TILE >> shift) + 1;
    let corner = vec2<i32>(group.xy) * TILE - (side >> 1u);
    let first = vec2<i32>(group.xy) * (TILE >> shift) - 1;
    let last = vec2<i32>(level.size) - 1;
    let m = global_motion(0u);
    let thread = i32(local.y) * 32 + i32(local.x);
    let lane_bits = 5u - shift;
    let whole = 1 << lane_bits;             // across - 1
    // the tile's pixels of the level, then its last column, then its last row
    for (var i = thread; i < across * across; i += 256) {
        var c = vec2(i & (whole - 1), i >> lane_bits);
        if i >= whole * whole { c = vec2(whole, i - whole * whole); }
        if i >= whole * across { c = vec2(i - whole * across, whole); }
        let q = vec2<u32>(clamp(first + c, vec2(0), last));     // sizes were rounded down: the last one serves beyond
        let p = vec2<f32>(q);
        let u = flow[q.y * level.size.x + q.x];
        checked[c.y * across + c.x] = vec4(u - global_flow(m, p), confidence(p, u), 0.0);
    }
    workgroupBarrier();
    let size = vec2<i32>(textureDimensions(output));
    let x = i32(local.x);
    let column = x >> shift;
    let tx = (f32(x - column * side) + 0.5) / ratio;
    var upper = vec3(0.0);
    var lower = vec3(0.0);
    var row = -1;
    for (var k = 0; k < 4; k++) {
        let y = 4 * i32(local.y) + k;
        let here = y >> shift;
        if here != row {
            row = here;
            let i = row * across + column;
            upper = mix(checked[i].xyz, checked[i + 1].xyz, tx);
            lower = mix(checked[i + across].xyz, checked[i + across + 1].xyz, tx);
        }
        let p = corner + vec2(x, y);
        if all(p >= vec2(0)) && all(p < size) {
            let v = mix(upper, lower, (f32(y - row * side) + 0.5) / ratio);
            let at = (vec2<f32>(p) + 0.5) / ratio - 0.5;
            textureStore(output, p, vec4(ratio * (v.xy + global_flow(m, at)), v.z, 0.0));
        }
    }
}

@compute @workgroup_size(16, 16)
fn first_frame(@builtin(global_invocation_id) id: vec3<u32>) {
    if any(id.xy >= textureDimensions(output)) { return; }
    textureStore(output, id.xy, vec4(0.0));
    if all(id.xy == vec2(0u)) {
        summary[0] = vec4(0.0);
        summary[1] = vec4(1.0, 0.0, 0.0, 0.0);
        summary[2] = vec4(1.0, 0.0, 0.0, 0.0);
        summary[3] = vec4(1.0, 0.0, 0.0, 0.0);
    }
}
