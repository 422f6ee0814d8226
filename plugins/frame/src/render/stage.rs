//! Work on the GPU: one compute pass per stage and app frame.

use std::marker::PhantomData;

use bevy::app::{App, Plugin};
use bevy::asset::AssetServer;
use bevy::ecs::prelude::*;
use bevy::ecs::schedule::ScheduleConfigs;
use bevy::ecs::system::ScheduleSystem;
use bevy::render::diagnostic::{DiagnosticsRecorder, RecordDiagnostics};
use bevy::render::render_resource::PipelineCache;
use bevy::render::renderer::{RenderDevice, RenderGraph};
use bevy::render::{Extract, ExtractSchedule, RenderApp, RenderStartup};
use freshet_base::{Product, Role, StageLevels};
use freshet_ledger::{StageTally, foreign, hot};

use super::encoder::FrameEncoder;
use super::job::{FrameJob, FrameJobs};
use super::outputs::{PrepareContext, StreamsGpu};
use super::{FrameGraphSystems, ReadyProducts};
use crate::demand::{Pipeline, Products, StageLink};
use crate::readback::{Decode, MetadataLayout};

/// A stage of the pipeline: reads products of a frame on the GPU, makes others, by compute shaders.
///
/// ```text
///  new ─────────► compiles the pipelines, when a product is first wanted
///  prepare ─────► makes textures and bindings, once for a stream and again when its shape changes
///  record ──────► of the bindings: the work for one frame, no allocation, no decision
/// ```
///
/// Add it with [`StagePlugin`]; the order among stages follows from what they make and need.
pub trait Stage: Send + Sync + Sized + 'static {
    /// The stage's name in reports: `snake_case`.
    const NAME: &'static str;
    /// What its work is for: decides how urgent it is, and so who is left out when GPU time is short.
    const ROLE: Role = Role::Perception;
    /// What it makes: a tuple of products.
    type Makes: ProductTuple;
    /// What it reads besides the frame's native bytes: a tuple of products.
    type Needs: ProductTuple;
    /// What the app says to it: a resource of the main world, [`NoSettings`] if there is nothing to say. Streams are
    /// prepared anew when it changes.
    type Settings: Resource + FromWorld + Clone;
    /// What it keeps for a stream: [`Passes`](super::Passes), mostly.
    type Bindings: StageBindings;

    /// Registers what belongs to it, embedded shaders say; runs when the app is built.
    fn build(_app: &mut App) {}

    /// Names of products that it reads where they are made for others anyway: it runs after their stages, and does not
    /// ask for them.
    fn also_reads() -> &'static [&'static str] {
        &[]
    }

    /// What comes back to the CPU, if anything: bytes per frame and how to read them. It is the result for the first
    /// product of [`Self::Makes`].
    fn readback() -> Option<(u64, Decode)> {
        None
    }

    /// Queues the pipelines. Runs in the render world when a product is first wanted, and again after the device was
    /// lost.
    fn new(setup: &StageSetup<'_>) -> Self;

    /// Whether the pipelines are compiled.
    fn readiness(&self, cache: &PipelineCache) -> Readiness;

    /// Makes what a stream needs. `None` when an input is missing; the frame's products are skipped then.
    fn prepare(&self, settings: &Self::Settings, context: &mut PrepareContext<'_>) -> Option<Self::Bindings>;
}

/// What a stage keeps for a stream, and records for each of its frames.
pub trait StageBindings: Send + Sync + 'static {
    /// Records the work for one frame.
    fn record(&self, frame: &FrameJob, cache: &PipelineCache, recorder: &mut wgpu::ComputePass<'_>);
}

/// For stages to which there is nothing to say.
#[derive(Resource, Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct NoSettings;

/// What a stage may reach while it sets itself up.
pub struct StageSetup<'a> {
    /// The device.
    pub device: &'a RenderDevice,
    /// Where pipelines are queued.
    pub cache: &'a PipelineCache,
    /// Where shaders are loaded from.
    pub assets: &'a AssetServer,
}

/// Whether a stage's pipelines are compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Readiness {
    /// A shader is broken; the log says how.
    Failed,
    /// On their way.
    Compiling,
    /// All of them.
    Ready,
}

/// A tuple of up to six products.
pub trait ProductTuple {
    /// The products as a set, made known to `pipeline`.
    fn set(pipeline: &mut Pipeline) -> Products;
    /// Their names.
    fn names() -> impl Iterator<Item = &'static str>;
}

macro_rules! product_tuples {
    ($(($($product:ident),*)),+ $(,)?) => {$(
        impl<$($product: Product),*> ProductTuple for ($($product,)*) {
            fn set(pipeline: &mut Pipeline) -> Products {
                Products::NONE$(.with(pipeline.product::<$product>()))*
            }

            fn names() -> impl Iterator<Item = &'static str> {
                [$($product::NAME),*].into_iter()
            }
        }
    )+};
}

product_tuples!((A), (A, B), (A, B, C), (A, B, C, D), (A, B, C, D, E), (A, B, C, D, E, F));

impl ProductTuple for () {
    fn set(_: &mut Pipeline) -> Products {
        Products::NONE
    }

    fn names() -> impl Iterator<Item = &'static str> {
        std::iter::empty()
    }
}

/// The systems that make the product of this name.
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Makes(pub &'static str);

/// Adds a [`Stage`] to an app.
pub struct StagePlugin<S: Stage>(PhantomData<fn() -> S>);

impl<S: Stage> Default for StagePlugin<S> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<S: Stage> Plugin for StagePlugin<S> {
    fn build(&self, app: &mut App) {
        S::build(app);
        let (makes, needs, link) = {
            let mut pipeline = app.world_mut().get_resource_or_init::<Pipeline>();
            let (makes, needs) = (S::Makes::set(&mut pipeline), S::Needs::set(&mut pipeline));
            let link = StageLink { name: S::NAME, makes, needs };
            pipeline.add_stage(link);
            (makes, needs, link)
        };
        if let Some((bytes, decode)) = S::readback()
            && let Some(name) = S::Makes::names().next()
        {
            let product = first(makes);
            app.world_mut().get_resource_or_init::<MetadataLayout>().add(product, name, bytes, decode);
        }
        app.world_mut().get_resource_or_init::<StageLevels>().add(S::NAME, S::ROLE);
        app.init_resource::<S::Settings>();
        let settings = app.world().resource::<S::Settings>().clone();
        let tally = freshet_ledger::stage(link.name);
        let Some(render_app) = app.get_sub_app_mut(RenderApp) else { return };
        render_app
            .insert_resource(StageState::<S>::new(makes, needs, tally, settings))
            .add_systems(ExtractSchedule, follow_settings::<S>)
            // A new device knows nothing of the old one's pipelines.
            .add_systems(RenderStartup, forget::<S>)
            .add_systems(RenderGraph, in_order::<S>());
    }
}

fn first(products: Products) -> Products {
    products.indices().next().map_or(Products::NONE, |index| Products::from_bits(1 << index))
}

/// The stage's system, after those that make its inputs. Nothing but these edges keeps the order on the GPU.
fn in_order<S: Stage>() -> ScheduleConfigs<ScheduleSystem> {
    let mut system = run_stage::<S>.in_set(FrameGraphSystems::Stages);
    for name in S::Makes::names() {
        system = system.in_set(Makes(name));
    }
    for name in S::Needs::names().chain(S::also_reads().iter().copied()) {
        system = system.after_ignore_deferred(Makes(name));
    }
    system
}

fn forget<S: Stage>(mut state: ResMut<StageState<S>>) {
    state.stage = None;
    state.bindings.clear();
}

/// Takes over what the app says to the stage, when it changes.
fn follow_settings<S: Stage>(settings: Extract<Option<Res<S::Settings>>>, mut state: ResMut<StageState<S>>) {
    if let Some(settings) = settings.as_ref()
        && settings.is_changed()
    {
        state.settings = (**settings).clone();
        state.settings_version += 1;
    }
}

/// A stage at work in the render world.
#[derive(Resource)]
struct StageState<S: Stage> {
    stage: Option<S>,
    settings: S::Settings,
    settings_version: u64,
    bindings: Vec<StreamBindings<S>>,
    makes: Products,
    needs: Products,
    span: &'static str,
    tally: &'static StageTally,
}

struct StreamBindings<S: Stage> {
    stream: Entity,
    key: BindingsKey,
    /// `None` when the stage could not prepare; asked again when the key changes.
    bindings: Option<S::Bindings>,
}

/// What bindings depend on: they are made anew when any of it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct BindingsKey {
    epoch: u64,
    products: Products,
    versions: u64,
    settings: u64,
}

impl<S: Stage> StageState<S> {
    fn new(makes: Products, needs: Products, tally: &'static StageTally, settings: S::Settings) -> Self {
        // One short string for each stage of an app; the recorder wants it for ever.
        let span = Box::leak(format!("freshet/{}", S::NAME).into_boxed_str());
        Self { stage: None, settings, settings_version: 0, bindings: Vec::new(), makes, needs, span, tally }
    }
}

/// Sets the stage up when it is first wanted, and runs it for the frames that want it.
fn run_stage<S: Stage>(
    mut state: ResMut<StageState<S>>,
    mut jobs: ResMut<FrameJobs>,
    mut streams: ResMut<StreamsGpu>,
    mut encoder: ResMut<FrameEncoder>,
    recorder: Option<Res<DiagnosticsRecorder>>,
    ready: Res<ReadyProducts>,
    (device, cache, assets): (Res<RenderDevice>, Res<PipelineCache>, Res<AssetServer>),
    (pipeline, layout): (Res<Pipeline>, Res<MetadataLayout>),
) {
    hot(|| {
        let state = &mut *state;
        state.bindings.retain(|one| {
            jobs.demands.iter().any(|&(stream, wanted)| stream == one.stream && wanted.intersects(state.makes))
        });
        if !jobs.demanded().intersects(state.makes) {
            return;
        }
        let setup = StageSetup { device: &device, cache: &cache, assets: &assets };
        let stage = state.stage.get_or_insert_with(|| S::new(&setup));
        let readiness = stage.readiness(&cache);
        ready.set(state.makes, readiness);
        if readiness != Readiness::Ready {
            return;
        }
        let Some(encoder) = encoder.get() else { return };
        // A frame whose inputs were not made goes on without this stage's product, too.
        let (makes, needs) = (state.makes, state.needs);
        let wanting = |job: &FrameJob| job.products.intersects(makes) && job.made.contains(needs);
        for job in jobs.jobs.iter().filter(|job| wanting(job)) {
            let Some((stream, versions)) = streams.get_mut(job.stream) else { continue };
            let products = job.products.and(state.makes);
            let context = &mut PrepareContext {
                device: &device,
                cache: &cache,
                wanted: job.products,
                slots: job.slots,
                pipeline: &pipeline,
                layout: &layout,
                stream,
                versions,
            };
            let settings = (&state.settings, state.settings_version);
            prepare_stream(stage, settings, &mut state.bindings, products, makes.with(needs), context);
        }
        let spans = recorder.as_deref();
        let span = foreign(|| spans.time_span(encoder, state.span));
        let descriptor = wgpu::ComputePassDescriptor { label: Some(state.span), timestamp_writes: None };
        let mut pass = foreign(|| encoder.begin_compute_pass(&descriptor).forget_lifetime());
        for job in jobs.jobs.iter_mut().filter(|job| wanting(job)) {
            let held = state.bindings.iter().find(|one| one.stream == job.stream);
            if let Some(bindings) = held.and_then(|one| one.bindings.as_ref()) {
                foreign(|| bindings.record(job, &cache, &mut pass));
                job.made = job.made.with(job.products.and(state.makes));
                state.tally.ran();
            }
        }
        foreign(|| {
            drop(pass);
            span.end(encoder);
        });
    });
}

/// Makes the bindings of a stream if there are none for its present shape.
fn prepare_stream<S: Stage>(
    stage: &S,
    (settings, settings_version): (&S::Settings, u64),
    bindings: &mut Vec<StreamBindings<S>>,
    products: Products,
    touched: Products,
    context: &mut PrepareContext<'_>,
) {
    let stream = context.stream.stream;
    let key = |context: &PrepareContext<'_>| BindingsKey {
        epoch: context.stream.epoch,
        products,
        versions: context.stream.version(touched),
        settings: settings_version,
    };
    let before = key(context);
    let place = bindings.iter().position(|one| one.stream == stream);
    if place.is_some_and(|place| bindings[place].key == before) {
        return;
    }
    let prepared = stage.prepare(settings, context);
    // Preparing may have made the outputs, which is part of the key.
    let made = StreamBindings { stream, key: key(context), bindings: prepared };
    match place {
        Some(place) => bindings[place] = made,
        None => bindings.push(made),
    }
}
