//! Rust and WGSL agree on what they share.

use super::shaders;
use crate::stages::matching::tests::agree;

#[test]
fn shaders_and_rust_agree_on_what_they_share() {
    agree(&[shaders::RANK, shaders::HYPOTHESIZE, shaders::REFINE, shaders::GUIDE, shaders::ACCEPT]);
}
