// In: R8 luma and its pyramid, 0..=1. Out: the even levels (scale 1, 2, 4, 8), smoothed, one byte a pixel, 0..=255.
// Smoothing is binomial (1 4 6 4 1) each way, standard deviation 1 pixel; whole numbers in f32, so every adapter rounds alike.
// Also sets to zero what later passes add to.
// With: common.wgsl

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> levels: array<u32>;
@group(0) @binding(2) var<storage, read_write> cell_counts: array<u32>;
@group(0) @binding(3) var<storage, read_write> histogram: array<u32>;
@group(1) @binding(0) var luma: texture_2d<f32>;
@group(1) @binding(1) var pyramid: texture_2d<f32>;

const ROWS: u32 = 16u; // rows a thread makes: fewer reads a row with more rows

// Four columns from column 4 * group on, each smoothed along the row, times 16.
fn smooth_row(picture: texture_2d<f32>, mip: u32, group: u32, row: i32, last: vec2<i32>) -> vec4<f32> {
    let y = clamp(row, 0, last.y);
    let x = i32(group) * 4;
    let a = vec4(
        textureLoad(picture, vec2(clamp(x - 2, 0, last.x), y), mip).r,
        textureLoad(picture, vec2(clamp(x - 1, 0, last.x), y), mip).r,
        textureLoad(picture, vec2(min(x, last.x), y), mip).r,
        textureLoad(picture, vec2(min(x + 1, last.x), y), mip).r,
    );
    let b = vec4(
        textureLoad(picture, vec2(min(x + 2, last.x), y), mip).r,
        textureLoad(picture, vec2(min(x + 3, last.x), y), mip).r,
        textureLoad(picture, vec2(min(x + 4, last.x), y), mip).r,
        textureLoad(picture, vec2(min(x + 5, last.x), y), mip).r,
    );
    let low = floor(a * 255.0 + 0.5);
    let high = floor(b * 255.0 + 0.5);
    return low + high + 4.0 * (vec4(low.yzw, high.x) + vec4(low.w, high.xyz)) + 6.0 * vec4(low.zw, high.xy);
}

// A strip of four columns and ROWS rows of a level.
fn smooth_strip(picture: texture_2d<f32>, mip: u32, level: u32, strip: vec2<u32>) {
    if level >= params.level_count { return; }
    let shape = params.levels[level];
    let first = strip.y * ROWS;
    if strip.x >= shape.z || first >= shape.y { return; }
    let last = vec2<i32>(shape.xy) - 1;
    let top = i32(first);
    var r0 = smooth_row(picture, mip, strip.x, top - 2, last);
    var r1 = smooth_row(picture, mip, strip.x, top - 1, last);
    var r2 = smooth_row(picture, mip, strip.x, top, last);
    var r3 = smooth_row(picture, mip, strip.x, top + 1, last);
    let end = min(first + ROWS, shape.y);
    for (var y = first; y < end; y++) {
        let r4 = smooth_row(picture, mip, strip.x, i32(y) + 2, last);
        let sum = r0 + r4 + 4.0 * (r1 + r3) + 6.0 * r2;
        levels[shape.w + y * shape.z + strip.x] = pack_codes(vec4<u32>(sum + 128.0) >> vec4(8u));
        r0 = r1;
        r1 = r2;
        r2 = r3;
        r3 = r4;
    }
}

@compute @workgroup_size(8, 8)
fn smooth_luma(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let threads = groups.x * groups.y * 64u;
    let thread = id.y * groups.x * 8u + id.x;
    for (var i = thread; i < params.cells_x * params.cells_y; i += threads) { cell_counts[i] = 0u; }
    for (var i = thread; i < arrayLength(&histogram); i += threads) { histogram[i] = 0u; }
    smooth_strip(luma, 0u, 0u, id.xy);
}

// An entry of its own: software adapters run both sides of a branch between two textures.
@compute @workgroup_size(8, 8)
fn smooth_pyramid(@builtin(global_invocation_id) id: vec3<u32>) {
    smooth_strip(pyramid, id.z, id.z * 2u + 2u, id.xy);
}
