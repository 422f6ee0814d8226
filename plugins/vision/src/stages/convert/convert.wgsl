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
@group(1) @binding(0) var picture: texture_storage_2d<rgba8unorm, write>;
@group(1) @binding(1) var luma: texture_storage_2d<r8unorm, write>;

// A thread converts two neighbours of a row: where they share chroma it is read once.

fn code_at(byte: u32) -> f32 {
    return f32((native[byte >> 2u] >> ((byte & 3u) * 8u)) & 0xffu) / 255.0;
}

fn first_byte(component: u32, at: vec2<u32>) -> u32 {
    let s = params.samples[component];
    return s.offset + (at.y >> s.down.y) * s.stride + (at.x >> s.down.x) * s.step;
}

struct Pair {
    left: vec3<f32>,
    right: vec3<f32>,
}

fn levels_at(at: vec2<u32>) -> Pair {
    let middle = 128.0 / 255.0;
    let luma = first_byte(0u, at);
    var left = vec3(code_at(luma), middle, middle);
    var right = vec3(code_at(luma + params.samples[0].step), middle, middle);
    if params.gray == 0u {
        let second = first_byte(1u, at);
        let third = first_byte(2u, at);
        left.y = code_at(second);
        left.z = code_at(third);
        if params.samples[1].down.x == 1u {
            right.y = left.y;
            right.z = left.z;
        } else {
            right.y = code_at(second + params.samples[1].step);
            right.z = code_at(third + params.samples[2].step);
        }
    }
    return Pair(params.scale.xyz * left + params.bias.xyz, params.scale.xyz * right + params.bias.xyz);
}

fn store_picture(at: vec2<u32>, levels: vec3<f32>) {
    let rgb = vec3(dot(params.red.xyz, levels), dot(params.green.xyz, levels), dot(params.blue.xyz, levels));
    textureStore(picture, at, vec4(saturate(rgb), 1.0));
}

fn store_luma(at: vec2<u32>, levels: vec3<f32>) {
    let level = select(levels.x, dot(params.weights.xyz, levels), params.rgb == 1u);
    textureStore(luma, at, vec4(saturate(level), 0.0, 0.0, 1.0));
}

@compute @workgroup_size(16, 16)
fn both(@builtin(global_invocation_id) id: vec3<u32>) {
    let at = vec2(id.x * 2u, id.y);
    if any(at >= params.size) { return; }
    let pair = levels_at(at);
    store_picture(at, pair.left);
    store_luma(at, pair.left);
    if at.x + 1u >= params.size.x { return; }
    store_picture(at + vec2(1u, 0u), pair.right);
    store_luma(at + vec2(1u, 0u), pair.right);
}

@compute @workgroup_size(16, 16)
fn only_picture(@builtin(global_invocation_id) id: vec3<u32>) {
    let at = vec2(id.x * 2u, id.y);
    if any(at >= params.size) { return; }
    let pair = levels_at(at);
    store_picture(at, pair.left);
    if at.x + 1u >= params.size.x { return; }
    store_picture(at + vec2(1u, 0u), pair.right);
}

@compute @workgroup_size(16, 16)
fn only_luma(@builtin(global_invocation_id) id: vec3<u32>) {
    let at = vec2(id.x * 2u, id.y);
    if any(at >= params.size) { return; }
    var pair: Pair;
    if params.rgb == 1u {
        pair = levels_at(at);
    } else {
        let byte = first_byte(0u, at);
        pair.left = vec3(params.scale.x * code_at(byte) + params.bias.x);
        pair.right = vec3(params.scale.x * code_at(byte + params.samples[0].step) + params.bias.x);
    }
    store_luma(at, pair.left);
    if at.x + 1u >= params.size.x { return; }
    store_luma(at + vec2(1u, 0u), pair.right);
}
