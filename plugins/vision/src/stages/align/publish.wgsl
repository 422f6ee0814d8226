// In: the Results of `refine`. Out: tracks (persistent, for other stages), sightings (to the CPU, packed to the front), memory for the next frame.
// With: align_types.wgsl

@group(0) @binding(1) var<storage, read> targets: array<Target>;
@group(0) @binding(2) var<storage, read> results: array<Result, 20>;
@group(0) @binding(3) var<storage, read_write> memory: array<Memory, 20>;
@group(0) @binding(4) var<storage, read_write> tracks: array<Track, 20>;
@group(1) @binding(0) var<storage, read_write> sightings: Sightings;

struct Sightings {
    count: u32,
    pad: array<u32, 3>,
    tracks: array<Track, 20>,
}

const MISSES_MOST = 10u; // frames that a target is looked for where it was, without being published
const SAME_PLACE = 0.35; // of a target's mean side: centres nearer than this are the same thing

var<workgroup> places: array<vec4<f32>, 20>; // centre, mean side, score; score 0: not seen
var<workgroup> kept: array<u32, 20>;

// Two targets cannot be in one place: the one with the higher score stays, the lower slot if they are even.
fn displaced(slot: u32) -> bool {
    let own = places[slot];
    var gone = false;
    for (var i = 0u; i < SLOTS; i++) {
        let other = places[i];
        let near = distance(own.xy, other.xy) < SAME_PLACE * min(own.z, other.z);
        let alike = results[i].occupied == results[slot].occupied;
        let stronger = other.w > own.w || (other.w == own.w && i < slot);
        gone = gone || (i != slot && other.w > 0.0 && (near || alike) && stronger);
    }
    return gone;
}

@compute @workgroup_size(64)
fn publish(@builtin(local_invocation_index) slot: u32) {
    if slot < SLOTS {
        kept[slot] = 0u;
        places[slot] = vec4(0.0);
        if results[slot].occupied != 0u && results[slot].seen == 1u {
            let m = matrix_of(results[slot].pose);
            let side = 0.5 * (distance(apply(m, corner(0u)), apply(m, corner(2u))) + distance(apply(m, corner(1u)), apply(m, corner(3u)))) * 0.7071;
            places[slot] = vec4(apply(m, vec2(0.0)), side, results[slot].score);
        }
    }
    workgroupBarrier();
    if slot < SLOTS && places[slot].w > 0.0 && !displaced(slot) { kept[slot] = 1u; }
    workgroupBarrier();
    if slot >= SLOTS { return; }

    var row = 0u;
    var count = 0u;
    for (var i = 0u; i < SLOTS; i++) {
        row += select(0u, kept[i], i < slot);
        count += kept[i];
    }
    if slot == 0u { sightings.count = count; }

    var track: Track;
    if kept[slot] == 1u {
        let m = matrix_of(results[slot].pose);
        let known = memory[slot].occupied != 0u;
        let next_to_last = known && memory[slot].misses == 0u;
        let last = matrix_of(memory[slot].pose);
        for (var i = 0u; i < 8u; i += 2u) {
            var velocity = vec2(0.0);
            if next_to_last { velocity = apply(m, corner(i / 2u)) - apply(last, corner(i / 2u)); }
            memory[slot].velocity_before[i] = memory[slot].velocity[i];
            memory[slot].velocity_before[i + 1u] = memory[slot].velocity[i + 1u];
            memory[slot].velocity[i] = velocity.x;
            memory[slot].velocity[i + 1u] = velocity.y;
        }
        memory[slot].steady = select(0u, min(memory[slot].steady + 1u, 2u), next_to_last);
        memory[slot].pose = results[slot].pose;
        memory[slot].age = select(0u, memory[slot].age, known) + 1u;
        memory[slot].misses = 0u;
        memory[slot].occupied = results[slot].occupied;
        memory[slot].ceiling = results[slot].ceiling;

        let described = targets[results[slot].occupied - 1u];
        let h = m * normalised_from_target(described);
        track.homography = rows_of(h * (1.0 / h[2].z));
        track.state = 1u;
        track.tracked = results[slot].occupied - 1u;
        track.age = memory[slot].age;
        track.score = results[slot].score;
        track.reprojection = results[slot].reprojection;
        track.inliers = results[slot].inliers;
        sightings.tracks[row] = track;
    } else if memory[slot].occupied != 0u {
        // Not seen, or displaced by another: kept for a while, then free.
        memory[slot].misses += 1u;
        memory[slot].steady = 0u;
        if memory[slot].misses > MISSES_MOST || results[slot].seen == 1u {
            memory[slot].occupied = 0u;
            memory[slot].misses = 0u;
            memory[slot].age = 0u;
        }
    }
    tracks[slot] = track;
    // The rows behind the last are free ones.
    if slot >= count {
        var none: Track;
        sightings.tracks[slot] = none;
    }
}
