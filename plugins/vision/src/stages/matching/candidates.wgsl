// In: votes of the targets looked at. Out: the candidates, best first, NONE behind the last.
// One workgroup. A target tried in vain counts half as much, a quarter, an eighth in the next frames, so that others
// come to their turn; lost ones come first. Ties go to the earlier slot.
// With: types.wgsl

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> scan: array<u32>;
@group(0) @binding(2) var<storage, read> votes: array<u32>;
@group(0) @binding(3) var<storage, read_write> state: State;
@group(0) @binding(4) var<storage, read_write> candidates: array<u32>; // 20

const SIDE = 256u;
const EACH = 5u; // 256 x 5 slots hold 8 lost targets and a slice of 1024
const LOST_BONUS = 65536u; // more than any sum of votes
var<workgroup> best: array<u32, 256>;

@compute @workgroup_size(256)
fn choose(@builtin(local_invocation_index) li: u32) {
    if params.target_count <= params.candidates {
        // Few targets: each that is not followed is tried.
        if li < TRACKS {
            var followed = li >= params.target_count;
            for (var i = 0u; i < TRACKS; i++) { followed = followed || state.watched[i] == li + 1u; }
            candidates[li] = select(li, NONE, followed);
        }
        return;
    }
    let slots = LOST + params.targets_per_frame;
    // votes << 11 | slot from behind: the largest key is the best, and no two are alike.
    var keys: array<u32, 5>;
    for (var i = 0u; i < EACH; i++) {
        let slot = li + i * SIDE;
        keys[i] = 0u;
        if slot < slots && scan[slot] != NONE && votes[slot] >= params.votes_min {
            let failures = state.failures[scan[slot]];
            let worth = (votes[slot] + select(0u, LOST_BONUS, slot < LOST)) >> failures;
            keys[i] = (worth << 11u) | (2047u - slot);
            if failures > 0u { state.failures[scan[slot]] = failures - 1u; }
        }
    }
    for (var rank = 0u; rank < params.candidates; rank++) {
        best[li] = max(max(max(keys[0], keys[1]), max(keys[2], keys[3])), keys[4]);
        workgroupBarrier();
        for (var half = SIDE / 2u; half > 0u; half /= 2u) {
            if li < half { best[li] = max(best[li], best[li + half]); }
            workgroupBarrier();
        }
        let first = best[0];
        workgroupBarrier();
        for (var i = 0u; i < EACH; i++) { if keys[i] == first { keys[i] = 0u; } }
        if li == 0u {
            let slot = 2047u - (first & 2047u);
            var found = NONE;
            if first != 0u { found = scan[slot]; }
            candidates[rank] = found;
        }
    }
    if li >= params.candidates && li < TRACKS { candidates[li] = NONE; }
}
