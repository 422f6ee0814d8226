// Piece: whether two matches may be of one plane: sizes, turns and the way from one to the other fit, with room for a tilt of
// 60 degrees and for what perspective does. Frame px.
fn agree(a: vec4<f32>, za: vec2<f32>, b: vec4<f32>, zb: vec2<f32>) -> bool {
    let la = dot(za, za);
    let lb = dot(zb, zb);
    let turn = dot(za, zb);
    // cos(45 degrees)^2 = 0.5; sizes within 2.2, squared 4.84.
    let alike = turn > 0.0 && turn * turn > 0.5 * la * lb && la < 4.84 * lb && lb < 4.84 * la;
    let z = 0.5 * (za + zb);
    let way = b.xy - a.xy;
    let expected = vec2(z.x * way.x - z.y * way.y, z.y * way.x + z.x * way.y);
    let real = b.zw - a.zw;
    let error = real - expected;
    let reach = dot(expected, expected);
    let room = 0.5 * sqrt(reach) + 6.0;
    return alike && dot(error, error) < room * room && dot(real, real) > 16.0 && reach > 16.0;
}
