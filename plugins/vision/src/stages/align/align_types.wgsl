// Piece: layouts and small geometry that both passes of `align` share.

struct Params {
    frame_width: u32,
    frame_height: u32,
    frame_levels: u32, // of the pyramid below full size, at most 5
    target_count: u32,
}

struct Target {
    width: f32, // px of the user's picture
    height: f32,
    first: u32,
    count: u32,
    template_first: u32, // u32 word
    template_width: u32,
    template_height: u32,
    template_levels: u32,
    pixels_per_template_pixel: f32,
    score: f32,
    pad: array<u32, 6>,
}

// What matching offers in this frame.
struct Pose {
    homography: array<f32, 9>, // target px -> frame px, row by row
    tracked: u32, // index into targets
    inliers: u32,
    reprojection: f32,
    accepted: u32,
    pad: array<u32, 3>,
}

// What others read: tracks and sightings.
struct Track {
    homography: array<f32, 9>, // target px -> frame px, row by row, h22 = 1
    state: u32, // 0 free, 1 tracking
    tracked: u32, // index into targets
    age: u32, // frames since it was found
    score: f32, // mean zero-normalised cross-correlation of the blocks that are seen
    reprojection: f32, // px, rms of what the blocks would still move
    inliers: u32, // blocks that are seen
    pad: u32,
}

// Kept from frame to frame for each slot. Zeros are a free slot.
struct Memory {
    pose: array<f32, 9>, // normalised target -> frame px, row by row
    velocity: array<f32, 8>, // of the corners, px a frame
    velocity_before: array<f32, 8>,
    occupied: u32, // target + 1
    misses: u32, // frames in a row in which it was not seen
    age: u32,
    steady: u32, // velocities that are known: 0, 1 or 2
    ceiling: f32, // the template's tone that saturated; 2: none, 0: not known
    pad: array<u32, 2>,
}

// One slot's outcome of `refine`.
struct Result {
    pose: array<f32, 9>,
    occupied: u32, // target + 1; 0: nothing to do
    seen: u32,
    score: f32,
    reprojection: f32,
    inliers: u32,
    ceiling: f32, // the template's tone that saturates
    iterations: u32,
}

const SLOTS = 20u;

// Normalised target coordinates run from -1 to 1 over the target's area. A pose maps them to frame px; its last entry is 1.

fn matrix_of(rows: array<f32, 9>) -> mat3x3<f32> {
    var r = rows;
    return mat3x3<f32>(r[0], r[3], r[6], r[1], r[4], r[7], r[2], r[5], r[8]);
}

fn rows_of(m: mat3x3<f32>) -> array<f32, 9> {
    return array<f32, 9>(m[0].x, m[1].x, m[2].x, m[0].y, m[1].y, m[2].y, m[0].z, m[1].z, m[2].z);
}

fn target_from_normalised(described: Target) -> mat3x3<f32> {
    let half = vec2(described.width, described.height) * 0.5;
    return mat3x3<f32>(half.x, 0.0, 0.0, 0.0, half.y, 0.0, half.x - 0.5, half.y - 0.5, 1.0);
}

fn normalised_from_target(described: Target) -> mat3x3<f32> {
    let half = vec2(described.width, described.height) * 0.5;
    return mat3x3<f32>(1.0 / half.x, 0.0, 0.0, 0.0, 1.0 / half.y, 0.0, 0.5 / half.x - 1.0, 0.5 / half.y - 1.0, 1.0);
}

// By its bits: a compiler may take it for granted that no number is a NaN.
fn finite(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}

fn all_finite(m: mat3x3<f32>) -> bool {
    var yes = true;
    for (var i = 0u; i < 3u; i++) {
        yes = yes && finite(m[i].x) && finite(m[i].y) && finite(m[i].z);
    }
    return yes;
}

fn corner(i: u32) -> vec2<f32> {
    return vec2(select(-1.0, 1.0, i == 1u || i == 2u), select(-1.0, 1.0, i >= 2u));
}

fn apply(m: mat3x3<f32>, at: vec2<f32>) -> vec2<f32> {
    let p = m * vec3(at, 1.0);
    return p.xy / p.z;
}

// Could a camera see the target's front like this? `m` is scaled such that its last entry is 1.
fn plausible(m: mat3x3<f32>, frame: vec2<f32>) -> bool {
    if !all_finite(m) { return false; }
    var least = 1e30;
    var most = 0.0;
    for (var i = 0u; i < 4u; i++) {
        let w = (m * vec3(corner(i), 1.0)).z;
        least = min(least, w);
        most = max(most, w);
    }
    // In front of the camera, and no corner five times as far as another.
    if !(least > 0.05 && most < 20.0 && least * 5.0 > most) { return false; }
    var quad: array<vec2<f32>, 4>;
    for (var i = 0u; i < 4u; i++) {
        quad[i] = apply(m, corner(i));
        if !(all(quad[i] > frame * -3.0) && all(quad[i] < frame * 4.0)) { return false; }
    }
    let a = quad[2] - quad[0];
    let b = quad[3] - quad[1];
    let twice_area = a.x * b.y - a.y * b.x; // mirrored: negative
    let shorter = min(min(length(quad[1] - quad[0]), length(quad[2] - quad[1])),
                      min(length(quad[3] - quad[2]), length(quad[0] - quad[3])));
    let longest = max(length(a), length(b));
    // Flatter than about 80 degrees of tilt there is nothing to align.
    return shorter > 6.0 && twice_area > 128.0 && twice_area > 0.06 * longest * longest;
}
