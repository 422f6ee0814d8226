// In: the frame's features, the tracks, the state. Out: the features that query the database (at most 1024; queries[0] is
// how many) and the targets to look at (scan: first the lost ones, then the slice). One workgroup.
// With: types.wgsl

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> tracks: array<Track, 20>;
@group(0) @binding(2) var<storage, read_write> state: State;
@group(0) @binding(3) var<storage, read_write> scan: array<u32>; // LOST + targets_per_frame
@group(0) @binding(4) var<storage, read_write> queries: array<u32>; // 1 + QUERIES
@group(1) @binding(0) var<storage, read> features: Features;

const SIDE = 256u;
const BLOCK = 16u;
var<workgroup> followed: array<u32, 20>; // target + 1
var<workgroup> gone: array<u32, 20>;
var<workgroup> lost: array<u32, 8>;
var<workgroup> cursor: u32;

fn is_followed(target_id: u32) -> bool { // target + 1
    var found = false;
    for (var i = 0u; i < TRACKS; i++) { found = found || followed[i] == target_id; }
    return found;
}

@compute @workgroup_size(256)
fn plan(@builtin(local_invocation_index) li: u32) {
    let shortlist = params.target_count > params.candidates;

    // Targets followed until the last frame and by no track now are lost.
    if li < TRACKS { followed[li] = select(0u, tracks[li].tracked + 1u, tracks[li].state == 1u); }
    workgroupBarrier();
    if li < TRACKS {
        let before = state.watched[li];
        gone[li] = select(before, 0u, is_followed(before));
    }
    workgroupBarrier();
    if li == 0u {
        let now = state.frame + 1u;
        state.frame = now;
        cursor = state.cursor;
        var ids: array<u32, 8>;
        var since: array<u32, 8>;
        var kept = 0u;
        for (var i = 0u; i < TRACKS; i++) {
            if gone[i] != 0u && kept < LOST { ids[kept] = gone[i]; since[kept] = now; kept++; }
        }
        let fresh = kept;
        for (var i = 0u; i < LOST; i++) {
            let id = state.lost[i];
            var again = id == 0u || is_followed(id) || now - state.lost_at[i] > LOST_FRAMES || id > params.target_count;
            for (var j = 0u; j < fresh; j++) { again = again || ids[j] == id; }
            if !again && kept < LOST { ids[kept] = id; since[kept] = state.lost_at[i]; kept++; }
        }
        for (var i = 0u; i < LOST; i++) {
            let id = select(0u, ids[i], i < kept);
            state.lost[i] = id;
            state.lost_at[i] = since[i];
            lost[i] = id;
        }
        let step = min(params.targets_per_frame, params.target_count);
        state.cursor = select(0u, (cursor + step) % max(params.target_count, 1u), shortlist);
    }
    if li < TRACKS { state.watched[li] = followed[li]; }
    workgroupBarrier();
    if !shortlist {
        if li == 0u { queries[0] = 0u; }
        return;
    }

    for (var slot = li; slot < LOST + params.targets_per_frame; slot += SIDE) {
        var found = NONE;
        if slot < LOST {
            if lost[slot] != 0u { found = lost[slot] - 1u; }
        } else if slot - LOST < params.target_count {
            let at = (cursor + slot - LOST) % params.target_count;
            var taken = is_followed(at + 1u);
            for (var i = 0u; i < LOST; i++) { taken = taken || lost[i] == at + 1u; }
            if !taken { found = at; }
        }
        scan[slot] = found;
    }

    // Of each 16 features in a row the strongest, as many as fit: the features stage gives them cell by cell, so the
    // queries cover the picture, and weak textures have theirs too. Each thread knows its places: nothing is appended.
    let count = min(features.count, params.feature_capacity);
    let kept = min(count, QUERIES);
    if li == 0u { queries[0] = kept; }
    for (var i = li; i < count; i += SIDE) {
        let block = i / BLOCK;
        let first = block * BLOCK;
        let last = min(first + BLOCK, count);
        let mine = features.points[i].response;
        var rank = 0u;
        for (var j = first; j < last; j++) {
            let other = features.points[j].response;
            rank += select(0u, 1u, other > mine || (other == mine && j < i));
        }
        let start = first * kept / count;
        if rank < last * kept / count - start { queries[1u + start + rank] = i; }
    }
}
