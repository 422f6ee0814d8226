//! Rust and WGSL agree on what they share.

use std::mem::offset_of;

use freshet_testing::Wgsl;

use super::prepare::Level;
use super::shaders;

#[test]
fn shaders_and_rust_agree_on_the_level() {
    for text in [shaders::PREPARE, shaders::SEARCH, shaders::REFINE, shaders::FIT, shaders::FINISH] {
        let shader = Wgsl::parse(text).unwrap();
        assert_eq!(shader.size_of("Level"), Some(size_of::<Level>() as u32));
        let members = [
            ("coarse", offset_of!(Level, coarse)),
            ("flags", offset_of!(Level, flags)),
            ("sweeps", offset_of!(Level, sweeps)),
            ("lambda", offset_of!(Level, lambda)),
            ("coarse_ratio", offset_of!(Level, coarse_ratio)),
            ("candidates", offset_of!(Level, candidates)),
        ];
        for (member, offset) in members {
            assert_eq!(shader.offset_of("Level", member), Some(offset as u32), "{member}");
        }
    }
}
