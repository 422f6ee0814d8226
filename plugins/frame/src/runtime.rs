//! What the main world keeps of an open stream.

use std::sync::Arc;

use arrayvec::ArrayVec;
use bevy::ecs::component::Component;
use freshet_base::{FrameFormat, FrameId};

use crate::demand::Products;
use crate::pool::FramePool;
use crate::readback::ReadbackRing;
use crate::stream::StreamSettings;

/// What the main world keeps of an open stream.
#[derive(Component, Debug, Default)]
pub(crate) struct StreamRuntime {
    pub(crate) pool: FramePool,
    /// The ring of readback slots, while anything is wanted.
    pub(crate) readback: Option<Arc<ReadbackRing>>,
    /// What each readback slot carries.
    pub(crate) pending: ArrayVec<Option<PendingFrame>, { StreamSettings::MAX_SLOTS }>,
    /// App frames for which nothing was wanted.
    pub(crate) idle_frames: u32,
    /// GPU slot and shape of the newest frame, and what was made of it.
    pub(crate) newest: Option<(usize, FrameFormat, Products)>,
}

/// A frame whose results are on their way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PendingFrame {
    pub(crate) frame: FrameId,
    pub(crate) products: Products,
    /// Place in the pool.
    pub(crate) place: usize,
}

impl StreamRuntime {
    /// Frees the readback slots, unless results are still on their way.
    pub(crate) fn free_readback(&mut self) {
        if self.readback.is_some() && self.pending.iter().all(Option::is_none) {
            self.readback = None;
            self.pending.clear();
        }
    }

    /// Whether results for the frame in this place are still on their way.
    pub(crate) fn is_pending(&self, place: usize) -> bool {
        self.pending.iter().flatten().any(|pending| pending.place == place)
    }
}
