//! Rust and WGSL agree on what they share.

use std::mem::offset_of;

use freshet_testing::Wgsl;

use super::params::{Params, Samples};
use super::prepare::WORKGROUP_SIDE;

#[test]
fn layout_and_bindings_agree_with_the_shader() {
    let shader = Wgsl::parse(include_str!("convert.wgsl")).unwrap();
    for entry in ["both", "only_picture", "only_luma"] {
        assert_eq!(shader.workgroup_size(entry), Some([WORKGROUP_SIDE, WORKGROUP_SIDE, 1]));
    }
    assert_eq!(shader.bindings(), [(0, 0, "params"), (0, 1, "native"), (1, 0, "picture"), (1, 1, "luma")]);
    assert_eq!(shader.size_of("Params"), Some(size_of::<Params>() as u32));
    assert_eq!(shader.size_of("Samples"), Some(size_of::<Samples>() as u32));
    let samples = [
        ("offset", offset_of!(Samples, offset)),
        ("step", offset_of!(Samples, step)),
        ("stride", offset_of!(Samples, stride)),
        ("down", offset_of!(Samples, down)),
    ];
    for (member, offset) in samples {
        assert_eq!(shader.offset_of("Samples", member), Some(offset as u32), "{member}");
    }
    let params = [
        ("samples", offset_of!(Params, samples)),
        ("size", offset_of!(Params, size)),
        ("gray", offset_of!(Params, gray)),
        ("rgb", offset_of!(Params, rgb)),
        ("scale", offset_of!(Params, scale)),
        ("bias", offset_of!(Params, bias)),
        ("red", offset_of!(Params, red)),
        ("green", offset_of!(Params, green)),
        ("blue", offset_of!(Params, blue)),
        ("weights", offset_of!(Params, weights)),
    ];
    for (member, offset) in params {
        assert_eq!(shader.offset_of("Params", member), Some(offset as u32), "{member}");
    }
}
