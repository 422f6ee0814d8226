// In: flow (dx, dy, confidence), the frame's features, the points of the frame before. Out: the points of this frame.
//
// `clear` empties the grid, `advance` moves points by the flow, `keep_and_fill` drops one of two that came too close,
// fills empty cells with features, and counts. Whoever has the lower number stays: no order of atomics shows.

struct Params {
    size: vec2<u32>,
    cells: vec2<u32>, // of CELL x CELL pixels
    trusted: f32,     // least confidence of the flow
    pad: vec3<u32>,
}

struct Track {
    at: vec2<f32>,     // pixels of this frame
    before: vec2<f32>, // where it was in the frame before
    id: u32,           // 0: a free place
    age: u32,          // frames since it began
    confidence: f32,
    pad: u32,
}

struct Tracks {
    count: u32,
    last_id: u32,
    pad: array<u32, 62>,
    tracks: array<Track>,
}

struct Point {
    at: vec2<f32>,
    scale: f32,
    angle: f32,
    response: f32,
    level: u32,
    pad: vec2<u32>,
}

struct Points {
    count: u32,
    capacity: u32,
    pad: array<u32, 62>,
    points: array<Point>,
}

const CELL: u32 = 16u;
const THREADS: u32 = 256u;
const NOBODY: u32 = 0xffffffffu;
const BORDER: f32 = 4.0;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> state: Tracks;
@group(0) @binding(2) var<storage, read_write> cells: array<atomic<u32>>; // the lowest number in each
@group(0) @binding(3) var flow: texture_2d<f32>;
@group(0) @binding(4) var<storage, read_write> told: array<u32, 4>; // count, fresh, mean age
@group(1) @binding(0) var<storage, read> found: Points;

fn cell_of(at: vec2<f32>) -> u32 {
    let cell = min(vec2<u32>(max(at, vec2(0.0))) / CELL, params.cells - 1u);
    return cell.y * params.cells.x + cell.x;
}

fn is_inside(at: vec2<f32>) -> bool {
    return all(at >= vec2(BORDER)) && all(at <= vec2<f32>(params.size) - 1.0 - BORDER);
}

@compute @workgroup_size(256)
fn clear(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x < params.cells.x * params.cells.y { atomicStore(&cells[id.x], NOBODY); }
}

// The flow between four texels; its confidence is that of the least trusted.
fn flow_at(at: vec2<f32>) -> vec3<f32> {
    let last = vec2<i32>(params.size) - 1;
    let corner = clamp(vec2<i32>(floor(at)), vec2(0), last);
    let next = min(corner + 1, last);
    let part = clamp(at - vec2<f32>(corner), vec2(0.0), vec2(1.0));
    let a = textureLoad(flow, corner, 0).xyz;
    let b = textureLoad(flow, vec2(next.x, corner.y), 0).xyz;
    let c = textureLoad(flow, vec2(corner.x, next.y), 0).xyz;
    let d = textureLoad(flow, next, 0).xyz;
    let moved = mix(mix(a.xy, b.xy, part.x), mix(c.xy, d.xy, part.x), part.y);
    return vec3(moved, min(min(a.z, b.z), min(c.z, d.z)));
}

@compute @workgroup_size(64)
fn advance(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= arrayLength(&state.tracks) { return; }
    var track = state.tracks[id.x];
    if track.id == 0u { return; }
    let step = flow_at(track.at);
    let to = track.at + step.xy;
    if step.z < params.trusted || !is_inside(to) {
        state.tracks[id.x].id = 0u;
        return;
    }
    track.before = track.at;
    track.at = to;
    track.age += 1u;
    track.confidence = step.z;
    state.tracks[id.x] = track;
    atomicMin(&cells[cell_of(to)], track.id);
}

var<workgroup> sums: array<u32, 256>;

// Sum of what the threads before this one have, and of all in the last place of `sums` (Hillis and Steele 1986).
fn sum_before(thread: u32, value: u32) -> u32 {
    sums[thread] = value;
    workgroupBarrier();
    for (var step = 1u; step < THREADS; step *= 2u) {
        var left = 0u;
        if thread >= step { left = sums[thread - step]; }
        workgroupBarrier();
        sums[thread] += left;
        workgroupBarrier();
    }
    return sums[thread] - value;
}

// The first thing of each thread's run of places or features; runs follow one another.
fn run_of(items: u32) -> u32 {
    return (items + THREADS - 1u) / THREADS;
}

@compute @workgroup_size(256)
fn keep_and_fill(@builtin(local_invocation_index) thread: u32) {
    let places = arrayLength(&state.tracks);
    let first_id = state.last_id;
    let run = run_of(places);

    // Of two in one cell, the younger goes.
    var free = 0u;
    var kept = 0u;
    var ages = 0u;
    for (var place = thread * run; place < min((thread + 1u) * run, places); place++) {
        let track = state.tracks[place];
        if track.id != 0u && atomicLoad(&cells[cell_of(track.at)]) == track.id {
            kept += 1u;
            ages += track.age;
        } else {
            state.tracks[place].id = 0u;
            free += 1u;
        }
    }
    let free_before = sum_before(thread, free);
    workgroupBarrier();
    let all_free = sums[THREADS - 1u];
    workgroupBarrier();
    sum_before(thread, kept);
    let all_kept = sums[THREADS - 1u];
    workgroupBarrier();
    sum_before(thread, ages);
    let all_ages = sums[THREADS - 1u];
    workgroupBarrier();

    // The strongest feature of each empty cell begins a track: features come with the strongest first in each cell, so
    // the lowest index is asked for. Numbers of features lie above all ids that are alive.
    let features = min(found.count, found.capacity);
    for (var feature = thread; feature < features; feature += THREADS) {
        let at = found.points[feature].at;
        if is_inside(at) { atomicMin(&cells[cell_of(at)], 0x80000000u + feature); }
    }
    storageBarrier();
    let feature_run = run_of(features);
    var fresh = 0u;
    for (var feature = thread * feature_run; feature < min((thread + 1u) * feature_run, features); feature++) {
        let at = found.points[feature].at;
        fresh += u32(is_inside(at) && atomicLoad(&cells[cell_of(at)]) == 0x80000000u + feature);
    }
    let fresh_before = sum_before(thread, fresh);
    let all_fresh = min(sums[THREADS - 1u], all_free);
    workgroupBarrier();
    // The free places in their order, listed where the cells were: each is looked up by the feature that takes it.
    var nth = free_before;
    for (var place = thread * run; place < min((thread + 1u) * run, places); place++) {
        if state.tracks[place].id == 0u {
            state.tracks[nth].pad = place;
            nth += 1u;
        }
    }
    storageBarrier();
    var rank = fresh_before;
    for (var feature = thread * feature_run; feature < min((thread + 1u) * feature_run, features); feature++) {
        let at = found.points[feature].at;
        let begins = is_inside(at) && atomicLoad(&cells[cell_of(at)]) == 0x80000000u + feature;
        if begins && rank < all_free {
            let place = state.tracks[rank].pad;
            state.tracks[place].at = at;
            state.tracks[place].before = at;
            // Ids stay below the numbers of features; after two thousand million they begin again.
            state.tracks[place].id = (first_id + rank) % 0x7fffffffu + 1u;
            state.tracks[place].age = 0u;
            state.tracks[place].confidence = 1.0;
        }
        rank += u32(begins);
    }
    if thread == 0u {
        state.count = all_kept + all_fresh;
        state.last_id = (first_id + all_fresh) % 0x7fffffffu;
        told[0] = all_kept + all_fresh;
        told[1] = all_fresh;
        told[2] = bitcast<u32>(f32(all_ages) / f32(max(all_kept + all_fresh, 1u)));
    }
}
