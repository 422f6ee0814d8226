//! In `First`: what came out of a net is attached to the frame with which it began.

use bevy::ecs::prelude::*;
use freshet_base::{Product, SkipReason, StageLevels};
use freshet_frame::AttachExt;

use super::outputs::{NetOutputs, NetResult};
use super::state::{Engine, Loaded, NetReports, NetState, Tag};
use crate::model::ModelState;

/// Attaches what has come back, and notes what is missing and why.
pub(crate) fn collect_net<R: NetResult>(
    mut state: ResMut<NetState<R>>,
    (levels, reports): (Res<StageLevels>, Res<NetReports>),
    mut commands: Commands,
) {
    let state = state.bypass_change_detection();
    // What is there for nets is shared by those that run.
    let running = reports.iter().filter(|report| report.status == ModelState::Ready).count().max(1);
    state.budget = levels.budget.map(|budget| budget / running as u32);
    while let Some((frame, reason)) = state.link.next_skip() {
        commands.skip(frame, <R as Product>::NAME, reason);
    }
    for frame in state.cancelled.drain(..) {
        commands.skip(frame, <R as Product>::NAME, SkipReason::Cancelled);
    }
    for retired in &state.retired {
        retired.ring.collect(|tag, _| commands.skip(tag.frame, <R as Product>::NAME, SkipReason::Cancelled));
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
            loaded.engine.set_free(true);
            commands.skip(tag.frame, <R as Product>::NAME, SkipReason::Cancelled);
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
