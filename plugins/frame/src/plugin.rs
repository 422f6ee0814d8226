//! Wiring.

use bevy::app::{App, First, Last, Plugin};
use bevy::core_pipeline::schedule::camera_driver;
use bevy::ecs::prelude::*;
use bevy::ecs::schedule::{Schedule, ScheduleLabel, SingleThreadedExecutor};
use bevy::render::renderer::{RenderAdapterInfo, RenderGraph, RenderGraphSystems};
use bevy::render::{ExtractSchedule, RenderApp, RenderStartup};
use freshet_base::{DropReason, FrameId, StageLevels};
use freshet_ledger::{AdapterSummary, LedgerSystems};

use crate::admit::{admit_frames, fit_rings, follow_states, free_closed, open_streams};
use crate::attach::{Attachments, RetireHooks};
use crate::demand::Pipeline;
use crate::grant::measure_stages;
use crate::messages::{FrameCaptured, FramesDropped};
use crate::port::OpenPorts;
use crate::readback::{MetadataLayout, collect_results, poll_device};
use crate::render::{
    FrameEncoder, FrameGraphSystems, FrameJobs, ReadyProducts, StreamsGpu, Submitting, begin_frames, extract_jobs,
    finish_frames, submission_begins, submission_ends,
};
use crate::schedule::{FreshetFirst, FreshetLast, FreshetSystems, run};

/// Streams, frames, and the two doors between CPU and GPU. Add it after `DefaultPlugins` and before any stage.
#[derive(Debug, Default, Clone)]
pub struct FramePlugin;

impl Plugin for FramePlugin {
    fn build(&self, app: &mut App) {
        let (ready, submitting) = (ReadyProducts::default(), Submitting::default());
        app.init_resource::<Pipeline>()
            .init_resource::<StageLevels>()
            .init_resource::<MetadataLayout>()
            .init_resource::<Attachments>()
            .init_resource::<RetireHooks>()
            .init_resource::<FrameJobs>()
            .init_resource::<OpenPorts>()
            .insert_resource(ready.clone())
            .insert_resource(submitting.clone())
            .add_message::<FrameCaptured>()
            .add_message::<FramesDropped>();
        let (stream, reason) = (Entity::PLACEHOLDER, DropReason::Unwanted);
        make_room(app, FrameCaptured { stream, frame: FrameId { entity: stream, seq: 0 } });
        make_room(app, FramesDropped { stream, reason, frames: 0 });
        app.add_schedule(single_threaded(FreshetFirst))
            .add_schedule(single_threaded(FreshetLast))
            .configure_sets(FreshetFirst, (FreshetSystems::Collect, FreshetSystems::Publish).chain())
            .configure_sets(FreshetLast, (FreshetSystems::Capture, FreshetSystems::Dispatch).chain())
            // The clock of app frames ticks first, so that a frame's own systems are within it.
            .add_systems(First, run(FreshetFirst).in_set(FreshetFirst).after(LedgerSystems::Tick))
            // What is booked in this app frame is published in it.
            .add_systems(Last, run(FreshetLast).in_set(FreshetLast).before(LedgerSystems::Publish))
            .add_systems(
                FreshetFirst,
                // Callbacks run inside the poll: what they mark as arrived is collected at once.
                (poll_device, collect_results, measure_stages).chain().in_set(FreshetSystems::Collect),
            )
            .add_systems(
                FreshetLast,
                (
                    // A stream's pool must stand before its first frame.
                    (open_streams, follow_states, fit_rings, free_closed).chain().in_set(FreshetSystems::Capture),
                    admit_frames.in_set(FreshetSystems::Dispatch),
                ),
            );
        let Some(render_app) = app.get_sub_app_mut(RenderApp) else { return };
        render_app
            .init_resource::<FrameJobs>()
            .init_resource::<FrameEncoder>()
            .init_resource::<StreamsGpu>()
            .insert_resource(ready)
            .insert_resource(submitting)
            .add_systems(RenderStartup, forget_device)
            .add_systems(ExtractSchedule, extract_jobs)
            .configure_sets(
                RenderGraph,
                // In Render, or the work would be submitted a frame late; before the cameras, which show its result.
                (FrameGraphSystems::Begin, FrameGraphSystems::Stages, FrameGraphSystems::Finish)
                    .chain_ignore_deferred()
                    .in_set(RenderGraphSystems::Render)
                    .before(camera_driver),
            )
            .add_systems(
                RenderGraph,
                (begin_frames.in_set(FrameGraphSystems::Begin), finish_frames.in_set(FrameGraphSystems::Finish)),
            )
            .add_systems(
                RenderGraph,
                (
                    submission_begins.after(RenderGraphSystems::Render).before(RenderGraphSystems::Submit),
                    submission_ends.after(RenderGraphSystems::Submit),
                ),
            );
    }

    fn finish(&self, app: &mut App) {
        // All stages have been added by now.
        let (pipeline, layout) =
            (app.world().resource::<Pipeline>().clone(), app.world().resource::<MetadataLayout>().clone());
        let Some(render_app) = app.get_sub_app_mut(RenderApp) else { return };
        render_app.insert_resource(pipeline).insert_resource(layout);
        if let Some(adapter) = render_app.world().get_resource::<RenderAdapterInfo>().map(summary) {
            app.insert_resource(adapter);
        }
    }
}

/// Lets the buffers of messages that are written on the frame path grow now instead of there.
fn make_room<M: Message + Copy>(app: &mut App, message: M) {
    let Some(mut messages) = app.world_mut().get_resource_mut::<Messages<M>>() else { return };
    // Messages of the last turn and of this one have a buffer each.
    for _ in 0..2 {
        messages.write_batch([message; 32]);
        messages.update();
    }
    messages.clear();
}

fn single_threaded(label: impl ScheduleLabel) -> Schedule {
    let mut schedule = Schedule::new(label);
    schedule.set_executor(SingleThreadedExecutor::new());
    schedule
}

fn summary(adapter: &RenderAdapterInfo) -> AdapterSummary {
    let kind = match adapter.device_type {
        wgpu::DeviceType::DiscreteGpu => "discrete",
        wgpu::DeviceType::IntegratedGpu => "integrated",
        wgpu::DeviceType::VirtualGpu => "virtual",
        wgpu::DeviceType::Cpu => "cpu",
        wgpu::DeviceType::Other => "other",
    };
    AdapterSummary {
        name: adapter.name.clone(),
        backend: adapter.backend.to_str().into(),
        kind: kind.into(),
        driver: format!("{} {}", adapter.driver, adapter.driver_info).trim().into(),
    }
}

/// A new device knows nothing of the old one's buffers.
fn forget_device(mut streams: ResMut<StreamsGpu>, mut jobs: ResMut<FrameJobs>, ready: Res<ReadyProducts>) {
    streams.clear();
    jobs.jobs.clear();
    ready.clear();
}
