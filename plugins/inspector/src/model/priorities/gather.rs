//! The tab's figures, from the world.

use std::time::{Duration, Instant};

use bevy::ecs::prelude::*;
use freshet_priority::{
    Attention, Forecast, FrameBudget, Governor, Lane, Outcome, Span, StageWorkload, Timeline, WorkerClass, WorkerPool,
    Workload,
};

use super::{AttentionInput, KnobInput, PoolInput, PrioritiesInputs, WorkloadInput};
use crate::history::History;
use crate::model::timeline::{TimelineInput, WINDOW};

/// Reads what the tab is made from; `None` in an app without a `PriorityPlugin`.
pub(crate) fn gather(world: &World) -> Option<PrioritiesInputs> {
    let now = Instant::now();
    Some(PrioritiesInputs {
        now,
        attention: attention(world, now)?,
        workloads: workloads(world, now),
        pool: world.get_resource::<WorkerPool>().map(pool)?,
    })
}

fn attention(world: &World, now: Instant) -> Option<AttentionInput> {
    let attention = world.get_resource::<Attention>()?;
    let forecast = world.get_resource::<Forecast>()?;
    let budget = world.get_resource::<FrameBudget>()?;
    let governor = world.get_resource::<Governor>()?;
    let history = world.get_resource::<History>();
    let prediction = forecast.predict();
    let guess = prediction.best().and_then(|target| Some((forecast.context(target)?, prediction.ranked[0].1)));
    let last = |knob: &str| Some(history?.last_change(knob)?.reason.to_string());
    Some(AttentionInput {
        context: attention.context(),
        stood: now.saturating_duration_since(attention.since()),
        forced: attention.forced(),
        changes: attention.changes(),
        forecast_on: forecast.is_enabled(),
        guess: forecast.next().or(guess),
        expected_in: prediction.expected_in,
        acted_upon: forecast.next().is_some(),
        skill: *forecast.skill(),
        target: budget.target,
        busy_p95: budget.busy().p95(),
        governor_on: governor.enabled,
        quality_changes: governor.changes(),
        knobs: governor.knobs().map(|knob| KnobInput { knob: *knob, last: last(knob.name) }).collect(),
    })
}

fn workloads(world: &World, now: Instant) -> Vec<WorkloadInput> {
    // Without the component there is no workload yet.
    let Some(mut query) = world.try_query::<(Entity, &Workload)>() else { return Vec::new() };
    query
        .iter(world)
        .map(|(entity, it)| WorkloadInput {
            entity,
            name: it.name(),
            role: it.role(),
            base: it.base(),
            level: it.level(),
            why: it.why(),
            on_gpu: world.get::<StageWorkload>(entity).is_some(),
            is_enabled: it.is_enabled(),
            cost: *it.cost(),
            task_cost: *it.task_cost(),
            deadline: it.deadline(),
            counters: it.counters(),
            last_run: it.last_run().map(|began| now.saturating_duration_since(began)),
        })
        .collect()
}

fn pool(pool: &WorkerPool) -> PoolInput {
    let settings = pool.settings();
    let threads = [settings.foreground, settings.background];
    PoolInput {
        statistics: pool.statistics(),
        classes: WorkerClass::ALL
            .into_iter()
            .map(|class| (class.name(), threads[class.index()], pool.os_priority(class).map(ToString::to_string)))
            .collect(),
    }
}

/// Reads what ran of late, and what runs; `None` in an app without a `PriorityPlugin`.
pub(crate) fn window(world: &World) -> Option<TimelineInput> {
    let (timeline, pool) = (world.get_resource::<Timeline>()?, world.get_resource::<WorkerPool>()?);
    let now = Instant::now();
    let settings = pool.settings();
    let mut spans: Vec<Span> = timeline.since(WINDOW + Duration::from_millis(50)).copied().collect();
    let ended = spans.len();
    spans.extend(pool.running().map(|task| Span {
        workload: Entity::PLACEHOLDER,
        name: name_of(world, &task.name).unwrap_or("a task"),
        level: task.level,
        lane: Lane::Worker(task.worker),
        start: task.since,
        end: now,
        outcome: Outcome::Finished,
        missed: false,
    }));
    let turns = world.get_resource::<History>().into_iter().flat_map(History::turns).collect();
    Some(TimelineInput { spans, ended, workers: [settings.foreground, settings.background], turns, now })
}

/// A task carries a copy of its workload's name.
fn name_of(world: &World, name: &str) -> Option<&'static str> {
    let mut query = world.try_query::<&Workload>()?;
    query.iter(world).map(Workload::name).find(|known| *known == name)
}
