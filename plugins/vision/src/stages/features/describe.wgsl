// In: the chosen candidates and the levels. Out: points (position, scale, angle, response) and descriptors of 256 bits.
// One workgroup a point. Orientation: highest place of the histogram of gradient directions, kept as four terms of its Fourier series, so
// that no bins and no atomics are needed. Descriptor: means of two square boxes compared, as BAD (Suarez, Buenaposada, Baumela 2021), in a
// patch of 16x16 cells two pixels apart, turned by the orientation; boxes and thresholds are from train_pattern.py; thresholds are in
// standard deviations of the patch, so that gain and bias of the light do not matter.

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> levels: array<u32>;
@group(0) @binding(2) var<storage, read> candidates: array<Candidate>;
@group(0) @binding(3) var<storage, read> chosen: array<u32>; // count, then indices into candidates
@group(0) @binding(4) var<storage, read> pattern: array<vec2<u32>>; // 256 comparisons: boxes, threshold (bits of an f32)
@group(1) @binding(0) var<storage, read_write> points: array<vec4<u32>>; // header of 16, then two for each point
@group(1) @binding(1) var<storage, read_write> descriptors: array<u32>;

struct Candidate {
    response: f32,
    place: u32,
    offset: u32,
}

const COLUMNS: u32 = 13u; // words of the neighbourhood: 48 pixels and up to 3 before them
const ROWS: u32 = 46u;
const BEFORE: vec2<i32> = vec2(23, 22); // pixels of the neighbourhood left of and above the point
const TURN: f32 = 6.283185307;

var<workgroup> neighbourhood: array<u32, 598>;
var<workgroup> scratch: array<f32, 512>; // harmonics, then the patch
var<workgroup> partial: array<vec2<f32>, 64>;
var<workgroup> peaks: array<vec2<f32>, 8>;
var<workgroup> harmonics: array<f32, 8>;
var<workgroup> table: array<f32, 289>; // 17x17, sums of the patch above and left
var<workgroup> nibbles: array<u32, 64>;
var<workgroup> index_shared: u32; // 1 + index of the candidate; 0: there is no such point

fn word_at(row: u32, column: u32, shift: u32) -> u32 {
    let low = neighbourhood[row * COLUMNS + column];
    let high = neighbourhood[row * COLUMNS + column + 1u];
    return (low >> shift) | ((high << (31u - shift)) << 1u);
}

fn pixel(row: u32, column: u32) -> f32 {
    return f32((neighbourhood[row * COLUMNS + (column >> 2u)] >> ((column & 3u) * 8u)) & 255u);
}

// Weighted Fourier terms 1 to 4 of the gradient directions of half a row of 24 pixels, into scratch.
fn sum_directions(thread: u32, size: vec2<i32>, origin: vec2<i32>, shift: u32, centre: vec2<f32>) {
    let row = thread / 2u + 11u;
    let word = (thread & 1u) * 3u + 3u;
    let y = origin.y + i32(row);
    let down = f32(y) - centre.y;
    let inside_y = y >= 1 && y <= size.y - 2;
    var sums_x = vec4(0.0); // terms 1 to 4
    var sums_y = vec4(0.0);
    var before = word_at(row, word - 1u, shift);
    var here = word_at(row, word, shift);
    for (var i = 0u; i < 3u; i++) {
        let after = word_at(row, word + i + 1u, shift);
        let x = vec4(origin.x + i32((word + i) * 4u)) + vec4(0, 1, 2, 3);
        let across = vec4<f32>(x) - centre.x;
        let weight = select(vec4(0.0), exp((across * across + down * down) * (-1.0 / 72.0)), x >= vec4(1) & x <= vec4(size.x - 2) & vec4(inside_y));
        let gx = unpack_codes((here >> 8u) | (after << 24u)) - unpack_codes((here << 8u) | (before >> 24u));
        let gy = unpack_codes(word_at(row + 1u, word + i, shift)) - unpack_codes(word_at(row - 1u, word + i, shift));
        let inverse = inverseSqrt(max(gx * gx + gy * gy, vec4(0.25)));
        let ux = gx * inverse;
        let uy = gy * inverse;
        let x1 = gx * weight;
        let y1 = gy * weight;
        let x2 = x1 * ux - y1 * uy;
        let y2 = x1 * uy + y1 * ux;
        let x3 = x2 * ux - y2 * uy;
        let y3 = x2 * uy + y2 * ux;
        let x4 = x3 * ux - y3 * uy;
        let y4 = x3 * uy + y3 * ux;
        let one = vec4(1.0);
        sums_x += vec4(dot(x1, one), dot(x2, one), dot(x3, one), dot(x4, one));
        sums_y += vec4(dot(y1, one), dot(y2, one), dot(y3, one), dot(y4, one));
        before = here;
        here = after;
    }
    for (var n = 0u; n < 4u; n++) {
        scratch[n * 48u + thread] = sums_x[n];
        scratch[(n + 4u) * 48u + thread] = sums_y[n];
    }
}

// Value of the series at an angle; the terms fall as under a Gaussian of 0.4 radians.
fn series(angle: f32) -> f32 {
    let c = cos(angle);
    let s = sin(angle);
    let c2 = c * c - s * s;
    let s2 = 2.0 * c * s;
    let c3 = c2 * c - s2 * s;
    let s3 = s2 * c + c2 * s;
    let c4 = c2 * c2 - s2 * s2;
    let s4 = 2.0 * c2 * s2;
    return 0.92311635 * (harmonics[0] * c + harmonics[4] * s)
        + 0.72614904 * (harmonics[1] * c2 + harmonics[5] * s2)
        + 0.48675226 * (harmonics[2] * c3 + harmonics[6] * s3)
        + 0.27803730 * (harmonics[3] * c4 + harmonics[7] * s4);
}

fn box_mean(corner: u32, side: u32) -> f32 {
    let low = corner + side * 17u;
    return (table[low + side] - table[low] - table[corner + side] + table[corner]) / f32(side * side);
}

@compute @workgroup_size(64)
fn describe(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let number = workgroup.x;
    if thread == 0u {
        index_shared = 0u;
        if number < chosen[0] { index_shared = 1u + chosen[1u + number]; }
    }
    let index = workgroupUniformLoad(&index_shared);
    if index == 0u { return; }
    let candidate = candidates[index - 1u];
    let level = candidate.place >> 29u;
    let shape = params.levels[level];
    let size = vec2<i32>(shape.xy);
    let at = vec2<f32>(vec2(candidate.place & 0x3fffu, (candidate.place >> 14u) & 0x7fffu)) + unpack2x16snorm(candidate.offset);
    let origin = vec2<i32>(floor(at)) - BEFORE;
    let first_word = origin.x >> 2u;
    let shift = u32(origin.x & 3) * 8u;

    for (var i = thread; i < COLUMNS * ROWS; i += 64u) {
        let row = clamp(origin.y + i32(i / COLUMNS), 0, size.y - 1);
        let column = clamp(first_word + i32(i % COLUMNS), 0, i32(shape.z) - 1);
        neighbourhood[i] = levels[i32(shape.w) + row * i32(shape.z) + column];
    }
    workgroupBarrier();

    if thread < 48u { sum_directions(thread, size, origin, shift, at); }
    workgroupBarrier();
    var eighth = 0.0;
    for (var i = 0u; i < 6u; i++) { eighth += scratch[thread * 6u + i]; }
    partial[thread].x = eighth;
    workgroupBarrier();
    if thread < 8u {
        var sum = 0.0;
        for (var i = 0u; i < 8u; i++) { sum += partial[thread * 8u + i].x; }
        harmonics[thread] = sum;
    }
    workgroupBarrier();
    partial[thread].x = series(f32(thread) * (TURN / 64.0) - 0.5 * TURN);
    workgroupBarrier();
    if thread < 8u {
        var best = vec2(partial[thread * 8u].x, f32(thread * 8u));
        for (var i = 1u; i < 8u; i++) {
            let value = partial[thread * 8u + i].x;
            if value > best.x { best = vec2(value, f32(thread * 8u + i)); }
        }
        peaks[thread] = best;
    }
    workgroupBarrier();
    var best = peaks[0];
    for (var i = 1u; i < 8u; i++) {
        if peaks[i].x > best.x { best = peaks[i]; }
    }
    let peak = u32(best.y);
    let left = partial[(peak + 63u) & 63u].x;
    let right = partial[(peak + 1u) & 63u].x;
    let bend = left - 2.0 * best.x + right;
    var fraction = 0.0;
    if bend < 0.0 { fraction = 0.5 * (left - right) / bend; }
    var angle = (best.y + fraction) * (TURN / 64.0) - 0.5 * TURN;
    if angle <= -0.5 * TURN { angle += TURN; }
    workgroupBarrier();

    // The patch: 16x16 cells two pixels apart, codes less 128.
    let axis = vec2(cos(angle), sin(angle)) * 2.0;
    let corner = vec2(origin.x & ~3, origin.y); // of the neighbourhood as it is stored
    var sums = vec2(0.0);
    for (var i = thread; i < 256u; i += 64u) {
        let u = f32(i & 15u) - 7.5;
        let v = f32(i >> 4u) - 7.5;
        let place = clamp(at + vec2(u * axis.x - v * axis.y, u * axis.y + v * axis.x), vec2(0.0), vec2<f32>(size - 1));
        let whole = floor(place);
        let part = place - whole;
        let low = vec2<u32>(vec2<i32>(whole) - corner);
        let high = vec2<u32>(min(vec2<i32>(whole) + 1, size - 1) - corner);
        let top = mix(pixel(low.y, low.x), pixel(low.y, high.x), part.x);
        let bottom = mix(pixel(high.y, low.x), pixel(high.y, high.x), part.x);
        let value = mix(top, bottom, part.y) - 128.0;
        scratch[i] = value;
        sums += vec2(value, value * value);
    }
    partial[thread] = sums;
    workgroupBarrier();
    if thread < 16u {
        // Sums along a row, beside them the first steps of the sum over all threads.
        var sum = 0.0;
        table[(thread + 1u) * 17u] = 0.0;
        for (var i = 0u; i < 16u; i++) {
            sum += scratch[thread * 16u + i];
            table[(thread + 1u) * 17u + i + 1u] = sum;
        }
    } else if thread < 24u {
        var sum = vec2(0.0);
        for (var i = 0u; i < 8u; i++) { sum += partial[(thread - 16u) * 8u + i]; }
        peaks[thread - 16u] = sum;
    }
    workgroupBarrier();
    if thread < 17u {
        var sum = 0.0;
        table[thread] = 0.0;
        for (var i = 1u; i < 17u; i++) {
            sum += table[i * 17u + thread];
            table[i * 17u + thread] = sum;
        }
    }
    workgroupBarrier();
    var total = vec2(0.0);
    for (var i = 0u; i < 8u; i++) { total += peaks[i]; }
    let mean = total / 256.0;
    let deviation = sqrt(max(mean.y - mean.x * mean.x, 0.0));

    var nibble = 0u;
    for (var i = 0u; i < 4u; i++) {
        let comparison = pattern[thread * 4u + i];
        let boxes = comparison.x;
        let a = box_mean(boxes & 511u, (boxes >> 9u) & 15u);
        let b = box_mean((boxes >> 13u) & 511u, (boxes >> 22u) & 15u);
        nibble |= select(0u, 1u << i, a - b > bitcast<f32>(comparison.y) * deviation);
    }
    nibbles[thread] = nibble;
    workgroupBarrier();
    if thread < 8u {
        var word = 0u;
        for (var i = 0u; i < 8u; i++) { word |= nibbles[thread * 8u + i] << (i * 4u); }
        descriptors[number * 8u + thread] = word;
    } else if thread == 8u {
        let scale = f32(doubled_scale(level)) * 0.5;
        let position = (at + 0.5) * scale - 0.5;
        points[16u + number * 2u] = bitcast<vec4<u32>>(vec4(position, scale, angle));
        points[17u + number * 2u] = vec4(bitcast<u32>(candidate.response), level, 0u, 0u);
    }
}
