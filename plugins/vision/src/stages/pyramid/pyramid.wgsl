// In: R8 luma. Out: five levels of half the size each, R8, every texel the mean of four of the level above, 0..=1.

struct Params {
    levels: u32, // levels that exist; small pictures have fewer than five
}

@group(0) @binding(0) var<uniform> params: Params;
@group(1) @binding(0) var luma: texture_2d<f32>;
@group(0) @binding(1) var corners: sampler;
@group(1) @binding(1) var half: texture_storage_2d<r8unorm, write>;
@group(1) @binding(2) var quarter: texture_storage_2d<r8unorm, write>;
@group(1) @binding(3) var eighth: texture_storage_2d<r8unorm, write>;
@group(1) @binding(4) var sixteenth: texture_storage_2d<r8unorm, write>;
@group(1) @binding(5) var thirty_second: texture_storage_2d<r8unorm, write>;

// A workgroup makes 16x16 texels of the first level and all that follows from them: no other group is asked.
// Codes of 0 to 255: whole numbers, so that every adapter rounds alike.
var<workgroup> even: array<u32, 256>;
var<workgroup> odd: array<u32, 64>;

fn texel(code: u32) -> vec4<f32> {
    return vec4(f32(code) / 255.0, 0.0, 0.0, 1.0);
}

// Places of the two columns (or rows) of the level above, within the group's tile.
fn pair(place: u32, tile_start: u32, side: u32) -> vec2<u32> {
    let last = side - 1u - min(tile_start, side - 1u);
    return min(vec2(place * 2u, place * 2u + 1u), vec2(last));
}

fn mean_of_even(at: vec2<u32>, group: vec2<u32>, size: vec2<u32>, width: u32) -> u32 {
    let x = pair(at.x, group.x * width, size.x);
    let y = pair(at.y, group.y * width, size.y) * width;
    return (even[y.x + x.x] + even[y.x + x.y] + even[y.y + x.x] + even[y.y + x.y] + 2u) / 4u;
}

fn mean_of_odd(at: vec2<u32>, group: vec2<u32>, size: vec2<u32>, width: u32) -> u32 {
    let x = pair(at.x, group.x * width, size.x);
    let y = pair(at.y, group.y * width, size.y) * width;
    return (odd[y.x + x.x] + odd[y.x + x.y] + odd[y.y + x.x] + odd[y.y + x.y] + 2u) / 4u;
}

@compute @workgroup_size(16, 16)
fn reduce(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(workgroup_id) workgroup: vec3<u32>,
) {
    let at = local.xy;
    let group = workgroup.xy;

    let corner = (vec2<f32>(id.xy) * 2.0 + 1.0) / vec2<f32>(textureDimensions(luma));
    let four = textureGather(0, luma, corners, corner);
    let codes = vec4<u32>(four * 255.0 + 0.5);
    let first = (codes.x + codes.y + codes.z + codes.w + 2u) / 4u;
    even[at.y * 16u + at.x] = first;
    if all(id.xy < textureDimensions(half)) { textureStore(half, id.xy, texel(first)); }
    workgroupBarrier();

    if all(at < vec2(8u)) {
        let level = mean_of_even(at, group, textureDimensions(half), 16u);
        odd[at.y * 8u + at.x] = level;
        let place = group * 8u + at;
        if params.levels > 1u && all(place < textureDimensions(quarter)) {
            textureStore(quarter, place, texel(level));
        }
    }
    workgroupBarrier();

    if all(at < vec2(4u)) {
        let level = mean_of_odd(at, group, textureDimensions(quarter), 8u);
        even[at.y * 4u + at.x] = level;
        let place = group * 4u + at;
        if params.levels > 2u && all(place < textureDimensions(eighth)) {
            textureStore(eighth, place, texel(level));
        }
    }
    workgroupBarrier();

    if all(at < vec2(2u)) {
        let level = mean_of_even(at, group, textureDimensions(eighth), 4u);
        odd[at.y * 2u + at.x] = level;
        let place = group * 2u + at;
        if params.levels > 3u && all(place < textureDimensions(sixteenth)) {
            textureStore(sixteenth, place, texel(level));
        }
    }
    workgroupBarrier();

    if all(at == vec2(0u)) {
        let level = mean_of_odd(at, group, textureDimensions(sixteenth), 2u);
        if params.levels > 4u && all(group < textureDimensions(thirty_second)) {
            textureStore(thirty_second, group, texel(level));
        }
    }
}
