//! In the render world: the net's steps are recorded, behind those of the stages that make its picture.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use arrayvec::ArrayVec;
use bevy::ecs::prelude::*;
use bevy::render::diagnostic::{DiagnosticsRecorder, RecordDiagnostics};
use bevy::render::renderer::RenderDevice;
use freshet_base::{LivePicture, SkipReason};
use freshet_frame::{
    FrameEncoder, FrameJob, FrameJobs, Pipeline, Products, Readiness, ReadyProducts, ResultTicket, StreamsGpu,
};
use freshet_ledger::{StageTally, foreign, hot};

use super::crop::{BoundCrop, Crop};
use super::orders::{MOST_FRAMES, Order};
use super::outputs::NetResult;
use super::slice::end_of_slice;
use super::state::{Engine, Link, Loaded, Tag};

/// A net at work in the render world.
#[derive(Resource)]
pub(crate) struct RenderNet<R: NetResult> {
    loaded: Option<Arc<Loaded>>,
    slice: Option<Duration>,
    orders: ArrayVec<Order, MOST_FRAMES>,
    streams: Vec<StreamCrop>,
    /// The inference that goes on.
    going_on: Option<GoingOn>,
    /// The stream that was served last: the next one is first.
    served: Option<Entity>,
    link: Arc<Link>,
    makes: Products,
    picture: Products,
    span: &'static str,
    tally: &'static StageTally,
    net: PhantomData<fn() -> R>,
}

/// An inference under way: whose it is, and the step that is next.
struct GoingOn {
    stream: Entity,
    ticket: ResultTicket<Tag>,
    next: usize,
}

/// The crop of a stream's picture, bound.
struct StreamCrop {
    stream: Entity,
    version: u64,
    bound: BoundCrop,
}

impl<R: NetResult> RenderNet<R> {
    pub fn new(link: Arc<Link>, (makes, picture): (Products, Products), name: &'static str) -> Self {
        // One short string for each net of an app; the recorder wants it for ever.
        let span = Box::leak(format!("freshet/{name}").into_boxed_str());
        Self {
            loaded: None,
            slice: None,
            orders: ArrayVec::new(),
            streams: Vec::with_capacity(MOST_FRAMES),
            going_on: None,
            served: None,
            link,
            makes,
            picture,
            span,
            tally: freshet_ledger::stage(name),
            net: PhantomData,
        }
    }

    /// Takes over what the main world says.
    pub fn take_over(&mut self, orders: &[Order], loaded: Option<&Arc<Loaded>>, slice: Option<Duration>) {
        let is_same = match (&self.loaded, loaded) {
            (Some(held), Some(loaded)) => Arc::ptr_eq(held, loaded),
            (None, None) => true,
            _ => false,
        };
        if !is_same {
            self.loaded = loaded.cloned();
            self.streams.clear();
            self.going_on = None;
        }
        self.slice = slice;
        self.orders.clear();
        self.orders.extend(orders.iter().copied());
    }

    fn wants(&self, job: &FrameJob) -> bool {
        job.products.intersects(self.makes)
    }

    /// The crop of a stream's picture, bound to the texture that it lies in now.
    fn crop(&mut self, loaded: &Loaded, stream: Entity, streams: &StreamsGpu, device: &wgpu::Device) -> Option<usize> {
        let gpu = streams.get(stream)?;
        let version = gpu.version(self.picture);
        let place = self.streams.iter().position(|one| one.stream == stream);
        if let Some(place) = place
            && self.streams[place].version == version
        {
            return Some(place);
        }
        let view = &gpu.textures(self.picture)?.first()?.view;
        let bound = foreign(|| loaded.crop.bind(device, view, loaded.engine.input()));
        let made = StreamCrop { stream, version, bound };
        match place {
            Some(place) => self.streams[place] = made,
            None => self.streams.push(made),
        }
        self.streams.iter().position(|one| one.stream == stream)
    }

    fn skip_all(&self, jobs: &FrameJobs, reason: SkipReason) {
        for job in jobs.jobs.iter().filter(|job| self.wants(job)) {
            self.link.skip(job.frame, reason);
        }
    }

    /// Begins with each frame that wants it, the stream after the one that was served last first; when it is cut, with
    /// one of them.
    fn begin_all(
        &mut self,
        loaded: &Arc<Loaded>,
        jobs: &FrameJobs,
        gpu: (&StreamsGpu, &RenderDevice),
        encoder: &mut wgpu::CommandEncoder,
    ) {
        let first = jobs.jobs.iter().position(|job| Some(job.stream) == self.served).map_or(0, |last| last + 1);
        let (before, after) = jobs.jobs.split_at(first);
        for job in after.iter().chain(before) {
            if !self.wants(job) {
                continue;
            }
            let begun = match self.going_on {
                Some(_) => Err(SkipReason::Thinned),
                None => self.begin(loaded, job, gpu, encoder),
            };
            if let Err(reason) = begun {
                self.link.skip(job.frame, reason);
            }
        }
    }

    /// Begins with a frame, or says why not.
    fn begin(
        &mut self,
        loaded: &Arc<Loaded>,
        job: &FrameJob,
        (streams, device): (&StreamsGpu, &RenderDevice),
        encoder: &mut wgpu::CommandEncoder,
    ) -> Result<(), SkipReason> {
        let order = self.orders.iter().find(|order| order.stream == job.stream).copied();
        // The net became ready between the two worlds: the next frame will have an order.
        let order = order.ok_or(SkipReason::Thinned)?;
        let image_from_input = order.image_from_input.ok_or(SkipReason::Unfit)?;
        if !job.made().contains(self.picture) {
            return Err(SkipReason::OverBudget);
        }
        if !loaded.engine.is_free() {
            return Err(SkipReason::Thinned);
        }
        let place = self.crop(loaded, job.stream, streams, device.wgpu_device()).ok_or(SkipReason::Failed)?;
        let crop = Crop::new(image_from_input, loaded.input_px, &loaded.picture);
        if !self.streams[place].bound.parameters.record(encoder, bytemuck::bytes_of(&crop)) {
            return Err(SkipReason::OverBudget);
        }
        let tag = Tag { frame: job.frame, image_from_input };
        let ticket = loaded.ring.claim(tag).ok_or(SkipReason::OverBudget)?;
        loaded.engine.set_free(false);
        self.link.begins();
        self.served = Some(job.stream);
        self.record(loaded, Some(place), GoingOn { stream: job.stream, ticket, next: 0 }, encoder);
        Ok(())
    }

    /// Records as many steps as are due, and what comes back after the last.
    fn record(
        &mut self,
        loaded: &Arc<Loaded>,
        crop: Option<usize>,
        GoingOn { stream, ticket, next }: GoingOn,
        encoder: &mut wgpu::CommandEncoder,
    ) {
        let descriptor = wgpu::ComputePassDescriptor { label: Some(self.span), timestamp_writes: None };
        let mut pass = foreign(|| encoder.begin_compute_pass(&descriptor));
        if let Some(place) = crop {
            loaded.crop.record(&mut pass, &self.streams[place].bound);
        }
        let end = end_of_slice(&loaded.costs, next, self.slice);
        if let Engine::Gpu(program) = &loaded.engine {
            foreign(|| program.record(&mut pass, next..end));
        }
        foreign(|| drop(pass));
        if end < loaded.costs.len() {
            self.going_on = Some(GoingOn { stream, ticket, next: end });
            return;
        }
        foreign(|| ticket.record(encoder, loaded.engine.results()));
        self.tally.ran();
    }
}

/// Records what is due of the net in this turn: the inference that goes on, or those of the frames that want one.
pub(crate) fn run_net<R: NetResult>(
    mut net: ResMut<RenderNet<R>>,
    jobs: Res<FrameJobs>,
    streams: Res<StreamsGpu>,
    mut encoder: ResMut<FrameEncoder>,
    recorder: Option<Res<DiagnosticsRecorder>>,
    (device, ready): (Res<RenderDevice>, Res<ReadyProducts>),
) {
    hot(|| {
        let net = &mut *net;
        // Frames never wait for a net.
        ready.set(net.makes, Readiness::Ready);
        // A stream that is gone takes its textures along; one that wants it no more, its inference.
        net.streams.retain(|one| streams.get(one.stream).is_some());
        net.going_on.take_if(|going_on| !jobs.is_wanted(going_on.stream, net.makes));
        if net.going_on.is_none() && !jobs.jobs.iter().any(|job| net.wants(job)) {
            return;
        }
        let Some(loaded) = net.loaded.clone() else {
            net.skip_all(&jobs, net.link.missing());
            return;
        };
        let encoder = encoder.open(&device);
        let spans = recorder.as_deref();
        let span = foreign(|| spans.time_span(encoder, net.span));
        match net.going_on.take() {
            Some(going_on) => {
                net.record(&loaded, None, going_on, encoder);
                net.skip_all(&jobs, SkipReason::Thinned);
            }
            None => net.begin_all(&loaded, &jobs, (&streams, &device), encoder),
        }
        foreign(|| span.end(encoder));
    });
}

/// The products that a net makes and reads.
pub(crate) fn products<R: NetResult>(pipeline: &mut Pipeline) -> (Products, Products) {
    (pipeline.product::<R>(), pipeline.product::<LivePicture>())
}

/// A new device knows nothing of the old one's buffers.
pub(crate) fn forget_device<R: NetResult>(mut net: ResMut<RenderNet<R>>) {
    net.loaded = None;
    net.streams.clear();
    net.going_on = None;
}
