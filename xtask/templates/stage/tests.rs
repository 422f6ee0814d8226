//! `{{name}}` against a plain CPU function.

use super::dispatch::workgroups;

#[test]
fn every_texel_has_an_invocation() {
    assert_eq!(workgroups(641, 479), [81, 60, 1]);
    assert_eq!(workgroups(1, 1), [1, 1, 1]);
}
