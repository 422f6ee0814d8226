//! One encoder for all the work of an app frame.

use bevy::ecs::prelude::*;
use bevy::render::diagnostic::{DiagnosticsRecorder, RecordDiagnostics};
use bevy::render::renderer::{PendingCommandBuffers, RenderDevice};
use freshet_ledger::{foreign, hot};

use super::job::FrameJobs;
use super::outputs::StreamsGpu;
use crate::readback::MetadataLayout;

/// The encoder that the stages of this app frame record into; none when there is no frame to work on.
///
/// One for all, because the order among stages is fixed anyway and each encoder costs some 60 allocations inside wgpu.
#[derive(Resource, Default)]
pub struct FrameEncoder(Option<wgpu::CommandEncoder>);

impl FrameEncoder {
    /// The encoder, if there is work.
    pub fn get(&mut self) -> Option<&mut wgpu::CommandEncoder> {
        self.0.as_mut()
    }

    /// The encoder; opened for work that goes on in a turn without a frame.
    pub fn open(&mut self, device: &RenderDevice) -> &mut wgpu::CommandEncoder {
        self.0.get_or_insert_with(|| {
            let descriptor = wgpu::CommandEncoderDescriptor { label: Some("freshet") };
            foreign(|| device.create_command_encoder(&descriptor))
        })
    }
}

/// Opens the encoder and records the uploads.
pub(crate) fn begin_frames(
    mut encoder: ResMut<FrameEncoder>,
    mut jobs: ResMut<FrameJobs>,
    mut streams: ResMut<StreamsGpu>,
    layout: Res<MetadataLayout>,
    device: Res<RenderDevice>,
    recorder: Option<Res<DiagnosticsRecorder>>,
) {
    hot(|| {
        streams.release(&jobs);
        if jobs.jobs.is_empty() {
            return;
        }
        let encoder = encoder.open(&device);
        let spans = recorder.as_deref();
        let span = foreign(|| spans.time_span(encoder, "freshet/upload"));
        for job in &mut jobs.jobs {
            streams.fit(&device, job, layout.buffer_bytes());
            if let (Some(upload), Some(stream)) = (job.upload.take(), streams.get(job.stream)) {
                foreign(|| upload.record(encoder, &stream.native));
                freshet_ledger::stage("upload").ran();
            }
        }
        foreign(|| span.end(encoder));
    });
}

/// Records the readbacks and hands the work over for submission, before any camera's.
pub(crate) fn finish_frames(
    mut encoder: ResMut<FrameEncoder>,
    mut jobs: ResMut<FrameJobs>,
    streams: Res<StreamsGpu>,
    layout: Res<MetadataLayout>,
    mut pending: ResMut<PendingCommandBuffers>,
) {
    hot(|| {
        let Some(mut encoder) = encoder.0.take() else { return };
        for job in &mut jobs.jobs {
            if let (Some(ticket), Some(stream)) = (job.readback.take(), streams.get(job.stream)) {
                foreign(|| ticket.record(&mut encoder, &stream.metadata, layout.sections(), job.made));
            }
        }
        foreign(|| pending.push([encoder.finish()]));
    });
}
