// In: R8 luma with a frame code in it. Out: the cells of its two rows as bits, top row first, high word first.

struct Params {
    cell_side: u32, // pixels; 0: the picture is too small for a code
}

const CELLS: u32 = 48u;

@group(0) @binding(0) var<uniform> params: Params;
@group(1) @binding(0) var luma: texture_2d<f32>;
@group(0) @binding(1) var<storage, read_write> words: array<u32, 4>;

var<workgroup> bits: array<atomic<u32>, 4>;

@compute @workgroup_size(96)
fn read_code(@builtin(local_invocation_index) index: u32) {
    if index < 4u { atomicStore(&bits[index], 0u); }
    workgroupBarrier();

    let cell = index % CELLS;
    let row = index / CELLS;
    let centre = params.cell_side / 2u;
    let height = textureDimensions(luma).y;
    let y = select(centre, height - params.cell_side + centre, row == 1u);
    if params.cell_side > 0u && textureLoad(luma, vec2(cell * params.cell_side + centre, y), 0).x > 0.5 {
        // Cell 0 is bit 47 of the row's 64.
        let bit = CELLS - 1u - cell;
        atomicOr(&bits[row * 2u + 1u - bit / 32u], 1u << (bit % 32u));
    }
    workgroupBarrier();

    if index < 4u { words[index] = atomicLoad(&bits[index]); }
}
