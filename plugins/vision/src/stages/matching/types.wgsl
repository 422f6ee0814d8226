// Piece: layouts that the stages of matching share.

struct Params {
    target_count: u32, // in the database, at most 1024
    candidates: u32, // targets tried in one frame, at most 20
    targets_per_frame: u32, // of the database that one frame looks at
    feature_capacity: u32,
    chunks: u32, // 128 descriptors each, of the target that has most
    distance_max: u32, // bits of 256 in which a match may differ
    ratio: f32, // best over second best distance
    votes_min: u32, // fewer: not a candidate
    frame_width: f32,
    frame_height: f32,
    inlier_px: f32, // transfer error of an inlier at descriptor scale 1
    inliers_min: u32,
    evidence_min: f32, // see accept.wgsl
    pad0: u32,
    pad1: u32,
    pad2: u32,
}

struct Features {
    count: u32,
    capacity: u32,
    reserved: array<u32, 62>,
    points: array<Point>,
}

struct Point {
    x: f32,
    y: f32,
    scale: f32,
    angle: f32,
    response: f32,
    level: u32,
    pad0: u32,
    pad1: u32,
}

struct Target {
    width: f32,
    height: f32,
    first: u32, // descriptor
    count: u32, // descriptors, at most 2048
    template_first: u32,
    template_width: u32,
    template_height: u32,
    template_levels: u32,
    pixels_per_template_pixel: f32,
    score: f32,
    pad: array<u32, 6>,
}

struct Track {
    homography: array<f32, 9>,
    state: u32, // 0 free, 1 tracking
    tracked: u32, // index into targets
    age: u32,
    score: f32,
    reprojection: f32,
    inliers: u32,
    pad: u32,
}

// Kept from frame to frame. Zeros at first; zeros again when the database changes. Targets are stored + 1: 0 is none.
struct State {
    cursor: u32,
    frame: u32,
    pad: vec2<u32>,
    lost: array<u32, 8>, // newest first
    lost_at: array<u32, 8>, // frame
    watched: array<u32, 32>, // what each track followed in the frame before
    failures: array<u32, 1024>, // for each target: how often in a row it was tried in vain, 0..=3
}

// A match: a place of the target, its place in the frame, and the similarity that the two descriptors imply alone.
struct Pair {
    target_px: vec2<f32>,
    frame_px: vec2<f32>,
    similarity: vec2<f32>, // complex: frame px per target px, and the turn
    scale: f32, // of the frame's feature
    distance: f32,
}

const NONE = 0xffffffffu;
const TRACKS = 20u;
const LOST = 8u;
const LOST_FRAMES = 300u; // after that, lost targets queue with the others
const RETRIEVAL = 64u; // descriptors of a target for the shortlist
const QUERIES = 1024u;
const QUERY_CHUNK = 128u;
const CHUNK = 128u; // descriptors of a target in shared memory
const PAIRS = 512u;
const GUIDED_DISTANCE = 96u; // bits; where the place is known, more may differ
const BLOCKS = 4u; // of 64 hypotheses, for each candidate

struct Hypothesis {
    homography: array<f32, 9>, // target px -> frame px, h22 = 1
    cost: f32, // mean truncated squared error of the pairs, 0..=1; 2: none
    inliers: u32,
    reprojection: f32, // root mean square, frame px
    unguided: u32, // inliers before guidance
    pad0: u32,
    pad1: u32,
    pad2: u32,
}
