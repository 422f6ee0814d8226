//! What the main world tells the render world about a net's frames: which region of each.

use std::marker::PhantomData;

use arrayvec::ArrayVec;
use bevy::ecs::prelude::*;
use bevy::math::{Affine2, Vec2};
use bevy::render::Extract;
use freshet_frame::{FrameJobs, Pipeline};

use super::outputs::NetResult;
use super::region::{NetRegion, image_from_input};
use super::render::RenderNet;
use super::state::NetState;

/// Frames of one turn that a net may look at: those of as many streams. Those of further ones are thinned.
pub(crate) const MOST_FRAMES: usize = 64;

/// One frame that a net may look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub stream: Entity,
    /// `None`: the app asks for a region that is none.
    pub image_from_input: Option<Affine2>,
}

/// The orders of this turn.
#[derive(Resource, Debug)]
pub(crate) struct Orders<R: NetResult> {
    pub orders: ArrayVec<Order, MOST_FRAMES>,
    net: PhantomData<fn() -> R>,
}

impl<R: NetResult> Default for Orders<R> {
    fn default() -> Self {
        Self { orders: ArrayVec::new(), net: PhantomData }
    }
}

/// In `FreshetLast`, when frames have been let in: where the net looks in each of them.
pub(crate) fn order_frames<R: NetResult>(
    jobs: Res<FrameJobs>,
    pipeline: Res<Pipeline>,
    state: Res<NetState<R>>,
    regions: Query<&NetRegion<R>>,
    mut orders: ResMut<Orders<R>>,
) {
    let orders = &mut orders.bypass_change_detection().orders;
    orders.clear();
    let Some(loaded) = &state.loaded else { return };
    let product = pipeline.find::<R>();
    let input = Vec2::new(loaded.input_px[0] as f32, loaded.input_px[1] as f32);
    for job in jobs.jobs.iter().filter(|job| job.products.intersects(product)).take(MOST_FRAMES) {
        let frame = Vec2::new(job.format.width as f32, job.format.height as f32);
        let whole = || state.config.fit.region(frame, input);
        let region = regions.get(job.stream).map_or_else(|_| whole(), |chosen| chosen.region);
        let image_from_input = region.is_valid().then(|| image_from_input(region, input));
        orders.push(Order { stream: job.stream, image_from_input });
    }
}

/// Takes the orders, and the net itself when it has changed, over to the render world.
pub(crate) fn extract_orders<R: NetResult>(
    orders: Extract<Res<Orders<R>>>,
    state: Extract<Res<NetState<R>>>,
    mut net: ResMut<RenderNet<R>>,
) {
    net.take_over(&orders.orders, state.loaded.as_ref(), state.slice());
}
