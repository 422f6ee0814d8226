// In: flows of a level, or the published flow. Out: the motion of the whole picture as a homography; a summary.
// Global motion as a homography, by one workgroup per direction: iteratively reweighted least squares with
// Geman-McClure weights whose scale shrinks (graduated non-convexity, Black and Rangarajan 1996).
// `fit_level`. In: flows of one level, both directions. Out: models[direction], level-0 pixels.
// `summarise`. In: the published flow. Out: 16 floats: mean dx, mean dy, standard deviation (px, over trusted
// pixels), share of trusted pixels 0..1, homography previous -> current row by row (9, last = 1), share of a 32x32
// grid that is trusted and follows it, scale of the fit px, 0. Mean, deviation and share are of a grid of 64x64 pixels.
// With: level.wgsl
struct Model { h: array<vec4<f32>, 3> };
@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<storage, read> flows: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read_write> models: array<Model, 2>;
@group(0) @binding(3) var published: texture_2d<f32>;
@group(0) @binding(4) var<storage, read_write> summary: array<vec4<f32>, 4>;

const THREADS: u32 = 128u;
const SAMPLES: u32 = 8u;            // per thread: a grid of 32x32

var<workgroup> parts: array<vec4<f32>, 768>;      // THREADS * 6
var<workgroup> sums: array<vec4<f32>, 24>;          // 4 parts * 6

struct Fit { a: vec3<f32>, b: vec3<f32>, c: vec2<f32>, inliers: f32, total: f32, scale: f32 };

// Sum of six vec4 over the workgroup in a fixed order; every thread gets it.
fn reduce(thread: u32, mine: array<vec4<f32>, 6>) -> array<vec4<f32>, 6> {
    var values = mine;
    for (var k = 0u; k < 6u; k++) { parts[k * THREADS + thread] = values[k]; }
    workgroupBarrier();
    if thread < 24u {
        let first = (thread % 6u) * THREADS + (thread / 6u) * 32u;
        var sum = vec4(0.0);
        for (var i = 0u; i < 32u; i++) { sum += parts[first + i]; }
        sums[thread] = sum;
    }
    workgroupBarrier();
    for (var k = 0u; k < 6u; k++) { values[k] = sums[k] + sums[k + 6u] + sums[k + 12u] + sums[k + 18u]; }
    return values;
}

// Points and their images in normalised coordinates (xy -> zw), with a weight each. `unit` is pixels per normalised unit.
fn fit(thread: u32, points: array<vec4<f32>, 8>, weights: array<f32, 8>, unit: f32, start: f32, floor_px: f32) -> Fit {
    var p = points;
    var base = weights;
    var model: Fit;
    model.a = vec3(1.0, 0.0, 0.0);
    model.b = vec3(0.0, 1.0, 0.0);
    model.c = vec2(0.0);
    var scale = 1e6;                // first round: everybody counts
    for (var round = 0; round < 9; round++) {
        var acc = array<vec4<f32>, 6>();
        for (var k = 0u; k < SAMPLES; k++) {
            let x = p[k].x;
            let y = p[k].y;
            let u = p[k].z;
            let v = p[k].w;
            let hom = vec3(x, y, 1.0);
            let d = dot(model.c, p[k].xy) + 1.0;
            let miss = unit * (vec2(dot(model.a, hom), dot(model.b, hom)) / d - p[k].zw);
            let gm = scale * scale / (scale * scale + dot(miss, miss));
            let w = base[k] * gm * gm;
            let r = u * u + v * v;
            acc[0] += w * vec4(x * x, x * y, x, y * y);
            acc[1] += w * vec4(y, 1.0, u * x * x, u * x * y);
            acc[2] += w * vec4(u * x, u * y * y, u * y, u);
            acc[3] += w * vec4(v * x * x, v * x * y, v * x, v * y * y);
            acc[4] += w * vec4(v * y, v, r * x * x, r * x * y);
            acc[5] += w * vec4(r * y * y, r * x, r * y, 0.0);
            // counted with the model of the round before
            acc[5].w += base[k] * select(0.0, 1.0, dot(miss, miss) < 4.0 * floor_px * floor_px);
        }
        let s = reduce(thread, acc);
        model.inliers = s[5].w;
        // block elimination: S a + Bx c = ra, S b + By c = rb, Bx' a + By' b + D c = rc
        let sxx = s[0].x; let sxy = s[0].y; let sx = s[0].z; let syy = s[0].w; let sy = s[1].x; let sw = s[1].y;
        if sw > 1e-3 {          // without any weight the model stays as it is
            let ridge = 1e-5 * sw;
            let c0 = vec3(sxx + ridge, sxy, sx);
            let c1 = vec3(sxy, syy + ridge, sy);
            let c2 = vec3(sx, sy, sw);
            let k12 = cross(c1, c2);
            let inverse = mat3x3(k12, cross(c2, c0), cross(c0, c1)) * (1.0 / dot(c0, k12));
            let bx0 = -vec3(s[1].z, s[1].w, s[2].x);
            let bx1 = -vec3(s[1].w, s[2].y, s[2].z);
            let by0 = -vec3(s[3].x, s[3].y, s[3].z);
            let by1 = -vec3(s[3].y, s[3].w, s[4].x);
            let ra = vec3(s[2].x, s[2].z, s[2].w);
            let rb = vec3(s[3].z, s[4].x, s[4].y);
            let rc = -vec2(s[5].y, s[5].z);
            let ix0 = inverse * bx0;
            let ix1 = inverse * bx1;
            let iy0 = inverse * by0;
            let iy1 = inverse * by1;
            let m00 = s[4].z - dot(bx0, ix0) - dot(by0, iy0) + ridge * 10.0;
            let m01 = s[4].w - dot(bx0, ix1) - dot(by0, iy1);
            let m11 = s[5].x - dot(bx1, ix1) - dot(by1, iy1) + ridge * 10.0;
            let q = rc - vec2(dot(ix0, ra) + dot(iy0, rb), dot(ix1, ra) + dot(iy1, rb));
            let c = vec2(m11 * q.x - m01 * q.y, m00 * q.y - m01 * q.x) / (m00 * m11 - m01 * m01);
            model.c = clamp(c, vec2(-0.5), vec2(0.5));
            model.a = inverse * (ra - bx0 * model.c.x - bx1 * model.c.y);
            model.b = inverse * (rb - by0 * model.c.x - by1 * model.c.y);
        }
        scale = max(select(scale * 0.5, start, round == 0), floor_px);
        model.total = sw;
    }
    model.scale = scale;
    return model;
}

// Rows of the homography in pixels: T^-1 H T with T = (p - centre) / unit, last element 1.
fn in_pixels(f: Fit, centre: vec2<f32>, unit: f32) -> Model {
    let k = 1.0 / unit;
    let c = vec3(f.c * k, 1.0 - k * dot(f.c, centre));
    let a = vec3(f.a.xy, unit * f.a.z - dot(f.a.xy, centre)) + centre.x * c;
    let b = vec3(f.b.xy, unit * f.b.z - dot(f.b.xy, centre)) + centre.y * c;
    var m: Model;
    m.h[0] = vec4(a / c.z, 0.0);
    m.h[1] = vec4(b / c.z, 0.0);
    m.h[2] = vec4(c / c.z, 0.0);
    return m;
}

fn identity() -> Model {
    var m: Model;
    m.h[0] = vec4(1.0, 0.0, 0.0, 0.0);
    m.h[1] = vec4(0.0, 1.0, 0.0, 0.0);
    m.h[2] = vec4(0.0, 0.0, 1.0, 0.0);
    return m;
}

@compute @workgroup_size(128)
fn fit_level(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let direction = group.z;
    let size = level.size;
    let ratio = f32(1u << level.level);
    let unit = 0.5 * f32(max(size.x, size.y));
    let centre = 0.5 * (vec2<f32>(size) - 1.0);
    var points: array<vec4<f32>, 8>;
    var weights: array<f32, 8>;
    var total = vec4(0.0);
    for (var k = 0u; k < SAMPLES; k++) {
        let i = k * THREADS + thread;
        let p = (vec2(i % 32u, i / 32u) * 2u + 1u) * size / 64u;
        let u = flows[(direction * size.y + p.y) * size.x + p.x];
        let to = vec2<f32>(p) + u;
        let q = vec2<u32>(clamp(to + 0.5, vec2(0.0), vec2<f32>(size) - 1.0));
        let back = flows[((1u - direction) * size.y + q.y) * size.x + q.x];
        let miss = u + back;
        let seen = all(to >= vec2(0.0)) && all(to <= vec2<f32>(size) - 1.0);
        weights[k] = select(0.0, 1.0, seen) / (1.0 + 4.0 * dot(miss, miss));
        points[k] = vec4((vec2<f32>(p) - centre) / unit, (to - centre) / unit);
    }
    let f = fit(thread, points, weights, unit, 0.05 * unit, 0.25);
    if thread == 0u {
        if f.inliers > 100.0 {
            models[direction] = in_pixels(f, (centre + 0.5) * ratio - 0.5, unit * ratio);
        } else {
            models[direction] = identity();
        }
    }
}

@compute @workgroup_size(128)
fn summarise(@builtin(local_invocation_index) thread: u32) {
    let size = textureDimensions(published);
    let unit = 0.5 * f32(max(size.x, size.y));
    let centre = 0.5 * (vec2<f32>(size) - 1.0);
    var acc = array<vec4<f32>, 6>();
    for (var i = thread; i < 4096u; i += THREADS) {
        let p = (vec2(i % 64u, i / 64u) * 2u + 1u) * size / 128u;
        let f = textureLoad(published, p, 0);
        if f.z > 0.5 {
            acc[0] += vec4(f.x, f.y, 1.0, 0.0);
            acc[1].x += f.x * f.x + f.y * f.y;
        }
    }
    let s = reduce(thread, acc);
    workgroupBarrier();
    let n = max(s[0].z, 1.0);
    let mean = s[0].xy / n;
    let deviation = sqrt(max(s[1].x / n - dot(mean, mean), 0.0));

    var points: array<vec4<f32>, 8>;
    var weights: array<f32, 8>;
    for (var k = 0u; k < SAMPLES; k++) {
        let i = k * THREADS + thread;
        let p = (vec2(i % 32u, i / 32u) * 2u + 1u) * size / 64u;
        let f = textureLoad(published, p, 0);
        weights[k] = f.z * f.z;
        points[k] = vec4((vec2<f32>(p) - centre) / unit, (vec2<f32>(p) + f.xy - centre) / unit);
    }
    let f = fit(thread, points, weights, unit, 0.05 * unit, max(0.25, 0.002 * unit));
    if thread == 0u {
        var m = identity();
        if f.inliers > 20.0 { m = in_pixels(f, centre, unit); }
        summary[0] = vec4(mean, deviation, s[0].z / 4096.0);
        summary[1] = vec4(m.h[0].xyz, m.h[1].x);
        summary[2] = vec4(m.h[1].yz, m.h[2].xy);
        summary[3] = vec4(1.0, f.inliers / 1024.0, f.scale, 0.0);
    }
}
