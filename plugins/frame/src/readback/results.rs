//! A producer's own readback buffers: for results that are larger than metadata, or that come later than their frame.
//!
//! ```text
//!  claim(tag) ─► ResultTicket ── record: copy, submit, map ─► mapped ── collect: read with its tag, unmap ─► free
//!                     └─────────── dropped unrecorded ──────► lost ──── collected as lost ───────────────► free
//! ```

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use freshet_base::Bytes;
use freshet_ledger::{Account, foreign};

use crate::gpu::GpuBytes;

const FREE: u8 = 0;
const CLAIMED: u8 = 1;
const MAPPED: u8 = 2;
const LOST: u8 = 3;

/// Readback buffers of one producer, each for one result and its tag: which frame it belongs to, and whatever else is
/// needed to read it.
///
/// Slots may be claimed and recorded in the render world and collected in the main world. Nobody waits: when no slot is
/// free, the producer leaves this frame out and says so.
#[derive(Debug)]
pub struct ResultRing<T> {
    slots: Box<[Slot<T>]>,
    bytes: u64,
    claims: AtomicU64,
    account: &'static Account,
    _memory: GpuBytes,
}

#[derive(Debug)]
struct Slot<T> {
    buffer: wgpu::Buffer,
    state: AtomicU8,
    /// Which claim of the ring it is; results are collected in this order.
    number: AtomicU64,
    /// Only who holds the slot's state touches it: the lock is never contended.
    tag: Mutex<Option<T>>,
}

impl<T: Send + 'static> ResultRing<T> {
    /// Makes `slots` buffers of `bytes` each. What comes back is booked in `account`.
    pub fn new(device: &wgpu::Device, slots: usize, bytes: u64, account: &'static Account) -> Self {
        let bytes = bytes.next_multiple_of(wgpu::COPY_BUFFER_ALIGNMENT);
        let descriptor = wgpu::BufferDescriptor {
            label: Some("freshet:results"),
            size: bytes,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        };
        let slot = |_| Slot {
            buffer: device.create_buffer(&descriptor),
            state: AtomicU8::new(FREE),
            number: AtomicU64::new(0),
            tag: Mutex::new(None),
        };
        let memory = GpuBytes::hold(Bytes(bytes * slots as u64));
        let slots = (0..slots).map(slot).collect();
        Self { slots, bytes, claims: AtomicU64::new(0), account, _memory: memory }
    }

    /// Bytes of a slot.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Slots that are not free: claimed, on their way, or not collected yet.
    pub fn in_flight(&self) -> usize {
        self.slots.iter().filter(|slot| slot.state.load(Ordering::Acquire) != FREE).count()
    }

    /// Claims a free slot for a result. `None` when all are on their way.
    pub fn claim(self: &Arc<Self>, tag: T) -> Option<ResultTicket<T>> {
        let free =
            |slot: &Slot<T>| slot.state.compare_exchange(FREE, CLAIMED, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        let index = self.slots.iter().position(free)?;
        let slot = &self.slots[index];
        slot.number.store(self.claims.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        *slot.tag.lock().unwrap_or_else(PoisonError::into_inner) = Some(tag);
        Some(ResultTicket { ring: Some(Arc::clone(self)), index })
    }

    /// Reads what has arrived, in the order in which slots were claimed, and frees the slots. A result that was never
    /// recorded, or could not be mapped, is given as `None`.
    pub fn collect(&self, mut read: impl FnMut(T, Option<&[u8]>)) {
        loop {
            let arrived = |slot: &&Slot<T>| matches!(slot.state.load(Ordering::Acquire), MAPPED | LOST);
            let first = self.slots.iter().filter(arrived).min_by_key(|slot| slot.number.load(Ordering::Relaxed));
            let Some(slot) = first else { return };
            let tag = slot.tag.lock().unwrap_or_else(PoisonError::into_inner).take();
            let is_mapped = slot.state.load(Ordering::Acquire) == MAPPED;
            if is_mapped {
                self.account.add(Bytes(self.bytes));
                let view = foreign(|| slot.buffer.slice(..).get_mapped_range());
                if let Some(tag) = tag {
                    read(tag, Some(&view));
                }
                foreign(|| {
                    drop(view);
                    slot.buffer.unmap();
                });
            } else if let Some(tag) = tag {
                read(tag, None);
            }
            slot.state.store(FREE, Ordering::Release);
        }
    }
}

/// A claimed slot that travels with the work for its result. Dropped before it was recorded, it counts as lost.
#[derive(Debug)]
pub struct ResultTicket<T: Send + 'static> {
    ring: Option<Arc<ResultRing<T>>>,
    index: usize,
}

impl<T: Send + 'static> ResultTicket<T> {
    /// Records the copies of these pieces (buffer, first byte, bytes), one behind the other, and that the slot is mapped
    /// when the GPU is done.
    pub fn record<'b>(
        mut self,
        encoder: &mut wgpu::CommandEncoder,
        pieces: impl IntoIterator<Item = (&'b wgpu::Buffer, u64, u64)>,
    ) {
        let Some(ring) = self.ring.take() else { return };
        let index = self.index;
        let slot = &ring.slots[index];
        let mut at = 0;
        for (buffer, offset, bytes) in pieces {
            encoder.copy_buffer_to_buffer(buffer, offset, &slot.buffer, at, bytes);
            at += bytes;
        }
        let arriving = Arc::clone(&ring);
        encoder.map_buffer_on_submit(&slot.buffer, wgpu::MapMode::Read, .., move |mapped| {
            let state = if mapped.is_ok() { MAPPED } else { LOST };
            arriving.slots[index].state.store(state, Ordering::Release);
        });
    }
}

impl<T: Send + 'static> Drop for ResultTicket<T> {
    fn drop(&mut self) {
        if let Some(ring) = self.ring.take() {
            ring.slots[self.index].state.store(LOST, Ordering::Release);
        }
    }
}
