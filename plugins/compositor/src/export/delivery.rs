//! The way of one export from the GPU to the writing thread.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bevy::log::warn;
use bevy::render::renderer::RenderDevice;
use freshet_base::Bytes;
use freshet_ledger::DOWN_EXPORT;

use super::render::ExportQueue;
use super::writer::Work;
use super::{ExportDone, ExportError};

/// What was copied for a file, in a mapped buffer.
pub(super) struct Delivery {
    path: PathBuf,
    buffer: wgpu::Buffer,
    arrived: bool,
}

impl Delivery {
    /// Copies by `copy` into a buffer of this size, books it, and has it written as `work` when it is mapped.
    pub(super) fn send(
        queue: &ExportQueue,
        device: &RenderDevice,
        encoder: &mut wgpu::CommandEncoder,
        (path, size): (PathBuf, u64),
        copy: impl FnOnce(&mut wgpu::CommandEncoder, &wgpu::Buffer),
        work: impl FnOnce(Self) -> Work + Send + 'static,
    ) {
        let Some(writer) = queue.writer.clone() else { return };
        let buffer = device.wgpu_device().create_buffer(&wgpu::BufferDescriptor {
            label: Some("freshet:export"),
            size,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        copy(encoder, &buffer);
        DOWN_EXPORT.add(Bytes(size));
        queue.open.fetch_add(1, Ordering::Relaxed);
        let open = Arc::clone(&queue.open);
        let delivery = Self { path, buffer: buffer.clone(), arrived: false };
        encoder.map_buffer_on_submit(&buffer, wgpu::MapMode::Read, .., move |mapped| {
            let delivery = Self { arrived: mapped.is_ok(), ..delivery };
            if writer.try_send(work(delivery)).is_err() {
                open.fetch_sub(1, Ordering::Relaxed);
                warn!("a frame was not exported: the disk is too slow");
            }
        });
    }

    /// Writes the file by `write`, which is given its path and what was copied.
    pub(super) fn write(&self, write: impl FnOnce(&std::path::Path, &[u8]) -> std::io::Result<()>) -> ExportDone {
        let path = self.path.clone();
        if !self.arrived {
            return ExportDone { path: path.clone(), result: Err(ExportError::DeviceLost { path }) };
        }
        let written = write(&path, &self.buffer.slice(..).get_mapped_range());
        let result = written.map(|()| 1).map_err(|source| ExportError::Write { path: path.clone(), source });
        ExportDone { path, result }
    }
}
