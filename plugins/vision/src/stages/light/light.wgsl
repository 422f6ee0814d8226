// In: RGBA8 picture, gamma-encoded. Out: mean red, green and blue, linear, and mean luma as displayed, 0..=1.

const GRID: u32 = 64u;     // samples on a side: enough for an average
const THREADS: u32 = 256u;

@group(0) @binding(0) var<storage, read_write> mean: vec4<f32>;
@group(0) @binding(1) var picture: texture_2d<f32>;

var<workgroup> sums: array<vec4<f32>, 256>;

// The transfer function of sRGB (IEC 61966-2-1).
fn linear(encoded: vec3<f32>) -> vec3<f32> {
    let low = encoded / 12.92;
    let high = pow((encoded + 0.055) / 1.055, vec3(2.4));
    return select(high, low, encoded <= vec3(0.04045));
}

@compute @workgroup_size(256)
fn mean_light(@builtin(local_invocation_index) index: u32) {
    let size = textureDimensions(picture);
    var sum = vec4(0.0);
    for (var sample = index; sample < GRID * GRID; sample += THREADS) {
        let cell = vec2(sample % GRID, sample / GRID);
        let at = (cell * 2u + 1u) * size / (2u * GRID);
        let color = textureLoad(picture, at, 0).rgb;
        sum += vec4(linear(color), dot(color, vec3(0.2126, 0.7152, 0.0722)));
    }
    sums[index] = sum;
    workgroupBarrier();
    for (var half = THREADS / 2u; half > 0u; half /= 2u) {
        if index < half { sums[index] += sums[index + half]; }
        workgroupBarrier();
    }
    if index == 0u { mean = sums[0] / f32(GRID * GRID); }
}
