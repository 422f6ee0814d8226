//! What is known of a net: whether it can run, where, and how long it takes.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bevy::ecs::prelude::*;
use bevy::math::Affine2;
use crossbeam_queue::ArrayQueue;
use freshet_base::{FrameId, SkipReason};
use freshet_frame::{GpuBytes, ResultRing};

use super::crop::CropKernel;
use super::outputs::{NetResult, OutputPlace};
use super::plugin::NetConfig;
use super::warm::WarmUp;
use crate::choice::Choice;
use crate::gpu::{GpuExecutor, Slot};
use crate::model::ModelState;
use crate::net::PictureInput;

/// Reasons for missing results that may wait for the main world; those of more frames are only counted.
const SKIPS: usize = 256;

/// A net, as people look at it.
#[derive(Debug, Clone, PartialEq)]
pub struct NetReport {
    /// Name of its product.
    pub name: &'static str,
    /// Whether it can run.
    pub status: ModelState,
    /// Which executor runs it and why, once that is decided.
    pub choice: Option<Choice>,
    /// Width and height of its input.
    pub input_px: [u32; 2],
    /// Steps of its plan.
    pub steps: usize,
    /// Turns of the app that an inference takes with the present slice; 1 when it is not cut.
    pub slices: usize,
    /// Inferences begun.
    pub begun: u64,
}

/// All nets of the app.
#[derive(Resource, Debug, Default)]
pub struct NetReports {
    reports: Vec<NetReport>,
    /// Names of those that are to be made anew.
    due: Vec<&'static str>,
}

impl NetReports {
    /// All of them, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &NetReport> {
        self.reports.iter()
    }

    /// The net whose product has this name.
    pub fn get(&self, name: &str) -> Option<&NetReport> {
        self.reports.iter().find(|report| report.name == name)
    }

    /// Has a net made anew from its file: one that failed, or whose file was replaced. False when there is none of this
    /// name.
    pub fn reload(&mut self, name: &str) -> bool {
        let found = self.get(name).map(|report| report.name);
        self.due.extend(found);
        found.is_some()
    }

    pub(crate) fn takes_reload(&mut self, name: &str) -> bool {
        let place = self.due.iter().position(|due| *due == name);
        place.map(|place| self.due.swap_remove(place)).is_some()
    }

    pub(crate) fn entry(&mut self, name: &'static str) -> &mut NetReport {
        let place = self.reports.iter().position(|report| report.name == name).unwrap_or_else(|| {
            self.reports.push(NetReport {
                name,
                status: ModelState::Cold,
                choice: None,
                input_px: [0; 2],
                steps: 0,
                slices: 1,
                begun: 0,
            });
            self.reports.len() - 1
        });
        &mut self.reports[place]
    }
}

/// Which frame a result belongs to, and where the net looked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tag {
    pub frame: FrameId,
    pub image_from_input: Affine2,
}

/// A net that can run.
pub(crate) struct Loaded {
    pub input_px: [u32; 2],
    pub picture: PictureInput,
    pub outputs: Vec<OutputPlace>,
    pub crop: CropKernel,
    pub engine: Engine,
    /// What each step takes on the GPU; empty when it runs elsewhere.
    pub costs: Vec<Duration>,
    pub ring: Arc<ResultRing<Tag>>,
    pub choice: Choice,
    pub _memory: GpuBytes,
}

/// What runs it.
pub(crate) enum Engine {
    /// The GPU, where the picture is.
    Gpu(Box<GpuExecutor>),
    /// Something else: the crop goes there.
    Elsewhere {
        /// Where the crop is written.
        crop: wgpu::Buffer,
        /// Whether who runs it is free for a crop.
        is_free: AtomicBool,
    },
}

impl Engine {
    /// Where the crop is written: buffer, first byte, bytes.
    pub fn input(&self) -> (&wgpu::Buffer, u64, u64) {
        match self {
            Self::Gpu(program) => piece(program.input(0)),
            Self::Elsewhere { crop, .. } => (crop, 0, crop.size()),
        }
    }

    /// What comes back: buffer, first byte, bytes.
    pub fn results(&self) -> impl Iterator<Item = (&wgpu::Buffer, u64, u64)> {
        let (program, crop) = match self {
            Self::Gpu(program) => (Some(program), None),
            Self::Elsewhere { crop, .. } => (None, Some((crop, 0, crop.size()))),
        };
        program
            .into_iter()
            .flat_map(|program| (0..program.slots().1).map(|index| piece(program.output(index))))
            .chain(crop)
    }
}

impl Engine {
    /// Whether it takes another frame now.
    pub fn is_free(&self) -> bool {
        match self {
            Self::Gpu(_) => true,
            Self::Elsewhere { is_free, .. } => is_free.load(Ordering::Acquire),
        }
    }

    /// Says whether it takes another frame. On the GPU frames follow one another by themselves.
    pub fn set_free(&self, free: bool) {
        if let Self::Elsewhere { is_free, .. } = self {
            is_free.store(free, Ordering::Release);
        }
    }
}

fn piece((buffer, slot): (&wgpu::Buffer, Slot)) -> (&wgpu::Buffer, u64, u64) {
    (buffer, slot.offset, slot.bytes)
}

/// What the two worlds tell each other between frames.
#[derive(Debug)]
pub(crate) struct Link {
    skips: ArrayQueue<(FrameId, SkipReason)>,
    /// Why results are missing while nothing is loaded.
    missing: AtomicU8,
    begun: AtomicU64,
    /// Progress of the warm-up, in thousandths.
    progress: AtomicU32,
}

impl Default for Link {
    fn default() -> Self {
        Self {
            skips: ArrayQueue::new(SKIPS),
            missing: AtomicU8::new(SkipReason::Warming as u8),
            begun: AtomicU64::new(0),
            progress: AtomicU32::new(0),
        }
    }
}

impl Link {
    /// Notes that a frame goes without a result.
    pub fn skip(&self, frame: FrameId, reason: SkipReason) {
        // Full only when the main world has not turned for hundreds of frames; the oldest are history then.
        self.skips.force_push((frame, reason));
    }

    /// The next note.
    pub fn next_skip(&self) -> Option<(FrameId, SkipReason)> {
        self.skips.pop()
    }

    /// Why results are missing while nothing is loaded.
    pub fn missing(&self) -> SkipReason {
        let is_failed = self.missing.load(Ordering::Relaxed) == SkipReason::Failed as u8;
        if is_failed { SkipReason::Failed } else { SkipReason::Warming }
    }

    pub fn set_missing(&self, reason: SkipReason) {
        self.missing.store(reason as u8, Ordering::Relaxed);
    }

    pub fn begins(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    pub fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    pub fn set_progress(&self, progress: f32) {
        self.progress.store((progress.clamp(0.0, 1.0) * 1000.0) as u32, Ordering::Relaxed);
    }

    pub fn progress(&self) -> f32 {
        self.progress.load(Ordering::Relaxed) as f32 / 1000.0
    }
}

/// A net in the main world.
#[derive(Resource)]
pub(crate) struct NetState<R: NetResult> {
    pub config: NetConfig,
    pub status: ModelState,
    pub loaded: Option<Arc<Loaded>>,
    pub warm_up: Option<WarmUp>,
    pub elsewhere: Option<super::elsewhere::Elsewhere>,
    /// What was given up while results were on their way.
    pub retired: Vec<Arc<Loaded>>,
    /// Executors that were given up, to be freed on a worker thread.
    pub benches: Vec<super::elsewhere::Elsewhere>,
    /// Inferences that were under way elsewhere when it was given up.
    pub cancelled: Vec<FrameId>,
    pub unwanted_since: Option<Instant>,
    pub link: Arc<Link>,
    /// Its part of the GPU time that all stages may take in a turn.
    pub budget: Option<Duration>,
    net: PhantomData<fn() -> R>,
}

impl<R: NetResult> NetState<R> {
    pub fn new(config: NetConfig, link: Arc<Link>) -> Self {
        Self {
            config,
            status: ModelState::Cold,
            loaded: None,
            warm_up: None,
            elsewhere: None,
            retired: Vec::new(),
            benches: Vec::new(),
            cancelled: Vec::new(),
            unwanted_since: None,
            link,
            budget: None,
            net: PhantomData,
        }
    }

    /// Time that its steps may take in a turn.
    pub fn slice(&self) -> Option<Duration> {
        self.config.slice.time(self.budget)
    }
}
