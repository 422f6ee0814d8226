//! Rust and WGSL agree, and the reference is what its name says.

use freshet_testing::Wgsl;

use super::prepare::{WORKGROUP_SIDE, levels};
use super::reference::pyramid;

#[test]
fn layout_and_bindings_agree_with_the_shader() {
    let shader = Wgsl::parse(include_str!("pyramid.wgsl")).unwrap();
    assert_eq!(shader.workgroup_size("reduce"), Some([WORKGROUP_SIDE, WORKGROUP_SIDE, 1]));
    assert_eq!(shader.size_of("Params"), Some(size_of::<u32>() as u32));
    let levels = ["half", "quarter", "eighth", "sixteenth", "thirty_second"].into_iter().zip(1..);
    let mut expected = vec![(0, 0, "params"), (0, 1, "corners"), (1, 0, "luma")];
    expected.extend(levels.map(|(name, binding)| (1, binding, name)));
    assert_eq!(shader.bindings(), expected);
}

#[test]
fn small_pictures_have_fewer_levels() {
    assert_eq!([levels(1, 1), levels(2, 2), levels(8, 3), levels(63, 63), levels(4095, 3)], [1, 1, 3, 5, 5]);
}

#[test]
fn a_level_is_the_mean_of_four() {
    let levels = pyramid(5, 2, &[0, 10, 100, 200, 77, 20, 30, 100, 201, 99]);
    assert_eq!((levels[0].width, levels[0].height), (2, 1));
    assert_eq!(levels[0].texels, [15, 150]);
    assert_eq!((levels[1].width, levels[1].texels.as_slice()), (1, &[83][..]));
}
