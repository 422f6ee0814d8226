// In: RGBA8 picture, RGBA16F flow (dx, dy in pixels, confidence 0..=1), its summary. Out: RGBA8: colour wheel and arrows.

const SPACING: i32 = 24;      // pixels between arrows
const TAU: f32 = 6.2831853;

@group(0) @binding(0) var picture: texture_2d<f32>;
@group(0) @binding(1) var flow: texture_2d<f32>;
@group(0) @binding(2) var<storage, read> summary: array<f32, 16>; // mean dx, dy, standard deviation, …
@group(0) @binding(3) var painted: texture_storage_2d<rgba8unorm, write>;

// Hue is the direction, saturation the length: the wheel of Baker et al., "A Database and Evaluation Methodology for
// Optical Flow" (2011), on an even hue circle.
fn wheel(vector: vec2<f32>, longest: f32) -> vec3<f32> {
    let hue = atan2(vector.y, vector.x) / TAU + 0.5;
    let saturation = min(length(vector) / longest, 1.0);
    let ramp = abs(fract(hue + vec3(0.0, 2.0 / 3.0, 1.0 / 3.0)) * 6.0 - 3.0) - 1.0;
    return mix(vec3(1.0), clamp(ramp, vec3(0.0), vec3(1.0)), saturation);
}

fn distance_to_segment(point: vec2<f32>, end: vec2<f32>) -> f32 {
    let along = clamp(dot(point, end) / max(dot(end, end), 1e-6), 0.0, 1.0);
    return length(point - along * end);
}

// How much of the pixel is covered by an arrow of one of the cells around it.
fn arrows(at: vec2<i32>, size: vec2<i32>, scale: f32) -> f32 {
    var covered = 0.0;
    let cell = at / SPACING;
    for (var y = -1; y <= 1; y++) {
        for (var x = -1; x <= 1; x++) {
            let start = (cell + vec2(x, y)) * SPACING + SPACING / 2;
            if any(start < vec2(0)) || any(start >= size) { continue; }
            let vector = textureLoad(flow, start, 0);
            if vector.z < 0.5 { continue; }
            let end = vector.xy * scale;
            let reach = min(1.0, f32(SPACING) / max(length(end), 1e-6));
            let point = vec2<f32>(at - start);
            let line = distance_to_segment(point, end * reach);
            let foot = length(point) - 0.8;
            covered = max(covered, 1.3 - min(line, foot));
        }
    }
    return clamp(covered, 0.0, 1.0);
}

@compute @workgroup_size(16, 16)
fn paint_flow(@builtin(global_invocation_id) id: vec3<u32>) {
    let size = textureDimensions(painted);
    if any(id.xy >= size) { return; }
    let vector = textureLoad(flow, id.xy, 0);
    let usual = length(vec2(summary[0], summary[1])) + 2.0 * summary[2];
    let longest = max(usual, 1.0);
    let gray = dot(textureLoad(picture, id.xy, 0).rgb, vec3(0.299, 0.587, 0.114));
    let color = wheel(vector.xy, longest) * (0.35 + 0.65 * gray);
    let trusted = mix(vec3(gray * 0.25), color, vector.z);
    let arrow = arrows(vec2<i32>(id.xy), vec2<i32>(size), f32(SPACING) / longest);
    textureStore(painted, id.xy, vec4(mix(trusted, vec3(0.05), arrow * 0.85), 1.0));
}
