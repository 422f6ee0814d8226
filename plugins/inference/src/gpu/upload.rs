//! Weights on their way to the device: from the mapped file, in the kernels' order, straight into mapped staging buffers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use freshet_base::Bytes;
use freshet_frame::GpuBytes;
use freshet_ledger::WEIGHTS_UPLOADED;

use super::error::GpuError;
use super::shader::checked;

/// Staging buffers: one is written while the device reads the other.
const SLOTS: usize = 2;

/// Bytes of each.
const SLOT_BYTES: u64 = 8 << 20;

/// How long to wait for the device at most: longer than that, and it is lost.
const PATIENCE: Duration = Duration::from_secs(60);

const READY: u8 = 0;
const UNDER_WAY: u8 = 1;
const LOST: u8 = 2;

/// A ring of staging buffers for a worker thread: it waits for the device where it must.
pub(super) struct Upload<'a> {
    device: &'a wgpu::Device,
    queue: &'a wgpu::Queue,
    slots: [Slot; SLOTS],
    /// The slot that is written.
    current: usize,
    /// Bytes of it that are taken.
    used: u64,
    encoder: Option<wgpu::CommandEncoder>,
    _memory: GpuBytes,
}

struct Slot {
    buffer: wgpu::Buffer,
    state: Arc<AtomicU8>,
}

impl<'a> Upload<'a> {
    pub fn new(device: &'a wgpu::Device, queue: &'a wgpu::Queue) -> Result<Self, GpuError> {
        let slot = || Slot {
            buffer: device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("net staging"),
                size: SLOT_BYTES,
                usage: wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: true,
            }),
            state: Arc::new(AtomicU8::new(READY)),
        };
        let slots = checked(device, "staging memory", || [slot(), slot()])?;
        let memory = GpuBytes::hold(Bytes(SLOT_BYTES * SLOTS as u64));
        Ok(Self { device, queue, slots, current: 0, used: 0, encoder: None, _memory: memory })
    }

    /// One piece of `bytes`, a multiple of 4 or rounded up to one; `fill` writes it in parts of any order, each a multiple
    /// of 4 but the last.
    pub fn piece(
        &mut self,
        target: &wgpu::Buffer,
        offset: u64,
        bytes: usize,
        fill: impl FnOnce(&mut dyn FnMut(usize, &[u8])) -> Result<(), GpuError>,
    ) -> Result<(), GpuError> {
        let mut failed = Ok(());
        let mut write = |at: usize, part: &[u8]| {
            for (index, part) in part.chunks(SLOT_BYTES as usize).enumerate() {
                let at = at + index * SLOT_BYTES as usize;
                debug_assert!(at + part.len() <= bytes.next_multiple_of(4), "a part beyond its piece");
                if failed.is_ok() {
                    failed = self.part(target, offset + at as u64, part);
                }
            }
        };
        fill(&mut write)?;
        failed
    }

    /// A part of a piece, at its place in the target.
    fn part(&mut self, target: &wgpu::Buffer, offset: u64, part: &[u8]) -> Result<(), GpuError> {
        let size = (part.len() as u64).next_multiple_of(wgpu::COPY_BUFFER_ALIGNMENT);
        if self.used + size > SLOT_BYTES {
            self.submit()?;
        }
        let start = self.used;
        // Mapped ranges begin at multiples of 8.
        self.used += size.next_multiple_of(wgpu::MAP_ALIGNMENT);
        let buffer = &self.slots[self.current].buffer;
        let mut view = buffer.get_mapped_range_mut(start..start + size);
        view.slice(..part.len()).copy_from_slice(part);
        drop(view);
        let encoder = self.encoder.get_or_insert_with(|| {
            self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: Some("net weights") })
        });
        encoder.copy_buffer_to_buffer(buffer, start, target, offset, size);
        WEIGHTS_UPLOADED.add(Bytes(part.len() as u64));
        Ok(())
    }

    /// Hands what is written to the device, and goes on in the next slot once the device has read that.
    fn submit(&mut self) -> Result<(), GpuError> {
        if let Some(encoder) = self.encoder.take() {
            let slot = &self.slots[self.current];
            slot.buffer.unmap();
            slot.state.store(UNDER_WAY, Ordering::Relaxed);
            let state = Arc::clone(&slot.state);
            encoder.map_buffer_on_submit(&slot.buffer, wgpu::MapMode::Write, .., move |mapped| {
                state.store(if mapped.is_ok() { READY } else { LOST }, Ordering::Release);
            });
            self.queue.submit([encoder.finish()]);
            self.current = (self.current + 1) % SLOTS;
            self.used = 0;
        }
        self.wait(self.current)
    }

    /// Hands over the rest.
    pub fn finish(mut self) -> Result<(), GpuError> {
        self.submit()
    }

    fn wait(&self, slot: usize) -> Result<(), GpuError> {
        let lost = |reason: String| GpuError::Device { what: "weights".to_owned(), reason };
        let start = Instant::now();
        loop {
            match self.slots[slot].state.load(Ordering::Acquire) {
                READY => return Ok(()),
                LOST => return Err(lost("its staging buffers cannot be written any more".to_owned())),
                _ if start.elapsed() > PATIENCE => {
                    return Err(lost(format!("it has not answered for {} s", PATIENCE.as_secs())));
                }
                _ => {}
            }
            #[expect(clippy::disallowed_methods, reason = "asks and does not wait; on a worker thread")]
            let polled = self.device.poll(wgpu::PollType::Poll);
            polled.map_err(|cause| lost(cause.to_string()))?;
            std::thread::sleep(Duration::from_micros(100));
        }
    }
}
