// In: a picture. Out: the picture behind everything, scaled to fill or to fit the view, 0..=1.

struct Params {
    scale: vec2<f32>,  // of picture coordinates around the centre; x negative: mirrored
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var picture: texture_2d<f32>;
@group(0) @binding(2) var smooth_sampler: sampler;

struct Corner {
    @builtin(position) position: vec4<f32>,
    @location(0) uv: vec2<f32>,
}

@vertex
fn corner(@builtin(vertex_index) index: u32) -> Corner {
    // One triangle that covers the view.
    let uv = vec2(f32((index << 1u) & 2u), f32(index & 2u));
    return Corner(vec4(uv.x * 2.0 - 1.0, 1.0 - uv.y * 2.0, 0.0, 1.0), uv);
}

@fragment
fn paint(in: Corner) -> @location(0) vec4<f32> {
    let uv = (in.uv - 0.5) * params.scale + 0.5;
    let color = textureSample(picture, smooth_sampler, uv);
    let inside = all(uv >= vec2(0.0)) && all(uv <= vec2(1.0));
    return select(vec4(0.0, 0.0, 0.0, 1.0), color, inside);
}
