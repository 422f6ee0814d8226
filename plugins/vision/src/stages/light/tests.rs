//! Rust and WGSL agree on what they share.

use freshet_testing::Wgsl;

#[test]
fn bindings_agree_with_the_shader() {
    let shader = Wgsl::parse(include_str!("light.wgsl")).unwrap();
    assert_eq!(shader.entry_points(), ["mean_light"]);
    assert_eq!(shader.bindings(), [(0, 0, "mean"), (0, 1, "picture")]);
}
