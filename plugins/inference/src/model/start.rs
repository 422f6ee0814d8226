//! In `Update`, at the workload's level: a thought begins.

use std::sync::Arc;
use std::time::Instant;

use bevy::ecs::prelude::*;
use bevy::log::{debug, warn};
use freshet_base::SkipReason;
use freshet_priority::{TaskContext, TaskError, TaskFailure, Tasks, Workload};

use super::desk::{Answer, Chamber, Desk, Running, Thinking, Work};
use super::mailbox::Letter;
use super::seat::{Loan, Seat};
use super::state::ModelState;
use super::thought::{Thought, WarmUp};
use super::{Model, ModelError};

/// Begins what is to be begun: getting ready, or the thought about the frame that waits.
pub(super) fn start<M: Model>(
    mut desk: ResMut<Desk<M>>,
    tasks: Tasks,
    workloads: Query<&Workload>,
    mut commands: Commands,
) {
    let Some(work) = desk.bypass_change_detection().get() else { return };
    if !matches!(work.running, Running::Nothing) {
        return;
    }
    match work.state {
        ModelState::Cold if work.is_wanted() => begin_warm_up(work, &tasks),
        ModelState::Ready => {
            let deadline = workloads.get(work.entity).ok().and_then(Workload::deadline);
            begin_thought(work, &tasks, deadline.map(|within| Instant::now() + within), &mut commands);
        }
        _ => {}
    }
}

fn begin_warm_up<M: Model>(work: &mut Work<M>, tasks: &Tasks<'_, '_>) {
    let Chamber { seat, progress, .. } = &work.chamber;
    let (seat, progress, make) = (Arc::clone(seat), Arc::clone(progress), Arc::clone(&work.make));
    let retired = work.retired.take();
    progress.set(0.0);
    let spawned = tasks.spawn_controlled(work.name, |context| async move {
        drop(retired);
        get_ready(&seat, &*make, &WarmUp::new(context, progress)).await
    });
    match spawned {
        Ok((task, control)) => {
            // The deadline is that of thoughts.
            control.set_deadline(None);
            work.running = Running::WarmUp(task, control);
            work.state = ModelState::Warming { progress: 0.0 };
            work.is_asked = false;
        }
        Err(error) => refused(work, &error),
    }
}

async fn get_ready<M: Model>(
    seat: &Arc<Seat<M>>,
    make: &(dyn Fn() -> M + Send + Sync),
    warm_up: &WarmUp,
) -> Result<Result<(), ModelError>, TaskFailure> {
    let mut model = Box::new(make());
    match model.warm_up(warm_up).await {
        Ok(()) => {
            seat.put(model);
            Ok(Ok(()))
        }
        Err(ModelError::Stopped(failure)) => Err(failure),
        Err(error) => Ok(Err(error)),
    }
}

fn begin_thought<M: Model>(
    work: &mut Work<M>,
    tasks: &Tasks<'_, '_>,
    deadline: Option<Instant>,
    commands: &mut Commands<'_, '_>,
) {
    if work.mailbox.waiting().is_none() {
        return;
    }
    let Some(model) = work.chamber.seat.take() else { return };
    let Some(letter) = work.mailbox.start() else { return };
    let (about, voice) = (letter.address(), Arc::clone(&work.chamber.voice));
    let spawned = tasks.spawn_controlled(work.name, move |context: TaskContext| {
        let thought = Thought::new(context, about, voice);
        think(model, letter, thought)
    });
    match spawned {
        Ok((task, control)) => {
            work.stats.begun += 1;
            work.running = Running::Thought(Thinking { task, control, deadline, stopped: None });
        }
        Err(error) => {
            // The model is home again: who drops the task before it began brings it back.
            work.mailbox.finish();
            work.skip(commands, about.frame, SkipReason::OverBudget);
            refused(work, &error);
        }
    }
}

async fn think<M: Model>(
    mut model: Loan<M>,
    letter: Letter<M::Input>,
    thought: Thought<M>,
) -> Result<Answer<M::Output>, TaskFailure> {
    match model.think(letter.input, &thought).await {
        Err(ModelError::Stopped(failure)) => Err(failure),
        result => Ok(Answer { result, at: Instant::now() }),
    }
}

/// The pool takes no task of it now: it is asked again.
fn refused<M: Model>(work: &Work<M>, error: &TaskError) {
    match error {
        TaskError::Refused { .. } => debug!("model `{}`: {error}", work.name),
        _ => warn!("model `{}`: {error}", work.name),
    }
}
