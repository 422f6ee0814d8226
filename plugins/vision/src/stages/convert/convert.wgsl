// In: the native bytes of a picture, packed tightly, any format. Out: RGBA8 (gamma-encoded, opaque) and R8 luma, 0..=1.

struct Samples {
    offset: u32,   // byte of the first sample
    step: u32,     // bytes from sample to sample
    stride: u32,   // bytes from row to row
    down: vec4<u32>, // right-shift of x and y
}

struct Params {
    samples: array<Samples, 3>,
    size: vec2<u32>,
    gray: u32,     // 1: there is no chroma
    rgb: u32,      // 1: the samples are red, green and blue
    scale: vec4<f32>,
    bias: vec4<f32>,
    red: vec4<f32>,
    green: vec4<f32>,
    blue: vec4<f32>,
    weights: vec4<f32>, // of red, green and blue in luma
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> native: array<u32>;
@group(0) @binding(2) var picture: texture_storage_2d<rgba8unorm, write>;
@group(0) @binding(3) var luma: texture_storage_2d<r8unorm, write>;

fn sample_at(component: u32, at: vec2<u32>) -> f32 {
    let s = params.samples[component];
    let byte = s.offset + (at.y >> s.down.y) * s.stride + (at.x >> s.down.x) * s.step;
    return f32((native[byte >> 2u] >> ((byte & 3u) * 8u)) & 0xffu) / 255.0;
}

fn levels_at(at: vec2<u32>) -> vec3<f32> {
    var codes = vec3(sample_at(0u, at), 128.0 / 255.0, 128.0 / 255.0);
    if params.gray == 0u {
        codes.y = sample_at(1u, at);
        codes.z = sample_at(2u, at);
    }
    return params.scale.xyz * codes + params.bias.xyz;
}

fn rgb_of(levels: vec3<f32>) -> vec3<f32> {
    let rgb = vec3(dot(params.red.xyz, levels), dot(params.green.xyz, levels), dot(params.blue.xyz, levels));
    return saturate(rgb);
}

fn luma_of(levels: vec3<f32>) -> f32 {
    return saturate(select(levels.x, dot(params.weights.xyz, levels), params.rgb == 1u));
}

@compute @workgroup_size(16, 16)
fn both(@builtin(global_invocation_id) id: vec3<u32>) {
    if any(id.xy >= params.size) { return; }
    let levels = levels_at(id.xy);
    textureStore(picture, id.xy, vec4(rgb_of(levels), 1.0));
    textureStore(luma, id.xy, vec4(luma_of(levels), 0.0, 0.0, 1.0));
}

@compute @workgroup_size(16, 16)
fn only_picture(@builtin(global_invocation_id) id: vec3<u32>) {
    if any(id.xy >= params.size) { return; }
    textureStore(picture, id.xy, vec4(rgb_of(levels_at(id.xy)), 1.0));
}

@compute @workgroup_size(16, 16)
fn only_luma(@builtin(global_invocation_id) id: vec3<u32>) {
    if any(id.xy >= params.size) { return; }
    var level: f32;
    if params.rgb == 1u {
        level = luma_of(levels_at(id.xy));
    } else {
        level = saturate(params.scale.x * sample_at(0u, id.xy) + params.bias.x);
    }
    textureStore(luma, id.xy, vec4(level, 0.0, 0.0, 1.0));
}
