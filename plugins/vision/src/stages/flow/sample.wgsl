// Piece: shared by search, refine, finish: reads of the prepared images and of the global model.
// Direction 0 goes from the previous to the current frame, direction 1 back.
struct Model {
    h: array<vec4<f32>, 3>,     // rows of the homography, level-0 pixels (w unused)
};
@group(0) @binding(0) var<uniform> level: Level;
@group(0) @binding(1) var<storage, read> images: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read> models: array<Model, 2>;

struct Sample { value: f32, gradient: vec2<f32> };

fn texel_index(frame: u32, p: vec2<i32>) -> u32 {
    let q = vec2<u32>(clamp(p, vec2(0), vec2<i32>(level.size) - 1));
    return (frame * level.size.y + q.y) * level.size.x + q.x;
}

fn inside(at: vec2<f32>) -> bool { return all(at >= vec2(0.0)) && all(at <= vec2<f32>(level.size) - 1.0); }

fn bilinear(frame: u32, at: vec2<f32>) -> f32 {
    let q = clamp(at, vec2(0.0), vec2<f32>(level.size) - 1.0);
    let f = floor(q);
    let t = q - f;
    let p = vec2<u32>(f);
    let step_x = select(0u, 1u, p.x + 1u < level.size.x);
    let step_y = select(0u, level.size.x, p.y + 1u < level.size.y);
    let i = (frame * level.size.y + p.y) * level.size.x + p.x;
    let a = unpack2x16float(images[i].x).x;
    let b = unpack2x16float(images[i + step_x].x).x;
    let c = unpack2x16float(images[i + step_y].x).x;
    let d = unpack2x16float(images[i + step_y + step_x].x).x;
    return mix(mix(a, b, t.x), mix(c, d, t.x), t.y);
}

// First-order sample from the nearest pixel alone: one load in place of four, good enough to weigh votes.
fn nearest(frame: u32, at: vec2<f32>) -> f32 {
    let q = clamp(at, vec2(0.0), vec2<f32>(level.size) - 1.0);
    let f = floor(q + 0.5);
    let t = q - f;
    let e = images[(frame * level.size.y + u32(f.y)) * level.size.x + u32(f.x)];
    let v = unpack2x16float(e.x);
    let w = unpack2x16float(e.y);
    return v.x + t.x * v.y + t.y * (w.x + t.x * w.y);
}

fn quad(i: u32) -> vec4<f32> {
    let e = images[i];
    return vec4(unpack2x16float(e.x), unpack2x16float(e.y));
}

// Bicubic Hermite patch from value, two derivatives and twist at four corners.
fn bicubic(frame: u32, at: vec2<f32>) -> Sample {
    let q = clamp(at, vec2(0.0), vec2<f32>(level.size) - 1.0);
    let f = floor(q);
    let t = q - f;
    let p = vec2<u32>(f);
    let step_x = select(0u, 1u, p.x + 1u < level.size.x);
    let step_y = select(0u, level.size.x, p.y + 1u < level.size.y);
    let i = (frame * level.size.y + p.y) * level.size.x + p.x;
    let a = quad(i);
    let b = quad(i + step_x);
    let c = quad(i + step_y);
    let d = quad(i + step_y + step_x);
    let t2 = t * t;
    let t3 = t2 * t;
    // Hermite bases (value at 0, value at 1, slope at 0, slope at 1) and their derivatives
    let v1 = 3.0 * t2 - 2.0 * t3;
    let v0 = 1.0 - v1;
    let s0 = t3 - 2.0 * t2 + t;
    let s1 = t3 - t2;
    let dv1 = 6.0 * (t - t2);
    let ds0 = 3.0 * t2 - 4.0 * t + 1.0;
    let ds1 = 3.0 * t2 - 2.0 * t;
    // along x: vec2 (value, y-derivative) of the upper and of the lower edge, and their x-derivatives
    let upper = v0.x * a.xz + v1.x * b.xz + s0.x * a.yw + s1.x * b.yw;
    let lower = v0.x * c.xz + v1.x * d.xz + s0.x * c.yw + s1.x * d.yw;
    let upper_x = dv1.x * (b.xz - a.xz) + ds0.x * a.yw + ds1.x * b.yw;
    let lower_x = dv1.x * (d.xz - c.xz) + ds0.x * c.yw + ds1.x * d.yw;
    var out: Sample;
    out.value = v0.y * upper.x + v1.y * lower.x + s0.y * upper.y + s1.y * lower.y;
    out.gradient = vec2(
        v0.y * upper_x.x + v1.y * lower_x.x + s0.y * upper_x.y + s1.y * lower_x.y,
        dv1.y * (lower.x - upper.x) + ds0.y * upper.y + ds1.y * lower.y);
    return out;
}

// The global model of one direction in pixels of this level; identity as long as there is none.
// Loaded once per invocation: a load per use would cost more than the rest of a refinement on a CPU.
struct Motion { x: vec3<f32>, y: vec3<f32>, w: vec3<f32> };

fn global_motion(direction: u32) -> Motion {
    if (level.flags & 2u) == 0u { return Motion(vec3(1.0, 0.0, 0.0), vec3(0.0, 1.0, 0.0), vec3(0.0, 0.0, 1.0)); }
    let h = models[direction].h;
    // H' = S^-1 H S with S: p -> ratio * p + offset
    let ratio = f32(1u << level.level);
    let offset = 0.5 * ratio - 0.5;
    let x = vec3(h[0].xy * ratio, h[0].z + offset * (h[0].x + h[0].y));
    let y = vec3(h[1].xy * ratio, h[1].z + offset * (h[1].x + h[1].y));
    let w = vec3(h[2].xy * ratio, h[2].z + offset * (h[2].x + h[2].y));
    return Motion((x - offset * w) / ratio, (y - offset * w) / ratio, w);
}

// Displacement by the global model at a pixel of this level, in pixels of this level.
fn global_flow(m: Motion, at: vec2<f32>) -> vec2<f32> {
    let p = vec3(at, 1.0);
    return vec2(dot(m.x, p), dot(m.y, p)) * (1.0 / dot(m.w, p)) - at;
}
