// In: luma and pyramid of both frames (R8Unorm). Out: for each pixel of one level locally normalised luma
// J = (I - mean) / sqrt(variance + contrast^2) with its derivatives, 4 f16 (J, Jx, Jy, Jxy); previous frame first.
// Why: a gain and a bias of the lighting cancel, and value + derivatives are what a bicubic Hermite patch needs,
// so that four 8-byte loads give a bicubic sample and its gradient.
// The window is a tent, two box sums in a row per axis, separable in workgroup memory.
// With: level.wgsl
@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<storage, read_write> images: array<vec2<u32>>;
@group(1) @binding(0) var luma_cur: texture_2d<f32>;
@group(1) @binding(1) var pyramid_cur: texture_2d<f32>;
@group(2) @binding(0) var luma_prev: texture_2d<f32>;
@group(2) @binding(1) var pyramid_prev: texture_2d<f32>;

const RADIUS: i32 = 4;              // of the window
const INNER: i32 = 16;              // pixels written per workgroup and axis
const MID: i32 = INNER + 2;         // one more on each side for the derivatives
const OUTER: i32 = MID + 2 * RADIUS;

var<workgroup> raw: array<f32, 676>;            // OUTER * OUTER
var<workgroup> rows: array<vec2<f32>, 468>;     // OUTER rows * MID columns, sums of I and I^2
var<workgroup> norm: array<f32, 324>;           // MID * MID

fn fetch(frame: u32, at: vec2<i32>) -> f32 {
    let p = clamp(at, vec2(0), vec2<i32>(level.size) - 1);
    if level.level == 0u {
        if frame == 0u { return textureLoad(luma_prev, p, 0).x; }
        return textureLoad(luma_cur, p, 0).x;
    }
    if frame == 0u { return textureLoad(pyramid_prev, p, i32(level.level) - 1).x; }
    return textureLoad(pyramid_cur, p, i32(level.level) - 1).x;
}

fn tap(k: i32) -> f32 { return f32(5 - abs(k)) / 13.0; }     // every second tap of a tent, sum 1

@compute @workgroup_size(256)
fn prepare(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let frame = group.z;
    let corner = vec2<i32>(group.xy) * INNER - 1;
    for (var i = i32(thread); i < OUTER * OUTER; i += 256) {
        raw[i] = fetch(frame, corner - RADIUS + vec2(i % OUTER, i / OUTER));
    }
    workgroupBarrier();
    for (var i = i32(thread); i < OUTER * MID; i += 256) {
        let at = (i / MID) * OUTER + i % MID + RADIUS;
        var sum = vec2(0.0);
        for (var k = -RADIUS; k <= RADIUS; k += 2) {
            let v = raw[at + k];
            sum += tap(k) * vec2(v, v * v);
        }
        rows[i] = sum;
    }
    workgroupBarrier();
    for (var i = i32(thread); i < MID * MID; i += 256) {
        let x = i % MID;
        let y = i / MID;
        var sum = vec2(0.0);
        for (var k = -RADIUS; k <= RADIUS; k += 2) { sum += tap(k) * rows[(y + RADIUS + k) * MID + x]; }
        let variance = max(sum.y - sum.x * sum.x, 0.0);
        norm[i] = (raw[(y + RADIUS) * OUTER + x + RADIUS] - sum.x) * inverseSqrt(variance + level.contrast * level.contrast);
    }
    workgroupBarrier();
    let x = i32(thread) % INNER;
    let y = i32(thread) / INNER;
    let p = vec2<i32>(group.xy) * INNER + vec2(x, y);
    if any(p >= vec2<i32>(level.size)) { return; }
    let c = (y + 1) * MID + x + 1;
    let jx = 0.5 * (norm[c + 1] - norm[c - 1]);
    let jy = 0.5 * (norm[c + MID] - norm[c - MID]);
    let jxy = 0.25 * (norm[c + MID + 1] - norm[c + MID - 1] - norm[c - MID + 1] + norm[c - MID - 1]);
    let count = level.size.x * level.size.y;
    images[frame * count + u32(p.y) * level.size.x + u32(p.x)] =
        vec2(pack2x16float(vec2(norm[c], jx)), pack2x16float(vec2(jy, jxy)));
}
