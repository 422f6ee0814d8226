// Piece: one pyramid level of the flow: sizes and tuning (uniform, 96 bytes).
struct Level {
    size: vec2<u32>,        // pixels of this level
    coarse: vec2<u32>,      // pixels of the next coarser level (or of the level that a pass upsamples)
    patches: vec2<u32>,     // patch grid, ceil(size / 4) + 1
    level: u32,             // 0 = luma, k = mip k - 1 of the pyramid
    flags: u32,             // 1: a coarser flow exists, 2: the global model may be used, 4: the search uses every pixel, not every second
    iterations: u32,        // inverse search steps per patch
    sweeps: u32,            // red-black sweeps per refinement
    data_eps: f32,          // scale of the robust data penalty, in units of normalised luma
    smooth_eps: f32,        // scale of the robust smoothness penalty, px per px
    lambda: f32,            // weight of smoothness against data
    relax: f32,             // over-relaxation, 1..2
    normalise: f32,         // floor of the squared gradient that divides the data term
    contrast: f32,          // luma: contrast below which `prepare` stops amplifying
    blend: f32,             // densification: residual under which a patch's vote stops growing
    coarse_ratio: f32,      // pixels of this level per pixel of `coarse`
    reach: f32,             // farthest that a patch may move away from its start, px
    tolerance: f32,         // forward-backward miss that halves the confidence, px of level 0
    pad0: f32,
    candidates: u32,        // places of the coarse flow that the search tries: 1, 3 or 5
    pad: vec2<f32>,
};
