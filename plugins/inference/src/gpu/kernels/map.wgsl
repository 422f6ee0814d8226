// Piece: Element by element: copies along strides (transpose, slice, pad, concat, shuffles), two operands broadcast, batch norm.
// A result's index is taken apart into six coordinates; MODE says what is done at them.
struct Point { c0: u32, c1: u32, c2: u32, c3: u32, c4: u32, c5: u32 }

fn point(i: u32) -> Point {
    let r5 = i / D5;
    let r4 = r5 / D4;
    let r3 = r4 / D3;
    let r2 = r3 / D2;
    return Point(r2 / D1, r2 % D1, r3 % D2, r4 % D3, r5 % D4, i % D5);
}
fn place_a(p: Point) -> u32 { return A_BASE + p.c0 * A0 + p.c1 * A1 + p.c2 * A2 + p.c3 * A3 + p.c4 * A4 + p.c5 * A5; }
fn place_b(p: Point) -> u32 { return p.c0 * B0 + p.c1 * B1 + p.c2 * B2 + p.c3 * B3 + p.c4 * B4 + p.c5 * B5; }
fn place_out(p: Point) -> u32 { return OUT_BASE + p.c0 * O0 + p.c1 * O1 + p.c2 * O2 + p.c3 * O3 + p.c4 * O4 + p.c5 * O5; }

fn both(a: f32, b: f32) -> f32 {
    switch MODE {
        case 1u: { return a + b; }
        case 2u: { return a - b; }
        case 3u: { return a * b; }
        case 4u: { return a / b; }
        case 5u: { return greater(a, b); }
        case 6u: { return lesser(a, b); }
        default: { return power(a, b); }
    }
}

fn value(i: u32, p: Point) -> f32 {
    if (MODE == 0u) { return load_a(place_a(p)); }
    if (MODE <= 7u) { return both(load_a(place_a(p)), load_b(place_b(p))); }
    if (MODE == 8u) {
        let channel = (i / CHANNEL_INNER) % CHANNELS;
        return load_a(i) * aux[places.shift + CHANNELS + channel] + aux[places.shift + channel];
    }
    // Padding: coordinates before or beyond the picture take the value.
    let q = Point(p.c0 - F0, p.c1 - F1, p.c2 - F2, p.c3 - F3, p.c4 - F4, p.c5 - F5);
    let inside = q.c0 < E0 && q.c1 < E1 && q.c2 < E2 && q.c3 < E3 && q.c4 < E4 && q.c5 < E5;
    if (!inside) { return FILL; }
    return load_a(place_a(q));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) wid: vec3<u32>, @builtin(local_invocation_index) tid: u32) {
    let i = (wid.x + wid.y * GRID_X) * THREADS + tid;
    if (i >= TOTAL) { return; }
    let p = point(i);
    finish(place_out(p), value(i, p));
}
