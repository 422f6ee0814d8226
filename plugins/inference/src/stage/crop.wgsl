// In: RGBA8 picture, gamma-encoded. Out: a net's input [1, C, H, W], f32, normalised; or RGBA8 bytes, packed.
// A turned rectangle of the picture; beyond its edges the picture is black.

const SIDE: u32 = 8u;

struct Crop {
    // From pixels of the input to those of the picture: x' = dot(x_from, (x, y, 1)).
    x_from: vec3<f32>,
    // Samples on a side of a pixel: each is the mean of four texels.
    taps: u32,
    y_from: vec3<f32>,
    // 0: red, green, blue; 1: blue, green, red; 2: luma.
    channels: u32,
    // Of a channel between 0 and 1.
    factor: vec3<f32>,
    width: u32,
    summand: vec3<f32>,
    height: u32,
}

@group(0) @binding(0) var<uniform> crop: Crop;
@group(0) @binding(1) var picture: texture_2d<f32>;
@group(0) @binding(2) var between_texels: sampler;
@group(0) @binding(3) var<storage, read_write> values: array<f32>;
@group(0) @binding(4) var<storage, read_write> bytes: array<u32>;

fn sample(at: vec2<f32>, size: vec2<f32>) -> vec3<f32> {
    let inside = all(at >= vec2(0.0)) && all(at < size);
    let color = textureSampleLevel(picture, between_texels, at / size, 0.0).rgb;
    return select(vec3(0.0), color, inside);
}

// The mean over a pixel of the input.
fn seen(pixel: vec2<u32>) -> vec3<f32> {
    let size = vec2<f32>(textureDimensions(picture));
    let step = 1.0 / f32(crop.taps);
    var sum = vec3(0.0);
    for (var y = 0u; y < crop.taps; y++) {
        for (var x = 0u; x < crop.taps; x++) {
            let place = vec3(vec2<f32>(pixel) + (vec2(f32(x), f32(y)) + 0.5) * step, 1.0);
            sum += sample(vec2(dot(crop.x_from, place), dot(crop.y_from, place)), size);
        }
    }
    return sum * step * step;
}

@compute @workgroup_size(8, 8)
fn crop_values(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= crop.width || id.y >= crop.height { return; }
    let color = seen(id.xy);
    let plane = crop.width * crop.height;
    let at = id.y * crop.width + id.x;
    if crop.channels == 2u {
        let luma = dot(color, vec3(0.2126, 0.7152, 0.0722));
        values[at] = luma * crop.factor.x + crop.summand.x;
        return;
    }
    let ordered = select(color, color.bgr, crop.channels == 1u) * crop.factor + crop.summand;
    values[at] = ordered.x;
    values[plane + at] = ordered.y;
    values[2u * plane + at] = ordered.z;
}

@compute @workgroup_size(8, 8)
fn crop_bytes(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= crop.width || id.y >= crop.height { return; }
    bytes[id.y * crop.width + id.x] = pack4x8unorm(vec4(seen(id.xy), 1.0));
}
