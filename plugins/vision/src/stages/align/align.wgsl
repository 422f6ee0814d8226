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
const FITS = 0.8; // a prediction that scores more at the coarse level needs no other hypothesis and no guard
const SETTLED = 0.02; // texels of the finest level that a corner moves in a last step
const SETTLED_COARSE = 0.15; // likewise above it
const SEARCH_BELOW = 0.55; // a best hypothesis that scores less is looked for around
const FAST = 4.0; // px a frame, or texels where they are larger, from which on motion blur is considered
const BLUR_GAIN = 0.01; // of the mean correlation, that blur must bring
const SMEAR_MOST = 5.0; // texels of blur that a level may have
const NO_CEILING = 2.0;
const PLAIN_FROM = 0.97; // a template whose tones from here on saturate is taken as it is
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

// Rows of 192 words. In turn: template texels of the blocks; sums of threads that share a block; and then, of what column a block's first
// thread alone has read (3 * block), the block's say, and beside it (3 * block + 1) sums over blocks.
var<workgroup> pool: array<u32, 3072>;
var<workgroup> wanted: array<u32, 20>; // target + 1 of each slot
var<workgroup> offered: array<u32, 20>; // target + 1 of each pose
var<workgroup> fresh: atomic<u32>; // bits of poses that start a new slot
var<workgroup> own_offers: atomic<u32>; // bits of poses for this slot's target
var<workgroup> free_before: atomic<u32>; // free slots before this one
var<workgroup> hypotheses: array<mat3x3<f32>, 6>;
var<workgroup> possible: array<u32, 6>; // hypothesis is one
var<workgroup> hypothesis_count: u32;
var<workgroup> job: u32; // target + 1
var<workgroup> pose: mat3x3<f32>;
var<workgroup> settled: u32;
var<workgroup> plan: Plan;
var<workgroup> totals: array<f32, 10>; // marks, rest, fits
var<workgroup> parts: array<f32, 64>;
var<workgroup> smear_corners: array<vec2<f32>, 4>; // px that a corner moves in the time between two frames

var<private> sharers: u32; // threads of a block: 1 or 4
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
var<private> predicted: bool; // the first hypothesis fits
var<private> travelled: f32; // texels of this level, over its steps
var<private> ceiling_before: f32; // of the level above, or a guess

// This thread's samples: template value less a half, gradient, 1 if known. Sample i is texel i * sharers + (thread % sharers) of its block.
var<private> cell: array<vec4<f32>, 64>;
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
            var own = atomicLoad(&own_offers);
            if kind == 5u { own &= own - 1u; }
            let place = select(firstTrailingBit(own), SLOTS, own == 0u);
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
    let held = memory[slot].occupied;
    if thread == 0u {
        job = select(0u, held, held <= params.target_count);
        hypothesis_count = 0u;
        // Workgroup memory may hold anything at first.
        atomicStore(&fresh, 0u);
        atomicStore(&own_offers, 0u);
        atomicStore(&free_before, 0u);
    }
    if thread < SLOTS {
        wanted[thread] = memory[thread].occupied;
        let usable = poses[thread].accepted != 0u && poses[thread].tracked < params.target_count;
        offered[thread] = select(0u, poses[thread].tracked + 1u, usable);
    }
    workgroupBarrier();
    if held == 0u && thread < SLOTS {
        // A free slot takes as manieth of the targets that are offered and have no slot, as there are free slots before it.
        var new_one = offered[thread] != 0u;
        for (var i = 0u; i < SLOTS; i++) {
            new_one = new_one && wanted[i] != offered[thread] && (i >= thread || offered[i] != offered[thread]);
        }
        if wanted[thread] == 0u && thread < slot { atomicAdd(&free_before, 1u); }
        if new_one { atomicOr(&fresh, 1u << thread); }
    }
    workgroupBarrier();
    if held == 0u && thread == 0u {
        var left = atomicLoad(&fresh);
        for (var i = atomicLoad(&free_before); i > 0u; i--) { left &= left - 1u; }
        if left != 0u { job = offered[firstTrailingBit(left)]; }
    }
    let work = workgroupUniformLoad(&job);
    if work != 0u {
        described = targets[work - 1u];
        if thread < SLOTS && offered[thread] == work { atomicOr(&own_offers, 1u << thread); }
    }
    workgroupBarrier();
    if work != 0u && thread < HYPOTHESES { propose(slot, thread); }
    workgroupBarrier();
    if thread == 0u && work != 0u {
        // Constant velocity comes first: if it fits, the others are not asked.
        if possible[1] == 1u {
            let last = hypotheses[0];
            hypotheses[0] = hypotheses[1];
            hypotheses[1] = last;
            possible[1] = possible[0];
            possible[0] = 1u;
        }
        for (var i = 0u; i < HYPOTHESES; i++) {
            if possible[i] == 1u {
                if hypothesis_count != i { hypotheses[hypothesis_count] = hypotheses[i]; }
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
    }
    if shutter == 0.0 && ceiling > PLAIN_FROM { read_plain(block, thread % sharers); } else { read_exposed(block, thread % sharers, ceiling); }
}

// Samples from the template as it is: ten rows of up to four words a block, then bytes of them.
fn read_plain(block: u32, sharer: u32) {
    let low = grid.place - 1u;
    let words = grid.pitch >> 2u;
    let column = low.x >> 2u;
    if block < grid.count {
        for (var w = sharer; w < 4u; w += sharers) {
            let begin = grid.first + low.y * words + min(column + w, words - 1u);
            let into = block * 40u + w;
            let row0 = templates[begin];
            let row1 = templates[begin + words];
            let row2 = templates[begin + 2u * words];
            let row3 = templates[begin + 3u * words];
            let row4 = templates[begin + 4u * words];
            let row5 = templates[begin + 5u * words];
            let row6 = templates[begin + 6u * words];
            let row7 = templates[begin + 7u * words];
            let row8 = templates[begin + 8u * words];
            let row9 = templates[begin + 9u * words];
            pool[into] = row0;
            pool[into + 4u] = row1;
            pool[into + 8u] = row2;
            pool[into + 12u] = row3;
            pool[into + 16u] = row4;
            pool[into + 20u] = row5;
            pool[into + 24u] = row6;
            pool[into + 28u] = row7;
            pool[into + 32u] = row8;
            pool[into + 36u] = row9;
        }
    }
    workgroupBarrier();
    if block < grid.count {
        let first = block * 160u + (low.x & 3u) + 17u; // byte of texel (0, 0)
        for (var i = 0u; i < 64u / sharers; i++) {
            let place = i * sharers + sharer;
            let at = first + (place >> 3u) * 16u + (place & 7u);
            cell[i] = vec4(
                pool_byte(at) - 0.5,
                0.5 * (pool_byte(at + 1u) - pool_byte(at - 1u)),
                0.5 * (pool_byte(at + 16u) - pool_byte(at - 16u)),
                1.0,
            );
        }
    }
    workgroupBarrier();
}

fn pool_byte(at: u32) -> f32 {
    return f32((pool[at >> 2u] >> ((at & 3u) * 8u)) & 0xffu) / 255.0;
}

// Samples as the sensor would show them: 10x10 texels a block, ten bits each, three to a word.
fn read_exposed(block: u32, sharer: u32, ceiling: f32) {
    let taps = min(u32(length(grid.smear) * 1.2) + 1u, TAPS_MOST);
    let edge = 0.5 * abs(grid.smear);
    if block < grid.count {
        for (var w = sharer; w < 34u; w += sharers) {
            var word = 0u;
            for (var i = 0u; i < 3u; i++) {
                let texel = min(w * 3u + i, 99u);
                let at = vec2<f32>(grid.place + vec2(texel % 10u, texel / 10u)) - 1.0;
                word |= u32(exposed(at, taps, ceiling) * 1023.0 + 0.5) << (i * 10u);
            }
            pool[block * 34u + w] = word;
        }
    }
    workgroupBarrier();
    if block < grid.count {
        for (var i = 0u; i < 64u / sharers; i++) {
            let place = i * sharers + sharer;
            let at = vec2<f32>(grid.place + vec2(place & 7u, place >> 3u));
            let known = all(at - edge >= vec2(-0.5)) && all(at + edge <= vec2<f32>(grid.side) - 0.5);
            let texel = (place >> 3u) * 10u + (place & 7u) + 11u;
            cell[i] = vec4(
                pool_ten(block, texel) - 0.5,
                0.5 * (pool_ten(block, texel + 1u) - pool_ten(block, texel - 1u)),
                0.5 * (pool_ten(block, texel + 10u) - pool_ten(block, texel - 10u)),
                select(0.0, 1.0, known),
            );
        }
    }
    workgroupBarrier();
}

fn pool_ten(block: u32, texel: u32) -> f32 {
    return f32((pool[block * 34u + texel / 3u] >> ((texel % 3u) * 10u)) & 0x3ffu) / 1023.0;
}

// Frame

// Texels about four places: left and right above, left and right below.
struct Quads {
    a: vec4<f32>,
    b: vec4<f32>,
    c: vec4<f32>,
    d: vec4<f32>,
}

// One branch for sixteen loads, so that a GPU has them under way together.
fn frame_quads(x: vec4<i32>, y: vec4<i32>, level: u32) -> Quads {
    let z = x + 1;
    let v = y + 1;
    if level == 0u {
        return Quads(
            vec4(luma_texel(x.x, y.x), luma_texel(x.y, y.y), luma_texel(x.z, y.z), luma_texel(x.w, y.w)),
            vec4(luma_texel(z.x, y.x), luma_texel(z.y, y.y), luma_texel(z.z, y.z), luma_texel(z.w, y.w)),
            vec4(luma_texel(x.x, v.x), luma_texel(x.y, v.y), luma_texel(x.z, v.z), luma_texel(x.w, v.w)),
            vec4(luma_texel(z.x, v.x), luma_texel(z.y, v.y), luma_texel(z.z, v.z), luma_texel(z.w, v.w)),
        );
    }
    let k = level - 1u;
    return Quads(
        vec4(pyramid_texel(x.x, y.x, k), pyramid_texel(x.y, y.y, k), pyramid_texel(x.z, y.z, k), pyramid_texel(x.w, y.w, k)),
        vec4(pyramid_texel(z.x, y.x, k), pyramid_texel(z.y, y.y, k), pyramid_texel(z.z, y.z, k), pyramid_texel(z.w, y.w, k)),
        vec4(pyramid_texel(x.x, v.x, k), pyramid_texel(x.y, v.y, k), pyramid_texel(x.z, v.z, k), pyramid_texel(x.w, v.w, k)),
        vec4(pyramid_texel(z.x, v.x, k), pyramid_texel(z.y, v.y, k), pyramid_texel(z.z, v.z, k), pyramid_texel(z.w, v.w, k)),
    );
}

fn luma_texel(x: i32, y: i32) -> f32 {
    return textureLoad(luma, vec2(x, y), 0).x;
}

fn pyramid_texel(x: i32, y: i32, level: u32) -> f32 {
    return textureLoad(pyramid, vec2(x, y), level).x;
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

// Compares all blocks of the open level with the frame. Out: what each block says, in `pool`, after a barrier.
fn compare(m: mat3x3<f32>, level: u32, masked: bool, thread: u32) {
    let block = thread / sharers;
    let sharer = thread % sharers;
    let reach = ratios(m) * f32(1u << level);
    let frame_level = u32(clamp(floor(log2(max(reach.x / FINEST_RATIO, 1e-3))), 0.0, f32(params.frame_levels)));
    let shrink = 1.0 / f32(1u << frame_level);
    let taps = select(1u, 4u, reach.y * shrink > WIDE);
    let last = vec2<f32>(vec2(params.frame_width, params.frame_height) >> vec2(frame_level)) - 1.0;

    var n = 0.0;
    var saturated = 0.0;
    var s_t = 0.0; var s_i = 0.0; var s_tt = 0.0; var s_ti = 0.0; var s_ii = 0.0;
    var s_g = vec2(0.0); var s_tg = vec2(0.0); var s_ig = vec2(0.0); var s_gg = vec3(0.0);
    if block < grid.count {
        let around = derivative(m, grid.origin);
        let apart = select(0.0, 0.25 * shrink, taps > 1u);
        let reach_x = around[0] * (grid.scale.x * apart);
        let reach_y = around[1] * (grid.scale.y * apart);
        // Projection of the block's first texel, and what a texel to the right and below adds.
        let start = m * vec3((vec2<f32>(grid.place) + 0.5) * grid.scale - 1.0, 1.0);
        let by_x = m[0] * grid.scale.x;
        let by_y = m[1] * grid.scale.y;
        let least_usable = select(0.5, 1.5, masked);
        // Four samples at a time.
        for (var i = 0u; i < 64u / sharers; i += 4u) {
            let place = (vec4(0u, 1u, 2u, 3u) + i) * sharers + sharer;
            let u = vec4<f32>(place & vec4(7u));
            let v = vec4<f32>(place >> vec4(3u));
            let p_z = start.z + by_x.z * u + by_y.z * v;
            let inverse = 1.0 / max(p_z, vec4(1e-3));
            let at_x = ((start.x + by_x.x * u + by_y.x * v) * inverse + 0.5) * shrink - 0.5;
            let at_y = ((start.y + by_x.y * u + by_y.y * v) * inverse + 0.5) * shrink - 0.5;
            // What each sample is: 0 outside, 1 saturated, 2 good. Four taps about a texel's area where the frame is finer than the template.
            var kind = select(vec4(0.0), vec4(2.0), p_z > vec4(1e-3));
            var value = vec4(0.0);
            for (var tap = 0u; tap < taps; tap++) {
                let shift = select(-reach_x, reach_x, (tap & 1u) == 1u) + select(-reach_y, reach_y, tap >= 2u);
                let x = at_x + shift.x;
                let y = at_y + shift.y;
                let low_x = clamp(floor(x), vec4(0.0), vec4(last.x - 1.0));
                let low_y = clamp(floor(y), vec4(0.0), vec4(last.y - 1.0));
                let q = frame_quads(vec4<i32>(low_x), vec4<i32>(low_y), frame_level);
                let t_x = x - low_x;
                let above = mix(q.a, q.b, t_x);
                value += mix(above, mix(q.c, q.d, t_x), y - low_y);
                let bright = max(max(q.a, q.b), max(q.c, q.d));
                kind = min(kind, select(vec4(1.0), vec4(2.0), bright < vec4(SATURATED)));
                let inside = (x >= vec4(0.0)) & (x < vec4(last.x)) & (y >= vec4(0.0)) & (y < vec4(last.y));
                kind = select(vec4(0.0), kind, inside);
            }
            // Weight 0 or 1; half a grey scale off keeps the sums small.
            let c0 = cell[i];
            let c1 = cell[i + 1u];
            let c2 = cell[i + 2u];
            let c3 = cell[i + 3u];
            let w = select(vec4(0.0), vec4(c0.w, c1.w, c2.w, c3.w), kind > vec4(least_usable));
            saturated += dot(select(vec4(0.0), vec4(1.0), kind == vec4(1.0)), vec4(1.0));
            let t = vec4(c0.x, c1.x, c2.x, c3.x) * w;
            let g = vec4(c0.y, c1.y, c2.y, c3.y) * w;
            let h = vec4(c0.z, c1.z, c2.z, c3.z) * w;
            let seen = select(vec4(0.0), value * select(1.0, 0.25, taps > 1u) - 0.5, w > vec4(0.0));
            n += dot(w, vec4(1.0));
            s_t += dot(t, vec4(1.0));
            s_i += dot(seen, vec4(1.0));
            s_tt += dot(t, t);
            s_ti += dot(t, seen);
            s_ii += dot(seen, seen);
            s_g += vec2(dot(g, vec4(1.0)), dot(h, vec4(1.0)));
            s_tg += vec2(dot(t, g), dot(t, h));
            s_ig += vec2(dot(seen, g), dot(seen, h));
            s_gg += vec3(dot(g, g), dot(g, h), dot(h, h));
        }
    }
    var first = vec4(n, s_t, s_i, saturated);
    var second = vec4(s_tt, s_ti, s_ii, s_gg.x);
    var third = vec4(s_g, s_gg.yz);
    var fourth = vec4(s_tg, s_ig);
    if sharers > 1u {
        if sharer > 0u {
            let into = block * 3u + sharer - 1u;
            put_four(into, first);
            put_four(into + 768u, second);
            put_four(into + 1536u, third);
            put_four(into + 2304u, fourth);
        }
        workgroupBarrier();
        if sharer == 0u {
            let own = block * 3u;
            first += four_at(own) + four_at(own + 1u) + four_at(own + 2u);
            second += four_at(own + 768u) + four_at(own + 769u) + four_at(own + 770u);
            third += four_at(own + 1536u) + four_at(own + 1537u) + four_at(own + 1538u);
            fourth += four_at(own + 2304u) + four_at(own + 2305u) + four_at(own + 2306u);
        }
    }
    if sharer == 0u { weigh(block, first, second, third, fourth); }
    workgroupBarrier();
}

// Four rows of a column of `pool`.
fn put_four(into: u32, values: vec4<f32>) {
    let bits = bitcast<vec4<u32>>(values);
    pool[into] = bits.x;
    pool[into + 192u] = bits.y;
    pool[into + 384u] = bits.z;
    pool[into + 576u] = bits.w;
}

fn four_at(begin: u32) -> vec4<f32> {
    return bitcast<vec4<f32>>(vec4(pool[begin], pool[begin + 192u], pool[begin + 384u], pool[begin + 576u]));
}

// A block's say: 0 centre, 2 weighted gradient times residual, 4 weighted xx, xy, yy, 7 correlation (below -1: no say), 8 v S^-1 v and trace S / 2
// of good blocks, 10 samples * gain, samples * bias, samples of blocks that fit, 13 saturated samples.
fn say(row: u32, block: u32) -> f32 {
    return bitcast<f32>(pool[row * 192u + block * 3u]);
}

fn say_two(row: u32, block: u32) -> vec2<f32> {
    return vec2(say(row, block), say(row + 1u, block));
}

fn put(row: u32, block: u32, value: f32) {
    pool[row * 192u + block * 3u] = bitcast<u32>(value);
}

// What a block says: its correlation, and its part of the normal equations in normalised units.
fn weigh(block: u32, first: vec4<f32>, second: vec4<f32>, third: vec4<f32>, fourth: vec4<f32>) {
    let n = first.x;
    let own = block * 3u;
    put_four(own, vec4(grid.origin, 0.0, 0.0));
    put_four(own + 768u, vec4(0.0, 0.0, 0.0, -2.0));
    put_four(own + 1536u, vec4(0.0));
    put_four(own + 2304u, vec4(0.0, first.w, 0.0, 0.0));
    if block >= grid.count || n < 12.0 { return; }
    let mean_t = first.y / n;
    let mean_i = first.z / n;
    let var_t = second.x / n - mean_t * mean_t;
    let cov = second.y / n - mean_t * mean_i;
    let var_i = max(second.z / n - mean_i * mean_i, 0.0);
    // What saturates is shown with more contrast than the template has.
    if var_t < TEXTURE_LEAST * select(1.0, plan.ceiling * plan.ceiling, plan.ceiling < 1.0) { return; }
    let rho = cov / sqrt(max(var_t * var_i, 1e-12));
    if rho > 0.7 {
        let contrast = sqrt(var_i / var_t);
        put(10u, block, n * contrast);
        put(11u, block, n * (mean_i + 0.5 - contrast * (mean_t + 0.5)));
        put(12u, block, n);
    }
    if n < 28.0 { return; }
    // Nothing to see in the frame: not a match, and no gain to be had.
    if var_i < 1e-6 { put(7u, block, 0.0); return; }
    put(7u, block, clamp(rho, -1.0, 1.0));
    let gain = max(cov / var_t, 0.5 * sqrt(var_i / var_t));

    let mean_g = third.xy / n;
    let cov_tg = fourth.xy / n - mean_t * mean_g;
    let cov_ig = fourth.zw / n - mean_i * mean_g;
    let cov_gg = vec3(second.w, third.zw) / n - vec3(mean_g.x * mean_g.x, mean_g.x * mean_g.y, mean_g.y * mean_g.y);
    // Gradients without the part that gain and bias explain.
    let tensor = cov_gg - vec3(cov_tg.x * cov_tg.x, cov_tg.x * cov_tg.y, cov_tg.y * cov_tg.y) / var_t;
    let pull = (cov_ig - cov_tg * (cov / var_t)) / gain;

    let unexplained = max(var_i - cov * cov / var_t, 0.0) / (gain * gain);
    let sure = clamp((rho - 0.4) * 2.0, 0.01, 1.0);
    let trust = sure * sure;
    let weight = n * trust / (unexplained + RESIDUAL_FLOOR);
    let per_unit = 1.0 / grid.scale;
    put(2u, block, weight * pull.x * per_unit.x);
    put(3u, block, weight * pull.y * per_unit.y);
    put(4u, block, weight * tensor.x * per_unit.x * per_unit.x);
    put(5u, block, weight * tensor.y * per_unit.x * per_unit.y);
    put(6u, block, weight * tensor.z * per_unit.y * per_unit.y);
    if rho <= GOOD_BLOCK { return; }
    let trace = tensor.x + tensor.z;
    let det = (tensor.x + 0.05 * trace) * (tensor.z + 0.05 * trace) - tensor.y * tensor.y;
    let energy = (pull.x * pull.x * (tensor.z + 0.05 * trace) - 2.0 * pull.x * pull.y * tensor.y + pull.y * pull.y * (tensor.x + 0.05 * trace)) / max(det, 1e-20);
    put(8u, block, weight * energy);
    put(9u, block, weight * 0.5 * trace);
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

// A block's part of an entry of the normal equations.
fn entry_of(left_column: Column, right_column: Column, b: u32) -> f32 {
    let at = say_two(0u, b);
    let s = vec3(say_two(4u, b), say(6u, b));
    let l = column_at(left_column, at);
    let r = column_at(right_column, at);
    return l.x * (s.x * r.x + s.y * r.y) + l.y * (s.y * r.x + s.z * r.y);
}

// A block's part of what decisions need: likeness, judged, likeness if good, good; then what is stored.
fn mark_of(which: u32, b: u32) -> f32 {
    let value = say(max(which + 4u, 7u), b);
    let good = value > GOOD_BLOCK;
    let two = select(max(value, 0.0), select(0.0, 1.0, value >= -1.0), which == 1u);
    let four = select(two, select(0.0, select(value, 1.0, which == 3u), good), which == 2u || which == 3u);
    return select(value, four, which < 4u);
}

// Sums over blocks. Of the normal equations (64 entries, the right side by the eight threads of a row), if there is to be a step, each in as
// many chunks of blocks as a block has threads; and of what decisions need (ten of them, 16 chunks each). Out: `totals`, `system`, `right`.
fn sum_up(thread: u32, stepping: bool, damping: f32) {
    let entry = thread & 63u;
    let chunk = thread >> 6u;
    if stepping {
        let left_column = column(entry >> 3u);
        let right_column = column(entry & 7u);
        var sum = 0.0;
        var side = 0.0;
        // By four, so that a GPU has their loads under way together; the right side takes one block in eight.
        for (var i = 0u; i < 64u; i += 4u * sharers) {
            let b = i + chunk;
            sum += entry_of(left_column, right_column, b) + entry_of(left_column, right_column, b + sharers)
                + entry_of(left_column, right_column, b + 2u * sharers) + entry_of(left_column, right_column, b + 3u * sharers);
        }
        for (var i = (entry & 7u) * sharers; i < 64u; i += 8u * sharers) { side -= dot(column_at(left_column, say_two(0u, i + chunk)), say_two(2u, i + chunk)); }
        pool[chunk * 192u + entry * 3u + 1u] = bitcast<u32>(sum);
        pool[(chunk + 4u) * 192u + entry * 3u + 1u] = bitcast<u32>(side);
    }
    for (var part = thread; part < 160u; part += 64u * sharers) {
        let which = part >> 4u;
        let b = (part & 15u) * 4u;
        let sum = mark_of(which, b) + mark_of(which, b + 1u) + mark_of(which, b + 2u) + mark_of(which, b + 3u);
        pool[which * 192u + (part & 15u) * 3u + 2u] = bitcast<u32>(sum);
    }
    workgroupBarrier();
    if stepping && thread < 64u {
        var value = 0.0;
        var seen = 0.0;
        for (var q = 0u; q < sharers; q++) {
            value += bitcast<f32>(pool[q * 192u + entry * 3u + 1u]);
            // Entries of the two translations: (2, 2) and (5, 5).
            seen += bitcast<f32>(pool[q * 192u + 55u]) + bitcast<f32>(pool[q * 192u + 136u]);
        }
        // Damping is relative to them, so that parameters nobody can see stay where they are.
        system[thread] = value + select(0.0, damping * 0.5 * seen + 1e-9, thread % 9u == 0u);
        // A row's eight parts, each by the thread of its column: summed once more below.
        var part = 0.0;
        for (var q = 0u; q < sharers; q++) { part += bitcast<f32>(pool[(q + 4u) * 192u + entry * 3u + 1u]); }
        parts[thread] = part;
    }
    // Other threads, where there are any.
    let which = select(thread, thread - 64u, sharers > 1u);
    if which < 10u {
        var sum = vec4(0.0);
        for (var i = 0u; i < 48u; i += 12u) {
            let begin = which * 192u + i + 2u;
            sum += bitcast<vec4<f32>>(vec4(pool[begin], pool[begin + 3u], pool[begin + 6u], pool[begin + 9u]));
        }
        totals[which] = dot(sum, vec4(1.0));
    }
    workgroupBarrier();
    if stepping {
        if thread < 8u {
            let i = thread * 8u;
            let total = parts[i] + parts[i + 1u] + parts[i + 2u] + parts[i + 3u] + parts[i + 4u] + parts[i + 5u] + parts[i + 6u] + parts[i + 7u];
            right[thread] = total;
        }
    }
}

// One Gauss-Newton step of `pose` from `system` and `right`. Sets `settled` when it hardly moves.
fn advance(thread: u32) {
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
        travelled += moved * less;
        settled = select(1u, select(0u, 1u, moved < select(SETTLED_COARSE, SETTLED, plan.level == finest)), somewhere);
    }
}

// Likeness of all blocks, judged ones; likeness of good blocks, good ones.
fn marks() -> vec4<f32> {
    return vec4(totals[0], totals[1], totals[2], totals[3]);
}

// Gain, bias, samples of blocks that fit; saturated samples of all.
fn fits() -> vec4<f32> {
    return vec4(totals[6], totals[7], totals[8], totals[9]);
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
    travelled = 0.0;
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
        if speed > FAST * max(ratios(pose).y, 1.0) {
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
    if level == coarse && predicted && travelled < 1.0 {
        // Nothing led astray. What is slow goes on close to the finest level.
        enter(next, select(level - 1u, max(min(level - 1u, 1u), finest), find_speed(slot) <= FAST * max(ratios(pose).y, 1.0)));
    } else if level == coarse {
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
    let saturated = all_fits.w > SATURATED_SHARE * 64.0 * f32(max(grid.count, 1u));
    // A ceiling that is known and fits is found anew at the finest level only.
    let after_level = select(ALIGN, EXPOSE, saturated && (!predicted || plan.ceiling == NO_CEILING || plan.level <= finest + 1u));
    var starts = false; // alignment, from the best pose
    var shift_to = 99u; // the search's next place
    let index = plan.index;
    plan.index = index + 1u;
    switch plan.phase {
        case CHOOSE: {
            if plan.ceiling < NO_CEILING && !saturated {
                // It is darker than it was.
                plan.ceiling = NO_CEILING;
                plan.open = 1u;
                plan.index = 0u;
                return;
            }
            if score > best_score {
                best_score = score;
                best_pose = hypotheses[index];
            }
            predicted = index == 0u && score > FITS && memory[slot].occupied != 0u && memory[slot].misses == 0u;
            if predicted {
                starts = true;
            } else if index + 1u < count {
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
            // What none of three exposures explains any better is sharp.
            let sharp = index == 3u && best_index == 0u;
            if index < 5u && !sharp {
                plan.shutter = shutter_of(index + 1u);
            } else if index == 5u && best_index > 0u && !sharp {
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
                best_index = u32(all_marks.w);
                plan.ceiling = ceiling(all_fits);
                if plan.ceiling == NO_CEILING { plan.ceiling = ceiling_before; }
                plan.open = 1u;
            } else {
                // Blocks must not have lost by it, unless there are clearly more of them.
                enter(ALIGN, plan.level);
                if (score < best_score - 0.05 && all_marks.w < 1.2 * f32(best_index) + 4.0) || all_marks.y < f32(GOOD_LEAST) {
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
    let rest = vec2(totals[4], totals[5]);
    // White blocks say nothing.
    let possible_blocks = select(f32(grid.count), seen.y, plan.ceiling < 1.0);
    let followed = memory[slot].occupied != 0u && memory[slot].misses == 0u;
    let there = seen.w >= max(f32(GOOD_LEAST), SEEN_LEAST * possible_blocks) && share >= select(SHARE_TO_FIND, SHARE_LEAST, followed) && score >= SCORE_LEAST && plausible(pose, frame_size());
    let d = derivative(pose, vec2(0.0));
    results[slot].pose = rows_of(pose);
    results[slot].occupied = job;
    results[slot].seen = select(0u, 1u, there);
    results[slot].score = score;
    results[slot].reprojection = sqrt(rest.x / max(rest.y, 1e-20) * 0.5 * (dot(d[0] * grid.scale.x, d[0] * grid.scale.x) + dot(d[1] * grid.scale.y, d[1] * grid.scale.y)));
    results[slot].inliers = u32(seen.w);
    results[slot].ceiling = plan.ceiling;
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
        let known = memory[slot].ceiling;
        if known > 0.0 && known < NO_CEILING { ceiling_before = known; }
        plan = Plan(CHOOSE, coarse, 0u, 1u, 0.0, select(NO_CEILING, known, known > 0.0 && memory[slot].occupied != 0u));
    }
    // One loop for all phases: a comparison is a lot of code, and compilers copy what is called twice.
    var now = workgroupUniformLoad(&plan);
    loop {
        if now.phase == DONE { break; }
        if now.open == 1u { open_level(now.level, now.shutter, now.ceiling, thread); }
        compare(pose, now.level, now.ceiling > 1.5, thread);
        sum_up(thread, now.phase == ALIGN, select(DAMPING, 5.0 * DAMPING, now.level == coarse));
        if now.phase == ALIGN { advance(thread); }
        if thread == 0u { decide(slot, count); }
        now = workgroupUniformLoad(&plan);
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
