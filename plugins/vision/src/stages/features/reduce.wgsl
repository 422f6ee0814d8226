// In: the even levels, bytes. Out: the odd levels, two thirds of the size (3x3 pixels give 2x2), bytes, 0..=255.
// A pixel of the odd level lies a quarter of a pixel beside one of the even level: weights 9 10 9 4 (of 32) from its nearer side on,
// standard deviation 1 pixel, centre of mass exactly there.
// With: common.wgsl

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> levels: array<u32>;

// Eight columns of the odd level out of one row of the even level, times 32.
struct Eight {
    low: vec4<f32>,
    high: vec4<f32>,
}

fn reduce_row(shape: vec4<u32>, group: u32, row: i32) -> Eight {
    let start = shape.w + u32(clamp(row, 0, i32(shape.y) - 1)) * shape.z;
    let word = group * 3u; // even columns 12 * group - 1 .. 12 * group + 12
    let last = shape.z - 1u;
    let a = unpack_codes(levels[start + min(word, last)]);
    let b = unpack_codes(levels[start + min(word + 1u, last)]);
    let c = unpack_codes(levels[start + min(word + 2u, last)]);
    let after = f32(levels[start + min(word + 3u, last)] & 255u);
    var before = a.x;
    if group > 0u { before = f32(levels[start + min(word, last + 1u) - 1u] >> 24u); }
    // Taps of the left and of the right pixel of each pair; pair j starts at column 3j.
    let at0 = vec4(a.x, a.w, b.z, c.y);
    let at1 = vec4(a.y, b.x, b.w, c.z);
    let at2 = vec4(a.z, b.y, c.x, c.w);
    let minus = vec4(before, a.z, b.y, c.x);
    let at3 = vec4(a.w, b.z, c.y, after);
    let left = 9.0 * minus + 10.0 * at0 + 9.0 * at1 + 4.0 * at2;
    let right = 4.0 * at0 + 9.0 * at1 + 10.0 * at2 + 9.0 * at3;
    return Eight(vec4(left.x, right.x, left.y, right.y), vec4(left.z, right.z, left.w, right.w));
}

fn rounded(sum: vec4<f32>) -> u32 {
    return pack_codes(vec4<u32>(sum + 512.0) >> vec4(10u));
}

fn store(shape: vec4<u32>, group: u32, row: u32, low: vec4<f32>, high: vec4<f32>) {
    let word = group * 2u;
    if row >= shape.y { return; }
    if word < shape.z { levels[shape.w + row * shape.z + word] = rounded(low); }
    if word + 1u < shape.z { levels[shape.w + row * shape.z + word + 1u] = rounded(high); }
}

@compute @workgroup_size(8, 8)
fn reduce_odd(@builtin(global_invocation_id) id: vec3<u32>) {
    let level = id.z * 2u + 1u;
    if level >= params.level_count { return; }
    let even = params.levels[level - 1u];
    let odd = params.levels[level];
    if id.x * 2u >= odd.z || id.y * 2u >= odd.y { return; }
    let row = i32(id.y * 3u);
    let r0 = reduce_row(even, id.x, row - 1);
    let r1 = reduce_row(even, id.x, row);
    let r2 = reduce_row(even, id.x, row + 1);
    let r3 = reduce_row(even, id.x, row + 2);
    let r4 = reduce_row(even, id.x, row + 3);
    let top_low = 9.0 * r0.low + 10.0 * r1.low + 9.0 * r2.low + 4.0 * r3.low;
    let top_high = 9.0 * r0.high + 10.0 * r1.high + 9.0 * r2.high + 4.0 * r3.high;
    let bottom_low = 4.0 * r1.low + 9.0 * r2.low + 10.0 * r3.low + 9.0 * r4.low;
    let bottom_high = 4.0 * r1.high + 9.0 * r2.high + 10.0 * r3.high + 9.0 * r4.high;
    store(odd, id.x, id.y * 2u, top_low, top_high);
    store(odd, id.x, id.y * 2u + 1u, bottom_low, bottom_high);
}
