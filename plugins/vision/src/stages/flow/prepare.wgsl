// In: luma and pyramid of both frames (R8Unorm). Out: for each pixel of one level locally normalised luma
// J = (I - mean) / sqrt(variance + contrast^2) with its derivatives, 4 f16 (J, Jx, Jy, Jxy); previous frame first.
// Why: a gain and a bias of the lighting cancel, and value + derivatives are what a bicubic Hermite patch needs,
// so that four 8-byte loads give a bicubic sample and its gradient.
// The window is a box of 6x6 pixels around each pixel, summed from cells of 2x2 pixels (those at its edge count in
// part). Each invocation owns one cell.
// With: level.wgsl
@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<storage, read_write> images: array<vec2<u32>>;
@group(1) @binding(0) var luma_cur: texture_2d<f32>;
@group(1) @binding(1) var pyramid_cur: texture_2d<f32>;
@group(2) @binding(0) var luma_prev: texture_2d<f32>;
@group(2) @binding(1) var pyramid_prev: texture_2d<f32>;

const SIDE: i32 = 16;               // cells per workgroup and axis
const INNER: i32 = 30;              // pixels written per workgroup and axis: all but the outermost
const RING: i32 = 20;               // cells with two more on each side for the windows

var<workgroup> cells: array<vec2<f32>, 400>;    // RING * RING, sums of I and I^2
var<workgroup> norm: array<f32, 1024>;          // J, four planes: upper left pixels of the cells, upper right, lower left, lower right

// The four pixels of a cell.
fn texels(picture: texture_2d<f32>, mip: i32, at: vec2<i32>) -> vec4<f32> {
    let last = vec2<i32>(level.size) - 1;
    let p = clamp(at, vec2(0), last);
    let q = clamp(at + 1, vec2(0), last);
    return vec4(
        textureLoad(picture, p, mip).x, textureLoad(picture, vec2(q.x, p.y), mip).x,
        textureLoad(picture, vec2(p.x, q.y), mip).x, textureLoad(picture, q, mip).x);
}

fn fetch(frame: u32, at: vec2<i32>) -> vec4<f32> {
    if level.level == 0u {
        if frame == 0u { return texels(luma_prev, 0, at); }
        return texels(luma_cur, 0, at);
    }
    if frame == 0u { return texels(pyramid_prev, i32(level.level) - 1, at); }
    return texels(pyramid_cur, i32(level.level) - 1, at);
}

fn moments(v: vec4<f32>) -> vec2<f32> { return vec2(v.x + v.y + v.z + v.w, dot(v, v)); }

// Sums of one row of cells for the left (xy) and for the right (zw) pixels of the middle cell.
fn row(at: i32) -> vec4<f32> {
    let middle = cells[at - 1] + cells[at] + cells[at + 1];
    return vec4(middle + 0.25 * (cells[at - 2] - cells[at + 1]), middle + 0.25 * (cells[at + 2] - cells[at - 1]));
}

fn normalise(value: f32, sums: vec2<f32>) -> f32 {
    let mean = sums.x / 36.0;
    let variance = max(sums.y / 36.0 - mean * mean, 0.0);
    return (value - mean) * inverseSqrt(variance + level.contrast * level.contrast);
}

fn keep(frame: u32, at: vec2<i32>, value: f32, jx: f32, jy: f32, jxy: f32) {
    if all(at >= vec2(0)) && all(at < vec2<i32>(level.size)) {
        images[(frame * level.size.y + u32(at.y)) * level.size.x + u32(at.x)] =
            vec2(pack2x16float(vec2(value, 0.5 * jx)), pack2x16float(vec2(0.5 * jy, 0.25 * jxy)));
    }
}

@compute @workgroup_size(256)
fn prepare(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let frame = group.z;
    let corner = vec2<i32>(group.xy) * INNER - 2;
    let t = i32(thread);
    let own = vec2(t % SIDE, t / SIDE);
    let here = corner + 2 * own;
    let middle = (own.y + 2) * RING + own.x + 2;
    let size = vec2<i32>(level.size);
    var mine = vec4(0.0);
    if all(here < size + 6) {       // farther out nothing is asked for
        mine = fetch(frame, here);
        cells[middle] = moments(mine);
    }
    if t < 144 {                    // the ring: four rows, then four columns
        var at = vec2(t % RING, t / RING);
        if t >= 80 { at = vec2((t - 80) % 4, 2 + (t - 80) / 4); }
        if t < 80 && at.y >= 2 { at.y += SIDE; }
        if t >= 80 && at.x >= 2 { at.x += SIDE; }
        cells[at.y * RING + at.x] = moments(fetch(frame, corner + 2 * (at - 2)));
    }
    workgroupBarrier();
    var a = 0.0;
    var b = 0.0;
    var c = 0.0;
    var d = 0.0;
    if all(here <= size) {
        let r1 = row(middle - RING);
        let r3 = row(middle + RING);
        let rows = r1 + row(middle) + r3;
        let upper = rows + 0.25 * (row(middle - 2 * RING) - r3);
        let lower = rows + 0.25 * (row(middle + 2 * RING) - r1);
        a = normalise(mine.x, upper.xy);
        b = normalise(mine.y, upper.zw);
        c = normalise(mine.z, lower.xy);
        d = normalise(mine.w, lower.zw);
        norm[t] = a;
        norm[256 + t] = b;
        norm[512 + t] = c;
        norm[768 + t] = d;
    }
    workgroupBarrier();
    // neighbours; the outermost pixels get wrong ones and are not written
    let left = max(t - 1, 0);
    let right = min(t + 1, 255);
    let up = max(t - SIDE, 0);
    let down = min(t + SIDE, 255);
    let b_left = norm[256 + left];
    let d_left = norm[768 + left];
    let a_right = norm[right];
    let c_right = norm[512 + right];
    let c_up = norm[512 + up];
    let d_up = norm[768 + up];
    let a_down = norm[down];
    let b_down = norm[256 + down];
    let first = vec2(own.x > 0, own.y > 0);
    let past = vec2(own.x < SIDE - 1, own.y < SIDE - 1);
    if first.x && first.y {
        keep(frame, here, a, b - b_left, c - c_up, d - d_left - d_up + norm[768 + max(t - SIDE - 1, 0)]);
    }
    if past.x && first.y {
        keep(frame, here + vec2(1, 0), b, a_right - a, d - d_up, c_right - c - norm[512 + max(t - SIDE + 1, 0)] + c_up);
    }
    if first.x && past.y {
        keep(frame, here + vec2(0, 1), c, d - d_left, a_down - a, b_down - norm[256 + min(t + SIDE - 1, 255)] - b + b_left);
    }
    if past.x && past.y {
        keep(frame, here + vec2(1, 1), d, c_right - c, b_down - b, norm[min(t + SIDE + 1, 255)] - a_down - a_right + a);
    }
}
