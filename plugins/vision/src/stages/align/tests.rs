//! Rust and WGSL agree on what they share.

use std::mem::offset_of;

use freshet_testing::Wgsl;

use super::{MEMORY_BYTES, Params, Track, shaders};
use crate::targets::GpuTarget;

#[test]
fn shaders_and_rust_agree_on_what_they_share() {
    for text in [shaders::ALIGN, shaders::PUBLISH] {
        let shader = Wgsl::parse(text).unwrap();
        assert_eq!(shader.size_of("Params"), Some(size_of::<Params>() as u32));
        assert_eq!(shader.size_of("Track"), Some(size_of::<Track>() as u32));
        assert_eq!(shader.size_of("Target"), Some(size_of::<GpuTarget>() as u32));
        assert_eq!(shader.size_of("Memory"), Some(MEMORY_BYTES as u32));
        let track = [
            ("tracked", offset_of!(Track, target)),
            ("age", offset_of!(Track, age)),
            ("score", offset_of!(Track, score)),
            ("reprojection", offset_of!(Track, reprojection)),
            ("inliers", offset_of!(Track, inliers)),
        ];
        for (member, offset) in track {
            assert_eq!(shader.offset_of("Track", member), Some(offset as u32), "{member}");
        }
    }
}
