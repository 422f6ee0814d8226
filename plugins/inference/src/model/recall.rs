//! What was true when a frame was captured, for answers that come late.

use bevy::app::{App, First};
use bevy::ecs::prelude::*;
use bevy::ecs::system::SystemParam;
use freshet_base::{Attachment, FrameId};
use freshet_frame::{FrameCaptured, FrameOf, FreshetFirst, History, Latest};

/// Asks what `T` was when a frame was captured, the pose of the camera, say: an answer that comes late belongs there.
///
/// ```
/// # use bevy::prelude::*;
/// # use freshet_base::LightEstimate;
/// # use freshet_frame::Latest;
/// # use freshet_inference::Recall;
/// /// Where the camera is.
/// #[derive(Component, Clone)]
/// struct CameraPose(Vec3);
///
/// fn draw(answers: Query<&Latest<LightEstimate>>, poses: Recall<CameraPose>) {
///     for answer in &answers {
///         if let Some(pose) = poses.at_capture(answer.frame) {
///             // Draw the answer where the camera was then.
///         }
///     }
/// }
/// # bevy::ecs::system::assert_is_system(draw);
/// ```
#[derive(SystemParam)]
pub struct Recall<'w, 's, T: Send + Sync + 'static> {
    histories: Query<'w, 's, &'static History<T>>,
    frames: Query<'w, 's, &'static FrameOf>,
}

impl<T: Send + Sync + 'static> Recall<'_, '_, T> {
    /// What it was when this frame was captured, recycled or not; `None` when that is forgotten or was never known.
    pub fn at_capture(&self, frame: FrameId) -> Option<&T> {
        let FrameOf(stream) = self.frames.get(frame.entity).ok()?;
        self.histories.get(*stream).ok()?.get(frame.seq)
    }

    /// What it was when the frame was captured that this result is from.
    pub fn of<R: Attachment>(&self, result: &Latest<R>) -> Option<&T> {
        self.at_capture(result.frame)
    }
}

/// Remembering components of streams.
pub trait AddRecall {
    /// Keeps what component `T` of a stream is when a frame is captured, for [`Recall`]: as it is at the start of the
    /// first turn of the app that knows the frame. Streams without it are left alone.
    ///
    /// Where it is known better what was at the moment of capture, put it into the stream's [`History`] by hand.
    fn remember<T: Component + Clone>(&mut self) -> &mut Self;
}

impl AddRecall for App {
    fn remember<T: Component + Clone>(&mut self) -> &mut Self {
        self.add_systems(First, remember::<T>.after(FreshetFirst))
    }
}

fn remember<T: Component + Clone>(
    mut captured: MessageReader<FrameCaptured>,
    mut streams: Query<(&T, Option<&mut History<T>>)>,
    mut commands: Commands,
) {
    for captured in captured.read() {
        match streams.get_mut(captured.stream) {
            Ok((now, Some(mut history))) => history.insert(captured.frame.seq, now.clone()),
            Ok((now, None)) => {
                let mut history = History::default();
                history.insert(captured.frame.seq, now.clone());
                commands.entity(captured.stream).insert(history);
            }
            Err(_) => {}
        }
    }
}
