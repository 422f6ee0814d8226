//! What was found in frames: indexed, and a small model fitted to it.

use bevy::prelude::*;
use bevy::tasks::{Task, futures::check_ready};
use bevy_freshet::prelude::*;

use crate::frame_index::{FrameIndex, Moment};
use crate::frame_vector::FrameSummary;
use crate::motion_model::{Losses, MotionModel};

/// Steps of the optimiser in one task, and examples in a step.
const STEPS: u32 = 200;
const BATCH: usize = 32;

/// What the program has seen, and what it makes of it.
#[derive(Resource)]
pub struct Mind {
    pub moments: FrameIndex,
    pub model: MotionModel,
    pub losses: Option<Losses>,
    /// A moment long before the newest that is most like it.
    pub like: Option<(u64, f32)>,
    /// How surprising the newest moment was; 1 is ordinary.
    pub novelty: f32,
    last: Option<Moment>,
    fitting: Option<Task<Result<(MotionModel, Option<Losses>), TaskFailure>>>,
}

impl Default for Mind {
    fn default() -> Self {
        let (moments, model) = (FrameIndex::default(), MotionModel::new(7));
        Self { moments, model, losses: None, like: None, novelty: 1.0, last: None, fitting: None }
    }
}

type Found<'w> = (&'w Frame, &'w OpticalFlow, &'w Features, &'w Tracks, &'w LightEstimate);

/// Takes in the frames on which everything has been found, and sorts the index a little further.
pub fn index(frames: Query<Found>, mut mind: ResMut<Mind>) {
    let seen = mind.last.map(|moment| moment.seq);
    let mut fresh: Vec<_> = frames.iter().filter(|(frame, ..)| seen.is_none_or(|seen| frame.seq > seen)).collect();
    fresh.sort_by_key(|(frame, ..)| frame.seq);
    for (frame, flow, features, tracks, light) in fresh {
        let vector = FrameSummary {
            mean_px: flow.mean_px,
            spread_px: flow.spread_px,
            trusted: flow.trusted,
            features: features.count as f32,
            tracks: tracks.count as f32,
            fresh: tracks.fresh as f32,
            mean_age: tracks.mean_age,
            luma: light.luma,
            color: light.color,
        }
        .vector();
        if let Some(last) = mind.last {
            let scale = mind.moments.scale();
            mind.novelty = mind.model.novelty(&(scale.apply(&last.raw), scale.apply(&vector)));
        }
        mind.moments.push(frame.seq, vector);
        mind.last = Some(Moment { seq: frame.seq, raw: vector });
    }
    mind.moments.step(512);
    if let Some(last) = mind.last {
        mind.like = mind.moments.moments_like(last.seq, &last.raw, 1, 60).first().copied();
    }
}

/// Fits the model to what is in the index, as a task that is put off whenever anything else is to be done.
pub fn fit(tasks: Tasks, mut mind: ResMut<Mind>) {
    if mind.fitting.is_some() || mind.moments.moments().len() < 2 * BATCH {
        return;
    }
    // The task has copies: 200 KiB of moments, and a model of 2 KiB that is lost if the task is.
    let (moments, mut model) = (mind.moments.clone(), mind.model.clone());
    let task = tasks.spawn("fit", |context| async move {
        for _ in 0..STEPS {
            context.checkpoint().await?;
            model.step(&moments, BATCH);
        }
        let losses = model.evaluate(&moments, 256);
        Ok((model, losses))
    });
    mind.fitting = task.ok();
}

/// Takes the model when it is fitted.
pub fn take(mut mind: ResMut<Mind>) {
    let Some(fitted) = mind.fitting.as_mut().and_then(check_ready) else { return };
    mind.fitting = None;
    if let Ok((model, losses)) = fitted {
        (mind.model, mind.losses) = (model, losses.or(mind.losses));
    }
}
