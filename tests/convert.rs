//! The real shaders against plain CPU functions: every format, matrix and range, at odd sizes too.

use std::time::Duration;

use bevy::prelude::*;
use bevy_freshet::base::{ColorMatrix, ColorRange, ColorSpace, FrameFormat, PixelFormat};
use bevy_freshet::prelude::*;
use bevy_freshet::vision::stages::{convert, pyramid};
use freshet_testing::TestApp;

use crate::reading::texels;
use crate::support::{app, stream};

const PATIENCE: Duration = Duration::from_secs(60);

/// Bytes that look random and take every value.
fn noise(bytes: u64) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 24) as u8
    };
    (0..bytes).map(next).collect()
}

/// Sends one frame through the pipeline and leaves its textures on the GPU, in slot 0.
fn one_frame(app: &mut TestApp, format: FrameFormat, native: &[u8]) -> Entity {
    let settings = StreamSettings::default().with_pace(Pace::Every);
    let picture = native.to_vec();
    let (id, thread) = stream(app, settings, format, 1, Duration::ZERO, move |_| picture.clone());
    app.app.world_mut().entity_mut(id).insert((Wants::<LivePicture>::default(), Wants::<Pyramid>::default()));
    app.turn_until(PATIENCE, |world| world.get::<StreamStats>(id).unwrap().captured == 1);
    app.turn(1);
    thread.join().unwrap();
    id
}

fn assert_near(what: &str, found: &[u8], expected: &[u8]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let worst = found.iter().zip(expected).enumerate().max_by_key(|(_, (a, b))| a.abs_diff(**b));
    if let Some((place, (found, expected))) = worst {
        assert!(found.abs_diff(*expected) <= 1, "{what}: byte {place} is {found}, not {expected}");
    }
}

fn check(app: &mut TestApp, format: FrameFormat) {
    let what = format!("{format} {:?}", format.color);
    let native = noise(format.bytes().0);
    let expected = convert::reference::convert(&format, &native);
    let id = one_frame(app, format, &native);
    let picture = texels::<LivePicture>(app, id, 0, 0).expect("the picture is on the GPU");
    assert_near(&format!("{what}: picture"), &picture.bytes, &expected.rgba);
    let luma = texels::<Luma>(app, id, 0, 0).expect("luma is on the GPU");
    assert_near(&format!("{what}: luma"), &luma.bytes, &expected.luma);
    // The pyramid of the luma that is on the GPU, so that roundings do not add up.
    let levels = pyramid::reference::pyramid(format.width, format.height, &luma.bytes);
    for (level, expected) in levels.iter().enumerate() {
        let found = texels::<Pyramid>(app, id, 0, level as u32).expect("the level is on the GPU");
        assert_eq!((found.width, found.height), (expected.width, expected.height), "{what}: level {level}");
        assert_near(&format!("{what}: level {level}"), &found.bytes, &expected.texels);
    }
    assert!(texels::<Pyramid>(app, id, 0, levels.len() as u32).is_none(), "{what}: no more levels than there are");
    app.app.world_mut().despawn(id);
    app.turn(2);
}

fn spaces() -> impl Iterator<Item = ColorSpace> {
    let matrices = [ColorMatrix::Bt601, ColorMatrix::Bt709, ColorMatrix::Bt2020];
    let ranges = [ColorRange::Limited, ColorRange::Full];
    matrices.into_iter().flat_map(move |matrix| ranges.map(|range| ColorSpace { matrix, range }))
}

#[test]
fn every_format_matrix_and_range() {
    let mut app = app();
    for pixels in PixelFormat::ALL {
        for color in spaces() {
            check(&mut app, FrameFormat::new(66, 35, pixels).unwrap().with_color(color));
        }
    }
}

#[test]
fn odd_sizes() {
    let mut app = app();
    for pixels in PixelFormat::ALL {
        for (width, height) in [(641, 479), (1, 1), (4095, 3), (2, 33), (3, 4000)] {
            check(&mut app, FrameFormat::new(width, height, pixels).unwrap());
        }
    }
}
