//! In `First`: what came back is attached.

use arrayvec::ArrayVec;
use bevy::ecs::prelude::*;
use bevy::render::renderer::RenderDevice;
use freshet_base::SkipReason;
use freshet_ledger::foreign;

use super::ring::Arrival;
use super::section::MetadataLayout;
use crate::attach::AttachExt;
use crate::render::Submitting;
use crate::runtime::StreamRuntime;
use crate::schedule::prime_queue;
use crate::stream::{StreamSettings, StreamStats};

/// Lets wgpu run the callbacks of what the GPU has finished; without it results would come one app frame later.
pub(crate) fn poll_device(device: Option<Res<RenderDevice>>, submitting: Res<Submitting>) {
    let Some(device) = device else { return };
    if submitting.is_under_way() {
        return;
    }
    #[expect(clippy::disallowed_methods, reason = "asks and does not wait; the one place that does")]
    foreign(|| {
        // An error means that the device is lost, which Bevy handles.
        drop(device.wgpu_device().poll(wgpu::PollType::Poll));
    });
}

/// Attaches the results that have arrived, in the order of their frames.
pub(crate) fn collect_results(
    mut streams: Query<(&mut StreamRuntime, &mut StreamStats)>,
    layout: Res<MetadataLayout>,
    mut primed: Local<bool>,
    mut commands: Commands,
) {
    if !std::mem::replace(&mut *primed, true) {
        prime_queue(&mut commands);
    }
    for (mut runtime, mut stats) in &mut streams {
        let Some(ring) = runtime.readback.clone() else { continue };
        let mut arrived: ArrayVec<(u64, usize), { StreamSettings::MAX_SLOTS }> = runtime
            .pending
            .iter()
            .enumerate()
            .filter(|&(slot, _)| ring.arrival(slot) != Arrival::Pending)
            .filter_map(|(slot, pending)| pending.map(|pending| (pending.frame.seq, slot)))
            .collect();
        arrived.sort_unstable();
        for (_, slot) in arrived {
            let Some(pending) = runtime.pending[slot].take() else { continue };
            let made = match ring.arrival(slot) {
                Arrival::Mapped { made } => made,
                Arrival::Pending | Arrival::Lost => crate::demand::Products::NONE,
            };
            ring.release(slot, |bytes| {
                for section in layout.sections().iter().filter(|section| made.contains(section.product)) {
                    let result = &bytes[section.packed as usize..(section.packed + section.bytes) as usize];
                    (section.decode)(result, pending.frame, &mut commands);
                }
            });
            let missing = pending.products.without(made);
            for section in layout.sections().iter().filter(|section| missing.contains(section.product)) {
                commands.skip(pending.frame, section.name, SkipReason::Failed);
            }
            stats.completed += 1;
        }
    }
}
