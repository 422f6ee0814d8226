// In: the hypothesis after guided matching, its pairs. Out: a pose for each candidate, accepted or not.
// A workgroup for each candidate. What speaks against chance, in one number, the evidence:
//   + cells of 16 x 16 over the target with a match within half the inlier radius (many matches in one spot prove little)
//   + half the inliers that the hypothesis had before it guided the matching
//   - the matches of that radius that chance explains: it scatters evenly over the circle of guidance, 4/3 of the inlier radius,
//     so of n matches outside the half radius follow n * 0.25 / (16/9 - 0.25) inside.
// Beside it a plausible outline: convex, not mirrored, not too small, not too slanted.
// With: ../matching/types.wgsl

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> candidates: array<u32>;
@group(0) @binding(2) var<storage, read> targets: array<Target>;
@group(0) @binding(3) var<storage, read> pairs: array<Pair>;
@group(0) @binding(4) var<storage, read> pair_counts: array<vec4<u32>>;
@group(0) @binding(5) var<storage, read> hypotheses: array<Hypothesis>; // candidate x (BLOCKS + 1): the last
@group(0) @binding(6) var<storage, read_write> poses: array<Pose>; // 20
@group(0) @binding(7) var<storage, read_write> state: State;

struct Pose {
    homography: array<f32, 9>, // target px -> frame px, h22 = 1
    tried: u32, // index into targets; NONE: nothing was tried
    inliers: u32,
    reprojection: f32, // root mean square of the inliers' transfer error, frame px
    accepted: u32,
    pairs: u32, // guided matches
    evidence: f32,
    unguided: u32, // inliers before guidance
}

const THREADS = 64u;
const CHANCE = 0.164;
const AREA_MIN = 400.0; // px
var<workgroup> cells: array<atomic<u32>, 8>;
var<workgroup> outside: atomic<u32>; // matches beyond half the inlier radius

fn project(h: array<f32, 9>, at: vec2<f32>) -> vec3<f32> {
    let w = h[6] * at.x + h[7] * at.y + h[8];
    return vec3(vec2(h[0] * at.x + h[1] * at.y + h[2], h[3] * at.x + h[4] * at.y + h[5]) / w, w);
}

fn corner_sign(a: vec2<f32>, b: vec2<f32>, c: vec2<f32>) -> f32 {
    let p = b - a;
    let q = c - b;
    return p.x * q.y - p.y * q.x;
}

@compute @workgroup_size(64)
fn accept(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) li: u32) {
    let candidate = candidates[group.x];
    if candidate >= params.target_count {
        if li == 0u {
            poses[group.x].tried = NONE;
            poses[group.x].accepted = 0u;
            poses[group.x].inliers = 0u;
        }
        return;
    }
    let best = hypotheses[group.x * (BLOCKS + 1u) + BLOCKS];
    let found = best.cost < 1.0;
    let h = best.homography;
    let size = vec2(targets[candidate].width, targets[candidate].height);

    if li < 8u { atomicStore(&cells[li], 0u); }
    if li == 0u { atomicStore(&outside, 0u); }
    workgroupBarrier();
    let count = select(0u, min(pair_counts[group.x].x, PAIRS), found);
    for (var i = li; i < count; i += THREADS) {
        let pair = pairs[group.x * PAIRS + i];
        let at = project(h, pair.target_px);
        let error = at.xy - pair.frame_px;
        let allowed = params.inlier_px * clamp(pair.scale * 0.5, 1.0, 2.0);
        if dot(error, error) < 0.25 * allowed * allowed && at.z > 0.0 {
            let cell = vec2<u32>(clamp(pair.target_px / size * 16.0, vec2(0.0), vec2(15.0)));
            let bit = cell.y * 16u + cell.x;
            atomicOr(&cells[bit / 32u], 1u << (bit % 32u));
        } else {
            atomicAdd(&outside, 1u);
        }
    }
    workgroupBarrier();
    if li != 0u { return; }
    var occupied = 0u;
    for (var i = 0u; i < 8u; i++) { occupied += countOneBits(atomicLoad(&cells[i])); }

    let unguided = best.unguided;
    let evidence = f32(occupied) + 0.5 * f32(unguided) - CHANCE * f32(atomicLoad(&outside));

    let c0 = project(h, vec2(0.0, 0.0));
    let c1 = project(h, vec2(size.x, 0.0));
    let c2 = project(h, size);
    let c3 = project(h, vec2(0.0, size.y));
    let turns = vec4(
        corner_sign(c0.xy, c1.xy, c2.xy), corner_sign(c1.xy, c2.xy, c3.xy),
        corner_sign(c2.xy, c3.xy, c0.xy), corner_sign(c3.xy, c0.xy, c1.xy),
    );
    let depths = vec4(c0.z, c1.z, c2.z, c3.z);
    let nearest = min(min(depths.x, depths.y), min(depths.z, depths.w));
    let farthest = max(max(depths.x, depths.y), max(depths.z, depths.w));
    let least = min(min(turns.x, turns.y), min(turns.z, turns.w));
    let area = 0.5 * (turns.x + turns.z); // two triangles
    let sides = vec4(distance(c0.xy, c1.xy), distance(c1.xy, c2.xy), distance(c2.xy, c3.xy), distance(c3.xy, c0.xy));
    let short_side = min(min(sides.x, sides.y), min(sides.z, sides.w));
    // A square seen at 75 degrees keeps a quarter of its width.
    let stretch = max(max(sides.x, sides.z) / size.x, max(sides.y, sides.w) / size.y)
        / max(min(min(sides.x, sides.z) / size.x, min(sides.y, sides.w) / size.y), 1e-6);
    // Comparisons with what is not a number are false: then nothing is accepted.
    let plausible = nearest > 0.0 && farthest < 6.0 * nearest && least > 0.0 && area > AREA_MIN && short_side > 8.0
        && stretch < 10.0;
    let accepted = found && plausible && best.inliers >= params.inliers_min && evidence >= params.evidence_min;

    var pose: Pose;
    pose.homography = h;
    pose.tried = candidate;
    pose.inliers = select(0u, best.inliers, found);
    pose.reprojection = select(0.0, best.reprojection, found);
    pose.accepted = select(0u, 1u, accepted);
    pose.pairs = pair_counts[group.x].x;
    pose.evidence = select(0.0, evidence, found);
    pose.unguided = select(0u, unguided, found);
    poses[group.x] = pose;
    if params.target_count > params.candidates {
        state.failures[candidate] = select(min(state.failures[candidate] + 2u, 3u), 0u, accepted);
    }
}
