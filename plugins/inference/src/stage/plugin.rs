//! Adds a net to an app.

use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use bevy::app::{App, First, Plugin};
use bevy::ecs::prelude::*;
use bevy::render::renderer::RenderGraph;
use bevy::render::{ExtractSchedule, RenderApp, RenderStartup};
use freshet_base::{LivePicture, Product, Role, StageLevels};
use freshet_frame::{FrameGraphSystems, FreshetFirst, FreshetLast, FreshetSystems, Makes, Pipeline, StageLink};
use freshet_priority::{PriorityPlugin, Workload};

use super::collect::collect_net;
use super::elsewhere::work_elsewhere;
use super::orders::{Orders, extract_orders, order_frames};
use super::outputs::NetResult;
use super::region::InputFit;
use super::render::{RenderNet, forget_device, products, run_net};
use super::slice::Slice;
use super::state::{Link, NetReports, NetState};
use super::warm::tend_net;
use crate::choice::ExecutorChoice;
use crate::cpu::CandleDevice;
use crate::precision::Precision;
use crate::weights::ModelSource;

/// What an app says of a net.
#[derive(Debug, Clone)]
pub(crate) struct NetConfig {
    pub source: ModelSource,
    pub role: Role,
    pub fit: InputFit,
    pub slice: Slice,
    pub executor: ExecutorChoice,
    pub precision: Precision,
    pub threads: NonZeroUsize,
    pub device: CandleDevice,
    pub keep: Duration,
}

/// Adds the net that makes `R`, from one file.
///
/// It is loaded when `R` is first wanted of a stream, beside the media, and given up when nobody has wanted it for a
/// while. Until it is ready, frames go without, and say so.
///
/// ```no_run
/// # use bevy::prelude::*;
/// # use freshet_inference::{ModelSource, NetOutputs, NetPlugin, NetResult};
/// # use serde::Serialize;
/// # #[derive(Component, Debug, Clone, Serialize)] struct Class(f32);
/// # impl freshet_base::Attachment for Class { const NAME: &'static str = "class"; }
/// # impl freshet_base::Product for Class { const NAME: &'static str = "class"; }
/// # impl NetResult for Class {
/// #     fn read(outputs: &NetOutputs<'_>) -> Option<Self> { Some(Self(outputs.first()[0])) }
/// # }
/// # let mut app = App::new();
/// app.add_plugins(NetPlugin::<Class>::new(ModelSource::path("class.safetensors")));
/// // commands.entity(camera).insert(Wants::<Class>::by("game"));
/// // Query<(&Frame, &Class)>
/// ```
pub struct NetPlugin<R: NetResult> {
    config: NetConfig,
    net: PhantomData<fn() -> R>,
}

impl<R: NetResult> NetPlugin<R> {
    /// The net in this file.
    pub fn new(source: ModelSource) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, NonZeroUsize::get);
        let config = NetConfig {
            source,
            role: Role::Perception,
            fit: InputFit::default(),
            slice: Slice::default(),
            executor: ExecutorChoice::default(),
            precision: Precision::default(),
            threads: NonZeroUsize::new(cores.div_ceil(2).min(4)).unwrap_or(NonZeroUsize::MIN),
            device: CandleDevice::Cpu,
            keep: Duration::from_secs(10),
        };
        Self { config, net: PhantomData }
    }

    /// What it is for: decides how urgent it is. Default [`Role::Perception`].
    #[must_use]
    pub const fn role(mut self, role: Role) -> Self {
        self.config.role = role;
        self
    }

    /// How a whole frame is put into its input, where the stream has no [`NetRegion`](super::NetRegion). Default
    /// [`InputFit::Stretch`].
    #[must_use]
    pub const fn fit(mut self, fit: InputFit) -> Self {
        self.config.fit = fit;
        self
    }

    /// How much of it runs in one turn of the app. Smaller slices leave more of the GPU to others, and results come
    /// later. Default [`Slice::Auto`].
    #[must_use]
    pub const fn slice(mut self, slice: Slice) -> Self {
        self.config.slice = slice;
        self
    }

    /// Which executor runs it. Default [`ExecutorChoice::Auto`].
    #[must_use]
    pub const fn executor(mut self, executor: ExecutorChoice) -> Self {
        self.config.executor = executor;
        self
    }

    /// How numbers are stored: on the GPU, and on the devices of CUDA and Metal. Default [`Precision::Auto`].
    #[must_use]
    pub const fn precision(mut self, precision: Precision) -> Self {
        self.config.precision = precision;
        self
    }

    /// Threads that it may use where it runs on the CPU; no more than there are cores. Default: half the cores, 4 at most.
    #[must_use]
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.config.threads = threads.min(std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN));
        self
    }

    /// Where candle runs it, if it does: the CPU, or a device of CUDA or Metal, in programs that are built with them.
    /// Default: the CPU.
    #[must_use]
    pub const fn candle_on(mut self, device: CandleDevice) -> Self {
        self.config.device = device;
        self
    }

    /// How long it stays loaded when nobody wants it. Default 10 s.
    #[must_use]
    pub const fn keep(mut self, keep: Duration) -> Self {
        self.config.keep = keep;
        self
    }
}

impl<R: NetResult> Plugin for NetPlugin<R> {
    fn build(&self, app: &mut App) {
        let name = <R as Product>::NAME;
        if !app.is_plugin_added::<PriorityPlugin>() {
            app.add_plugins(PriorityPlugin::default());
        }
        let products = {
            let mut pipeline = app.world_mut().get_resource_or_init::<Pipeline>();
            let (makes, needs) = products::<R>(&mut pipeline);
            pipeline.add_stage(StageLink { name, makes, needs });
            (makes, needs)
        };
        app.world_mut().get_resource_or_init::<StageLevels>().add(name, self.config.role);
        app.world_mut().spawn(Workload::new(name, self.config.role));
        app.world_mut().get_resource_or_init::<NetReports>().entry(name);
        let link = Arc::new(Link::default());
        app.insert_resource(NetState::<R>::new(self.config.clone(), Arc::clone(&link)))
            .init_resource::<Orders<R>>()
            .add_systems(FreshetFirst, collect_net::<R>.in_set(FreshetSystems::Publish))
            // Its jobs are in the outbox by then, and not extracted yet.
            .add_systems(FreshetLast, order_frames::<R>.after(FreshetSystems::Dispatch))
            // What allocates stays off the frame path; what came back has been collected by then.
            .add_systems(First, (tend_net::<R>, work_elsewhere::<R>).chain().after(FreshetFirst));
        let Some(render_app) = app.get_sub_app_mut(RenderApp) else { return };
        render_app
            .insert_resource(RenderNet::<R>::new(link, products, name))
            .add_systems(ExtractSchedule, extract_orders::<R>)
            .add_systems(RenderStartup, forget_device::<R>)
            .add_systems(
                RenderGraph,
                run_net::<R>
                    .in_set(FrameGraphSystems::Stages)
                    .in_set(Makes(name))
                    // The crop is taken from the picture of this very frame.
                    .after_ignore_deferred(Makes(<LivePicture as Product>::NAME)),
            );
    }
}

/// One line of what went wrong, with its causes.
pub(crate) fn in_one_line(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        line.push_str(": ");
        line.push_str(&source.to_string());
        cause = source.source();
    }
    line
}
