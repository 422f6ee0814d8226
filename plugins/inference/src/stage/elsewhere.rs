//! Nets that do not run on the GPU that has the picture: the crop comes back, a task works on it.
//!
//! A crop is asked for when the worker is free, and not before: it is always that of the newest frame, and no crop is
//! made that nobody will look at.

use std::sync::{Arc, Mutex, PoisonError};

use bevy::ecs::prelude::*;
use bevy::log::warn;
use bevy::tasks::futures::check_ready;
use freshet_base::{Bytes, FrameId, Product, SkipReason};
use freshet_frame::AttachExt;
use freshet_ledger::CPU_COPIED;
use freshet_priority::{Task, TaskControl, TaskError, TaskFailure, Tasks};

use super::collect::attach;
use super::crop::normalise;
use super::outputs::NetResult;
use super::plugin::in_one_line;
use super::state::{NetState, Tag};
use crate::cpu::CandleExecutor;
use crate::net::PictureInput;
use crate::weights::Weights;

/// What one inference needs and leaves behind; used again for the next.
#[derive(Debug)]
pub(crate) struct Bench {
    pub executor: CandleExecutor,
    /// What the executor reads in place: it may have changed since.
    pub weights: Weights,
    pub bytes: Vec<u8>,
    pub input: Vec<f32>,
    pub outputs: Vec<f32>,
}

/// A net that runs on the worker pools.
#[derive(Debug)]
pub(crate) struct Elsewhere {
    bench: Arc<Mutex<Bench>>,
    picture: PictureInput,
    /// A crop that nobody works on yet.
    waiting: Option<Tag>,
    /// The crop that is being worked on.
    working: Option<(Tag, Working, TaskControl)>,
    /// What was said last of what went wrong.
    complained: Option<String>,
}

type Working = Task<Result<Result<(), String>, TaskFailure>>;

impl Elsewhere {
    pub fn new(executor: CandleExecutor, weights: Weights, picture: PictureInput, pixels: usize) -> Self {
        let input = vec![0.0; pixels * picture.channels.count()];
        let plan = executor.plan();
        let elements = plan.outputs.iter().map(|&output| plan.shape(output).elements()).sum();
        let outputs = Vec::with_capacity(elements);
        let bench = Bench { executor, weights, bytes: vec![0; pixels * 4], input, outputs };
        Self { bench: Arc::new(Mutex::new(bench)), picture, waiting: None, working: None, complained: None }
    }

    /// The frames that it was asked about and has not answered for.
    pub fn unanswered(&self) -> impl Iterator<Item = FrameId> {
        let working = self.working.as_ref().map(|(tag, ..)| tag.frame);
        self.waiting.map(|tag| tag.frame).into_iter().chain(working)
    }

    /// Ends what it is working on at the next step.
    pub fn cancel(&self) {
        if let Some((.., control)) = &self.working {
            control.cancel();
        }
    }

    /// Says what went wrong, once, and again only when it is something else.
    fn complain(&mut self, net: &str, why: String) {
        if self.complained.as_ref() != Some(&why) {
            warn!("net `{net}`: {why}");
            self.complained = Some(why);
        }
    }

    /// Takes a crop that came back. It is one copy within the CPU's memory, and booked.
    pub fn take_crop(&mut self, tag: Tag, bytes: &[u8]) {
        // Nobody works on the bench when a crop comes: it was asked for when the worker was free.
        let mut bench = self.bench.lock().unwrap_or_else(PoisonError::into_inner);
        let known = bench.bytes.len().min(bytes.len());
        bench.bytes[..known].copy_from_slice(&bytes[..known]);
        CPU_COPIED.add(Bytes(known as u64));
        self.waiting = Some(tag);
    }
}

/// Starts work on the crop that waits, and attaches what is finished. Off the frame path: a task allocates.
pub(crate) fn work_elsewhere<R: NetResult>(mut state: ResMut<NetState<R>>, tasks: Tasks, mut commands: Commands) {
    let state = state.bypass_change_detection();
    let (Some(loaded), Some(elsewhere)) = (&state.loaded, &mut state.elsewhere) else { return };
    let ended = elsewhere.working.as_mut().and_then(|(tag, task, _)| Some((*tag, check_ready(task)?)));
    if let Some((tag, ended)) = ended {
        match ended {
            Ok(Ok(())) => {
                let bench = elsewhere.bench.lock().unwrap_or_else(PoisonError::into_inner);
                attach::<R>(loaded, tag, &bench.outputs, &mut commands);
            }
            Ok(Err(why)) => {
                commands.skip(tag.frame, <R as Product>::NAME, SkipReason::Failed);
                elsewhere.complain(<R as Product>::NAME, why);
            }
            Err(failure) => commands.skip(tag.frame, <R as Product>::NAME, reason_of(&failure)),
        }
        elsewhere.working = None;
        loaded.engine.set_free(true);
    }
    if let Some(tag) = elsewhere.waiting.take() {
        let (bench, picture) = (Arc::clone(&elsewhere.bench), elsewhere.picture);
        let task = tasks.spawn_controlled(<R as Product>::NAME, move |context| async move {
            let mut is_first = true;
            loop {
                // Held from step to step only: a task that is resumed may be so on another thread.
                let step = {
                    let mut bench = bench.lock().unwrap_or_else(PoisonError::into_inner);
                    advance(&mut bench, &picture, std::mem::take(&mut is_first))
                };
                match step {
                    Ok(true) => return Ok(Ok(())),
                    Ok(false) => context.checkpoint().await?,
                    Err(why) => return Ok(Err(why)),
                }
            }
        });
        match task {
            Ok((task, control)) => elsewhere.working = Some((tag, task, control)),
            Err(refused) => {
                let reason = match refused {
                    TaskError::Refused { .. } => SkipReason::OverBudget,
                    _ => SkipReason::Failed,
                };
                commands.skip(tag.frame, <R as Product>::NAME, reason);
                elsewhere.complain(<R as Product>::NAME, refused.to_string());
                loaded.engine.set_free(true);
            }
        }
    }
}

const fn reason_of(failure: &TaskFailure) -> SkipReason {
    match failure {
        TaskFailure::Expired => SkipReason::Late,
        TaskFailure::Cancelled => SkipReason::Cancelled,
        _ => SkipReason::Failed,
    }
}

/// Does one step; true when it was the last.
fn advance(bench: &mut Bench, picture: &PictureInput, is_first: bool) -> Result<bool, String> {
    let Bench { executor, weights, bytes, input, outputs } = bench;
    if is_first {
        normalise(bytes, picture, input);
        executor.begin(&[input]).map_err(|cause| in_one_line(&cause))?;
    }
    if executor.next_step().is_some() {
        executor.step().map_err(|cause| in_one_line(&cause))?;
        return Ok(false);
    }
    outputs.clear();
    for output in executor.finish().map_err(|cause| in_one_line(&cause))?.iter() {
        outputs.extend_from_slice(output);
    }
    // What was read in place may have been cut short, or written over, meanwhile: these are wrong numbers then.
    weights.check_unchanged().map_err(|cause| in_one_line(&cause))?;
    Ok(true)
}
