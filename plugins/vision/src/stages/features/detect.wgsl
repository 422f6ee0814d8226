// In: all levels, bytes. Out: for each cell of 32x32 luma pixels its candidates, in no order: corners by Harris and Stephens (1988),
// the local maxima of det - 0.04 trace^2 of the structure tensor, with position to a fraction of a pixel.
// A thread walks down a strip four pixels wide and keeps the rows it needs: nothing is read twice but at the strip's sides.
// The tensor's window is (1 2 3 4 3 2 1) each way, two boxes of four after one another. All sums are whole numbers below 2^24: exact in f32.
// With: common.wgsl

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> levels: array<u32>;
@group(0) @binding(2) var<storage, read_write> cell_counts: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read_write> candidates: array<Candidate>;

struct Candidate {
    response: f32, // times the square of the scale of the level
    place: u32, // level << 29 | y << 14 | x, x and y in pixels of the level (x < 16384, y < 32768)
    offset: u32, // of the maximum from the pixel's centre, two snorm16 (x, y), -1..=1
}

const ROWS: u32 = 32u; // rows a thread makes
const MARGIN: u32 = 5u; // pixels of a level at its edge that have no points: the window would leave the picture
const LIST: u32 = 512u; // candidates of a cell: maxima are never neighbours, so there is no room for more

// Columns -1 .. 4 of the strip.
struct Six {
    left: vec4<f32>,
    right: vec2<f32>,
}

fn add(a: Six, b: Six) -> Six {
    return Six(a.left + b.left, a.right + b.right);
}

// Running sums of one channel of the tensor down the rows.
struct Window {
    row: Six,
    pair_1: Six,
    pair_2: Six,
    box_1: Six,
    twin_1: Six,
    twin_2: Six,
}

fn slide(window: ptr<function, Window>, row: Six) -> Six {
    let pair = add(row, (*window).row);
    let four = add(pair, (*window).pair_2);
    let twin = add(four, (*window).box_1);
    let sum = add(twin, (*window).twin_2);
    (*window).row = row;
    (*window).pair_2 = (*window).pair_1;
    (*window).pair_1 = pair;
    (*window).box_1 = four;
    (*window).twin_2 = (*window).twin_1;
    (*window).twin_1 = twin;
    return sum;
}

// (1 2 3 4 3 2 1) along a row of twelve columns (-4 .. 7): the six in the middle.
fn across(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>) -> Six {
    let pair_a = a + vec4(a.yzw, b.x);
    let pair_b = b + vec4(b.yzw, c.x);
    let pair_c = c.xy + c.yz;
    let last = pair_c.x + c.z + c.w; // box of columns 8 .. 11
    let box_a = pair_a + vec4(pair_a.zw, pair_b.xy);
    let box_b = pair_b + vec4(pair_b.zw, pair_c);
    let twin_a = box_a + vec4(box_a.yzw, box_b.x);
    let twin_b = box_b + vec4(box_b.yzw, last);
    return Six(twin_a + vec4(twin_a.zw, twin_b.xy), twin_b.xy + twin_b.zw);
}

fn harris4(xx: vec4<f32>, xy: vec4<f32>, yy: vec4<f32>) -> vec4<f32> {
    let trace = xx + yy;
    return max(xx * yy - xy * xy - 0.04 * (trace * trace), vec4(0.0));
}

// The row of a level as 20 columns from -8 on.
struct Row {
    before: f32, // column -5
    a: vec4<f32>, // -4 .. -1
    b: vec4<f32>,
    c: vec4<f32>,
    after: f32, // column 8
}

fn load_row(shape: vec4<u32>, strip: i32, y: i32) -> Row {
    let start = i32(shape.w) + clamp(y, 0, i32(shape.y) - 1) * i32(shape.z);
    let last = i32(shape.z) - 1;
    return Row(
        f32(levels[start + clamp(strip - 2, 0, last)] >> 24u),
        unpack_codes(levels[start + clamp(strip - 1, 0, last)]),
        unpack_codes(levels[start + min(strip, last)]),
        unpack_codes(levels[start + min(strip + 1, last)]),
        f32(levels[start + min(strip + 2, last)] & 255u),
    );
}

fn advance(
    above: Row, row: Row, below: Row,
    xx: ptr<function, Window>, xy: ptr<function, Window>, yy: ptr<function, Window>,
) -> Six {
    let xa = vec4(row.a.yzw, row.b.x) - vec4(row.before, row.a.xyz);
    let xb = vec4(row.b.yzw, row.c.x) - vec4(row.a.w, row.b.xyz);
    let xc = vec4(row.c.yzw, row.after) - vec4(row.b.w, row.c.xyz);
    let ya = below.a - above.a;
    let yb = below.b - above.b;
    let yc = below.c - above.c;
    // Twice the gradient, and weights of 256: a quarter of a 256th is 2^-10.
    let sxx = slide(xx, across(xa * xa, xb * xb, xc * xc));
    let sxy = slide(xy, across(xa * ya, xb * yb, xc * yc));
    let syy = slide(yy, across(ya * ya, yb * yb, yc * yc));
    let unit = 1.0 / 1024.0;
    let left = harris4(sxx.left * unit, sxy.left * unit, syy.left * unit);
    let right = harris4(
        vec4(sxx.right, 0.0, 0.0) * unit,
        vec4(sxy.right, 0.0, 0.0) * unit,
        vec4(syy.right, 0.0, 0.0) * unit,
    );
    return Six(left, right.xy);
}

// Maximum of the quadric through 3x3 responses, as an offset from the middle.
fn fit(above: vec3<f32>, row: vec3<f32>, below: vec3<f32>) -> vec2<f32> {
    let gradient = vec2(row.z - row.x, below.y - above.y) * 0.5;
    let xx = row.z - 2.0 * row.y + row.x;
    let yy = below.y - 2.0 * row.y + above.y;
    let xy = (below.z - below.x - above.z + above.x) * 0.25;
    let determinant = xx * yy - xy * xy;
    if determinant <= 0.0 { return vec2(0.0); }
    let offset = vec2(xy * gradient.y - yy * gradient.x, xy * gradient.x - xx * gradient.y) / determinant;
    return clamp(offset, vec2(-0.6), vec2(0.6));
}

fn emit(level: u32, x: u32, y: u32, above: vec3<f32>, row: vec3<f32>, below: vec3<f32>) {
    let scale = doubled_scale(level);
    let cell = min((2u * vec2(x, y) + 1u) * scale / 128u, vec2(params.cells_x, params.cells_y) - 1u);
    let index = cell.y * params.cells_x + cell.x;
    let slot = atomicAdd(&cell_counts[index], 1u);
    if slot >= LIST { return; }
    let place = (level << 29u) | (y << 14u) | x;
    // Corners of coarse levels outlast blur and noise: they count more, by the scale squared.
    let response = row.y * (f32(scale * scale) * 0.25);
    candidates[index * LIST + slot] = Candidate(response, place, pack2x16snorm(fit(above, row, below)));
}

@compute @workgroup_size(8, 8)
fn detect(@builtin(global_invocation_id) id: vec3<u32>) {
    let level = id.z;
    if level >= params.detect_count { return; }
    let shape = params.levels[level];
    let first = id.y * ROWS;
    if id.x >= shape.z || first + MARGIN >= shape.y || shape.x <= 2u * MARGIN { return; }
    let strip = i32(id.x);
    let columns = vec4(id.x * 4u) + vec4(0u, 1u, 2u, 3u);
    let inside = columns >= vec4(MARGIN) & columns < vec4(shape.x - MARGIN);

    var xx: Window;
    var xy: Window;
    var yy: Window;
    var response_1: Six;
    var response_2: Six;
    // The response of row y is ready when the row y + 4 is read, the maximum in row y one row later.
    let top = i32(first) - 1;
    var above = load_row(shape, strip, top - 4);
    var row = load_row(shape, strip, top - 3);
    let end = i32(min(first + ROWS, shape.y - MARGIN));
    for (var y = top - 6; y <= end; y++) {
        let below = load_row(shape, strip, y + 4);
        let response = advance(above, row, below, &xx, &xy, &yy);
        above = row;
        row = below;
        let at = y - 1; // the row in the middle of the three
        if at >= i32(first) && at >= i32(MARGIN) && at < end {
            let up = response_2;
            let mid = response_1;
            let down = response;
            let value = vec4(mid.left.yzw, mid.right.x);
            let higher = max(max(up.left, vec4(up.left.yzw, up.right.x)), max(vec4(up.left.zw, up.right), mid.left));
            let lower = max(max(down.left, vec4(down.left.yzw, down.right.x)), max(vec4(down.left.zw, down.right), vec4(mid.left.zw, mid.right)));
            // Of equal neighbours the first in reading order is the maximum.
            let maximum = inside & value > vec4(params.threshold) & value > higher & value >= lower;
            // Neighbours are never both maxima: one of the first two, one of the last two.
            if maximum.x || maximum.y {
                let a = maximum.x;
                emit(level, select(columns.y, columns.x, a), u32(at), select(up.left.yzw, up.left.xyz, a), select(mid.left.yzw, mid.left.xyz, a), select(down.left.yzw, down.left.xyz, a));
            }
            if maximum.z || maximum.w {
                let a = maximum.z;
                emit(
                    level, select(columns.w, columns.z, a), u32(at),
                    select(vec3(up.left.w, up.right), vec3(up.left.zw, up.right.x), a),
                    select(vec3(mid.left.w, mid.right), vec3(mid.left.zw, mid.right.x), a),
                    select(vec3(down.left.w, down.right), vec3(down.left.zw, down.right.x), a),
                );
            }
        }
        response_2 = response_1;
        response_1 = response;
    }
}
