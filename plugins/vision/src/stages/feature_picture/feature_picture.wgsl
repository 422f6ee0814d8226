// In: RGBA8 picture, points of `features`. Out: RGBA8: the picture, paler, with a circle and a hand for each point.

struct Point {
    at: vec2<f32>,  // pixels
    scale: f32,     // pixels of the frame to a pixel of the descriptor
    angle: f32,     // radians
    response: f32,
    level: u32,
    pad: vec2<u32>,
}

struct Points {
    count: u32,
    capacity: u32,
    pad: array<u32, 62>,
    points: array<Point>,
}

const THREADS: u32 = 64u; // along a circle
const TAU: f32 = 6.2831853;

@group(0) @binding(0) var picture: texture_2d<f32>;
@group(0) @binding(1) var painted: texture_storage_2d<rgba8unorm, write>;
@group(1) @binding(0) var<storage, read> found: Points;

@compute @workgroup_size(16, 16)
fn pale(@builtin(global_invocation_id) id: vec3<u32>) {
    if any(id.xy >= textureDimensions(painted)) { return; }
    let color = textureLoad(picture, id.xy, 0).rgb;
    let gray = vec3(dot(color, vec3(0.299, 0.587, 0.114)));
    textureStore(painted, id.xy, vec4(mix(gray, color, 0.35) * 0.6, 1.0));
}

fn dot_at(at: vec2<f32>, color: vec3<f32>) {
    let texel = vec2<i32>(round(at));
    let size = vec2<i32>(textureDimensions(painted));
    if all(texel >= vec2(0)) && all(texel < size) { textureStore(painted, texel, vec4(color, 1.0)); }
}

@compute @workgroup_size(64)
fn mark(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    if workgroup.x >= found.count { return; }
    let point = found.points[workgroup.x];
    let radius = 3.0 * point.scale;
    let warm = clamp(log2(point.scale) / 2.5, 0.0, 1.0);
    let color = mix(vec3(0.35, 0.95, 0.55), vec3(1.0, 0.45, 0.2), warm);
    let turn = TAU * f32(thread) / f32(THREADS);
    dot_at(point.at + radius * vec2(cos(turn), sin(turn)), color);
    let hand = radius * f32(thread) / f32(THREADS);
    dot_at(point.at + hand * vec2(cos(point.angle), sin(point.angle)), color);
}
