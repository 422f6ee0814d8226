//! Copying the pictures, in the render world.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use bevy::ecs::prelude::*;
use bevy::log::warn;
use bevy::render::MainWorld;
use bevy::render::render_asset::RenderAssets;
use bevy::render::renderer::{RenderContext, RenderDevice};
use bevy::render::texture::GpuImage;
use crossbeam_channel::Sender;
use freshet_base::Bytes;
use freshet_ledger::DOWN_EXPORT;

use super::features::FeatureExport;
use super::flow::FlowExport;
use super::writer::{Picture, Work};
use super::{Export, Exports};

/// What is being exported.
#[derive(Resource, Default)]
pub(crate) struct ExportQueue {
    exports: Vec<(Export, u32)>,
    pub(super) flows: Vec<FlowExport>,
    pub(super) features: Vec<FeatureExport>,
    pub(super) writer: Option<Sender<Work>>,
    /// Files that are not written yet; [`Exports`] counts them.
    pub(super) open: Arc<AtomicUsize>,
}

pub(crate) fn extract_exports(mut main: ResMut<MainWorld>, mut queue: ResMut<ExportQueue>) {
    let Some(mut exports) = main.get_resource_mut::<Exports>() else { return };
    if exports.requests.is_empty() && exports.flows.is_empty() && exports.features.is_empty() {
        return;
    }
    queue.open = Arc::clone(&exports.open);
    queue.writer.get_or_insert_with(|| exports.writer.clone());
    queue.exports.extend(exports.requests.drain(..).map(|export| (export, 0)));
    queue.flows.append(&mut exports.flows);
    queue.features.append(&mut exports.features);
}

/// Copies the pictures of this app frame, after the cameras have drawn them.
pub(crate) fn record_exports(
    mut queue: ResMut<ExportQueue>,
    images: Res<RenderAssets<GpuImage>>,
    device: Res<RenderDevice>,
    mut context: RenderContext,
) {
    let ExportQueue { exports, writer, .. } = &mut *queue;
    let Some(writer) = writer else { return };
    exports.retain_mut(|(export, copied)| {
        // A picture that is not there yet is waited for.
        let Some(image) = images.get(export.image) else { return true };
        copy(export, image, &device, context.command_encoder(), writer.clone());
        *copied += 1;
        *copied < export.frames
    });
}

fn copy(
    export: &Export,
    image: &GpuImage,
    device: &RenderDevice,
    encoder: &mut wgpu::CommandEncoder,
    writer: Sender<Work>,
) {
    let size = image.texture.size();
    let row_bytes = (size.width * 4).next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
    let buffer = device.wgpu_device().create_buffer(&wgpu::BufferDescriptor {
        label: Some("freshet:export"),
        size: u64::from(row_bytes) * u64::from(size.height),
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let layout =
        wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(row_bytes), rows_per_image: Some(size.height) };
    encoder.copy_texture_to_buffer(
        image.texture.as_image_copy(),
        wgpu::TexelCopyBufferInfo { buffer: &buffer, layout },
        size,
    );
    DOWN_EXPORT.add(Bytes(buffer.size()));
    let picture = Picture {
        path: export.path.clone(),
        frames: export.frames,
        rate_hz: export.rate_hz,
        width: size.width,
        height: size.height,
        row_bytes,
        format: image.texture.format(),
        buffer: buffer.clone(),
        arrived: false,
    };
    encoder.map_buffer_on_submit(&buffer, wgpu::MapMode::Read, .., move |mapped| {
        let picture = Picture { arrived: mapped.is_ok(), ..picture };
        if writer.try_send(Work::Picture(picture)).is_err() {
            warn!("a picture was not exported: the disk is too slow");
        }
    });
}
