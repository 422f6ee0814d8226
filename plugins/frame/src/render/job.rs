//! What the main world hands to the render world, once per app frame.

use bevy::ecs::prelude::*;
use bevy::render::MainWorld;
use freshet_base::{FrameFormat, FrameId};

use crate::demand::Products;
use crate::port::Upload;
use crate::readback::Ticket;

/// One frame to be uploaded and worked on.
#[derive(Debug)]
pub struct FrameJob {
    /// The stream entity of the main world.
    pub stream: Entity,
    /// The frame: its entity and its number.
    pub frame: FrameId,
    /// The frame's shape.
    pub format: FrameFormat,
    /// Frames of the stream's pool: GPU slots.
    pub slots: usize,
    /// The GPU slot of this frame.
    pub slot: usize,
    /// The GPU slot of the frame before it, when there is one of the same shape. Frames of which less was made, because
    /// GPU time was short, are passed over.
    pub previous_slot: Option<usize>,
    /// Everything that is to be made of it.
    pub products: Products,
    /// What the stages have made of it so far.
    pub(crate) made: Products,
    pub(crate) upload: Option<Upload>,
    pub(crate) readback: Option<Ticket>,
}

impl FrameJob {
    /// What the stages have made of it so far.
    pub fn made(&self) -> Products {
        self.made
    }
}

/// In the main world: filled in `Last`, emptied by extraction. In the render world: this frame's work.
#[derive(Resource, Debug, Default)]
pub struct FrameJobs {
    /// The frames, in the order they are worked on.
    pub jobs: Vec<FrameJob>,
    /// What is to be made for each stream that is open, whether it has a frame now or not.
    pub(crate) demands: Vec<(Entity, Products)>,
}

impl FrameJobs {
    /// Whether any of these products is to be made for a stream, now or with its next frame.
    pub fn is_wanted(&self, stream: Entity, products: Products) -> bool {
        self.demands.iter().any(|&(known, wanted)| known == stream && wanted.intersects(products))
    }

    /// What is to be made for any stream.
    pub(crate) fn demanded(&self) -> Products {
        self.demands.iter().fold(Products::NONE, |all, &(_, products)| all.with(products))
    }
}

/// Swaps the two worlds' jobs, so that both keep their memory.
pub(crate) fn extract_jobs(mut main: ResMut<MainWorld>, mut jobs: ResMut<FrameJobs>) {
    if let Some(mut outbox) = main.get_resource_mut::<FrameJobs>() {
        // What the render world did not get to last time is given up here, so that its slots return.
        jobs.jobs.clear();
        jobs.demands.clear();
        std::mem::swap(&mut *jobs, &mut *outbox);
    }
}
