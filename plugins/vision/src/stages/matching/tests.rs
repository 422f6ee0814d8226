//! Rust and WGSL agree on what they share.

use std::mem::offset_of;

use freshet_testing::Wgsl;

use super::shaders;
use crate::stages::matching::layout::{POSE_BYTES, Params};
use crate::targets::GpuTarget;

#[test]
fn shaders_and_rust_agree_on_what_they_share() {
    agree(&[shaders::PLAN, shaders::SHORTLIST, shaders::CANDIDATES, shaders::MATCH]);
}

/// Checks the layouts that `match` and `pose` have in common.
pub(crate) fn agree(texts: &[&str]) {
    for text in texts {
        let shader = Wgsl::parse(text).unwrap();
        assert_eq!(shader.size_of("Params"), Some(size_of::<Params>() as u32));
        assert_eq!(shader.size_of("Target"), Some(size_of::<GpuTarget>() as u32));
        assert_eq!(shader.size_of("Track"), Some(POSE_BYTES as u32));
        assert_eq!(shader.size_of("Hypothesis"), Some(POSE_BYTES as u32));
        let params = [
            ("chunks", offset_of!(Params, chunks)),
            ("votes_min", offset_of!(Params, votes_min)),
            ("inliers_min", offset_of!(Params, inliers_min)),
            ("evidence_min", offset_of!(Params, evidence_min)),
        ];
        for (member, offset) in params {
            assert_eq!(shader.offset_of("Params", member), Some(offset as u32), "{member}");
        }
        let target = [
            ("count", offset_of!(GpuTarget, count)),
            ("template_levels", offset_of!(GpuTarget, template_levels)),
            ("score", offset_of!(GpuTarget, score)),
        ];
        for (member, offset) in target {
            assert_eq!(shader.offset_of("Target", member), Some(offset as u32), "{member}");
        }
    }
}
