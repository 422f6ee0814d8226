//! Weights on their way to the GPU: from the map straight into mapped staging buffers, a slice at a time.
//!
//! ```text
//! file ── asked ahead ─► page cache ── one write, converted on the way ─► staging slot ── GPU copy ─► buffer
//!            not there yet: next step          ▲ mapped                        │ submitted
//!                                              └────── mapped again ◄──────────┘
//! ```
//!
//! A step never waits: not for the GPU (no slot is free), not for the disk (the next bytes are not in memory yet), and
//! it stops when its time is up.

mod ahead;
mod error;
mod layout;
mod plan;
mod ring;
mod target;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

pub use self::error::UploadError;
pub use self::layout::{Element, Layout, Repack};
pub use self::plan::UploadItem;
pub use self::target::Target;

use self::ahead::Ahead;
use self::plan::Planned;
use self::ring::Ring;
use super::handle::Weights;

/// Steps after which what is waited for is asked for again: the system may have turned it down, or let go of it.
const ASK_AGAIN_STEPS: u32 = 4;

/// How much is moved at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadSettings {
    /// Staging buffers. More keep the GPU busy while frames are far apart. Default 2, at least 1.
    pub slots: usize,
    /// Bytes of each. Higher moves more per step and holds more memory meanwhile. Default 8 MiB, at least 4 KiB.
    pub slot_bytes: u64,
    /// How long a step may copy. Higher finishes sooner and takes more of a frame. Default 2 ms. It is looked at
    /// every 256 KiB, and a step that can copy copies that much.
    pub step_time: Duration,
    /// Steps that wait for the disk before one copies anyway, and then does wait. It keeps an upload going when the
    /// system has no room for what is asked for. Default 120.
    pub patience: u32,
}

impl Default for UploadSettings {
    fn default() -> Self {
        Self { slots: 2, slot_bytes: 8 << 20, step_time: Duration::from_millis(2), patience: 120 }
    }
}

/// How far an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadProgress {
    /// Bytes recorded for the GPU.
    pub done: u64,
    /// Bytes of all items, as they lie on the GPU.
    pub total: u64,
    /// What it does.
    pub state: UploadState,
}

impl UploadProgress {
    /// From 0 to 1.
    pub fn fraction(&self) -> f32 {
        if self.total == 0 { 1.0 } else { (self.done as f64 / self.total as f64) as f32 }
    }
}

/// What an upload does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadState {
    /// The step copied.
    Copying,
    /// The step copied nothing: what comes next is still on the disk.
    WaitsForDisk,
    /// The step copied nothing: the GPU has not read what was copied before.
    WaitsForGpu,
    /// Everything is recorded. What is submitted after it sees the weights.
    Done,
}

/// Bytes that an upload moved so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UploadCounts {
    /// To the GPU.
    pub payload: u64,
    /// To the GPU, beside the payload: copies are made of 4 bytes.
    pub padding: u64,
    /// Of the payload, those that were converted or repacked as they were written. None is copied a second time.
    pub converted: u64,
}

/// Moves tensors to the GPU, a slice per step. Drop it when it is done: the staging buffers go with it.
///
/// It may be stepped on any thread, so a task can pay for conversions that are slow.
#[derive(Debug)]
pub struct WeightUpload {
    weights: Weights,
    settings: UploadSettings,
    items: Vec<Planned>,
    /// The item that is next.
    item: usize,
    ring: Ring,
    ahead: Ahead,
    counts: UploadCounts,
    total: u64,
    /// Bytes of the file that the items before it took.
    read: usize,
    /// Steps in a row that waited for the disk.
    idle: u32,
}

impl WeightUpload {
    /// Checks the items and makes the staging buffers. Reads no tensor.
    ///
    /// # Errors
    ///
    /// A tensor is missing or of a type that the layout cannot take, or does not fit where it should go.
    pub fn new(
        device: &wgpu::Device,
        weights: &Weights,
        items: impl IntoIterator<Item = UploadItem>,
        settings: UploadSettings,
    ) -> Result<Self, UploadError> {
        let items = items.into_iter().map(|item| Planned::new(weights, item)).collect::<Result<Vec<_>, _>>()?;
        let mut items: Vec<_> = items.into_iter().filter(|item| item.bytes() > 0).collect();
        // As they lie in the file, so that the disk reads on and on.
        items.sort_by_key(|item| item.place().start);
        let total = items.iter().map(Planned::bytes).sum();
        let ring = Ring::new(device, &settings);
        let counts = UploadCounts::default();
        Ok(Self {
            weights: weights.clone(),
            settings,
            items,
            item: 0,
            ring,
            ahead: Ahead::default(),
            counts,
            total,
            read: 0,
            idle: 0,
        })
    }

    /// Copies what there is time and room for, and records its way into the buffers. `encoder` must be submitted, or
    /// its slots never come back; after an error, it may be.
    ///
    /// # Errors
    ///
    /// The file changed, a value does not fit its new type, a repacker wrote too little or too much, or the device is
    /// lost. The upload is over then.
    ///
    /// # Panics
    ///
    /// The device was destroyed by `Device::destroy`: wgpu ends the program when memory of such a device is asked for.
    pub fn step(&mut self, encoder: &mut wgpu::CommandEncoder) -> Result<UploadProgress, UploadError> {
        if self.is_done() {
            return Ok(self.progress(UploadState::Done));
        }
        let end = Instant::now() + self.settings.step_time;
        let before = self.counts.payload;
        let filled = self.fill_slots(encoder, end);
        // Before what was copied is used, and before a fault in it is put down to the file as it was.
        self.weights.check_unchanged()?;
        let state = filled?;
        let copied = self.counts.payload > before;
        self.idle = if !copied && state == UploadState::WaitsForDisk { self.idle + 1 } else { 0 };
        Ok(self.progress(match () {
            () if self.is_done() => UploadState::Done,
            () if copied => UploadState::Copying,
            () => state,
        }))
    }

    /// Fills slots until none is free, time is up or the disk is behind.
    fn fill_slots(&mut self, encoder: &mut wgpu::CommandEncoder, end: Instant) -> Result<UploadState, UploadError> {
        while !self.is_done() {
            let state = self.fill_slot(encoder, end)?;
            if state != UploadState::Copying || Instant::now() >= end {
                return Ok(state);
            }
        }
        Ok(UploadState::Copying)
    }

    /// Fills a slot until it is full, time is up or the disk is behind, and sends it off.
    fn fill_slot(&mut self, encoder: &mut wgpu::CommandEncoder, end: Instant) -> Result<UploadState, UploadError> {
        let Some(slot) = self.ring.free()? else { return Ok(UploadState::WaitsForGpu) };
        let mut memory = slot.buffer.slice(..).get_mapped_range_mut();
        let (mut used, mut result) = (0, Ok(UploadState::Copying));
        while let Some(item) = self.items.get_mut(self.item) {
            let Some(piece) = item.next(memory.len() - used) else { break };
            let needs = item.needs(&piece);
            let wanted = self.read + needs.end - item.place().start;
            if self.idle < self.settings.patience && !self.weights.is_cached(needs.clone()) {
                self.ahead.ask(&self.weights, &self.items, wanted, end);
                if self.idle % ASK_AGAIN_STEPS == ASK_AGAIN_STEPS - 1 {
                    self.weights.ask(needs);
                }
                result = Ok(UploadState::WaitsForDisk);
                break;
            }
            if let Err(error) = item.write(&self.weights, &piece, memory.slice(used..used + piece.padded)) {
                result = Err(error);
                break;
            }
            item.record(encoder, &piece, &slot.buffer, used);
            used += piece.padded;
            self.counts.payload += piece.bytes as u64;
            self.counts.padding += (piece.padded - piece.bytes) as u64;
            self.counts.converted += if item.is_converted() { piece.bytes as u64 } else { 0 };
            if item.is_done() {
                self.weights.forget(item.place().clone());
                self.read += item.place().len();
                self.item += 1;
            }
            self.ahead.ask(&self.weights, &self.items, wanted, end);
            if Instant::now() >= end {
                break;
            }
        }
        drop(memory);
        if used > 0 {
            slot.send(encoder);
        }
        result
    }

    /// How far it is.
    pub fn progress(&self, state: UploadState) -> UploadProgress {
        UploadProgress { done: self.counts.payload, total: self.total, state }
    }

    /// Whether everything is recorded.
    pub fn is_done(&self) -> bool {
        self.item == self.items.len()
    }

    /// Bytes moved so far.
    pub fn counts(&self) -> UploadCounts {
        self.counts
    }
}
