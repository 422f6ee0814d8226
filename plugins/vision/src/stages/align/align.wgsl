// In: this frame's luma and pyramid (R8, 0..1), templates, what is remembered of each slot, poses offered by matching, the frame's global motion.
// Out: one Result for each of 20 slots. A workgroup is a slot: it chooses among hypotheses, aligns from coarse to fine and judges the outcome.
//
// Inverse compositional Gauss-Newton over the 8 parameters of a homography (Baker & Matthews 2004) on blocks of 8x8 template texels. Gain and
// bias of each block are eliminated (variable projection): blocks count by the variance of what they leave unexplained, so covered ones fade.
// With: align_types.wgsl align_solve.wgsl

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> targets: array<Target>;
@group(0) @binding(2) var<storage, read> templates: array<u32>;
@group(0) @binding(3) var<storage, read> blocks: array<u32>;
@group(0) @binding(4) var<storage, read> memory: array<Memory, 20>;
@group(0) @binding(5) var<storage, read_write> results: array<Result, 20>;
@group(1) @binding(0) var luma: texture_2d<f32>;
@group(1) @binding(1) var pyramid: texture_2d<f32>;
@group(1) @binding(2) var<storage, read> poses: array<Pose, 20>;
@group(1) @binding(3) var<storage, read> motion: array<f32, 16>; // mean dx, dy, deviation, trusted, h (9, previous -> this frame), rest 0

const BLOCKS = 64u; // at most, of a level
const SUMS = 16u;
const LEVELS = 5u; // of a template, at most
const HYPOTHESES = 6u;
const TAPS_MOST = 10u; // of motion blur

const COARSE_SIDE = 40u; // texels: the first level to align is the first whose longer side is no longer
const FINEST_RATIO = 0.7; // frame px per template texel: the finest level has at least this
const WIDE = 1.3; // frame px per template texel from which on a sample is the mean of four
const SATURATED = 0.99;
const TEXTURE_LEAST = 6e-5; // variance of a block below which it says nothing: 2 grey levels
const RESIDUAL_FLOOR = 4e-4; // variance that every block is charged with: 5 grey levels
const DAMPING = 0.0005;
const STEP_MOST = 3.0; // texels that a corner may move in an iteration
const GOOD_BLOCK = 0.5; // correlation
const SCORE_LEAST = 0.7;
const SHARE_LEAST = 0.25; // of the judged blocks that must be good
const SHARE_TO_FIND = 0.4; // likewise, of a target that was not seen in the frame before
const GOOD_LEAST = 8u;
const SEEN_LEAST = 0.2; // of all blocks, also those outside the frame, that must be good
const SEARCH_BELOW = 0.55; // a best hypothesis that scores less is looked for around
const FAST = 4.0; // px a frame from which on motion blur is considered
const BLUR_GAIN = 0.01; // of the mean correlation, that blur must bring
const SMEAR_MOST = 5.0; // texels of blur that a level may have
const NO_CEILING = 2.0;
const CEILING_GUESS = 0.35; // where too little is left to tell
const SATURATED_SHARE = 0.02; // of the samples, from which on exposure is modelled

// What `refine` does with a comparison.
const CHOOSE = 0u; // scores a hypothesis
const SEARCH = 1u; // scores a shifted hypothesis
const SHUTTER = 2u; // scores an exposure time
const EXPOSE = 3u; // finds the template's tone that saturates
const ALIGN = 4u; // makes a step
const JUDGE = 5u; // says whether the target is there
const GUARD = 6u; // scores the start, to go back to if the coarse level led astray
const DONE = 7u;

// How one level is read: the same in all threads of a workgroup but for the last three.
struct Grid {
    first: u32, // word
    pitch: u32, // bytes
    fine_first: u32, // of the level that saturation cuts: up to two above
    fine_pitch: u32,
    cut: u32, // its texels to a side of one of this level
    side: vec2<u32>,
    scale: vec2<f32>, // normalised units per texel
    count: u32, // blocks
    place: vec2<u32>, // of this thread's block
    origin: vec2<f32>, // normalised centre of the thread's block
    smear: vec2<f32>, // motion blur there, texels from end to end
}

// The comparison that comes next. Only thread 0 writes it.
struct Plan {
    phase: u32,
    level: u32,
    index: u32, // within the phase
    open: u32, // 1: samples must be read anew
    shutter: f32, // share of the time between frames in which motion blurs; negative: across the motion, for comparison
    ceiling: f32, // template tone that saturates; more than 1: none does
}

var<workgroup> partial: array<f32, 2048>; // 16 sums of 128 threads
var<workgroup> block_at: array<vec2<f32>, 64>;
var<workgroup> block_tensor: array<vec3<f32>, 64>; // weighted xx, xy, yy
var<workgroup> block_pull: array<vec2<f32>, 64>; // weighted gradient times residual
var<workgroup> block_rho: array<f32, 64>; // correlation; below -1: no say
var<workgroup> block_rest: array<vec2<f32>, 64>; // v S^-1 v and trace S / 2
var<workgroup> chunk_sums: array<f32, 256>;
var<workgroup> chunk_right: array<f32, 256>;
var<workgroup> wanted: array<u32, 20>; // target + 1 of each slot
var<workgroup> offered: array<u32, 20>; // target + 1 of each pose
var<workgroup> fresh: array<u32, 20>; // pose starts a new slot
var<workgroup> hypotheses: array<mat3x3<f32>, 6>;
var<workgroup> possible: array<u32, 6>; // hypothesis is one
var<workgroup> hypothesis_count: u32;
var<workgroup> job: u32; // target + 1
var<workgroup> pose: mat3x3<f32>;
var<workgroup> settled: u32;
var<workgroup> plan: Plan;
var<workgroup> block_fit: array<vec4<f32>, 64>; // samples, saturated samples, gain, bias; gain 0: no say
var<workgroup> sum_marks: array<vec4<f32>, 8>;
var<workgroup> sum_rest: array<vec2<f32>, 8>;
var<workgroup> sum_fits: array<vec4<f32>, 8>;
var<workgroup> smear_corners: array<vec2<f32>, 4>; // px that a corner moves in the time between two frames

var<private> sharers: u32; // threads of a block
var<private> coarse: u32; // level that alignment starts at

// Thread 0's notes.
var<private> best_score: f32;
var<private> best_index: u32;
var<private> best_pose: mat3x3<f32>;
var<private> finest: u32;
var<private> iterations: u32;
var<private> aligned: mat3x3<f32>;
var<private> after_guard: u32;
var<private> fast: bool;
var<private> ceiling_before: f32; // of the level above, or a guess

var<private> cell: array<vec4<f32>, 64>; // this thread's samples: template value, gradient, 1 if known
var<private> grid: Grid;
var<private> described: Target;

// Hypotheses

fn frame_size() -> vec2<f32> {
    return vec2(f32(params.frame_width), f32(params.frame_height));
}

// The homography that takes the square -1..1 to four corners (Heckbert 1989).
fn from_corners(quad: array<vec2<f32>, 4>) -> mat3x3<f32> {
    var q = quad;
    let d1 = q[1] - q[2];
    let d2 = q[3] - q[2];
    let s = q[0] - q[1] + q[2] - q[3];
    let det = d1.x * d2.y - d2.x * d1.y;
    let g = (s.x * d2.y - d2.x * s.y) / det;
    let h = (d1.x * s.y - s.x * d1.y) / det;
    let a = q[1] - q[0] + g * q[1];
    let b = q[3] - q[0] + h * q[3];
    let unit = mat3x3<f32>(vec3(a, g), vec3(b, h), vec3(q[0], 1.0));
    let m = unit * mat3x3<f32>(0.5, 0.0, 0.0, 0.0, 0.5, 0.0, 0.5, 0.5, 1.0);
    return m * (1.0 / m[2].z);
}

// Hypothesis 0: the last pose; 1: at the same velocity; 2: at the same change of velocity; 3: carried by the frame's global motion; 4 and 5:
// what matching offers. Each is made by a thread of its own.
fn propose(slot: u32, kind: u32) {
    let known = wanted[slot] != 0u;
    let last = matrix_of(memory[slot].pose);
    var m = last;
    var usable = known;
    if kind == 1u || kind == 2u {
        usable = known && memory[slot].steady >= kind;
        var quad: array<vec2<f32>, 4>;
        for (var i = 0u; i < 4u; i++) {
            let velocity = vec2(memory[slot].velocity[2u * i], memory[slot].velocity[2u * i + 1u]);
            let before = vec2(memory[slot].velocity_before[2u * i], memory[slot].velocity_before[2u * i + 1u]);
            quad[i] = apply(last, corner(i)) + 0.95 * select(velocity, 2.0 * velocity - before, kind == 2u);
        }
        m = from_corners(quad);
    } else if kind >= 3u {
        // One product of matrices for both.
        var left = mat3x3<f32>(motion[4], motion[7], motion[10], motion[5], motion[8], motion[11], motion[6], motion[9], motion[12]);
        var other = last;
        if kind == 3u {
            usable = known && motion[3] > 0.5;
        } else {
            var place = SLOTS;
            var rank = kind - 4u;
            for (var i = 0u; i < SLOTS; i++) {
                if offered[i] == job {
                    if rank == 0u { place = i; }
                    rank = select(rank - 1u, SLOTS, rank == 0u);
                }
            }
            usable = place < SLOTS;
            left = matrix_of(poses[min(place, SLOTS - 1u)].homography);
            other = target_from_normalised(described);
        }
        m = left * other;
        usable = usable && all_finite(m) && m[2].z > 1e-6;
        m = m * (1.0 / select(1.0, m[2].z, usable));
    }
    hypotheses[kind] = m;
    possible[kind] = select(0u, 1u, usable && plausible(m, frame_size()));
}

// Which target this slot works on. Every workgroup comes to the same answer for all slots.
fn assign(slot: u32, thread: u32) {
    if thread < SLOTS {
        wanted[thread] = memory[thread].occupied;
        let usable = poses[thread].accepted != 0u && poses[thread].tracked < params.target_count;
        offered[thread] = select(0u, poses[thread].tracked + 1u, usable);
    }
    workgroupBarrier();
    if thread < SLOTS {
        var new_one = offered[thread] != 0u;
        for (var i = 0u; i < SLOTS; i++) {
            new_one = new_one && wanted[i] != offered[thread] && (i >= thread || offered[i] != offered[thread]);
        }
        fresh[thread] = select(0u, 1u, new_one);
    }
    workgroupBarrier();
    if thread == 0u {
        hypothesis_count = 0u;
        job = wanted[slot];
        if job == 0u {
            var rank = 0u;
            for (var i = 0u; i < slot; i++) { rank += select(0u, 1u, wanted[i] == 0u); }
            for (var i = 0u; i < SLOTS; i++) {
                if fresh[i] == 1u {
                    if rank == 0u && job == 0u { job = offered[i]; }
                    rank = select(rank - 1u, 0xffffu, rank == 0u);
                }
            }
        }
        if job > params.target_count { job = 0u; }
    }
    let work = workgroupUniformLoad(&job);
    if work != 0u {
        described = targets[work - 1u];
        if thread < HYPOTHESES { propose(slot, thread); }
    }
    workgroupBarrier();
    if thread == 0u && work != 0u {
        for (var i = 0u; i < HYPOTHESES; i++) {
            if possible[i] == 1u {
                hypotheses[hypothesis_count] = hypotheses[i];
                hypothesis_count++;
            }
        }
    }
}

// Template

fn template_texel(at: vec2<u32>) -> f32 {
    let byte = at.y * grid.pitch + at.x;
    let word = templates[grid.first + (byte >> 2u)];
    return f32((word >> ((byte & 3u) * 8u)) & 0xffu) / 255.0;
}

fn fine_texel(at: vec2<u32>) -> f32 {
    let byte = at.y * grid.fine_pitch + at.x;
    let word = templates[grid.fine_first + (byte >> 2u)];
    return f32((word >> ((byte & 3u) * 8u)) & 0xffu) / 255.0;
}

// What the sensor would make of the template's texel: blurred by the motion, then saturated.
fn exposed(at: vec2<f32>, taps: u32, ceiling: f32) -> f32 {
    var value = 0.0;
    for (var i = 0u; i < taps; i++) {
        let share = (f32(i) + 0.5) / f32(taps) - 0.5;
        let inside = clamp(at + grid.smear * share, vec2(0.0), vec2<f32>(grid.side) - 1.001);
        if ceiling < NO_CEILING {
            // Saturation comes before the mean that makes a coarse level: texels of up to two levels above are cut.
            let start = vec2<u32>(inside * f32(grid.cut) + 0.5);
            var sum = 0.0;
            for (var j = 0u; j < grid.cut * grid.cut; j++) {
                sum += min(fine_texel(start + vec2(j % grid.cut, j / grid.cut)), ceiling);
            }
            value += sum / f32(grid.cut * grid.cut);
            continue;
        }
        let low = vec2<u32>(inside);
        let t = inside - vec2<f32>(low);
        let above = mix(template_texel(low), template_texel(low + vec2(1u, 0u)), t.x);
        let below = mix(template_texel(low + vec2(0u, 1u)), template_texel(low + vec2(1u, 1u)), t.x);
        value += mix(above, below, t.y);
    }
    return value / f32(taps);
}

fn level_side(level: u32) -> vec2<u32> {
    return vec2(described.template_width >> level, described.template_height >> level);
}

// Turns to a level: where it lies, and this thread's samples of it.
fn open_level(level: u32, shutter: f32, ceiling: f32, thread: u32) {
    grid.first = described.template_first;
    let fine = level - min(level, 2u);
    grid.cut = 1u << (level - fine);
    grid.fine_pitch = ((level_side(fine).x + 3u) / 4u) * 4u;
    grid.fine_first = grid.first;
    for (var i = 0u; i < level; i++) {
        let side = level_side(i);
        grid.fine_first += select(0u, ((side.x + 3u) / 4u) * side.y, i < fine);
        grid.first += ((side.x + 3u) / 4u) * side.y;
    }
    grid.side = level_side(level);
    grid.pitch = ((grid.side.x + 3u) / 4u) * 4u;
    let texel = f32(1u << level) * described.pixels_per_template_pixel;
    grid.scale = 2.0 * texel / vec2(described.width, described.height);
    let table = ((job - 1u) * LEVELS + level) * BLOCKS;
    grid.count = min(blocks[table] >> 24u, BLOCKS);
    let block = thread / sharers;
    let entry = blocks[table + block];
    grid.place = vec2(entry & 0xfffu, (entry >> 12u) & 0xfffu);
    grid.origin = (vec2<f32>(grid.place) + 4.0) * grid.scale - 1.0;
    grid.smear = vec2(0.0);
    if block < grid.count {
        if shutter != 0.0 {
            let t = grid.origin * 0.5 + 0.5;
            var moved = mix(mix(smear_corners[0], smear_corners[1], t.x), mix(smear_corners[3], smear_corners[2], t.x), t.y);
            if shutter < 0.0 { moved = vec2(-moved.y, moved.x); }
            let d = derivative(pose, grid.origin);
            let det = d[0].x * d[1].y - d[0].y * d[1].x;
            let back = vec2(d[1].y * moved.x - d[1].x * moved.y, d[0].x * moved.y - d[0].y * moved.x) / det;
            grid.smear = clamp(abs(shutter) * back / grid.scale, vec2(-12.0), vec2(12.0));
        }
        let taps = min(u32(length(grid.smear) * 1.2) + 1u, TAPS_MOST);
        // Rows of eight, with one texel around them, from top to bottom: only three rows are held at a time.
        let rows = 8u / sharers;
        let top = grid.place.y + (thread % sharers) * rows;
        let edge = 0.5 * abs(grid.smear);
        var around: array<f32, 30>;
        for (var i = 0u; i < 10u * (rows + 2u); i++) {
            let row = i / 10u;
            let now = (row % 3u) * 10u;
            let x = i - row * 10u;
            around[now + x] = exposed(vec2<f32>(vec2(grid.place.x + x, top + row)) - 1.0, taps, ceiling);
            // Texel (x - 1, row - 1) has all its neighbours when (x, row) and the one below it are there.
            if x == 9u && row >= 2u {
                let middle = ((row - 1u) % 3u) * 10u;
                let above = ((row - 2u) % 3u) * 10u;
                for (var j = 1u; j < 9u; j++) {
                    let at = vec2<f32>(vec2(grid.place.x + j, top + row - 1u)) - 1.0;
                    let known = all(at + 1.0 - edge >= vec2(0.5)) && all(at + edge <= vec2<f32>(grid.side) - 0.5);
                    cell[(row - 2u) * 8u + j - 1u] = vec4(
                        around[middle + j],
                        0.5 * (around[middle + j + 1u] - around[middle + j - 1u]),
                        0.5 * (around[now + j] - around[above + j]),
                        select(0.0, 1.0, known),
                    );
                }
            }
        }
    }
}

// Frame

fn frame_texel(at: vec2<i32>, level: u32) -> f32 {
    if level == 0u { return textureLoad(luma, at, 0).x; }
    return textureLoad(pyramid, at, level - 1u).x;
}

// Value, and what it is: 0 outside, 1 saturated, 2 good.
fn frame_bilinear(at: vec2<f32>, level: u32, last: vec2<f32>) -> vec2<f32> {
    if !(all(at >= vec2(0.0)) && all(at < last)) { return vec2(0.0); }
    let low = vec2<i32>(at);
    let t = at - vec2<f32>(low);
    let a = frame_texel(low, level);
    let b = frame_texel(low + vec2(1, 0), level);
    let c = frame_texel(low + vec2(0, 1), level);
    let d = frame_texel(low + vec2(1, 1), level);
    let usable = max(max(a, b), max(c, d)) < SATURATED;
    return vec2(mix(mix(a, b, t.x), mix(c, d, t.x), t.y), select(1.0, 2.0, usable));
}

// The derivative of a pose at a normalised place: frame px per normalised unit, a column for each axis.
fn derivative(m: mat3x3<f32>, at: vec2<f32>) -> mat2x2<f32> {
    let p = m * vec3(at, 1.0);
    let mapped = p.xy / p.z;
    return mat2x2<f32>((m[0].xy - mapped * m[0].z) / p.z, (m[1].xy - mapped * m[1].z) / p.z);
}

// Least and most frame px per level-0 template texel, at the target's centre.
fn ratios(m: mat3x3<f32>) -> vec2<f32> {
    let unit = 2.0 * described.pixels_per_template_pixel / vec2(described.width, described.height);
    let d = derivative(m, vec2(0.0));
    let a = d[0] * unit.x;
    let b = d[1] * unit.y;
    let half_trace = 0.5 * (dot(a, a) + dot(b, b));
    let det = a.x * b.y - a.y * b.x;
    let root = sqrt(max(half_trace * half_trace - det * det, 0.0));
    return sqrt(max(vec2(half_trace - root, half_trace + root), vec2(0.0)));
}

// Compares all blocks of the open level with the frame. Out: the block_* arrays, after a barrier.
fn compare(m: mat3x3<f32>, level: u32, masked: bool, thread: u32) {
    let block = thread / sharers;
    let sharer = thread % sharers;
    let rows = 8u / sharers;
    let reach = ratios(m) * f32(1u << level);
    let frame_level = u32(clamp(floor(log2(max(reach.x / FINEST_RATIO, 1e-3))), 0.0, f32(params.frame_levels)));
    let shrink = 1.0 / f32(1u << frame_level);
    let taps = select(1u, 4u, reach.y * shrink > WIDE);
    var last = vec2<f32>(textureDimensions(luma)) - 1.0;
    if frame_level > 0u { last = vec2<f32>(textureDimensions(pyramid, frame_level - 1u)) - 1.0; }

    var n = 0.0;
    var saturated = 0.0;
    var s_t = 0.0; var s_i = 0.0; var s_tt = 0.0; var s_ti = 0.0; var s_ii = 0.0;
    var s_g = vec2(0.0); var s_tg = vec2(0.0); var s_ig = vec2(0.0); var s_gg = vec3(0.0);
    if block < grid.count {
        let top = vec2(grid.place.x, grid.place.y + sharer * rows);
        let around = derivative(m, grid.origin);
        let apart = select(0.0, 0.25 * shrink, taps > 1u);
        let reach_x = around[0] * (grid.scale.x * apart);
        let reach_y = around[1] * (grid.scale.y * apart);
        for (var i = 0u; i < rows * 8u; i++) {
            let texel = vec2<f32>(top + vec2(i & 7u, i >> 3u));
            let p = m * vec3((texel + 0.5) * grid.scale - 1.0, 1.0);
            let at = (p.xy / p.z + 0.5) * shrink - 0.5;
            // Where the frame is finer than the template: four taps about a texel's area.
            var value = vec2(0.0, 2.0);
            for (var tap = 0u; tap < taps; tap++) {
                let side_x = select(-reach_x, reach_x, (tap & 1u) == 1u);
                let side_y = select(-reach_y, reach_y, tap >= 2u);
                let seen = frame_bilinear(at + side_x + side_y, frame_level, last);
                value = vec2(value.x + seen.x, min(value.y, seen.y));
            }
            value = select(vec2(0.0), vec2(value.x / f32(taps), value.y), p.z > 1e-3);
            // Weight 0 or 1; half a grey scale off keeps the sums small.
            let w = select(0.0, cell[i].w, value.y > select(0.5, 1.5, masked));
            saturated += select(0.0, 1.0, value.y == 1.0);
            let t = (cell[i].x - 0.5) * w;
            let g = cell[i].yz * w;
            let v = (value.x - 0.5) * w;
            n += w;
            s_t += t;
            s_i += v;
            s_tt += t * t;
            s_ti += t * v;
            s_ii += v * v;
            s_g += g;
            s_tg += t * g;
            s_ig += v * g;
            s_gg += vec3(g.x * g.x, g.x * g.y, g.y * g.y);
        }
    }
    var sums = array<f32, 16>(n, s_t, s_i, s_tt, s_ti, s_ii, s_g.x, s_g.y, s_tg.x, s_tg.y, s_ig.x, s_ig.y, s_gg.x, s_gg.y, s_gg.z, saturated);
    // Halved until one thread has it all; shared memory holds half of four at a time.
    for (var stay = sharers / 2u; stay > 0u; stay /= 2u) {
        workgroupBarrier();
        if sharer >= stay && sharer < 2u * stay {
            for (var i = 0u; i < SUMS; i++) { partial[i * 128u + block * 2u + sharer - stay] = sums[i]; }
        }
        workgroupBarrier();
        if sharer < stay {
            for (var i = 0u; i < SUMS; i++) { sums[i] += partial[i * 128u + block * 2u + sharer]; }
        }
    }
    workgroupBarrier();
    if sharer == 0u { weigh(block, sums); }
    workgroupBarrier();
}

// What a block says: its correlation, and its part of the normal equations in normalised units.
fn weigh(block: u32, all_sums: array<f32, 16>) {
    var s = all_sums;
    block_at[block] = grid.origin;
    block_tensor[block] = vec3(0.0);
    block_pull[block] = vec2(0.0);
    block_rho[block] = -2.0;
    block_rest[block] = vec2(0.0);
    let n = s[0];
    block_fit[block] = vec4(n, s[15], 0.0, 0.0);
    if block >= grid.count || n < 12.0 { return; }
    let mean_t = s[1] / n;
    let mean_i = s[2] / n;
    let var_t = s[3] / n - mean_t * mean_t;
    let cov = s[4] / n - mean_t * mean_i;
    let var_i = max(s[5] / n - mean_i * mean_i, 0.0);
    if var_t < TEXTURE_LEAST { return; }
    let rho = cov / sqrt(max(var_t * var_i, 1e-12));
    if rho > 0.7 {
        let contrast = sqrt(var_i / var_t);
        block_fit[block].z = contrast;
        block_fit[block].w = mean_i + 0.5 - contrast * (mean_t + 0.5);
    }
    if n < 28.0 { return; }
    // Nothing to see in the frame: not a match, and no gain to be had.
    if var_i < 1e-6 { block_rho[block] = 0.0; return; }
    block_rho[block] = clamp(rho, -1.0, 1.0);
    let gain = max(cov / var_t, 0.5 * sqrt(var_i / var_t));

    let mean_g = vec2(s[6], s[7]) / n;
    let cov_tg = vec2(s[8], s[9]) / n - mean_t * mean_g;
    let cov_ig = vec2(s[10], s[11]) / n - mean_i * mean_g;
    let cov_gg = vec3(s[12], s[13], s[14]) / n - vec3(mean_g.x * mean_g.x, mean_g.x * mean_g.y, mean_g.y * mean_g.y);
    // Gradients without the part that gain and bias explain.
    let tensor = cov_gg - vec3(cov_tg.x * cov_tg.x, cov_tg.x * cov_tg.y, cov_tg.y * cov_tg.y) / var_t;
    let pull = (cov_ig - cov_tg * (cov / var_t)) / gain;

    let unexplained = max(var_i - cov * cov / var_t, 0.0) / (gain * gain);
    let trust = clamp(rho * 4.0, 0.02, 1.0);
    let weight = n * trust / (unexplained + RESIDUAL_FLOOR);
    let per_unit = 1.0 / grid.scale;
    block_tensor[block] = weight * tensor * vec3(per_unit.x * per_unit.x, per_unit.x * per_unit.y, per_unit.y * per_unit.y);
    block_pull[block] = weight * pull * per_unit;
    let trace = tensor.x + tensor.z;
    let det = (tensor.x + 0.05 * trace) * (tensor.z + 0.05 * trace) - tensor.y * tensor.y;
    let energy = (pull.x * pull.x * (tensor.z + 0.05 * trace) - 2.0 * pull.x * pull.y * tensor.y + pull.y * pull.y * (tensor.x + 0.05 * trace)) / max(det, 1e-20);
    block_rest[block] = weight * vec2(energy, 0.5 * trace);
}

// Column i of the derivative of a normalised place by the 8 parameters: (k . (x, y, 1)) (e - f (x, y)).
struct Column {
    k: vec3<f32>,
    e: vec2<f32>,
    f: f32,
}

fn column(i: u32) -> Column {
    let j = select(i % 3u, i - 6u, i >= 6u);
    let k = vec3(select(0.0, 1.0, j == 0u), select(0.0, 1.0, j == 1u), select(0.0, 1.0, j == 2u));
    let e = vec2(select(0.0, 1.0, i < 3u), select(0.0, 1.0, i >= 3u && i < 6u));
    return Column(k, e, select(0.0, 1.0, i >= 6u));
}

fn column_at(c: Column, at: vec2<f32>) -> vec2<f32> {
    return dot(c.k, vec3(at, 1.0)) * (c.e - c.f * at);
}

// One Gauss-Newton step of `pose` from the block_* arrays. Sets `settled` when it hardly moves.
fn advance(thread: u32, damping: f32, still: f32) {
    // 64 entries, each in as many chunks of blocks as a block has threads; the right side by the eight threads of a row.
    let entry = thread & 63u;
    let left_column = column(entry >> 3u);
    let right_column = column(entry & 7u);
    var sum = 0.0;
    var side = 0.0;
    for (var i = 0u; i < BLOCKS / sharers; i++) {
        let b = i * sharers + (thread >> 6u);
        let at = block_at[b];
        let s = block_tensor[b];
        let l = column_at(left_column, at);
        let r = column_at(right_column, at);
        sum += l.x * (s.x * r.x + s.y * r.y) + l.y * (s.y * r.x + s.z * r.y);
        side -= select(0.0, dot(l, block_pull[b]), (i & 7u) == (entry & 7u));
    }
    chunk_sums[thread] = sum;
    chunk_right[thread] = side;
    workgroupBarrier();
    if thread < 64u {
        var value = 0.0;
        var seen = 0.0;
        for (var q = 0u; q < sharers; q++) {
            value += chunk_sums[q * 64u + thread];
            // Entries of the two translations: (2, 2) and (5, 5).
            seen += chunk_sums[q * 64u + 18u] + chunk_sums[q * 64u + 45u];
        }
        // Damping is relative to them, so that parameters nobody can see stay where they are.
        system[thread] = value + select(0.0, damping * 0.5 * seen + 1e-9, thread % 9u == 0u);
        if thread < 8u {
            var total = 0.0;
            for (var q = 0u; q < sharers * 8u; q++) { total += chunk_right[(q >> 3u) * 64u + thread * 8u + (q & 7u)]; }
            right[thread] = total;
        }
    }
    eliminate(thread);
    if thread == 0u {
        var moved = 0.0;
        for (var i = 0u; i < 4u; i++) {
            let at = corner(i);
            let by = vec2(right[0] * at.x + right[1] * at.y + right[2], right[3] * at.x + right[4] * at.y + right[5])
                - at * (right[6] * at.x + right[7] * at.y);
            moved = max(moved, length(by / grid.scale));
        }
        let less = min(1.0, STEP_MOST / max(moved, 1e-9));
        let change = mat3x3<f32>(
            1.0 + less * right[0], less * right[3], less * right[6],
            less * right[1], 1.0 + less * right[4], less * right[7],
            less * right[2], less * right[5], 1.0,
        );
        let next = pose * change;
        let tilt = abs(next[0].z) + abs(next[1].z);
        // A step to nowhere ends the level; the pose stays.
        let somewhere = finite(moved) && all_finite(next) && next[2].z > 0.2 && tilt < 0.95 * next[2].z;
        if somewhere { pose = next * (1.0 / next[2].z); }
        settled = select(1u, select(0u, 1u, moved < still), somewhere);
    }
}

// What decisions need of all blocks, in eight parts: no thread reads 64 blocks in a row.
fn sum_up(thread: u32) {
    if thread < 8u {
        var marks = vec4(0.0);
        var rest = vec2(0.0);
        var fits = vec4(0.0);
        for (var b = thread * 8u; b < thread * 8u + 8u; b++) {
            let rho = block_rho[b];
            let good = rho > GOOD_BLOCK;
            marks += vec4(max(rho, 0.0), select(0.0, 1.0, rho >= -1.0), select(0.0, rho, good), select(0.0, 1.0, good));
            rest += select(vec2(0.0), block_rest[b], good);
            let fit = block_fit[b];
            fits += vec4(select(vec3(0.0), fit.x * vec3(fit.zw, 1.0), fit.z > 0.0), fit.y);
        }
        sum_marks[thread] = marks;
        sum_rest[thread] = rest;
        sum_fits[thread] = fits;
    }
    workgroupBarrier();
}

// Likeness of all blocks, judged ones; likeness of good blocks, good ones.
fn marks() -> vec4<f32> {
    var sum = vec4(0.0);
    for (var i = 0u; i < 8u; i++) { sum += sum_marks[i]; }
    return sum;
}

// Gain, bias, samples of blocks that fit; saturated samples of all.
fn fits() -> vec4<f32> {
    var sum = vec4(0.0);
    for (var i = 0u; i < 8u; i++) { sum += sum_fits[i]; }
    return sum;
}

// The template's tone that the frame shows as white, from blocks that fit.
fn ceiling(sum: vec4<f32>) -> f32 {
    if sum.z < 100.0 { return NO_CEILING; }
    return clamp((0.995 * sum.z - sum.y) / max(sum.x, 1e-6), 0.1, NO_CEILING);
}

// How the corners move at this instant: the last step, and half of what it changed by.
fn find_speed(slot: u32) -> f32 {
    var most = 0.0;
    let last = matrix_of(memory[slot].pose);
    for (var i = 0u; i < 4u; i++) {
        var velocity = apply(pose, corner(i)) - apply(last, corner(i));
        if memory[slot].steady > 0u {
            velocity += 0.5 * (velocity - vec2(memory[slot].velocity[2u * i], memory[slot].velocity[2u * i + 1u]));
        }
        smear_corners[i] = velocity;
        most = max(most, length(velocity));
    }
    return most;
}

fn shutter_of(index: u32) -> f32 {
    var shares = array<f32, 6>(0.0, 0.15, 0.3, 0.5, 0.75, 1.0);
    return shares[min(index, 5u)];
}

// The search's shifts: a lattice of 5x5 steps of two texels, in frame px.
fn shifted(m: mat3x3<f32>, index: u32) -> mat3x3<f32> {
    let by = (vec2(f32(index % 5u), f32(index / 5u)) - 2.0) * 2.0 * ratios(m).y * f32(1u << coarse);
    return mat3x3<f32>(vec3(1.0, 0.0, 0.0), vec3(0.0, 1.0, 0.0), vec3(by, 1.0)) * m;
}

fn enter(phase: u32, level: u32) {
    plan.open = select(plan.open, 1u, plan.level != level);
    plan.phase = phase;
    plan.level = level;
    plan.index = 0u;
    // Exposure is found from samples that are not saturated.
    if phase == EXPOSE && plan.ceiling < NO_CEILING {
        ceiling_before = plan.ceiling;
        plan.ceiling = NO_CEILING;
        plan.open = 1u;
    }
}

// From the best hypothesis on, or from the search.
fn start_alignment() {
    pose = best_pose;
    let least = ratios(pose).x;
    finest = 0u;
    while finest + 1u < described.template_levels && least * f32(1u << finest) < FINEST_RATIO { finest++; }
    enter(ALIGN, max(coarse, finest));
}

// After a level is aligned: exposure time, saturation, the next level or the verdict.
fn next_level(slot: u32, next: u32) {
    let level = plan.level;
    if level == max(max(coarse, 1u) - 1u, finest) && memory[slot].occupied != 0u && memory[slot].misses == 0u && !fast {
        let speed = find_speed(slot);
        if speed > FAST {
            fast = true;
            best_score = -1.0;
            best_index = 0u;
            enter(SHUTTER, level);
            return;
        }
    }
    if level <= finest {
        var judged = finest;
        while judged + 1u < described.template_levels && max(level_side(judged).x, level_side(judged).y) > 64u { judged++; }
        enter(JUDGE, judged);
        return;
    }
    if level == coarse {
        aligned = pose;
        pose = best_pose;
        after_guard = next;
        enter(GUARD, level - 1u);
    } else {
        enter(next, level - 1u);
    }
}

// Thread 0, after a comparison: takes note of it and says what comes next.
fn decide(slot: u32, count: u32) {
    plan.open = 0u;
    let all_marks = marks();
    let all_fits = fits();
    let score = all_marks.x / max(all_marks.y, 4.0);
    let after_level = select(ALIGN, EXPOSE, all_fits.w > SATURATED_SHARE * 64.0 * f32(max(grid.count, 1u)));
    var starts = false; // alignment, from the best pose
    var shift_to = 99u; // the search's next place
    let index = plan.index;
    plan.index = index + 1u;
    switch plan.phase {
        case CHOOSE: {
            if score > best_score {
                best_score = score;
                best_pose = hypotheses[index];
            }
            if index + 1u < count {
                pose = hypotheses[index + 1u];
            } else if best_score < SEARCH_BELOW && memory[slot].occupied != 0u {
                plan.phase = SEARCH;
                plan.index = 0u;
                hypotheses[0] = best_pose;
                shift_to = 0u;
            } else {
                starts = true;
            }
        }
        case SEARCH: {
            if score > best_score {
                best_score = score;
                best_pose = pose;
            }
            if index + 1u < 25u { shift_to = index + 1u; } else { starts = true; }
        }
        case SHUTTER: {
            // Sharp, unless blur explains clearly more.
            if index == 0u { best_score = score + BLUR_GAIN; }
            if index < 6u && score > best_score {
                best_score = score;
                best_index = index;
            }
            if index < 5u {
                plan.shutter = shutter_of(index + 1u);
            } else if index == 5u && best_index > 0u {
                // Any blur makes a smooth picture more alike. It is motion's only if it is better than the same across.
                plan.shutter = -shutter_of(best_index);
            } else {
                plan.shutter = select(0.0, shutter_of(best_index), best_index > 0u && score + BLUR_GAIN < best_score);
                var speed = 0.0;
                for (var i = 0u; i < 4u; i++) { speed = max(speed, length(smear_corners[i])); }
                let least = ratios(pose).x;
                while finest < plan.level && plan.shutter * speed > SMEAR_MOST * least * f32(1u << finest) { finest++; }
                enter(after_level, plan.level);
            }
            plan.open = 1u;
        }
        case GUARD: {
            if index == 0u {
                best_score = score;
                pose = aligned;
            } else {
                if best_score > score { pose = best_pose; }
                enter(after_guard, plan.level);
            }
        }
        case EXPOSE: {
            if index == 0u {
                best_score = score;
                plan.ceiling = ceiling(all_fits);
                if plan.ceiling == NO_CEILING { plan.ceiling = ceiling_before; }
                plan.open = 1u;
            } else {
                // Blocks must not have lost by it.
                enter(ALIGN, plan.level);
                if score < best_score - 0.05 || all_marks.y < f32(GOOD_LEAST) {
                    plan.ceiling = NO_CEILING;
                    plan.open = 1u;
                }
            }
        }
        case ALIGN: {
            iterations++;
            let most = select(select(5u, 6u, plan.level == finest), 8u, plan.level == coarse);
            if settled == 1u || index + 1u >= most { next_level(slot, after_level); }
        }
        default: {
            verdict(slot, all_marks);
            plan.phase = DONE;
            plan.open = 1u;
        }
    }
    if shift_to < 25u { pose = shifted(hypotheses[0], shift_to); }
    if starts { start_alignment(); }
}

fn verdict(slot: u32, seen: vec4<f32>) {
    let score = seen.z / max(seen.w, 1.0);
    let share = seen.w / max(seen.y, 1.0);
    var rest = vec2(0.0);
    for (var i = 0u; i < 8u; i++) { rest += sum_rest[i]; }
    let followed = memory[slot].occupied != 0u && memory[slot].misses == 0u;
    let there = seen.w >= max(f32(GOOD_LEAST), SEEN_LEAST * f32(grid.count)) && share >= select(SHARE_TO_FIND, SHARE_LEAST, followed) && score >= SCORE_LEAST && plausible(pose, frame_size());
    let d = derivative(pose, vec2(0.0));
    results[slot].pose = rows_of(pose);
    results[slot].occupied = job;
    results[slot].seen = select(0u, 1u, there);
    results[slot].score = score;
    results[slot].reprojection = sqrt(rest.x / max(rest.y, 1e-20) * 0.5 * (dot(d[0] * grid.scale.x, d[0] * grid.scale.x) + dot(d[1] * grid.scale.y, d[1] * grid.scale.y)));
    results[slot].inliers = u32(seen.w);
    results[slot].share = share;
    results[slot].iterations = iterations;
}

fn track(slot: u32, thread: u32) {
    assign(slot, thread);
    let work = workgroupUniformLoad(&job);
    let count = workgroupUniformLoad(&hypothesis_count);
    if work == 0u || count == 0u {
        if thread == 0u {
            results[slot].occupied = work;
            results[slot].seen = 0u;
            results[slot].score = 0.0;
            results[slot].iterations = 0u;
        }
        return;
    }
    described = targets[work - 1u];
    coarse = 0u;
    while coarse + 1u < described.template_levels && max(level_side(coarse).x, level_side(coarse).y) > COARSE_SIDE { coarse++; }
    if thread == 0u {
        best_score = -1.0;
        ceiling_before = CEILING_GUESS;
        pose = hypotheses[0];
        best_pose = pose;
        plan = Plan(CHOOSE, coarse, 0u, 1u, 0.0, NO_CEILING);
    }
    // One loop for all phases: a comparison is a lot of code, and compilers copy what is called twice.
    loop {
        let start = workgroupUniformLoad(&plan);
        if start.phase == DONE { break; }
        open_level(start.level, start.shutter, start.ceiling, thread);
        loop {
            let now = workgroupUniformLoad(&plan);
            compare(pose, now.level, now.ceiling > 1.5, thread);
            sum_up(thread);
            if now.phase == ALIGN {
                advance(thread, select(DAMPING, 5.0 * DAMPING, now.level == coarse), select(0.05, 0.01, now.level == 0u));
            }
            if thread == 0u { decide(slot, count); }
            if workgroupUniformLoad(&plan).open == 1u { break; }
        }
    }
}

// For a GPU: four threads a block.
@compute @workgroup_size(256)
fn refine(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    sharers = 4u;
    track(group.x, thread);
}

// For a CPU, whose lanes all go through whatever one of them does: as few as will do.
@compute @workgroup_size(64)
fn refine_narrow(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    sharers = 1u;
    track(group.x, thread);
}
