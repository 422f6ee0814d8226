// In: flows of one level in both directions. Out: RGBA16F (dx, dy, confidence 0..=1, 0), pixels.
// `check`. In: prepared images and flows of one level, both directions. Out: per pixel of the level the flow minus
// the global model, px of this level, and the confidence 0..1: the backward flow must lead back, the pictures must
// agree, and the target must lie inside.
// `publish`. In: what `check` wrote. Out: full-size Rgba16Float (dx, dy, confidence, 0), px; previous (x, y) went to (x + dx, y + dy).
// `check_publish`: both in one for a flow of full size.
// `first_frame`: no previous frame: zero flow, confidence 0, identity summary.
// With: level.wgsl sample.wgsl
@group(0) @binding(3) var<storage, read> flow: array<vec2<f32>>;
@group(0) @binding(4) var<storage, read> backward: array<vec2<f32>>;   // `coarse` is its size
@group(0) @binding(5) var<storage, read_write> checked: array<vec4<f32>>;
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
    let r = bilinear(1u, to) - bilinear(0u, p);
    return 1.0 / ((1.0 + m * m) * (1.0 + 0.25 * r * r * r * r));
}

@compute @workgroup_size(16, 16)
fn check(@builtin(global_invocation_id) id: vec3<u32>) {
    if any(id.xy >= level.size) { return; }
    let p = vec2<f32>(id.xy);
    let u = flow[id.y * level.size.x + id.x];
    checked[id.y * level.size.x + id.x] = vec4(u - global_flow(global_motion(0u), p), confidence(p, u), 0.0);
}

@compute @workgroup_size(16, 16)
fn check_publish(@builtin(global_invocation_id) id: vec3<u32>) {
    if any(id.xy >= level.size) { return; }
    let u = flow[id.y * level.size.x + id.x];
    textureStore(output, id.xy, vec4(u, confidence(vec2<f32>(id.xy), u), 0.0));
}

// One invocation per cell between four pixels of the level; it writes ratio x ratio pixels.
@compute @workgroup_size(8, 8)
fn publish(@builtin(global_invocation_id) id: vec3<u32>) {
    if any(id.xy > level.size + 1u) { return; }     // one cell more: sizes were rounded down
    let size = vec2<i32>(textureDimensions(output));
    let last = level.size - 1u;
    let a = min(max(id.xy, vec2(1u)) - 1u, last);
    let b = min(id.xy, last);
    let v00 = checked[a.y * level.size.x + a.x].xyz;
    let v10 = checked[a.y * level.size.x + b.x].xyz;
    let v01 = checked[b.y * level.size.x + a.x].xyz;
    let v11 = checked[b.y * level.size.x + b.x].xyz;
    let m = global_motion(0u);
    let side = i32(1u << level.level);
    let ratio = f32(side);
    let corner = vec2<i32>(id.xy) * side - side / 2;
    for (var y = 0; y < side; y++) {
        let ty = (f32(y) + 0.5) / ratio;
        let left = mix(v00, v01, ty);
        let right = mix(v10, v11, ty);
        for (var x = 0; x < side; x++) {
            let p = corner + vec2(x, y);
            if all(p >= vec2(0)) && all(p < size) {
                let v = mix(left, right, (f32(x) + 0.5) / ratio);
                let at = (vec2<f32>(p) + 0.5) / ratio - 0.5;
                textureStore(output, p, vec4(ratio * (v.xy + global_flow(m, at)), v.z, 0.0));
            }
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
