// In: R8 luma and its pyramid, 0..=1. Out: the even levels (scale 1, 2, 4, 8), smoothed, one byte a pixel, 0..=255.
// Smoothing is binomial (1 4 6 4 1) each way, standard deviation 1 pixel; whole numbers in f32, so every adapter rounds alike.
// Also sets to zero what later passes add to.

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> levels: array<u32>;
@group(0) @binding(2) var<storage, read_write> cell_counts: array<u32>;
@group(0) @binding(3) var<storage, read_write> histogram: array<u32>;
@group(1) @binding(0) var luma: texture_2d<f32>;
@group(1) @binding(1) var pyramid: texture_2d<f32>;

const ROWS: u32 = 8u; // rows a thread makes: fewer reads a row with more rows

fn texel(octave: u32, at: vec2<i32>) -> f32 {
    if octave == 0u { return textureLoad(luma, at, 0).r; }
    return textureLoad(pyramid, at, i32(octave) - 1).r;
}

// Four columns from column 4 * group on, each smoothed along the row, times 16.
fn smooth_row(octave: u32, group: u32, row: i32, last: vec2<i32>) -> vec4<f32> {
    let y = clamp(row, 0, last.y);
    let x = i32(group) * 4;
    let a = vec4(
        texel(octave, vec2(clamp(x - 2, 0, last.x), y)),
        texel(octave, vec2(clamp(x - 1, 0, last.x), y)),
        texel(octave, vec2(min(x, last.x), y)),
        texel(octave, vec2(min(x + 1, last.x), y)),
    );
    let b = vec4(
        texel(octave, vec2(min(x + 2, last.x), y)),
        texel(octave, vec2(min(x + 3, last.x), y)),
        texel(octave, vec2(min(x + 4, last.x), y)),
        texel(octave, vec2(min(x + 5, last.x), y)),
    );
    let low = floor(a * 255.0 + 0.5);
    let high = floor(b * 255.0 + 0.5);
    return low + high + 4.0 * (vec4(low.yzw, high.x) + vec4(low.w, high.xyz)) + 6.0 * vec4(low.zw, high.xy);
}

@compute @workgroup_size(8, 8)
fn smooth_even(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let threads = groups.x * groups.y * groups.z * 64u;
    let thread = (id.z * groups.y * 8u + id.y) * groups.x * 8u + id.x;
    for (var i = thread; i < params.cells_x * params.cells_y; i += threads) { cell_counts[i] = 0u; }
    for (var i = thread; i < arrayLength(&histogram); i += threads) { histogram[i] = 0u; }

    let level = id.z * 2u;
    if level >= params.level_count { return; }
    let shape = params.levels[level];
    let first = id.y * ROWS;
    if id.x >= shape.z || first >= shape.y { return; }
    let last = vec2<i32>(shape.xy) - 1;
    let top = i32(first);
    var r0 = smooth_row(id.z, id.x, top - 2, last);
    var r1 = smooth_row(id.z, id.x, top - 1, last);
    var r2 = smooth_row(id.z, id.x, top, last);
    var r3 = smooth_row(id.z, id.x, top + 1, last);
    let end = min(first + ROWS, shape.y);
    for (var y = first; y < end; y++) {
        let r4 = smooth_row(id.z, id.x, i32(y) + 2, last);
        let sum = r0 + r4 + 4.0 * (r1 + r3) + 6.0 * r2;
        levels[shape.w + y * shape.z + id.x] = pack_codes(vec4<u32>(sum + 128.0) >> vec4(8u));
        r0 = r1;
        r1 = r2;
        r2 = r3;
        r3 = r4;
    }
}
