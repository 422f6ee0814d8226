//! The ring of readback buffers: the one door through which results come back.
//!
//! ```text
//!          main world           render world · GPU            main world
//!  Free ── claim ─► Claimed ── copy, submit, map ─► Mapped ── read, unmap ─► Free
//!                      └── never recorded ────────► Lost ──── counted ─────► Free
//! ```
//!
//! Each slot carries the results of one frame, at most [`MetadataSection::LIMIT`] bytes. Nobody waits: a frame for
//! which no slot is free is dropped with that reason, or, where every frame counts, stays at the entrance.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use bevy::render::renderer::RenderDevice;
use freshet_base::Bytes;
use freshet_ledger::{DOWN_METADATA, foreign};

use super::section::MetadataSection;
use crate::demand::Products;
use crate::gpu::GpuBytes;

const FREE: u8 = 0;
const CLAIMED: u8 = 1;
const MAPPED: u8 = 2;
const LOST: u8 = 3;

/// Readback buffers of one stream.
#[derive(Debug)]
pub(crate) struct ReadbackRing {
    slots: Box<[Slot]>,
    _memory: GpuBytes,
}

#[derive(Debug)]
struct Slot {
    buffer: wgpu::Buffer,
    state: AtomicU8,
    /// Bytes that were copied and mapped.
    used: AtomicU64,
    /// The products that stages made for this frame.
    made: AtomicU64,
}

/// What came back for one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Still on its way.
    Pending,
    /// The results are there to be read.
    Mapped {
        /// What the stages made.
        made: Products,
    },
    /// The frame was never recorded or its results could not be mapped.
    Lost,
}

impl ReadbackRing {
    pub(crate) fn new(device: &RenderDevice, slots: usize) -> Self {
        let descriptor = wgpu::BufferDescriptor {
            label: Some("freshet:readback"),
            size: MetadataSection::LIMIT,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        };
        let slot = |_| Slot {
            buffer: device.wgpu_device().create_buffer(&descriptor),
            state: AtomicU8::new(FREE),
            used: AtomicU64::new(0),
            made: AtomicU64::new(0),
        };
        let memory = GpuBytes::hold(Bytes(MetadataSection::LIMIT * slots as u64));
        Self { slots: (0..slots).map(slot).collect(), _memory: memory }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn has_free(&self) -> bool {
        self.slots.iter().any(|slot| slot.state.load(Ordering::Acquire) == FREE)
    }

    /// Claims a free slot for a frame that is about to be handed to the render world.
    pub(crate) fn claim(self: &Arc<Self>) -> Option<Ticket> {
        let free =
            |slot: &Slot| slot.state.compare_exchange(FREE, CLAIMED, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        let index = self.slots.iter().position(free)?;
        Some(Ticket { ring: Some(Arc::clone(self)), index })
    }

    /// What came back in a slot.
    pub(crate) fn arrival(&self, index: usize) -> Arrival {
        let slot = &self.slots[index];
        match slot.state.load(Ordering::Acquire) {
            MAPPED => Arrival::Mapped { made: Products::from_bits(slot.made.load(Ordering::Relaxed)) },
            LOST => Arrival::Lost,
            _ => Arrival::Pending,
        }
    }

    /// Reads a mapped slot and frees it; frees a lost one unread.
    pub(crate) fn release(&self, index: usize, read: impl FnOnce(&[u8])) {
        let slot = &self.slots[index];
        if slot.state.load(Ordering::Acquire) == MAPPED {
            let used = slot.used.load(Ordering::Relaxed);
            DOWN_METADATA.add(Bytes(used));
            let view = foreign(|| slot.buffer.slice(..used).get_mapped_range());
            read(&view);
            foreign(|| {
                drop(view);
                slot.buffer.unmap();
            });
        }
        slot.state.store(FREE, Ordering::Release);
    }
}

/// A claimed slot that travels with its frame. Dropped before it was recorded, it counts as lost.
#[derive(Debug)]
pub(crate) struct Ticket {
    ring: Option<Arc<ReadbackRing>>,
    index: usize,
}

impl Ticket {
    /// Number of the slot.
    pub(crate) const fn index(&self) -> usize {
        self.index
    }

    /// Records the copy of the results that stages `made`, and that the slot is mapped when the GPU is done.
    pub(crate) fn record(
        mut self,
        encoder: &mut wgpu::CommandEncoder,
        metadata: &wgpu::Buffer,
        sections: &[MetadataSection],
        made: Products,
    ) {
        let present = || sections.iter().filter(|section| made.contains(section.product));
        let Some(used) = present().map(|section| section.packed + section.bytes).max() else { return };
        let Some(ring) = self.ring.take() else { return };
        let index = self.index;
        let slot = &ring.slots[index];
        for section in present() {
            encoder.copy_buffer_to_buffer(metadata, section.offset, &slot.buffer, section.packed, section.bytes);
        }
        slot.used.store(used, Ordering::Relaxed);
        slot.made.store(made.bits(), Ordering::Relaxed);
        let arriving = Arc::clone(&ring);
        encoder.map_buffer_on_submit(&slot.buffer, wgpu::MapMode::Read, ..used, move |mapped| {
            let state = if mapped.is_ok() { MAPPED } else { LOST };
            arriving.slots[index].state.store(state, Ordering::Release);
        });
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(ring) = self.ring.take() {
            ring.slots[self.index].state.store(LOST, Ordering::Release);
        }
    }
}
