// In: the candidates of a cell, in no order. Out: its strongest 64 in order, and how many candidates of the whole picture have which
// faded response. A candidate fades with its rank in the cell, so that points spread: response * fade[rank].
// The order is by (response, place), so it does not depend on the order in which threads found the candidates.
// With: common.wgsl

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> cell_counts: array<u32>;
@group(0) @binding(2) var<storage, read> candidates: array<Candidate>;
@group(0) @binding(3) var<storage, read_write> ranked: array<vec2<u32>>; // bin, index into candidates; 64 a cell
@group(0) @binding(4) var<storage, read_write> histogram: array<atomic<u32>>;

struct Candidate {
    response: f32,
    place: u32,
    offset: u32,
}

const LIST: u32 = 512u;
const KEEP: u32 = 64u;
const BINS: u32 = 2048u;

var<workgroup> responses: array<f32, 512>;
var<workgroup> places: array<u32, 512>;
var<workgroup> count_shared: u32;

// 64 bins an octave from 1 on.
fn bin_of(response: f32) -> u32 {
    let bits = bitcast<u32>(max(response, 1.0));
    return min((bits - bitcast<u32>(1.0)) >> 17u, BINS - 1u);
}

@compute @workgroup_size(64)
fn select_strongest(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let cell = workgroup.x;
    if thread == 0u { count_shared = min(cell_counts[cell], LIST); }
    let count = workgroupUniformLoad(&count_shared);
    for (var i = thread; i < count; i += 64u) {
        let candidate = candidates[cell * LIST + i];
        responses[i] = candidate.response;
        places[i] = candidate.place;
    }
    workgroupBarrier();
    for (var i = thread; i < count; i += 64u) {
        let response = responses[i];
        let place = places[i];
        var rank = 0u;
        for (var j = 0u; j < count; j++) {
            let other = responses[j];
            rank += select(0u, 1u, other > response || (other == response && places[j] < place));
        }
        if rank < KEEP {
            let bin = bin_of(response * params.fade[rank / 4u][rank & 3u]);
            ranked[cell * KEEP + rank] = vec2(bin, cell * LIST + i);
            atomicAdd(&histogram[bin], 1u);
        }
    }
}
