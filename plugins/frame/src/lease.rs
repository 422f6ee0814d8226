//! Keeping a frame for longer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use bevy::ecs::component::Component;
use freshet_base::FrameId;
use thiserror::Error;

use crate::frame::Frame;
use crate::stream::StreamSettings;

/// Consumers that may hold leases on one stream.
const CONSUMERS: usize = 8;

/// The leases on a stream's frames.
#[derive(Component, Debug, Clone)]
pub struct Leases(Arc<Table>);

#[derive(Debug)]
struct Table {
    /// Leases on each frame of the pool.
    frames: [AtomicU16; StreamSettings::MAX_FRAMES],
    /// Who holds leases, and how many: names are set once and stay.
    consumers: [(std::sync::OnceLock<&'static str>, AtomicU16); CONSUMERS],
    /// Leases of all consumers together.
    held: AtomicU16,
    /// Most of them.
    limit: u16,
}

impl Table {
    /// Most leases of one consumer: half of what all may hold.
    const fn consumer_limit(&self) -> u16 {
        self.limit.div_ceil(2)
    }
}

/// Keeps a frame from being recycled. Give it back by dropping it.
///
/// The entity and its attachments stay as they are. Its textures stay, too, unless the stream changes its size or nobody
/// wants them any more.
///
/// Bounded for each consumer and for all together, so that one that forgets to give back starves neither the others
/// nor the stream: two frames of the pool always stay free.
#[derive(Debug)]
pub struct FrameLease {
    table: Arc<Table>,
    slot: usize,
    consumer: usize,
    id: FrameId,
}

/// Why a frame could not be leased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LeaseError {
    /// The handle is out of date.
    #[error("frame {seq} has been recycled")]
    Recycled {
        /// Number of the frame that was asked for.
        seq: u64,
    },
    /// This consumer holds as many leases as it may.
    #[error("{consumer} holds {limit} frames of this stream already, as many as it may")]
    TooMany {
        /// Who asked.
        consumer: &'static str,
        /// Most leases.
        limit: u16,
    },
    /// All consumers together hold as many leases as they may.
    #[error("{limit} frames of this stream are leased already, as many as its pool can spare")]
    AllLeased {
        /// Most leases.
        limit: u16,
    },
    /// Too many different consumers.
    #[error("{consumer} is one consumer too many: {CONSUMERS} may hold leases on a stream")]
    TooManyConsumers {
        /// Who asked.
        consumer: &'static str,
    },
}

impl Leases {
    pub(crate) fn new(frames: usize) -> Self {
        Self(Arc::new(Table {
            frames: Default::default(),
            consumers: Default::default(),
            held: AtomicU16::new(0),
            limit: frames.saturating_sub(2).max(1) as u16,
        }))
    }

    /// Leases a frame for `consumer`. `frame` and `slot` are the components of the frame entity that `id` names.
    ///
    /// # Errors
    ///
    /// When the frame has been recycled, or the consumer holds as many leases as it may.
    pub fn lease(
        &self,
        id: FrameId,
        frame: &Frame,
        slot: crate::frame::GpuSlot,
        consumer: &'static str,
    ) -> Result<FrameLease, LeaseError> {
        if frame.seq != id.seq {
            return Err(LeaseError::Recycled { seq: id.seq });
        }
        let table = &self.0;
        let index = table
            .consumers
            .iter()
            .position(|(name, _)| *name.get_or_init(|| consumer) == consumer)
            .ok_or(LeaseError::TooManyConsumers { consumer })?;
        let take = |count: &AtomicU16, limit: u16| {
            let one_more = |held| (held < limit).then_some(held + 1);
            count.fetch_update(Ordering::AcqRel, Ordering::Relaxed, one_more).is_ok()
        };
        let own = &table.consumers[index].1;
        if !take(own, table.consumer_limit()) {
            return Err(LeaseError::TooMany { consumer, limit: table.consumer_limit() });
        }
        if !take(&table.held, table.limit) {
            own.fetch_sub(1, Ordering::AcqRel);
            return Err(LeaseError::AllLeased { limit: table.limit });
        }
        table.frames[usize::from(slot.0)].fetch_add(1, Ordering::Relaxed);
        Ok(FrameLease { table: Arc::clone(table), slot: usize::from(slot.0), consumer: index, id })
    }

    /// Whether anybody holds this slot's frame.
    pub(crate) fn is_leased(&self, slot: usize) -> bool {
        self.0.frames[slot].load(Ordering::Acquire) > 0
    }
}

impl FrameLease {
    /// The frame that is kept.
    pub const fn id(&self) -> FrameId {
        self.id
    }
}

impl Drop for FrameLease {
    fn drop(&mut self) {
        self.table.consumers[self.consumer].1.fetch_sub(1, Ordering::AcqRel);
        self.table.held.fetch_sub(1, Ordering::AcqRel);
        self.table.frames[self.slot].fetch_sub(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::GpuSlot;
    use bevy::ecs::entity::Entity;
    use freshet_base::{FrameFormat, PixelFormat, Timestamp};

    fn frame(seq: u64) -> (FrameId, Frame) {
        let format = FrameFormat::new(8, 8, PixelFormat::Gray8).unwrap();
        let frame = Frame { stream: Entity::PLACEHOLDER, seq, captured: Timestamp::default(), format };
        (frame.id(Entity::PLACEHOLDER), frame)
    }

    #[test]
    fn a_lease_is_returned_by_drop() {
        let leases = Leases::new(4);
        let (id, held) = frame(7);
        let lease = leases.lease(id, &held, GpuSlot(2), "test").unwrap();
        assert!(leases.is_leased(2) && !leases.is_leased(1));
        drop(lease);
        assert!(!leases.is_leased(2));
    }

    #[test]
    fn two_frames_always_stay_free() {
        let leases = Leases::new(4);
        let (id, held) = frame(7);
        let first = leases.lease(id, &held, GpuSlot(0), "greedy").unwrap();
        let again = leases.lease(id, &held, GpuSlot(1), "greedy").unwrap_err();
        assert_eq!(again, LeaseError::TooMany { consumer: "greedy", limit: 1 });
        let _second = leases.lease(id, &held, GpuSlot(1), "modest").unwrap();
        let third = leases.lease(id, &held, GpuSlot(2), "third").unwrap_err();
        assert_eq!(third, LeaseError::AllLeased { limit: 2 });
        drop(first);
        assert!(leases.lease(id, &held, GpuSlot(3), "third").is_ok());
    }

    #[test]
    fn a_recycled_frame_is_refused() {
        let (id, _) = frame(7);
        let (_, newer) = frame(11);
        assert_eq!(Leases::new(4).lease(id, &newer, GpuSlot(0), "test").unwrap_err(), LeaseError::Recycled { seq: 7 });
    }
}
