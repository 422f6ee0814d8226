// In: flows of a level, or the published flow. Out: the motion of the whole picture as a homography; a summary.
// Global motion as a homography, by one workgroup per direction: iteratively reweighted least squares with
// Geman-McClure weights whose scale shrinks (graduated non-convexity, Black and Rangarajan 1996).
// `fit_level`. In: flows of one level, both directions; models[direction] to start from if flag 2 is set. Out:
// models[direction], level-0 pixels.
// `summarise`. In: the published flow; models[0] likewise. Out: 16 floats: mean dx, mean dy, standard deviation (px, over
// trusted pixels), share of trusted pixels 0..1, homography previous -> current row by row (9, last = 1), share of a 32x16
// grid that is trusted and follows it, scale of the fit px, 0. Mean, deviation and share are of a grid of 64x64 pixels.
// With: level.wgsl
struct Model { h: array<vec4<f32>, 3> };
@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<storage, read> flows: array<vec2<f32>>;
@group(0) @binding(2) var<storage, read_write> models: array<Model, 2>;
@group(0) @binding(3) var published: texture_2d<f32>;
@group(0) @binding(4) var<storage, read_write> summary: array<vec4<f32>, 4>;

const THREADS: u32 = 128u;          // each has four points of a grid of 32x16
const POINTS: f32 = 512.0;

var<workgroup> parts: array<vec4<f32>, 768>;        // THREADS * 6
var<workgroup> sums: array<vec4<f32>, 96>;          // 6 * 16 parts
var<workgroup> totals: array<vec4<f32>, 24>;        // 6 * 4 parts

struct Sums { a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>, e: vec4<f32>, f: vec4<f32> };
struct Fit { a: vec3<f32>, b: vec3<f32>, c: vec2<f32>, inliers: f32, scale: f32 };
struct Point { at: vec2<f32>, to: vec2<f32>, weight: f32 };     // normalised coordinates

// Sums over the workgroup in a fixed order; every invocation gets them.
fn reduce(thread: u32, mine: Sums) -> Sums {
    parts[thread] = mine.a;
    parts[THREADS + thread] = mine.b;
    parts[2u * THREADS + thread] = mine.c;
    parts[3u * THREADS + thread] = mine.d;
    parts[4u * THREADS + thread] = mine.e;
    parts[5u * THREADS + thread] = mine.f;
    workgroupBarrier();
    if thread < 96u {
        let i = (thread / 16u) * THREADS + thread % 16u;
        sums[thread] = ((parts[i] + parts[i + 16u]) + (parts[i + 32u] + parts[i + 48u]))
            + ((parts[i + 64u] + parts[i + 80u]) + (parts[i + 96u] + parts[i + 112u]));
    }
    workgroupBarrier();
    if thread < 24u {
        let i = (thread / 4u) * 16u + thread % 4u;
        totals[thread] = (sums[i] + sums[i + 4u]) + (sums[i + 8u] + sums[i + 12u]);
    }
    workgroupBarrier();
    return Sums(
        (totals[0] + totals[1]) + (totals[2] + totals[3]), (totals[4] + totals[5]) + (totals[6] + totals[7]),
        (totals[8] + totals[9]) + (totals[10] + totals[11]), (totals[12] + totals[13]) + (totals[14] + totals[15]),
        (totals[16] + totals[17]) + (totals[18] + totals[19]), (totals[20] + totals[21]) + (totals[22] + totals[23]));
}

// What one point adds to the normal equations.
fn terms(p: Point, model: Fit, unit: f32, scale: f32, floor_px: f32) -> Sums {
    let x = p.at.x;
    let y = p.at.y;
    let u = p.to.x;
    let v = p.to.y;
    let hom = vec3(x, y, 1.0);
    let miss = unit * (vec2(dot(model.a, hom), dot(model.b, hom)) / (dot(model.c, p.at) + 1.0) - p.to);
    let gm = scale * scale / (scale * scale + dot(miss, miss));
    let w = p.weight * gm * gm;
    let r = u * u + v * v;
    return Sums(
        w * vec4(x * x, x * y, x, y * y),
        w * vec4(y, 1.0, u * x * x, u * x * y),
        w * vec4(u * x, u * y * y, u * y, u),
        w * vec4(v * x * x, v * x * y, v * x, v * y * y),
        w * vec4(v * y, v, r * x * x, r * x * y),
        // the last one counts inliers with the model of the round before
        vec4(w * vec3(r * y * y, r * x, r * y), p.weight * select(0.0, 1.0, dot(miss, miss) < 4.0 * floor_px * floor_px)));
}

fn add(a: Sums, b: Sums) -> Sums { return Sums(a.a + b.a, a.b + b.b, a.c + b.c, a.d + b.d, a.e + b.e, a.f + b.f); }

// Points and their images, with a weight each. `unit` is pixels per normalised unit. Scales: `first` in the first
// round, then `second`, from there on 0.4 times that of the round before, at least `floor_px`.
fn fit(thread: u32, p0: Point, p1: Point, p2: Point, p3: Point, start: Fit, unit: f32, first: f32, second: f32, floor_px: f32, rounds: u32) -> Fit {
    var model = start;
    var scale = first;
    for (var round = 0u; round < rounds; round++) {
        let s = reduce(thread, add(
            add(terms(p0, model, unit, scale, floor_px), terms(p1, model, unit, scale, floor_px)),
            add(terms(p2, model, unit, scale, floor_px), terms(p3, model, unit, scale, floor_px))));
        model.inliers = s.f.w;
        // block elimination: S a + Bx c = ra, S b + By c = rb, Bx' a + By' b + D c = rc
        let sxx = s.a.x; let sxy = s.a.y; let sx = s.a.z; let syy = s.a.w; let sy = s.b.x; let sw = s.b.y;
        if sw > 1e-3 {          // without any weight the model stays as it is
            let ridge = 1e-5 * sw;
            let c0 = vec3(sxx + ridge, sxy, sx);
            let c1 = vec3(sxy, syy + ridge, sy);
            let c2 = vec3(sx, sy, sw);
            let k12 = cross(c1, c2);
            let inverse = mat3x3(k12, cross(c2, c0), cross(c0, c1)) * (1.0 / dot(c0, k12));
            let bx0 = -vec3(s.b.z, s.b.w, s.c.x);
            let bx1 = -vec3(s.b.w, s.c.y, s.c.z);
            let by0 = -vec3(s.d.x, s.d.y, s.d.z);
            let by1 = -vec3(s.d.y, s.d.w, s.e.x);
            let ra = vec3(s.c.x, s.c.z, s.c.w);
            let rb = vec3(s.d.z, s.e.x, s.e.y);
            let rc = -vec2(s.f.y, s.f.z);
            let ix0 = inverse * bx0;
            let ix1 = inverse * bx1;
            let iy0 = inverse * by0;
            let iy1 = inverse * by1;
            let m00 = s.e.z - dot(bx0, ix0) - dot(by0, iy0) + ridge * 10.0;
            let m01 = s.e.w - dot(bx0, ix1) - dot(by0, iy1);
            let m11 = s.f.x - dot(bx1, ix1) - dot(by1, iy1) + ridge * 10.0;
            let q = rc - vec2(dot(ix0, ra) + dot(iy0, rb), dot(ix1, ra) + dot(iy1, rb));
            let c = vec2(m11 * q.x - m01 * q.y, m00 * q.y - m01 * q.x) / (m00 * m11 - m01 * m01);
            model.c = clamp(c, vec2(-0.5), vec2(0.5));
            model.a = inverse * (ra - bx0 * model.c.x - bx1 * model.c.y);
            model.b = inverse * (rb - by0 * model.c.x - by1 * model.c.y);
        }
        model.scale = scale;
        scale = max(select(scale * 0.4, second, round == 0u), floor_px);
    }
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

// The reverse: T H T^-1. Without a model yet: no motion.
fn normalised(direction: u32, centre: vec2<f32>, unit: f32) -> Fit {
    var f = Fit(vec3(1.0, 0.0, 0.0), vec3(0.0, 1.0, 0.0), vec2(0.0), 0.0, 0.0);
    if (level.flags & 2u) != 0u {
        let h = models[direction].h;
        let c = vec3(unit * h[2].xy, h[2].z + dot(h[2].xy, centre));
        let a = (vec3(unit * h[0].xy, h[0].z + dot(h[0].xy, centre)) - centre.x * c) / unit;
        let b = (vec3(unit * h[1].xy, h[1].z + dot(h[1].xy, centre)) - centre.y * c) / unit;
        f.a = a / c.z;
        f.b = b / c.z;
        f.c = c.xy / c.z;
    }
    return f;
}

fn identity() -> Model {
    var m: Model;
    m.h[0] = vec4(1.0, 0.0, 0.0, 0.0);
    m.h[1] = vec4(0.0, 1.0, 0.0, 0.0);
    m.h[2] = vec4(0.0, 0.0, 1.0, 0.0);
    return m;
}

// Pixel of the grid of 32x16.
fn place(i: u32, size: vec2<u32>) -> vec2<u32> { return (vec2(i % 32u, i / 32u) * 2u + 1u) * size / vec2(64u, 32u); }

fn level_point(direction: u32, i: u32, centre: vec2<f32>, unit: f32) -> Point {
    let size = level.size;
    let p = place(i, size);
    let u = flows[(direction * size.y + p.y) * size.x + p.x];
    let to = vec2<f32>(p) + u;
    let q = vec2<u32>(clamp(to + 0.5, vec2(0.0), vec2<f32>(size) - 1.0));
    let back = flows[((1u - direction) * size.y + q.y) * size.x + q.x];
    let miss = u + back;
    let seen = all(to >= vec2(0.0)) && all(to <= vec2<f32>(size) - 1.0);
    return Point((vec2<f32>(p) - centre) / unit, (to - centre) / unit, select(0.0, 1.0, seen) / (1.0 + 4.0 * dot(miss, miss)));
}

@compute @workgroup_size(128)
fn fit_level(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let direction = group.z;
    let ratio = f32(1u << level.level);
    let unit = 0.5 * f32(max(level.size.x, level.size.y));
    let centre = 0.5 * (vec2<f32>(level.size) - 1.0);
    let known = (level.flags & 2u) != 0u;
    let start = normalised(direction, (centre + 0.5) * ratio - 0.5, unit * ratio);
    let f = fit(thread, level_point(direction, thread, centre, unit), level_point(direction, THREADS + thread, centre, unit),
        level_point(direction, 2u * THREADS + thread, centre, unit), level_point(direction, 3u * THREADS + thread, centre, unit),
        start, unit, select(1e6, 2.0, known), select(0.05 * unit, 0.7, known), 0.25, select(6u, 3u, known));
    if thread == 0u {
        if f.inliers > 0.1 * POINTS {
            models[direction] = in_pixels(f, (centre + 0.5) * ratio - 0.5, unit * ratio);
        } else {
            models[direction] = identity();
        }
    }
}

fn published_point(i: u32, size: vec2<u32>, centre: vec2<f32>, unit: f32) -> Point {
    let p = place(i, size);
    let f = textureLoad(published, p, 0);
    return Point((vec2<f32>(p) - centre) / unit, (vec2<f32>(p) + f.xy - centre) / unit, f.z * f.z);
}

@compute @workgroup_size(128)
fn summarise(@builtin(local_invocation_index) thread: u32) {
    let size = textureDimensions(published);
    let unit = 0.5 * f32(max(size.x, size.y));
    let centre = 0.5 * (vec2<f32>(size) - 1.0);
    var sum = vec4(0.0);
    for (var i = thread; i < 4096u; i += 8u * THREADS) {
        // eight loads that do not wait for one another
        let c = (i % 64u * 2u + 1u) * size.x / 128u;
        let r = i / 64u;
        let f0 = textureLoad(published, vec2(c, (r * 2u + 1u) * size.y / 128u), 0);
        let f1 = textureLoad(published, vec2(c, (r * 2u + 5u) * size.y / 128u), 0);
        let f2 = textureLoad(published, vec2(c, (r * 2u + 9u) * size.y / 128u), 0);
        let f3 = textureLoad(published, vec2(c, (r * 2u + 13u) * size.y / 128u), 0);
        let f4 = textureLoad(published, vec2(c, (r * 2u + 17u) * size.y / 128u), 0);
        let f5 = textureLoad(published, vec2(c, (r * 2u + 21u) * size.y / 128u), 0);
        let f6 = textureLoad(published, vec2(c, (r * 2u + 25u) * size.y / 128u), 0);
        let f7 = textureLoad(published, vec2(c, (r * 2u + 29u) * size.y / 128u), 0);
        sum += ((moments(f0) + moments(f1)) + (moments(f2) + moments(f3))) + ((moments(f4) + moments(f5)) + (moments(f6) + moments(f7)));
    }
    var mine: Sums;
    mine.a = sum;
    let s = reduce(thread, mine);
    let n = max(s.a.z, 1.0);
    let mean = s.a.xy / n;
    let deviation = sqrt(max(s.a.w / n - dot(mean, mean), 0.0));

    let known = (level.flags & 2u) != 0u;
    let floor_px = max(0.25, 0.002 * unit);
    let f = fit(thread, published_point(thread, size, centre, unit), published_point(THREADS + thread, size, centre, unit),
        published_point(2u * THREADS + thread, size, centre, unit), published_point(3u * THREADS + thread, size, centre, unit),
        normalised(0u, centre, unit), unit, select(1e6, 4.0 * floor_px, known), select(0.05 * unit, floor_px, known), floor_px, select(6u, 3u, known));
    if thread == 0u {
        var m = identity();
        if f.inliers > 0.02 * POINTS { m = in_pixels(f, centre, unit); }
        summary[0] = vec4(mean, deviation, s.a.z / 4096.0);
        summary[1] = vec4(m.h[0].xyz, m.h[1].x);
        summary[2] = vec4(m.h[1].yz, m.h[2].xy);
        summary[3] = vec4(1.0, f.inliers / POINTS, f.scale, 0.0);
    }
}

// Of a published pixel if it is trusted: dx, dy, 1, squared length.
fn moments(f: vec4<f32>) -> vec4<f32> {
    return select(vec4(0.0), vec4(f.xy, 1.0, dot(f.xy, f.xy)), f.z > 0.5);
}
