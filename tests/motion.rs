//! Flow, features and tracks: the real shaders against known motion and plain CPU functions.

use std::time::Duration;

use bevy::prelude::*;
use bevy_freshet::base::{FrameFormat, PixelFormat};
use bevy_freshet::prelude::*;
use bevy_freshet::vision::stages::features::{FeatureSettings, reference};
use bevy_freshet::vision::stages::flow::{FlowPreset, FlowSettings};
use freshet_testing::TestApp;

use crate::reading::{bytes, texels};
use crate::scenes::{Gray, shift};
use crate::support::{app, stream};

const PATIENCE: Duration = Duration::from_secs(120);

/// Sends pictures through the pipeline, one after another.
fn send(app: &mut TestApp, pictures: Vec<Gray>, want: impl FnOnce(&mut EntityWorldMut)) -> Entity {
    let format = FrameFormat::new(pictures[0].width, pictures[0].height, PixelFormat::Gray8).unwrap();
    let settings = StreamSettings::default().with_pace(Pace::Every);
    let frames = pictures.len() as u64;
    let picture = move |seq: u64| pictures[seq as usize].luma.clone();
    let (id, thread) = stream(app, settings, format, frames, Duration::ZERO, picture);
    want(&mut app.app.world_mut().entity_mut(id));
    app.turn_until(PATIENCE, |world| world.get::<StreamStats>(id).unwrap().completed == frames);
    app.turn(1);
    thread.join().unwrap();
    id
}

fn vectors(app: &mut TestApp, id: Entity) -> (u32, Vec<[f32; 3]>) {
    let texels = texels::<OpticalFlow>(app, id, 0, 0).expect("the flow is on the GPU");
    let half = |bytes: &[u8]| half::f16::from_le_bytes([bytes[0], bytes[1]]).to_f32();
    let vectors = texels.bytes.chunks_exact(8).map(|texel| [half(texel), half(&texel[2..]), half(&texel[4..])]);
    (texels.width, vectors.collect())
}

#[test]
fn flow_is_the_motion_that_was_made() {
    let ground = Gray::flat(300, 220, 100);
    let picture = Gray::rectangles(300, 220, 7);
    let moved = picture.seen(&shift(5.5, -3.25), &ground);
    for (preset, most) in [(FlowPreset::Fast, 0.35), (FlowPreset::Balanced, 0.15), (FlowPreset::Accurate, 0.12)] {
        let mut app = app();
        app.app.insert_resource(FlowSettings { preset });
        let id = send(&mut app, vec![picture.clone(), moved.clone()], |stream| {
            stream.insert(Wants::<OpticalFlow>::default());
        });
        let summary = app.app.world().get::<Latest<OpticalFlow>>(id).unwrap().value;
        assert!(summary.trusted > 0.6, "{preset:?}: {summary:?}");
        assert!((summary.mean_px[0] - 5.5).abs() < 0.2 && (summary.mean_px[1] + 3.25).abs() < 0.2, "{summary:?}");
        assert!((summary.homography[2] - 5.5).abs() < 0.3 && (summary.homography[5] + 3.25).abs() < 0.3, "{summary:?}");
        let (width, vectors) = vectors(&mut app, id);
        let inner = |index: usize| {
            let (x, y) = (index as u32 % width, index as u32 / width);
            (20..width - 20).contains(&x) && (20..200).contains(&y)
        };
        let errors = vectors.iter().enumerate().filter(|&(index, _)| inner(index));
        let errors: Vec<_> = errors.map(|(_, [x, y, _])| (x - 5.5).hypot(y + 3.25)).collect();
        let mean = errors.iter().sum::<f32>() / errors.len() as f32;
        assert!(mean < most, "{preset:?}: mean end-point error {mean}");
    }
}

#[test]
fn a_first_frame_has_no_flow_and_nobody_trusts_it() {
    let mut app = app();
    let id = send(&mut app, vec![Gray::rectangles(120, 90, 1)], |stream| {
        stream.insert(Wants::<OpticalFlow>::default());
    });
    let summary = app.app.world().get::<Latest<OpticalFlow>>(id).unwrap().value;
    assert_eq!((summary.mean_px, summary.trusted), ([0.0; 2], 0.0));
    assert_eq!(summary.homography, [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    assert!(vectors(&mut app, id).1.iter().all(|vector| *vector == [0.0; 3]));
}

#[test]
fn a_frame_of_which_nothing_was_made_is_no_frame_before() {
    let mut app = app();
    let picture = Gray::rectangles(120, 90, 1);
    let format = FrameFormat::new(120, 90, PixelFormat::Gray8).unwrap();
    let settings = StreamSettings::default().with_pace(Pace::Every);
    let (id, thread) = stream(&mut app, settings, format, 3, Duration::ZERO, move |_| picture.luma.clone());
    app.app.world_mut().entity_mut(id).insert(Wants::<LivePicture>::default());
    app.turn_until(PATIENCE, |world| world.get::<StreamStats>(id).unwrap().captured == 2);
    app.app.world_mut().entity_mut(id).insert(Wants::<OpticalFlow>::default());
    app.turn_until(PATIENCE, |world| world.get::<Latest<OpticalFlow>>(id).is_some());
    thread.join().unwrap();
    assert_eq!(app.app.world().get::<Latest<OpticalFlow>>(id).unwrap().value.trusted, 0.0);
    assert!(vectors(&mut app, id).1.iter().all(|vector| *vector == [0.0; 3]), "compared with what was never made");
}

#[test]
fn odd_sizes_have_flow_and_features() {
    let mut app = app();
    for (width, height) in [(1, 1), (3, 40), (33, 17), (131, 77)] {
        let id =
            send(&mut app, vec![Gray::rectangles(width, height, 3), Gray::rectangles(width, height, 3)], |stream| {
                stream.insert((Wants::<OpticalFlow>::default(), Wants::<Tracks>::default()));
            });
        assert!(vectors(&mut app, id).1.iter().all(|vector| vector.iter().all(|number| number.is_finite())));
        app.app.world_mut().despawn(id);
        app.turn(2);
    }
}

struct Found {
    at: [f32; 2],
    descriptor: [u32; 8],
}

fn found(app: &mut TestApp, id: Entity) -> Vec<Found> {
    let held = bytes::<Features>(app, id, 0).expect("features are on the GPU");
    let words: Vec<u32> = held.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect();
    let (count, capacity) = (words[0] as usize, words[1] as usize);
    let descriptors = (64 + capacity * 8).next_multiple_of(64);
    let feature = |index: usize| {
        let (point, bits) = (64 + index * 8, descriptors + index * 8);
        let at = [f32::from_bits(words[point]), f32::from_bits(words[point + 1])];
        Found { at, descriptor: words[bits..bits + 8].try_into().unwrap() }
    };
    (0..count).map(feature).collect()
}

#[test]
fn features_are_those_of_the_plain_function() {
    for (width, height, capacity) in [(320, 240, 2000), (201, 133, 100)] {
        let mut app = app();
        app.app.insert_resource(FeatureSettings::with_capacity(capacity));
        let picture = Gray::rectangles(width, height, 11);
        let id = send(&mut app, vec![picture.clone()], |stream| {
            stream.insert(Wants::<Features>::default());
        });
        let settings = reference::Settings { capacity: capacity as usize, ..Default::default() };
        let expected = reference::detect(&picture.luma, width as usize, height as usize, settings);
        let found = found(&mut app, id);
        assert_eq!(app.app.world().get::<Latest<Features>>(id).unwrap().value.count as usize, found.len());
        assert!(found.len().abs_diff(expected.len()) <= 2, "{} points, not {}", found.len(), expected.len());
        assert!(found.len() >= 60, "only {} points", found.len());
        let near = |one: &Found| {
            expected.iter().any(|other| {
                let bits: u32 = one.descriptor.iter().zip(&other.descriptor).map(|(a, b)| (a ^ b).count_ones()).sum();
                (one.at[0] - other.x).hypot(one.at[1] - other.y) < 0.1 && bits <= 5
            })
        };
        let same = found.iter().filter(|one| near(one)).count();
        assert!(same * 100 >= found.len() * 98, "{same} of {} are the same", found.len());
    }
}

#[test]
fn a_blank_picture_has_no_features() {
    let mut app = app();
    let id = send(&mut app, vec![Gray::flat(160, 120, 90)], |stream| {
        stream.insert(Wants::<Features>::default());
    });
    assert_eq!(app.app.world().get::<Latest<Features>>(id).unwrap().value.count, 0);
}

#[test]
fn tracks_keep_their_ids_and_move_with_the_picture() {
    let mut app = app();
    let (ground, picture) = (Gray::flat(260, 200, 100), Gray::rectangles(260, 200, 5));
    let frames = (0..6).map(|step| picture.seen(&shift(f64::from(step) * 2.0, f64::from(step)), &ground)).collect();
    let id = send(&mut app, frames, |stream| {
        stream.insert(Wants::<Tracks>::default());
    });
    let summary = app.app.world().get::<Latest<Tracks>>(id).unwrap().value;
    assert!(summary.count > 40 && summary.mean_age > 2.5, "{summary:?}");
    let held = bytes::<Tracks>(&mut app, id, 0).unwrap();
    let words: Vec<u32> = held.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect();
    let tracks: Vec<_> = words[64..].chunks_exact(8).filter(|track| track[4] != 0).collect();
    assert_eq!(tracks.len() as u32, summary.count);
    let mut ids: Vec<_> = tracks.iter().map(|track| track[4]).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), tracks.len(), "every track has a number of its own");
    let moved = |track: &&[u32]| {
        let [x, y, before_x, before_y] = [0, 1, 2, 3].map(|word| f32::from_bits(track[word]));
        (x - before_x - 2.0).hypot(y - before_y - 1.0) < 0.5
    };
    let old: Vec<_> = tracks.into_iter().filter(|track| track[5] >= 1).collect();
    let right = old.iter().filter(|track| moved(track)).count();
    assert!(right * 10 >= old.len() * 9, "{right} of {} moved with the picture", old.len());
}
