//! In `Last`: the newest frame of each stream is let in and handed to the render world.
//!
//! ```text
//!  state changes ─► StreamState        request for a ring ─► checked, made
//!  filled slots ─► newest (or next) ─► a place in the pool ─► a readback slot ─► FrameJob
//! ```

use std::sync::Arc;

use arrayvec::ArrayVec;
use bevy::ecs::prelude::*;
use bevy::render::renderer::RenderDevice;
use freshet_base::{Bytes, DropReason, FrameFormat, Priority, SkipReason, StageLevels};
use freshet_ledger::{FRAMES_CAPTURED, UPLOAD_PADDING, UPLOADED};

use crate::attach::{AttachExt, CaptureTimes, forget_latest, recycle};
use crate::demand::{Demand, Pipeline, Products, StageLink};
use crate::frame::{Frame, FrameOf, Frames, GpuSlot};
use crate::grant::{GpuTime, book_refusals, grant, inputs, thin};
use crate::lease::Leases;
use crate::messages::{FrameCaptured, FramesDropped};
use crate::port::{OpenPorts, StreamPort, UploadRing};
use crate::readback::{MetadataLayout, ReadbackRing};
use crate::render::{FrameJob, FrameJobs, ReadyProducts};
use crate::runtime::{PendingFrame, StreamRuntime};
use crate::schedule::prime_queue;
use crate::skipped::Skipped;
use crate::stream::{Pace, StreamSettings, StreamState, StreamStats};

/// App frames for which a stream may be unwanted before its rings are freed.
const LINGER_FRAMES: u32 = 30;

/// Gives a stream whose port is new its pool of frame entities.
pub(crate) fn open_streams(
    mut streams: Query<(Entity, &mut StreamPort, &StreamSettings, Has<StreamRuntime>)>,
    mut open: ResMut<OpenPorts>,
    mut commands: Commands,
) {
    for (stream, mut port, settings, reopened) in &mut streams {
        if port.opened {
            continue;
        }
        port.opened = true;
        open.add(&port.shared);
        if reopened {
            // Numbers start again: frames of the run before would pass for frames of this one.
            commands.entity(stream).despawn_related::<Frames>();
            commands.queue(move |world: &mut World| forget_latest(world, stream));
        }
        let frames = settings.frames();
        let place = |slot| (FrameOf(stream), GpuSlot(slot as u8), Skipped::default());
        let pool = crate::pool::FramePool::new((0..frames).map(|slot| commands.spawn(place(slot)).id()));
        commands.entity(stream).insert((
            StreamRuntime { pool, ..Default::default() },
            Leases::new(frames),
            CaptureTimes::default(),
            StreamStats::default(),
        ));
    }
}

/// Takes over what the capture threads report.
pub(crate) fn follow_states(
    mut streams: Query<(Entity, &StreamPort, &mut StreamState, &mut StreamStats)>,
    mut messages: MessageWriter<FramesDropped>,
) {
    for (stream, port, mut state, mut stats) in &mut streams {
        while let Ok(reported) = port.states.try_recv() {
            // What the app itself found wrong stays.
            if !matches!(*state, StreamState::Failed { .. }) {
                state.set_if_neq(reported);
            }
        }
        for (reason, total) in DropReason::ALL.into_iter().zip(port.shared.drops()) {
            let frames = total.saturating_sub(stats.dropped_for(reason));
            if frames > 0 {
                stats.dropped[reason as usize] = total;
                messages.write(FramesDropped { stream, reason, frames });
            }
        }
    }
}

/// Makes the rings that capture threads ask for, and frees those of streams that nobody wants.
pub(crate) fn fit_rings(
    mut streams: Query<(&mut StreamPort, &mut StreamRuntime, &mut StreamState, &StreamSettings, &Demand)>,
    device: Option<Res<RenderDevice>>,
    pipeline: Res<Pipeline>,
    layout: Res<MetadataLayout>,
) {
    for (mut port, mut runtime, mut state, settings, demand) in &mut streams {
        let products = pipeline.closure(demand.wanted());
        port.shared.set_pace(settings.pace);
        port.shared.set_wanted(!products.is_empty());
        if products.is_empty() {
            runtime.idle_frames = runtime.idle_frames.saturating_add(1);
            runtime.newest = None;
            if runtime.idle_frames > LINGER_FRAMES {
                give_up_ring(&mut port, DropReason::Unwanted);
                runtime.free_readback();
            }
            continue;
        }
        runtime.idle_frames = 0;
        let Some(device) = &device else {
            if !matches!(*state, StreamState::Failed { .. }) {
                *state = StreamState::Failed { reason: "there is no graphics adapter to upload frames to".into() };
                port.shared.close();
            }
            continue;
        };
        if runtime.readback.is_none() && products.intersects(layout.products()) {
            let ring = ReadbackRing::new(device, settings.readback());
            runtime.pending = (0..ring.len()).map(|_| None).collect();
            runtime.readback = Some(Arc::new(ring));
        }
        if port.ring.as_ref().is_some_and(|ring| ring.is_lost()) {
            // The capture thread asks for another with its next frame.
            give_up_ring(&mut port, DropReason::NotReady);
        }
        let shared = Arc::clone(&port.shared);
        let Some(mut request) = shared.try_lock() else { continue };
        let Some(format) = request.requested else { continue };
        // Where every frame counts, those of the old shape are let in first; the source rests meanwhile.
        if settings.pace == Pace::Every && port.ring.as_ref().is_some_and(|ring| ring.filled().next().is_some()) {
            continue;
        }
        request.requested = None;
        give_up_ring(&mut port, DropReason::Superseded);
        match beyond_limits(&format, &device.limits()) {
            Some(reason) => {
                *state = StreamState::Failed { reason };
                shared.close();
            }
            None => {
                let ring = Arc::new(UploadRing::new(device, format, settings.staging(), Arc::clone(&shared)));
                request.ring = Arc::downgrade(&ring);
                port.ring = Some(ring);
                shared.wake();
            }
        }
    }
}

/// Frees the readback slots of streams that were closed, once the last results are in.
pub(crate) fn free_closed(mut streams: Query<&mut StreamRuntime, Without<StreamPort>>) {
    for mut runtime in &mut streams {
        runtime.free_readback();
    }
}

/// Lets go of the ring in use and counts the frames that are still in it.
fn give_up_ring(port: &mut StreamPort, reason: DropReason) {
    if let Some(ring) = port.ring.take() {
        ring.discard_all(reason);
    }
}

/// Why the adapter cannot hold frames of this format, if it cannot.
fn beyond_limits(format: &FrameFormat, limits: &wgpu::Limits) -> Option<String> {
    let FrameFormat { width, height, .. } = *format;
    let side = limits.max_texture_dimension_2d;
    if width > side || height > side {
        return Some(format!("frames of {width}x{height} are larger than this adapter's textures of {side} on a side"));
    }
    let (bytes, most) = (format.bytes(), limits.max_buffer_size.min(limits.max_storage_buffer_binding_size));
    (bytes.0 > most).then(|| format!("frames of {format} take {bytes}; this adapter's buffers hold {}", Bytes(most)))
}

/// Streams that are served in the order of their levels; those beyond come last, in any order.
const RANKED_STREAMS: usize = 64;

/// Lets at most one frame of each stream in and hands it to the render world, the most urgent stream's first.
pub(crate) fn admit_frames(
    mut streams: Query<(
        Entity,
        &StreamPort,
        &mut StreamRuntime,
        &mut StreamStats,
        &mut CaptureTimes,
        &Leases,
        &StreamSettings,
        &Demand,
        Option<&Priority>,
    )>,
    mut levels: ResMut<StageLevels>,
    mut outbox: ResMut<FrameJobs>,
    mut captured_messages: MessageWriter<FrameCaptured>,
    mut commands: Commands,
    (pipeline, layout, ready): (Res<Pipeline>, Res<MetadataLayout>, Res<ReadyProducts>),
    (mut primed, mut turn): (Local<bool>, Local<usize>),
) {
    if !std::mem::replace(&mut *primed, true) {
        prime_queue(&mut commands);
    }
    outbox.jobs.clear();
    outbox.demands.clear();
    let levels = levels.bypass_change_detection();
    let mut gpu_time = GpuTime::of(levels);
    let mut ranked: ArrayVec<(Priority, Entity), RANKED_STREAMS> = ArrayVec::new();
    for (stream, .., demand, level) in &streams {
        outbox.demands.push((stream, pipeline.closure(demand.wanted())));
        if !ranked.is_full() {
            ranked.push((level.copied().unwrap_or_default(), stream));
        }
    }
    // Among equals, each is first in its turn: what is left of the GPU's time is not always the same stream's.
    *turn = turn.wrapping_add(1);
    if !ranked.is_empty() {
        let first = *turn % ranked.len();
        ranked.rotate_left(first);
    }
    ranked.sort_by_key(|&(level, _)| level);
    let FrameJobs { jobs, demands } = &mut *outbox;
    let beyond = demands.iter().skip(RANKED_STREAMS).map(|&(stream, _)| stream);
    for stream in ranked.iter().map(|&(_, stream)| stream).chain(beyond) {
        let Ok((stream, port, mut runtime, mut stats, mut times, leases, settings, demand, _)) =
            streams.get_mut(stream)
        else {
            continue;
        };
        let products = pipeline.closure(demand.wanted());
        let Some(ring) = &port.ring else { continue };
        stats.waiting = ring.filled().count() as u32;
        let made = products.without(pipeline.unmade(products));
        // While shaders compile, frames wait at the entrance, where newer ones replace them.
        if made.is_empty() || !ready.contains(pipeline.on_gpu(made)) {
            continue;
        }
        let Some(filled) = choose(ring, settings.pace) else { continue };
        let wanted = made;
        let thinned = thin(&pipeline, levels, stats.captured, wanted);
        let granted = grant(&pipeline, levels, demands, thinned, &mut gpu_time);
        let made = pipeline.on_gpu(granted);
        let reads_back = made.intersects(layout.products());
        let Some(place) = runtime.pool.pick(|place| leases.is_leased(place) || runtime.is_pending(place)) else {
            turn_away(ring, filled, settings.pace, DropReason::PoolFull);
            continue;
        };
        if reads_back && runtime.readback.as_ref().is_none_or(|ring| !ring.has_free()) {
            turn_away(ring, filled, settings.pace, DropReason::ReadbackFull);
            continue;
        }
        let Some((upload, captured)) = ring.take(filled.0) else { continue };
        let (seq, format) = (filled.1, ring.format);
        let (entity, _) = runtime.pool.put(place, seq);
        let frame = Frame { stream, seq, captured, format };
        let readback = runtime.readback.as_ref().filter(|_| reads_back).and_then(|ring| ring.claim());
        if let Some(ticket) = &readback {
            runtime.pending[ticket.index()] = Some(PendingFrame { frame: frame.id(entity), products: made, place });
        } else {
            stats.completed += 1;
        }
        let previous_slot = remember(&mut runtime, pipeline.stages(), (place, format, made), pipeline.on_gpu(wanted));
        jobs.push(FrameJob {
            stream,
            frame: frame.id(entity),
            format,
            slots: runtime.pool.len(),
            slot: place,
            previous_slot,
            products: made,
            made: Products::NONE,
            upload: Some(upload),
            readback,
        });
        times.insert(seq, captured);
        stats.waiting = ring.filled().count() as u32;
        stats.count_capture(seq, captured, format);
        book(&format);
        captured_messages.write(FrameCaptured { stream, frame: frame.id(entity) });
        commands.queue(move |world: &mut World| recycle(world, entity, frame));
        let refused = thinned.without(granted);
        book_refusals(&pipeline, levels, refused);
        for (left_out, reason) in [(wanted.without(thinned), SkipReason::Thinned), (refused, SkipReason::OverBudget)] {
            for name in pipeline.names(left_out) {
                commands.skip(frame.id(entity), name, reason);
            }
        }
    }
}

/// Remembers the frame for those that follow, and answers with the slot of the one before it: the newest of which
/// everything was made that this one's stages read. Frames of which less was made are passed over, unless they have taken
/// its place.
fn remember(
    runtime: &mut StreamRuntime,
    stages: &[StageLink],
    frame: (usize, FrameFormat, Products),
    wanted: Products,
) -> Option<usize> {
    let (place, format, made) = frame;
    let before = runtime.newest.filter(|newest| newest.0 != place && newest.1 == format);
    let previous = before.filter(|newest| newest.2.contains(inputs(stages, made)));
    let is_whole = made.contains(inputs(stages, wanted));
    runtime.newest = if is_whole || before.is_none() { Some(frame) } else { before };
    previous.map(|newest| newest.0)
}

/// The filled slot to let in: the next in order, or the newest, whose elders are handed back.
fn choose(ring: &UploadRing, pace: Pace) -> Option<(usize, u64)> {
    match pace {
        Pace::Every => ring.filled().min_by_key(|&(_, seq)| seq),
        Pace::Real => {
            let newest = ring.filled().max_by_key(|&(_, seq)| seq)?;
            for (slot, _) in ring.filled().filter(|&(_, seq)| seq < newest.1) {
                ring.discard(slot, DropReason::Superseded);
            }
            Some(newest)
        }
    }
}

/// A frame for which there is no place: dropped when only the newest counts, else left where it is.
fn turn_away(ring: &UploadRing, filled: (usize, u64), pace: Pace, reason: DropReason) {
    if pace == Pace::Real {
        ring.discard(filled.0, reason);
    }
}

fn book(format: &FrameFormat) {
    let native = format.bytes();
    FRAMES_CAPTURED.count(1);
    UPLOADED.add(native);
    UPLOAD_PADDING.add(Bytes(UploadRing::slot_bytes(format).0 - native.0));
}

#[cfg(test)]
mod tests {
    use super::*;
    use freshet_base::PixelFormat;

    #[test]
    fn the_frame_before_is_the_newest_of_which_as_much_was_made() {
        let format = FrameFormat::new(64, 64, PixelFormat::Rgba).unwrap();
        let [luma, flow] = [1, 2].map(Products::from_bits);
        let both = luma.with(flow);
        let stages = [StageLink { name: "flow", makes: flow, needs: luma }];
        let mut runtime = StreamRuntime::default();
        let mut take = |place, made| remember(&mut runtime, &stages, (place, format, made), both);
        assert_eq!(take(0, both), None, "the first");
        assert_eq!(take(1, both), Some(0));
        assert_eq!(take(2, Products::NONE), Some(1), "it reads nothing, so any frame will do");
        assert_eq!(take(3, both), Some(1), "nothing was made of the one between");
        assert_eq!(take(3, both), None, "its place was taken by the frame itself");
    }

    #[test]
    fn frames_beyond_the_adapter_are_refused_with_the_reason() {
        let limits = wgpu::Limits { max_texture_dimension_2d: 4096, max_buffer_size: 1 << 20, ..Default::default() };
        let format = |width, height| FrameFormat::new(width, height, PixelFormat::Rgba).unwrap();
        assert_eq!(beyond_limits(&format(512, 512), &limits), None);
        assert!(beyond_limits(&format(4097, 1), &limits).unwrap().contains("textures of 4096"));
        assert!(beyond_limits(&format(1024, 1024), &limits).unwrap().contains("buffers hold 1.0 MiB"));
    }
}
