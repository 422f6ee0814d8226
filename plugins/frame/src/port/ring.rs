//! The ring of mapped staging buffers: the one door through which pixels go to the GPU.
//!
//! ```text
//!          capture thread            main world              render world · GPU
//!  Free ── claim ─► Writing ─► Filled ── take, unmap ─► Taken ── copy, submit, map again ─► Free
//!                      │          └──── superseded ─────────────────────────────────────────► Free
//!                      └── the source failed ───────────────────────────────────────────────► Free
//! ```
//!
//! Each slot's state is one atomic; nobody waits for anybody. A slot that is taken is unmapped in the same breath, so a
//! mapped buffer cannot reach a submit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use bevy::render::renderer::RenderDevice;
use freshet_base::{Bytes, DropReason, FrameFormat, Timestamp};
use freshet_ledger::foreign;

use super::shared::PortShared;
use super::writer::FrameWriter;
use crate::gpu::GpuBytes;

const FREE: u8 = 0;
const WRITING: u8 = 1;
const FILLED: u8 = 2;
const TAKEN: u8 = 3;
/// The buffer could not be mapped again: the device is gone.
const LOST: u8 = 4;

/// Staging buffers for frames of one format.
#[derive(Debug)]
pub(crate) struct UploadRing {
    pub(crate) format: FrameFormat,
    slots: Box<[Slot]>,
    port: Arc<PortShared>,
    _memory: GpuBytes,
}

#[derive(Debug)]
struct Slot {
    buffer: wgpu::Buffer,
    state: AtomicU8,
    seq: AtomicU64,
    captured: AtomicU64,
}

impl UploadRing {
    /// Bytes of a staging buffer: a frame, rounded up to the 4 bytes that copies are made of.
    pub(crate) fn slot_bytes(format: &FrameFormat) -> Bytes {
        Bytes(format.bytes().0.next_multiple_of(wgpu::COPY_BUFFER_ALIGNMENT))
    }

    pub(crate) fn new(device: &RenderDevice, format: FrameFormat, slots: usize, port: Arc<PortShared>) -> Self {
        let size = Self::slot_bytes(&format).0;
        let descriptor = wgpu::BufferDescriptor {
            label: Some("freshet:staging"),
            size,
            usage: wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: true,
        };
        let slot = |_| Slot {
            buffer: device.wgpu_device().create_buffer(&descriptor),
            state: AtomicU8::new(FREE),
            seq: AtomicU64::new(0),
            captured: AtomicU64::new(0),
        };
        let memory = GpuBytes::hold(Bytes(size * slots as u64));
        Self { format, slots: (0..slots).map(slot).collect(), port, _memory: memory }
    }

    fn move_state(&self, index: usize, from: u8, to: u8) -> bool {
        self.slots[index].state.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Whether no slot can ever be used again: the device is gone.
    pub(crate) fn is_lost(&self) -> bool {
        self.slots.iter().all(|slot| slot.state.load(Ordering::Relaxed) == LOST)
    }

    /// Claims a free slot for the capture thread.
    pub(crate) fn claim(&self) -> Option<ClaimedSlot<'_>> {
        let index = (0..self.slots.len()).find(|&index| self.move_state(index, FREE, WRITING))?;
        Some(ClaimedSlot { ring: self, index })
    }

    /// The filled slots: index and number of the frame in it.
    pub(crate) fn filled(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let filled = slot.state.load(Ordering::Acquire) == FILLED;
            filled.then(|| (index, slot.seq.load(Ordering::Relaxed)))
        })
    }

    /// Hands a filled slot back unread and counts the frame as dropped; its buffer is still mapped.
    pub(crate) fn discard(&self, index: usize, reason: DropReason) {
        if self.move_state(index, FILLED, FREE) {
            self.port.count_drop(reason, 1);
            self.port.wake();
        }
    }

    /// Hands all filled slots back.
    pub(crate) fn discard_all(&self, reason: DropReason) {
        for index in 0..self.slots.len() {
            self.discard(index, reason);
        }
    }

    /// Takes a filled slot for upload and unmaps it.
    pub(crate) fn take(self: &Arc<Self>, index: usize) -> Option<(Upload, Timestamp)> {
        let slot = &self.slots[index];
        if !self.move_state(index, FILLED, TAKEN) {
            return None;
        }
        foreign(|| slot.buffer.unmap());
        let captured = Timestamp::from_nanos(slot.captured.load(Ordering::Relaxed));
        Some((Upload { ring: Some(Arc::clone(self)), index }, captured))
    }

    /// The callback of a mapping: the slot is writable again, or will never be.
    fn mapped_again(&self, index: usize, mapped: bool) {
        self.slots[index].state.store(if mapped { FREE } else { LOST }, Ordering::Release);
        self.port.wake();
    }
}

impl Drop for UploadRing {
    /// A frame that was filled in while the ring was given up is counted, too.
    fn drop(&mut self) {
        self.discard_all(DropReason::Unwanted);
    }
}

/// A slot that the capture thread fills. Dropped unfilled, it is free again.
#[derive(Debug)]
pub(crate) struct ClaimedSlot<'a> {
    ring: &'a UploadRing,
    index: usize,
}

impl ClaimedSlot<'_> {
    /// Writes a frame and hands the slot over, or frees it when the source fails.
    pub(crate) fn fill<E>(
        self,
        seq: u64,
        captured: Timestamp,
        write: impl FnOnce(&mut FrameWriter<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let slot = &self.ring.slots[self.index];
        let mut writer = FrameWriter::mapped(self.ring.format, slot.buffer.slice(..).get_mapped_range_mut());
        write(&mut writer)?;
        drop(writer);
        slot.seq.store(seq, Ordering::Relaxed);
        slot.captured.store(captured.as_nanos(), Ordering::Relaxed);
        slot.state.store(FILLED, Ordering::Release);
        Ok(())
    }
}

impl Drop for ClaimedSlot<'_> {
    fn drop(&mut self) {
        self.ring.move_state(self.index, WRITING, FREE);
    }
}

/// A frame on its way to the GPU: an unmapped staging buffer. Dropped before it was recorded, its slot is mapped again.
#[derive(Debug)]
pub(crate) struct Upload {
    ring: Option<Arc<UploadRing>>,
    index: usize,
}

impl Upload {
    /// Records the copy into `target`, and that the slot is mapped again when the GPU is done with it.
    pub(crate) fn record(mut self, encoder: &mut wgpu::CommandEncoder, target: &wgpu::Buffer) {
        let Some(ring) = self.ring.take() else { return };
        let index = self.index;
        let buffer = &ring.slots[index].buffer;
        encoder.copy_buffer_to_buffer(buffer, 0, target, 0, buffer.size());
        let again = Arc::clone(&ring);
        encoder.map_buffer_on_submit(buffer, wgpu::MapMode::Write, .., move |mapped| {
            again.mapped_again(index, mapped.is_ok());
        });
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let Some(ring) = self.ring.take() else { return };
        let (index, again) = (self.index, Arc::clone(&ring));
        ring.slots[index].buffer.slice(..).map_async(wgpu::MapMode::Write, move |mapped| {
            again.mapped_again(index, mapped.is_ok());
        });
    }
}
