//! The staging buffers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use super::UploadSettings;
use super::error::UploadError;

/// Mapped, and nobody writes.
const FREE: u8 = 0;
/// On its way to the GPU, or being mapped again.
const AWAY: u8 = 1;
/// It could not be mapped again.
const LOST: u8 = 2;

/// Staging buffers that are mapped, filled, read by the GPU and mapped again.
#[derive(Debug)]
pub(super) struct Ring {
    slots: Vec<Slot>,
}

#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) buffer: wgpu::Buffer,
    state: Arc<AtomicU8>,
}

impl Ring {
    pub(super) fn new(device: &wgpu::Device, settings: &UploadSettings) -> Self {
        let descriptor = wgpu::BufferDescriptor {
            label: Some("freshet:weights"),
            size: settings.slot_bytes.max(4096).next_multiple_of(wgpu::COPY_BUFFER_ALIGNMENT),
            usage: wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: true,
        };
        let slot = |_| Slot { buffer: device.create_buffer(&descriptor), state: Arc::new(AtomicU8::new(FREE)) };
        Self { slots: (0..settings.slots.max(1)).map(slot).collect() }
    }

    /// A slot that is mapped. `None` while the GPU has them all.
    pub(super) fn free(&self) -> Result<Option<&Slot>, UploadError> {
        let is = |wanted| move |slot: &&Slot| slot.state.load(Ordering::Acquire) == wanted;
        if self.slots.iter().any(|slot| is(LOST)(&slot)) {
            return Err(UploadError::Lost);
        }
        Ok(self.slots.iter().find(is(FREE)))
    }

    #[cfg(test)]
    pub(super) fn lose(&self) {
        self.slots[0].mapped_again(false);
    }
}

impl Slot {
    /// Unmaps it, and records that it is mapped again when the GPU has read it.
    pub(super) fn send(&self, encoder: &wgpu::CommandEncoder) {
        self.state.store(AWAY, Ordering::Release);
        self.buffer.unmap();
        let slot = self.clone();
        encoder.map_buffer_on_submit(&self.buffer, wgpu::MapMode::Write, .., move |mapped| {
            slot.mapped_again(mapped.is_ok());
        });
    }

    fn mapped_again(&self, is_mapped: bool) {
        self.state.store(if is_mapped { FREE } else { LOST }, Ordering::Release);
    }
}
