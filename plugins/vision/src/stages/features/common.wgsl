// Piece: shared by every shader of `features`: the stream's shape and how levels lie in their buffer.

struct Params {
    width: u32, // of the luma picture
    height: u32,
    level_count: u32, // that exist, 0..=10; small pictures have fewer
    capacity: u32, // points at most
    cells_x: u32, // cells of 32x32 luma pixels
    cells_y: u32,
    threshold: f32, // least Harris response, in codes^4
    detect_count: u32, // levels with points: the last two only serve the orientation of the two before
    levels: array<vec4<u32>, 10>, // width, height, words in a row, first word; a word holds 4 pixels of one byte
    fade: array<vec4<f32>, 16>, // 64 factors: the n-th strongest candidate of a cell counts as response * fade[n]
}

// Level k shows the picture smaller by 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24: twice that is a whole number.
fn doubled_scale(level: u32) -> u32 {
    return (2u + (level & 1u)) << (level / 2u);
}

fn unpack_codes(word: u32) -> vec4<f32> {
    return vec4<f32>(vec4(word, word >> 8u, word >> 16u, word >> 24u) & vec4(255u));
}

fn pack_codes(codes: vec4<u32>) -> u32 {
    return codes.x | (codes.y << 8u) | (codes.z << 16u) | (codes.w << 24u);
}
