// In: luma, linear, 0..=1. Out: the same, 0..=1.

@group(0) @binding(0) var input: texture_2d<f32>;
@group(0) @binding(1) var output: texture_storage_2d<r32float, write>;

@compute @workgroup_size(8, 8, 1)
fn {{name}}(@builtin(global_invocation_id) id: vec3<u32>) {
    if any(id.xy >= textureDimensions(output)) { return; }
    textureStore(output, id.xy, textureLoad(input, id.xy, 0));
}
