//! In `First`: what was thought is attached, and the newest frames are offered.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use arrayvec::ArrayVec;
use bevy::ecs::prelude::*;
use bevy::log::warn;
use bevy::tasks::futures::check_ready;
use freshet_base::{FrameId, SkipReason, Timestamp};
use freshet_frame::{AttachExt, Frame, Frames, GrowExt, Skipped, StreamPort, StreamSettings, StreamState, Wants};
use freshet_priority::{TaskFailure, Workload};

use super::Model;
use super::desk::{Answer, Chamber, Desk, Running, Settled, Work};
use super::error::{ModelError, one_line};
use super::mailbox::{Address, Letter};
use super::state::{ModelChanged, ModelControl, ModelState, ModelStats};

/// A turn of a model.
pub(super) fn tend<M: Model>(world: &mut World) {
    let Some(mut work) = world.get_resource_mut::<Desk<M>>().and_then(|mut desk| desk.take()) else { return };
    if world.get_entity(work.entity).is_ok() {
        // What gives way in this turn waited while it was so.
        let was_busy = !matches!(work.running, Running::Nothing);
        obey(&mut work, world);
        collect(&mut work, world);
        find_streams(&mut work, world);
        withdraw(&mut work, world);
        offer_all(&mut work, world, was_busy);
        tell(&mut work, world);
    } else {
        // The app has taken its workload away, and so the model: this was its last turn.
        give_up(&mut work, world);
        rebuild(&mut work, world);
        return world.flush();
    }
    world.flush();
    if let Some(mut desk) = world.get_resource_mut::<Desk<M>>() {
        desk.bypass_change_detection().put(work);
    }
}

/// What the app asks for.
fn obey<M: Model>(work: &mut Work<M>, world: &mut World) {
    let Some(mut control) = world.get_mut::<ModelControl>(work.entity) else { return };
    let asked = *control;
    if asked.cancel || asked.rebuild || asked.warm_up {
        let control = control.bypass_change_detection();
        (control.cancel, control.rebuild, control.warm_up) = (false, false, false);
    }
    work.is_asked |= asked.warm_up && work.state == ModelState::Cold;
    if asked.cancel || asked.rebuild || (asked.suspended && work.state != ModelState::Suspended) {
        give_up(work, world);
    }
    if asked.rebuild {
        rebuild(work, world);
    }
    match (&work.state, asked.suspended) {
        (ModelState::Suspended, false) => work.state = rested(work),
        (ModelState::Cold | ModelState::Ready, true) => work.state = ModelState::Suspended,
        (ModelState::Warming { .. }, true) => {
            if let Running::WarmUp(_, control) = &work.running {
                control.cancel();
            }
        }
        _ => {}
    }
}

/// Gives up what is in flight and what waits, because the app says so.
fn give_up<M: Model>(work: &mut Work<M>, world: &mut World) {
    work.stop(SkipReason::Cancelled);
    if let Some(letter) = work.mailbox.withdraw(|_| true) {
        work.skip(&mut world.commands(), letter.frame, SkipReason::Cancelled);
    }
}

/// Where a model stands that has rested.
fn rested<M: Model>(work: &Work<M>) -> ModelState {
    let is_there = work.chamber.seat.is_taken() || matches!(work.running, Running::Thought(_));
    if is_there { ModelState::Ready } else { ModelState::Cold }
}

/// Leaves everything of the old model behind: its task, its seat, what it says.
fn rebuild<M: Model>(work: &mut Work<M>, world: &mut World) {
    match std::mem::replace(&mut work.running, Running::Nothing) {
        Running::Nothing => {}
        Running::WarmUp(task, control) => {
            control.cancel();
            drop(task);
        }
        Running::Thought(thinking) => {
            if let Some(Address { frame, .. }) = work.mailbox.finish() {
                work.skip(&mut world.commands(), frame, SkipReason::Cancelled);
            }
            drop(thinking.task);
        }
    }
    work.retired = Some(std::mem::take(&mut work.chamber));
    work.state = ModelState::Cold;
    if let Some(mut workload) = world.get_mut::<Workload>(work.entity) {
        workload.reinstate();
    }
}

/// What the task said, and how it ended.
fn collect<M: Model>(work: &mut Work<M>, world: &mut World) {
    match &mut work.running {
        Running::Nothing => {}
        Running::WarmUp(task, _) => {
            let ended = check_ready(task);
            work.state = match ended {
                None => ModelState::Warming { progress: work.chamber.progress.get() },
                Some(Ok(Ok(()))) => ModelState::Ready,
                Some(Ok(Err(error))) => failed(work.name, &one_line(&error)),
                Some(Err(TaskFailure::Cancelled)) => ModelState::Cold,
                Some(Err(failure)) => failed(work.name, &failure.to_string()),
            };
            if !matches!(work.state, ModelState::Warming { .. }) {
                work.running = Running::Nothing;
            }
        }
        Running::Thought(thinking) => {
            // Asked before its parts are taken in: all that it said is there when it has ended.
            let ended = check_ready(&mut thinking.task);
            let (deadline, stopped) = (thinking.deadline, thinking.stopped);
            hear(work, world, stopped.is_some());
            if let Some(ended) = ended {
                work.running = Running::Nothing;
                settle(work, world, ended, deadline, stopped);
            }
        }
    }
}

/// Takes in what was said: the answer grows.
fn hear<M: Model>(work: &mut Work<M>, world: &mut World, stopped: bool) {
    let Some(Address { frame, .. }) = work.mailbox.in_flight() else { return };
    let Chamber { voice, .. } = &work.chamber;
    let mut commands = world.commands();
    for part in voice.hear() {
        if !stopped {
            commands.grow::<M::Output>(frame, part);
            work.stats.parts += 1;
        }
    }
    voice.wake();
}

/// A thought has ended.
fn settle<M: Model>(
    work: &mut Work<M>,
    world: &mut World,
    ended: Result<Answer<M::Output>, TaskFailure>,
    deadline: Option<Instant>,
    stopped: Option<SkipReason>,
) {
    let Some(Address { frame, captured, .. }) = work.mailbox.finish() else { return };
    let reason = match (stopped, ended) {
        // Nobody wants it any more, and it came to its end all the same.
        (Some(reason), Ok(_) | Err(TaskFailure::Cancelled | TaskFailure::Expired)) => reason,
        (None, Ok(Answer { result: Ok(output), at })) => {
            let late = world.get::<Frame>(frame.entity).is_none_or(|held| held.seq != frame.seq);
            work.stats.count_answer(late, captured.age(), deadline.is_some_and(|deadline| at > deadline));
            work.failed_in_a_row = 0;
            return world.commands().attach(frame, output);
        }
        (None, Ok(Answer { result: Err(ModelError::Skipped(reason)), .. })) => reason,
        (None, Ok(Answer { result: Err(error), .. })) => {
            if work.failed_in_a_row == 0 {
                warn!("model `{}` has no answer for frame {}: {}", work.name, frame.seq, one_line(&error));
            }
            work.failed_in_a_row = work.failed_in_a_row.saturating_add(1);
            SkipReason::Failed
        }
        (None, Err(TaskFailure::Expired)) => SkipReason::Late,
        (None, Err(TaskFailure::Cancelled)) => SkipReason::Cancelled,
        (_, Err(failure)) => {
            work.state = failed(work.name, &failure.to_string());
            SkipReason::Failed
        }
    };
    work.skip(&mut world.commands(), frame, reason);
}

fn failed(name: &str, why: &str) -> ModelState {
    warn!("model `{name}` has failed: {why}");
    ModelState::Failed { why: why.into() }
}

/// Which streams want its answers in this turn.
fn find_streams<M: Model>(work: &mut Work<M>, world: &World) {
    for settled in &mut work.settled {
        settled.wants = false;
    }
    let Work { streams, settled, .. } = work;
    for (stream, _) in streams.iter(world) {
        match settled.iter_mut().find(|known| known.stream == stream) {
            Some(known) => known.wants = true,
            None => settled.push(Settled { stream, newest: None, wants: true }),
        }
    }
    settled.retain(|known| known.wants);
    work.mailbox.keep(|stream| world.get_entity(stream).is_ok());
}

/// Gives up what nobody wants any more, and what is of streams that are closed.
fn withdraw<M: Model>(work: &mut Work<M>, world: &mut World) {
    let why = |address: &Address| gone::<M>(world, address);
    let (in_flight, waiting) = (work.mailbox.in_flight(), work.mailbox.waiting());
    if let Some(reason) = in_flight.as_ref().and_then(why) {
        work.stop(reason);
    }
    if let Some(reason) = waiting.as_ref().and_then(why)
        && let Some(letter) = work.mailbox.withdraw(|_| true)
    {
        work.skip(&mut world.commands(), letter.frame, reason);
    }
}

/// Why there is no use in an answer for this frame any more, if there is none.
fn gone<M: Model>(world: &World, address: &Address) -> Option<SkipReason> {
    // A stream that is opened anew has other frames.
    if !is_open(world, address.stream) || world.get_entity(address.frame.entity).is_err() {
        return Some(SkipReason::SourceLost);
    }
    world.get::<Wants<M::Output>>(address.stream).is_none().then_some(SkipReason::Cancelled)
}

/// Whether the stream is there. One that has come to its end is.
fn is_open(world: &World, stream: Entity) -> bool {
    world.get::<StreamPort>(stream).is_some()
        && !matches!(world.get::<StreamState>(stream), Some(StreamState::Failed { .. }))
}

/// Frames of a stream that nobody has looked at, newest first.
type Fresh = ArrayVec<(FrameId, Timestamp), { StreamSettings::MAX_FRAMES }>;

/// Offers the newest frame of each stream, and notes why those before it have no answer.
fn offer_all<M: Model>(work: &mut Work<M>, world: &mut World, was_busy: bool) {
    let over_budget = world.get::<Workload>(work.entity).map_or(0, |workload| workload.counters().over_budget);
    let reason = reason_to_skip(work, was_busy, over_budget);
    work.over_budget = over_budget;
    for index in 0..work.settled.len() {
        let Settled { stream, newest, .. } = work.settled[index];
        let fresh = fresh_frames::<M>(world, stream, newest);
        // Where nothing is looked at, all frames are settled: why, is known.
        let at_rest = match work.state {
            ModelState::Failed { .. } => Some(SkipReason::Failed),
            ModelState::Suspended => Some(SkipReason::Cancelled),
            _ => (!is_open(world, stream)).then_some(SkipReason::SourceLost),
        };
        let found = if at_rest.is_none() { look_at(work, world, stream, &fresh) } else { None };
        let newest_fresh = fresh.first().map(|it| it.0);
        let Some(up_to) = found.as_ref().map(|letter| letter.frame).or(newest_fresh.filter(|_| at_rest.is_some()))
        else {
            continue;
        };
        work.settled[index].newest = Some(up_to);
        for &(frame, _) in fresh.iter().filter(|(frame, _)| frame.seq < up_to.seq || at_rest.is_some()) {
            work.skip(&mut world.commands(), frame, at_rest.unwrap_or(reason));
        }
        if let Some(left) = found.and_then(|letter| work.mailbox.offer(letter)) {
            work.skip(&mut world.commands(), left.frame, reason);
        }
    }
}

/// Why a frame that gives way to a newer one has no answer.
fn reason_to_skip<M: Model>(work: &Work<M>, was_busy: bool, over_budget: u64) -> SkipReason {
    match work.state {
        ModelState::Cold | ModelState::Warming { .. } => SkipReason::Warming,
        // What waits has been given up.
        ModelState::Failed { .. } | ModelState::Suspended => SkipReason::Failed,
        ModelState::Ready if was_busy || work.mailbox.waiting().is_none() => SkipReason::Superseded,
        // It was free, so its workload did not run: for want of budget, or as it is not to run so often.
        ModelState::Ready if over_budget > work.over_budget => SkipReason::OverBudget,
        ModelState::Ready => SkipReason::Thinned,
    }
}

fn fresh_frames<M: Model>(world: &World, stream: Entity, settled: Option<FrameId>) -> Fresh {
    let mut fresh = Fresh::new();
    let Some(frames) = world.get::<Frames>(stream) else { return fresh };
    // Where the stream was opened anew, numbers start again.
    let settled = settled.filter(|frame| world.get_entity(frame.entity).is_ok());
    for entity in frames.iter() {
        let Some(frame) = world.get::<Frame>(entity) else { continue };
        let is_fresh = settled.is_none_or(|settled| frame.seq > settled.seq);
        // What it needs was not made: the reason is there already.
        let is_skipped = || world.get::<Skipped>(entity).is_some_and(|it| it.reason(Work::<M>::PRODUCT).is_some());
        if is_fresh && !is_skipped() && !fresh.is_full() {
            fresh.push((frame.id(entity), frame.captured));
        }
    }
    fresh.sort_unstable_by_key(|(frame, _)| std::cmp::Reverse(frame.seq));
    fresh
}

/// The newest of these frames of which there is something to know.
fn look_at<M: Model>(work: &mut Work<M>, world: &mut World, stream: Entity, fresh: &Fresh) -> Option<Letter<M::Input>> {
    for &(frame, captured) in fresh {
        match catch_unwind(AssertUnwindSafe(|| work.look.run(frame, world))) {
            Ok(Ok(Some(input))) => return Some(Letter { stream, frame, captured, input }),
            // Nothing yet; or a parameter is not there, which is the same.
            Ok(Ok(None) | Err(_)) => {}
            Err(_) => {
                work.state = failed(work.name, "its look at a frame panicked");
                return None;
            }
        }
    }
    None
}

/// Shows how the model stands.
fn tell<M: Model>(work: &mut Work<M>, world: &mut World) {
    work.stats.most_in_flight = work.mailbox.most();
    work.stats.thinking_of = work.mailbox.in_flight().map(|address| (address.stream, address.frame));
    work.stats.waiting = work.mailbox.waiting().map(|address| address.frame);
    if let Some(mut stats) = world.get_mut::<ModelStats>(work.entity) {
        stats.set_if_neq(work.stats.clone());
    }
    let Some(mut state) = world.get_mut::<ModelState>(work.entity) else { return };
    if *state == work.state {
        return;
    }
    let is_told = state.is_like(&work.state);
    *state = work.state.clone();
    if !is_told {
        world.write_message(ModelChanged { model: work.entity, name: work.name, state: work.state.clone() });
    }
}
