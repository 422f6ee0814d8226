//! Rust and WGSL agree on what they share.

use std::mem::offset_of;

use freshet_testing::Wgsl;

use super::FeatureSettings;
use super::prepare::Params;
use super::shaders;

#[test]
fn shaders_and_rust_agree_on_the_params() {
    for text in [shaders::SMOOTH, shaders::REDUCE, shaders::DETECT, shaders::SELECT, shaders::CHOOSE, shaders::DESCRIBE]
    {
        let shader = Wgsl::parse(text).unwrap();
        assert_eq!(shader.size_of("Params"), Some(size_of::<Params>() as u32));
        let members = [
            ("level_count", offset_of!(Params, level_count)),
            ("threshold", offset_of!(Params, threshold)),
            ("levels", offset_of!(Params, levels)),
            ("fade", offset_of!(Params, fade)),
        ];
        for (member, offset) in members {
            assert_eq!(shader.offset_of("Params", member), Some(offset as u32), "{member}");
        }
    }
}

#[test]
fn a_frames_buffer_holds_points_and_descriptors() {
    let settings = FeatureSettings::with_capacity(2000);
    assert_eq!(settings.bytes(), 64_256 + 64_000);
    assert_eq!(FeatureSettings::with_capacity(1).capacity(), 64);
    assert_eq!(FeatureSettings::with_capacity(1_000_000).capacity(), 8192);
}
