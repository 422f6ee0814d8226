//! Rust and WGSL agree on what they share.

use freshet_testing::Wgsl;

use super::{Params, TracksStage};

#[test]
fn layout_and_bindings_agree_with_the_shader() {
    let shader = Wgsl::parse(include_str!("tracks.wgsl")).unwrap();
    assert_eq!(shader.size_of("Params"), Some(size_of::<Params>() as u32));
    assert_eq!(shader.size_of("Track"), Some(TracksStage::TRACK_BYTES as u32));
    assert_eq!(shader.offset_of("Tracks", "tracks"), Some(TracksStage::HEADER_BYTES as u32));
    assert_eq!(shader.workgroup_size("advance"), Some([64, 1, 1]));
    let names = ["params", "state", "cells", "flow", "told"];
    let mut expected: Vec<_> = names.into_iter().zip(0..).map(|(name, binding)| (0, binding, name)).collect();
    expected.push((1, 0, "found"));
    assert_eq!(shader.bindings(), expected);
}
