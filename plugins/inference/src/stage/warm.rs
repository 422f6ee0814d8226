//! Makes a net ready, beside the media: opened, planned, measured, on the GPU; and given up again.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use bevy::ecs::prelude::*;
use bevy::log::{error, info};
use bevy::render::renderer::{RenderAdapter, RenderDevice, RenderQueue};
use bevy::tasks::futures::check_ready;
use freshet_base::{Bytes, Product, SkipReason};
use freshet_frame::{Demand, GpuBytes, Pipeline, ResultRing};
use freshet_ledger::{AdapterSummary, DOWN_MODEL_INPUT, DOWN_NET_OUTPUTS};
use freshet_priority::{Task, TaskContext, TaskControl, TaskError, TaskFailure, Tasks};

use super::crop::{CropInto, CropKernel};
use super::elsewhere::Elsewhere;
use super::outputs::{NetResult, OutputPlace};
use super::plugin::{NetConfig, in_one_line};
use super::state::{Engine, Link, Loaded, NetReports, NetState};
use crate::choice::{self, Choice, ExecutorKind};
use crate::cpu::{CandleDevice, CandleExecutor, CandleOptions};
use crate::error::InferenceError;
use crate::gpu::{Clock, GpuExecutor, GpuOptions, GpuPlan, GpuTraits, checked};
use crate::model::ModelState;
use crate::net::{PictureInput, Plan};
use crate::open::require_finite;
use crate::precision::Precision;
use crate::weights::Weights;

/// Results that may be on their way at once.
const RESULTS: usize = 4;

/// Bytes that come back of one inference at most: what is larger is a picture,
/// and stays on the GPU.
const MOST_RESULT_BYTES: u64 = 4 << 20;

/// Bytes of an input at most: 2048 x 2048 in three channels are 48 MiB.
const MOST_INPUT_BYTES: u64 = 64 << 20;

/// The task that makes a net ready.
pub(crate) struct WarmUp {
    task: Task<Result<Result<Warm, InferenceError>, TaskFailure>>,
    control: TaskControl,
}

/// What it leaves.
struct Warm {
    loaded: Loaded,
    elsewhere: Option<Elsewhere>,
}

/// The GPU, as a task sees it.
struct Gpu {
    device: wgpu::Device,
    queue: wgpu::Queue,
    adapter: AdapterSummary,
    traits: GpuTraits,
}

/// Loads the net when it is wanted, follows its warm-up, and gives it up when nobody has wanted it for a while.
pub(crate) fn tend_net<R: NetResult>(
    mut state: ResMut<NetState<R>>,
    mut reports: ResMut<NetReports>,
    streams: Query<&Demand>,
    (pipeline, tasks): (Res<Pipeline>, Tasks),
    (device, queue): (Option<Res<RenderDevice>>, Option<Res<RenderQueue>>),
    (adapter, summary): (Option<Res<RenderAdapter>>, Option<Res<AdapterSummary>>),
) {
    let state = state.bypass_change_detection();
    let product = pipeline.find::<R>();
    let is_wanted = streams.iter().any(|demand| pipeline.closure(demand.wanted()).intersects(product));
    state.let_go(&tasks);
    let is_reload_due = reports.takes_reload(<R as Product>::NAME);
    // A new device knows nothing of the old one's buffers.
    if is_reload_due || device.as_ref().is_some_and(|device| device.is_changed()) {
        state.forget();
    }
    match &mut state.status {
        ModelState::Cold if is_wanted => {
            let (Some(device), Some(queue), Some(adapter)) = (device, queue, adapter) else {
                state.fail::<R>("there is no graphics adapter that has the pictures".to_owned());
                state.report(&mut reports);
                return;
            };
            let gpu = Gpu {
                device: device.wgpu_device().clone(),
                queue: wgpu::Queue::clone(&queue.0),
                adapter: summary.map(|summary| summary.clone()).unwrap_or_default(),
                traits: GpuTraits::of(&adapter, device.wgpu_device()),
            };
            let (config, link) = (state.config.clone(), Arc::clone(&state.link));
            let task = tasks.spawn_controlled(<R as Product>::NAME, move |context| async move {
                // Whoever opens files and compiles shaders cannot await; it asks whether it should stop instead.
                let warm = warm(&config, &gpu, &link, &context);
                context.checkpoint().await?;
                Ok(warm)
            });
            match task {
                Ok((task, control)) => {
                    state.warm_up = Some(WarmUp { task, control });
                    state.status = ModelState::Warming { progress: 0.0 };
                }
                // Its queue is full: it is tried again in the next turn.
                Err(TaskError::Refused { .. }) => {}
                Err(refused) => state.fail::<R>(refused.to_string()),
            }
        }
        ModelState::Warming { progress } => {
            *progress = state.link.progress();
            state.follow_warm_up();
        }
        ModelState::Ready if !is_wanted => {
            let since = *state.unwanted_since.get_or_insert_with(Instant::now);
            if since.elapsed() > state.config.keep {
                state.forget();
            }
        }
        _ => {}
    }
    if is_wanted {
        state.unwanted_since = None;
    }
    state.report(&mut reports);
}

impl<R: NetResult> NetState<R> {
    /// Gives everything up; it is made anew when it is wanted. Results that are on their way are waited for elsewhere, and
    /// counted as cancelled.
    fn forget(&mut self) {
        self.retired.extend(self.loaded.take());
        if let Some(elsewhere) = self.elsewhere.take() {
            self.cancelled.extend(elsewhere.unanswered());
            elsewhere.cancel();
            self.benches.push(elsewhere);
        }
        if let Some(warm_up) = self.warm_up.take() {
            warm_up.control.cancel();
        }
        self.unwanted_since = None;
        self.status = ModelState::Cold;
        self.link.set_missing(SkipReason::Warming);
        self.link.set_progress(0.0);
    }

    /// Frees what was given up, once no result of it is on its way, and on a worker thread: it may be large, and has
    /// threads that end.
    fn let_go(&mut self, tasks: &Tasks) {
        // The render world lets go of its own when it hears of it.
        let is_settled = |loaded: &Arc<Loaded>| loaded.ring.in_flight() == 0 && Arc::strong_count(loaded) == 1;
        let settled = self.retired.iter().position(is_settled);
        let (loaded, bench) = (settled.map(|place| self.retired.swap_remove(place)), self.benches.pop());
        if loaded.is_none() && bench.is_none() {
            return;
        }
        let freed = tasks.spawn(<R as Product>::NAME, move |_| async move {
            drop((loaded, bench));
            Ok(())
        });
        // Refused, it was freed right here.
        if let Ok(freed) = freed {
            freed.detach();
        }
    }

    fn fail<P: Product>(&mut self, why: String) {
        error!("net `{}` cannot run: {why}", P::NAME);
        self.link.set_missing(SkipReason::Failed);
        self.status = ModelState::Failed { why: why.into() };
    }

    fn follow_warm_up(&mut self) {
        let Some(ended) = self.warm_up.as_mut().and_then(|warm_up| check_ready(&mut warm_up.task)) else { return };
        self.warm_up = None;
        match ended {
            Ok(Ok(Warm { loaded, elsewhere })) => {
                info!("net `{}`: {}", <R as Product>::NAME, loaded.choice);
                self.loaded = Some(Arc::new(loaded));
                self.elsewhere = elsewhere;
                self.status = ModelState::Ready;
            }
            Ok(Err(why)) => self.fail::<R>(in_one_line(&why)),
            // Whoever cancels a warm-up, or lets it expire, wants it later.
            Err(TaskFailure::Cancelled | TaskFailure::Expired) => self.forget(),
            Err(failure) => self.fail::<R>(failure.to_string()),
        }
    }

    /// Brings the report up to date.
    fn report(&self, reports: &mut NetReports) {
        let report = reports.entry(<R as Product>::NAME);
        if report.status != self.status {
            report.status = self.status.clone();
        }
        report.begun = self.link.begun();
        let choice = self.loaded.as_ref().map(|loaded| &loaded.choice);
        if report.choice.as_ref() != choice {
            report.choice = choice.cloned();
            report.input_px = self.loaded.as_ref().map_or([0; 2], |loaded| loaded.input_px);
            report.steps = self.loaded.as_ref().map_or(0, |loaded| loaded.costs.len());
        }
        if let Some(loaded) = &self.loaded {
            report.slices = super::slice::slices(&loaded.costs, self.slice());
        }
    }
}

/// What of a net does not depend on who runs it.
struct Opened {
    weights: Weights,
    plan: Plan,
    picture: PictureInput,
    input_px: [u32; 2],
    outputs: Vec<OutputPlace>,
}

fn warm(config: &NetConfig, gpu: &Gpu, link: &Link, context: &TaskContext) -> Result<Warm, InferenceError> {
    let opened = open(config)?;
    require_finite(&opened.weights, &opened.plan, || drop(context.should_stop()))?;
    let software = gpu.adapter.kind == "cpu";
    let program =
        choice::is_gpu_worth_trying(config.executor, software).then(|| on_gpu(config, &opened, gpu, link, context));
    let gpu_time = program.as_ref().and_then(|tried| Some(tried.as_ref().ok()?.1.iter().sum::<Duration>()));
    link.set_progress(0.8);
    let candle = choice::is_candle_worth_trying(config.executor, gpu_time).then(|| on_candle(config, &opened, context));
    link.set_progress(1.0);
    if context.should_stop().is_some() {
        return Err(InferenceError::Stopped);
    }
    let told = |tried: Result<Duration, &InferenceError>| tried.map_err(|why| in_one_line(why));
    let gpu_tried = program.as_ref().map(|tried| told(tried.as_ref().map(|(_, costs)| costs.iter().sum())));
    let candle_tried = candle.as_ref().map(|tried| told(tried.as_ref().map(|(_, time)| *time)));
    let choice = choice::decide(config.executor, &gpu.adapter.name, gpu_tried, candle_tried)
        .map_err(|why| InferenceError::NoExecutor { file: opened.weights.file().to_owned(), why })?;
    let program = program.and_then(Result::ok);
    let executor = candle.and_then(Result::ok).map(|(executor, _)| executor);
    finish(opened, gpu, choice, program, executor)
}

/// Opens the file and plans the net. Reads no tensor.
fn open(config: &NetConfig) -> Result<Opened, InferenceError> {
    let weights = Weights::from_source(&config.source, &assets())?;
    let file = || weights.file().to_owned();
    let net = crate::open_net(&weights)?;
    let no_picture = || InferenceError::NoPicture { file: file() };
    let [input] = net.inputs.as_slice() else { return Err(no_picture()) };
    let picture = input.picture.ok_or_else(no_picture)?;
    let input_px = [input.shape.axis(3) as u32, input.shape.axis(2) as u32];
    let mut first = 0;
    let mut outputs = Vec::with_capacity(net.outputs.len());
    for output in &net.outputs {
        outputs.push(OutputPlace { name: output.name.clone(), shape: output.shape, first });
        first += output.shape.elements();
    }
    let bytes = first as u64 * 4;
    if bytes > MOST_RESULT_BYTES {
        return Err(InferenceError::LargeResult { file: file(), bytes: Bytes(bytes), most: Bytes(MOST_RESULT_BYTES) });
    }
    let input_bytes = input.shape.elements() as u64 * 4;
    if input_bytes > MOST_INPUT_BYTES {
        let (bytes, most) = (Bytes(input_bytes), Bytes(MOST_INPUT_BYTES));
        return Err(InferenceError::LargeInput { file: file(), bytes, most });
    }
    Ok(Opened { plan: Plan::new(&net), weights, picture, input_px, outputs })
}

fn on_gpu(
    config: &NetConfig,
    opened: &Opened,
    gpu: &Gpu,
    link: &Link,
    context: &TaskContext,
) -> Result<(GpuExecutor, Vec<Duration>), InferenceError> {
    let failed = |source| InferenceError::Gpu { file: opened.weights.file().to_owned(), source: Box::new(source) };
    let options = GpuOptions { precision: config.precision, ..GpuOptions::default() };
    let plan = GpuPlan::new(&opened.plan, &opened.weights, &gpu.traits, &options).map_err(failed)?;
    // Tells the watch over the workers that it is alive.
    let mut alive = || drop(context.should_stop());
    let mut follow = |progress: f32| {
        link.set_progress(progress * 0.7);
        alive();
    };
    let program = GpuExecutor::build(&gpu.device, &gpu.queue, plan, &opened.weights, &mut follow).map_err(failed)?;
    let costs = program.measure((&gpu.device, &gpu.queue, Clock::of(gpu.traits.kind)), &mut alive).map_err(failed)?;
    opened.weights.check_unchanged()?;
    Ok((program, costs))
}

fn on_candle(
    config: &NetConfig,
    opened: &Opened,
    context: &TaskContext,
) -> Result<(CandleExecutor, Duration), InferenceError> {
    let failed = |source| InferenceError::Candle { file: opened.weights.file().to_owned(), source: Box::new(source) };
    // The kernels on the CPU have one width.
    let precision = if config.device == CandleDevice::Cpu { Precision::Auto } else { config.precision };
    let options =
        CandleOptions { threads: config.threads, device: config.device, precision, ..CandleOptions::default() };
    let mut executor =
        CandleExecutor::new(opened.plan.clone(), Arc::new(opened.weights.clone()), options).map_err(failed)?;
    let elements = opened.input_px[0] as usize * opened.input_px[1] as usize * opened.picture.channels.count();
    let input = vec![0.0; elements];
    let mut least = Duration::MAX;
    // The first run touches memory for the first time.
    for _ in 0..3 {
        let start = Instant::now();
        executor.begin(&[&input]).map_err(failed)?;
        while executor.next_step().is_some() {
            executor.step().map_err(failed)?;
            if context.should_stop().is_some() {
                return Err(InferenceError::Stopped);
            }
        }
        executor.finish().map_err(failed)?;
        least = least.min(start.elapsed());
    }
    opened.weights.check_unchanged()?;
    Ok((executor, least))
}

/// Keeps what was chosen.
fn finish(
    opened: Opened,
    gpu: &Gpu,
    choice: Choice,
    program: Option<(GpuExecutor, Vec<Duration>)>,
    executor: Option<CandleExecutor>,
) -> Result<Warm, InferenceError> {
    let Opened { weights, picture, input_px, outputs, .. } = opened;
    let file = weights.file().to_owned();
    let pixels = input_px[0] as usize * input_px[1] as usize;
    let values: usize = outputs.iter().map(|output| output.shape.elements()).sum();
    let make = || {
        let (engine, costs, elsewhere) = match (choice.executor, program, executor) {
            (ExecutorKind::Gpu, Some((program, costs)), _) => (Engine::Gpu(Box::new(program)), costs, None),
            (_, _, executor) => {
                let crop = gpu.device.create_buffer(&wgpu::BufferDescriptor {
                    label: Some("freshet:model_input"),
                    size: pixels as u64 * 4,
                    usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
                    mapped_at_creation: false,
                });
                let elsewhere = executor.map(|executor| Elsewhere::new(executor, weights, picture, pixels));
                (Engine::Elsewhere { crop, is_free: AtomicBool::new(true) }, Vec::new(), elsewhere)
            }
        };
        let (into, account, bytes) = match &engine {
            Engine::Gpu(_) => (CropInto::Values, &DOWN_NET_OUTPUTS, values as u64 * 4),
            Engine::Elsewhere { .. } => (CropInto::Bytes, &DOWN_MODEL_INPUT, pixels as u64 * 4),
        };
        let memory = match &engine {
            Engine::Gpu(program) => program.memory().total(),
            Engine::Elsewhere { crop, .. } => crop.size(),
        };
        let loaded = Loaded {
            input_px,
            picture,
            outputs,
            crop: CropKernel::new(&gpu.device, into, input_px),
            ring: Arc::new(ResultRing::new(&gpu.device, RESULTS, bytes, account)),
            engine,
            costs,
            choice,
            _memory: GpuBytes::hold(Bytes(memory)),
        };
        Warm { loaded, elsewhere }
    };
    let made = checked(&gpu.device, "memory for a net's input and results", make);
    made.map_err(|source| InferenceError::Gpu { file, source: Box::new(source) })
}

/// The folder that bundled weights lie below: where Bevy looks for assets.
fn assets() -> PathBuf {
    bevy::asset::io::file::FileAssetReader::get_base_path().join("assets")
}
