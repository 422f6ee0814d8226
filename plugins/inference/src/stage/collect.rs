//! In `First`: what came out of a net is attached to the frame with which it began.

use bevy::ecs::prelude::*;
use freshet_base::{Product, SkipReason, StageLevels};
use freshet_frame::AttachExt;

use super::outputs::{NetOutputs, NetResult};
use super::state::{Engine, Loaded, NetState, Tag};

/// Attaches what has come back, and notes what is missing and why.
pub(crate) fn collect_net<R: NetResult>(
    mut state: ResMut<NetState<R>>,
    levels: Res<StageLevels>,
    mut commands: Commands,
) {
    let state = state.bypass_change_detection();
    state.budget = levels.budget;
    while let Some((frame, reason)) = state.link.next_skip() {
        commands.skip(frame, <R as Product>::NAME, reason);
    }
    let Some(loaded) = state.loaded.clone() else { return };
    loaded.ring.collect(|tag, bytes| match (&loaded.engine, bytes) {
        (Engine::Gpu(_), Some(bytes)) => attach::<R>(&loaded, tag, bytemuck::cast_slice(bytes), &mut commands),
        (Engine::Elsewhere { .. }, Some(bytes)) => {
            if let Some(elsewhere) = &mut state.elsewhere {
                elsewhere.take_crop(tag, bytes);
            }
        }
        (_, None) => {
            state.link.want_crop();
            commands.skip(tag.frame, <R as Product>::NAME, SkipReason::Failed);
        }
    });
}

/// Reads one inference and attaches it.
pub(crate) fn attach<R: NetResult>(loaded: &Loaded, tag: Tag, values: &[f32], commands: &mut Commands) {
    let outputs = NetOutputs::new(&loaded.outputs, values, tag.image_from_input, loaded.input_px);
    match R::read(&outputs) {
        Some(result) => commands.attach(tag.frame, result),
        None => commands.skip(tag.frame, <R as Product>::NAME, SkipReason::NoTarget),
    }
}
