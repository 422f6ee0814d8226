// In: R8 luma. Out: its mean, 0..=1.

const THREADS: u32 = 256u;

@group(0) @binding(0) var<storage, read_write> mean: f32;
@group(1) @binding(0) var luma: texture_2d<f32>;

var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(256)
fn {{name}}(@builtin(local_invocation_index) index: u32) {
    let size = textureDimensions(luma);
    var sum = 0.0;
    for (var y = 0u; y < size.y; y++) {
        for (var x = index; x < size.x; x += THREADS) {
            sum += textureLoad(luma, vec2(x, y), 0).x;
        }
    }
    sums[index] = sum;
    workgroupBarrier();
    for (var half = THREADS / 2u; half > 0u; half /= 2u) {
        if index < half { sums[index] += sums[index + half]; }
        workgroupBarrier();
    }
    if index == 0u { mean = sums[0] / f32(size.x * size.y); }
}
