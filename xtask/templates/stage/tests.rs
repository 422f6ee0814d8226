//! Rust and WGSL agree on what they share. (Compare the real shader with a plain CPU function, too: see
//! `tests/convert.rs` for how.)

use freshet_testing::Wgsl;

#[test]
fn bindings_agree_with_the_shader() {
    let shader = Wgsl::parse(include_str!("{{name}}.wgsl")).unwrap();
    assert_eq!(shader.entry_points(), ["{{name}}"]);
    assert_eq!(shader.bindings(), [(0, 0, "mean"), (1, 0, "luma")]);
}
