//! Where the scene was in each frame.

use bevy::math::DMat3;
use bevy::prelude::*;
use bevy_freshet::capture::Synthetic;
use bevy_freshet::frame::{FreshetLast, History};
use bevy_freshet::prelude::*;

/// Takes pixels of the stream's first frame to pixels of this one.
#[derive(Debug, Clone, Copy)]
pub struct ScenePose(pub DMat3);

/// How a stream's poses are found.
#[derive(Component)]
enum Tracker {
    /// A computed scene: its motion is known.
    Known(Synthetic),
    /// The flow from frame to frame, added up: up to this frame so far.
    Flow { newest: Option<u64>, pose: DMat3 },
}

pub fn plugin(app: &mut App) {
    app
        // A frame's pose is there before anybody looks at the frame.
        .add_systems(Last, take_known.after(FreshetLast))
        .add_systems(PreUpdate, add_flow);
}

/// Follows a stream: a computed scene by what is known of it, others by their flow.
pub fn follow(commands: &mut Commands, stream: Entity, source: &str, size: Option<(u32, u32)>) {
    let tracker = match source.parse() {
        Ok(SourceSpec::Synthetic { scene, .. }) => {
            let scene = Synthetic::new(scene);
            let sized = size.and_then(|(width, height)| scene.with_size(width, height).ok());
            Tracker::Known(sized.unwrap_or(scene))
        }
        _ => {
            commands.want::<OpticalFlow>(stream, "thoughts example");
            Tracker::Flow { newest: None, pose: DMat3::IDENTITY }
        }
    };
    commands.entity(stream).insert((tracker, History::<ScenePose>::default()));
}

fn take_known(mut captured: MessageReader<FrameCaptured>, mut streams: Query<(&Tracker, &mut History<ScenePose>)>) {
    for captured in captured.read() {
        if let Ok((Tracker::Known(scene), mut poses)) = streams.get_mut(captured.stream) {
            let seq = captured.frame.seq;
            poses.insert(seq, ScenePose(matrix(&scene.homography(seq))));
        }
    }
}

fn add_flow(
    frames: Query<(&Frame, &OpticalFlow), Added<OpticalFlow>>,
    mut streams: Query<(&mut Tracker, &mut History<ScenePose>)>,
) {
    for (frame, flow) in &frames {
        let Ok((mut tracker, mut poses)) = streams.get_mut(frame.stream) else { continue };
        let Tracker::Flow { newest, pose } = &mut *tracker else { continue };
        if newest.is_some_and(|newest| newest >= frame.seq) {
            continue;
        }
        // Of the first frame there is nothing to trust.
        if flow.trusted > 0.0 {
            *pose = matrix(&flow.homography.map(f64::from)) * *pose;
        }
        *newest = Some(frame.seq);
        poses.insert(frame.seq, ScenePose(*pose));
    }
}

/// A homography that is written row by row.
fn matrix(rows: &[f64; 9]) -> DMat3 {
    DMat3::from_cols_array(rows).transpose()
}

/// A point of the picture, moved.
pub fn moved(matrix: &DMat3, point: Vec2) -> Vec2 {
    let at = *matrix * point.as_dvec2().extend(1.0);
    (at.truncate() / at.z).as_vec2()
}
