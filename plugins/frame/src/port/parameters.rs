//! A few numbers for the GPU that change from frame to frame, through mapped memory as pictures go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use freshet_base::Bytes;
use freshet_ledger::{UPLOADED, foreign};

use crate::gpu::GpuBytes;

/// A uniform that may change with each frame, and the staging buffers by which it does.
///
/// Stages get along without: what belongs to the stream is written when it is prepared, and what moves lives on the
/// GPU. This is for what the app says anew for each frame: the part of the picture that a net is to see.
#[derive(Debug)]
pub struct Parameters {
    uniform: wgpu::Buffer,
    staging: Arc<[Staging]>,
    written: Vec<u8>,
    _memory: GpuBytes,
}

#[derive(Debug)]
struct Staging {
    buffer: wgpu::Buffer,
    is_free: AtomicBool,
}

impl Parameters {
    /// How many changes may be on their way to the GPU.
    const STAGING: usize = 4;

    /// Parameters of this many bytes, a multiple of 4; zeros at first.
    pub fn new(device: &wgpu::Device, bytes: usize) -> Self {
        let size = bytes as u64;
        let buffer = |usage, mapped_at_creation| {
            let label = Some("freshet:parameters");
            device.create_buffer(&wgpu::BufferDescriptor { label, size, usage, mapped_at_creation })
        };
        let staging = |_| Staging {
            buffer: buffer(wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC, true),
            is_free: AtomicBool::new(true),
        };
        Self {
            uniform: buffer(wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST, false),
            staging: (0..Self::STAGING).map(staging).collect(),
            written: vec![0; bytes],
            _memory: GpuBytes::hold(Bytes(size * (1 + Self::STAGING as u64))),
        }
    }

    /// What shaders read.
    pub fn uniform(&self) -> &wgpu::Buffer {
        &self.uniform
    }

    /// Records that the uniform becomes `bytes`, if it is something else. Outside of passes. False when it cannot be
    /// changed now, as all staging buffers are on their way; it keeps its value then.
    #[must_use]
    pub fn record(&mut self, encoder: &mut wgpu::CommandEncoder, bytes: &[u8]) -> bool {
        if self.written == bytes {
            return true;
        }
        let Some(index) = self.staging.iter().position(|one| one.is_free.load(Ordering::Acquire)) else { return false };
        let one = &self.staging[index];
        one.is_free.store(false, Ordering::Relaxed);
        self.written.copy_from_slice(bytes);
        UPLOADED.add(Bytes(bytes.len() as u64));
        foreign(|| {
            one.buffer.get_mapped_range_mut(..).copy_from_slice(bytes);
            one.buffer.unmap();
            encoder.copy_buffer_to_buffer(&one.buffer, 0, &self.uniform, 0, None);
            let staging = Arc::clone(&self.staging);
            encoder.map_buffer_on_submit(&one.buffer, wgpu::MapMode::Write, .., move |mapped| {
                // One that cannot be mapped again is not used again.
                staging[index].is_free.store(mapped.is_ok(), Ordering::Release);
            });
        });
        true
    }
}
