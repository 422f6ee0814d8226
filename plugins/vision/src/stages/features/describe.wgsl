// In: the chosen candidates and the levels. Out: points (position, scale, angle, response) and descriptors of 256 bits.
// 32 threads a point, two points a workgroup. Orientation: highest place of the histogram of gradient directions, kept as four terms of
// its Fourier series, so that no bins and no atomics are needed; it is read in the level of half the size, 16x16 pixels. Descriptor:
// means of two square boxes compared, as BAD (Suarez, Buenaposada, Baumela 2021), in a patch of 16x16 cells two pixels apart, turned by
// the orientation; boxes and thresholds are from train_pattern.py. Thresholds count in standard deviations of the patch, so that gain and
// bias of the light do not matter.
// With: common.wgsl

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> levels: array<u32>;
@group(0) @binding(2) var<storage, read> candidates: array<Candidate>;
@group(0) @binding(3) var<storage, read> chosen: array<u32>; // count, then indices into candidates
@group(0) @binding(4) var<uniform> pattern: array<vec4<u32>, 128>; // two comparisons each: boxes, threshold (bits of an f32)
@group(1) @binding(0) var<storage, read_write> points: array<vec4<u32>>; // header of 16, then two for each point
@group(1) @binding(1) var<storage, read_write> descriptors: array<u32>;

struct Candidate {
    response: f32,
    place: u32,
    offset: u32,
}

const TURN: f32 = 6.283185307;

// Everything twice: one half for each point of the workgroup.
var<workgroup> terms: array<f32, 512>; // 8 terms of 32 threads
var<workgroup> harmonics: array<f32, 16>;
var<workgroup> peaks: array<vec2<f32>, 16>; // value, angle
var<workgroup> partial: array<vec2<f32>, 64>; // sum and sum of squares
var<workgroup> table: array<f32, 578>; // 17x17, sums of the patch above and left
var<workgroup> bytes: array<u32, 64>;

// Four pixels from any column on, as they lie in a word.
fn four_at(row_start: i32, column: i32, last_word: i32) -> u32 {
    let word = column >> 2u;
    let shift = u32(column & 3) * 8u;
    let low = levels[row_start + clamp(word, 0, last_word)];
    let high = levels[row_start + clamp(word + 1, 0, last_word)];
    return (low >> shift) | ((high << (31u - shift)) << 1u);
}

// Weighted Fourier terms 1 to 4 of the gradient directions of 8 pixels: half a row of 16.
fn sum_directions(thread: u32, lane: u32, level: u32, centre: vec2<f32>) {
    let shape = params.levels[level];
    let size = vec2<i32>(shape.xy);
    let corner = vec2<i32>(floor(centre)) - 7;
    let y = corner.y + i32(lane / 2u);
    let stride = i32(shape.z);
    let row = i32(shape.w) + clamp(y, 0, size.y - 1) * stride;
    let above = i32(shape.w) + clamp(y - 1, 0, size.y - 1) * stride;
    let below = i32(shape.w) + clamp(y + 1, 0, size.y - 1) * stride;
    let down = f32(y) - centre.y;
    let inside_y = y >= 1 && y <= size.y - 2;
    var sums_x = vec4(0.0); // terms 1 to 4
    var sums_y = vec4(0.0);
    for (var i = 0; i < 2; i++) {
        let column = corner.x + i32(lane & 1u) * 8 + i * 4;
        let x = vec4(column) + vec4(0, 1, 2, 3);
        let across = vec4<f32>(x) - centre.x;
        let weight = select(vec4(0.0), exp((across * across + down * down) * (-1.0 / 24.5)), x >= vec4(1) & x <= vec4(size.x - 2) & vec4(inside_y));
        let last = stride - 1;
        let gx = unpack_codes(four_at(row, column + 1, last)) - unpack_codes(four_at(row, column - 1, last));
        let gy = unpack_codes(four_at(below, column, last)) - unpack_codes(four_at(above, column, last));
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
    }
    let start = (thread - lane) * 8u + lane;
    terms[start] = sums_x.x;
    terms[start + 32u] = sums_x.y;
    terms[start + 64u] = sums_x.z;
    terms[start + 96u] = sums_x.w;
    terms[start + 128u] = sums_y.x;
    terms[start + 160u] = sums_y.y;
    terms[start + 192u] = sums_y.z;
    terms[start + 224u] = sums_y.w;
}

// Value of the series at an angle; the terms fall as under a Gaussian of 0.4 radians.
fn series(tx: vec4<f32>, ty: vec4<f32>, angle: f32) -> f32 {
    let c = cos(angle);
    let s = sin(angle);
    let c2 = c * c - s * s;
    let s2 = 2.0 * c * s;
    let cosines = vec4(c, c2, c2 * c - s2 * s, c2 * c2 - s2 * s2);
    let sines = vec4(s, s2, s2 * c + c2 * s, 2.0 * c2 * s2);
    return dot(tx, cosines) + dot(ty, sines);
}

fn box_mean(corner: u32, side: u32) -> f32 {
    let low = corner + side * 17u;
    return (table[low + side] - table[low] - table[corner + side] + table[corner]) / f32(side * side);
}

// 1 if the mean of the first box is higher than that of the second by the threshold.
fn compare(first: u32, comparison: vec2<u32>, deviation: f32) -> u32 {
    let boxes = comparison.x;
    let a = box_mean(first + (boxes & 511u), (boxes >> 9u) & 15u);
    let b = box_mean(first + ((boxes >> 13u) & 511u), (boxes >> 22u) & 15u);
    return select(0u, 1u, a - b > bitcast<f32>(comparison.y) * deviation);
}

@compute @workgroup_size(64)
fn describe(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let lane = thread & 31u;
    let point = thread >> 5u; // of the two
    let number = workgroup.x * 2u + point;
    let count = chosen[0];
    // After an odd count the second point is the first once more, and is not stored.
    let candidate = candidates[chosen[1u + min(number, max(count, 1u) - 1u)]];
    let level = candidate.place >> 29u;
    let at = vec2<f32>(vec2(candidate.place & 0x3fffu, (candidate.place >> 14u) & 0x7fffu)) + unpack2x16snorm(candidate.offset);

    sum_directions(thread, lane, level + 2u, at * 0.5 - 0.25);
    workgroupBarrier();
    if lane < 8u {
        var sum = 0.0;
        for (var i = 0u; i < 32u; i++) { sum += terms[point * 256u + lane * 32u + i]; }
        harmonics[point * 8u + lane] = sum;
    }
    workgroupBarrier();
    let fall = vec4(0.92311635, 0.72614904, 0.48675226, 0.27803730);
    let own = point * 8u;
    let tx = fall * vec4(harmonics[own], harmonics[own + 1u], harmonics[own + 2u], harmonics[own + 3u]);
    let ty = fall * vec4(harmonics[own + 4u], harmonics[own + 5u], harmonics[own + 6u], harmonics[own + 7u]);
    if lane < 8u {
        var best = vec2(-1e30, 0.0);
        for (var i = 0u; i < 8u; i++) {
            let angle = f32(lane * 8u + i) * (TURN / 64.0) - 0.5 * TURN;
            let value = series(tx, ty, angle);
            if value > best.x { best = vec2(value, angle); }
        }
        peaks[own + lane] = best;
    }
    workgroupBarrier();
    var best = peaks[own];
    for (var i = 1u; i < 8u; i++) {
        let other = peaks[own + i];
        if other.x > best.x { best = other; }
    }
    let left = series(tx, ty, best.y - TURN / 64.0);
    let right = series(tx, ty, best.y + TURN / 64.0);
    let bend = left - 2.0 * best.x + right;
    var angle = best.y;
    if bend < 0.0 { angle += 0.5 * (left - right) / bend * (TURN / 64.0); }
    if angle <= -0.5 * TURN { angle += TURN; }

    // The patch: 16x16 cells two pixels apart, codes less 128. A thread takes half a row and sums along it.
    let shape = params.levels[level];
    let axis = vec2(cos(angle), sin(angle)) * 2.0;
    let first = point * 289u;
    let v = f32(lane / 2u) - 7.5;
    let top = vec2<f32>(shape.xy) - 1.0;
    var along = 0.0;
    var squares = 0.0;
    for (var i = 0u; i < 8u; i++) {
        let u = f32((lane & 1u) * 8u + i) - 7.5;
        let place = vec2<u32>(clamp(at + vec2(u * axis.x - v * axis.y, u * axis.y + v * axis.x), vec2(0.0), top) + 0.5);
        let word = levels[shape.w + place.y * shape.z + (place.x >> 2u)];
        let value = f32((word >> ((place.x & 3u) * 8u)) & 255u) - 128.0;
        along += value;
        squares += value * value;
        table[first + (lane / 2u + 1u) * 17u + (lane & 1u) * 8u + i + 1u] = along;
    }
    partial[thread] = vec2(along, squares);
    workgroupBarrier();
    if lane < 17u {
        // Down a column; right of the middle the left half of each row is still missing.
        let beyond = lane > 8u;
        var sum = 0.0;
        table[first + lane] = 0.0;
        for (var i = 1u; i < 17u; i++) {
            let place = first + i * 17u;
            if lane > 0u {
                sum += table[place + lane];
                if beyond { sum += partial[point * 32u + i * 2u - 2u].x; }
            }
            table[place + lane] = sum;
        }
    } else if lane >= 24u {
        let start = point * 32u + (lane - 24u) * 4u;
        peaks[own + lane - 24u] = partial[start] + partial[start + 1u] + partial[start + 2u] + partial[start + 3u];
    }
    workgroupBarrier();
    var total = vec2(0.0);
    for (var i = 0u; i < 8u; i++) { total += peaks[own + i]; }
    let mean = total / 256.0;
    let deviation = sqrt(max(mean.y - mean.x * mean.x, 0.0));
    var byte = 0u;
    for (var i = 0u; i < 4u; i++) {
        let two = pattern[lane * 4u + i];
        let low = compare(first, two.xy, deviation);
        let high = compare(first, two.zw, deviation);
        byte |= (low | (high << 1u)) << (2u * i);
    }
    bytes[thread] = byte;
    workgroupBarrier();
    if number >= count { return; }
    if lane < 8u {
        let start = point * 32u + lane * 4u;
        descriptors[number * 8u + lane] = pack_codes(vec4(bytes[start], bytes[start + 1u], bytes[start + 2u], bytes[start + 3u]));
    } else if lane == 8u {
        let scale = f32(doubled_scale(level)) * 0.5;
        points[16u + number * 2u] = bitcast<vec4<u32>>(vec4((at + 0.5) * scale - 0.5, scale, angle));
        points[17u + number * 2u] = vec4(bitcast<u32>(candidate.response), level, 0u, 0u);
    }
}
