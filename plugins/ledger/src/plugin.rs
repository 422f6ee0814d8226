//! Wiring: the clock of the app's frames, warm-up, and the figures of the render world.

use std::time::Instant;

use bevy::app::{App, First, Last, Plugin};
use bevy::ecs::prelude::*;
use freshet_base::Bytes;

use crate::diagnostics::{collect_stage_times, publish_accounts};
use crate::snapshot::Snapshot;
use crate::timings::{TimedKind, Timings};
use crate::usage::resident;

/// Keeps the books of an app.
#[derive(Debug, Default, Clone)]
pub struct LedgerPlugin {
    /// When counting begins.
    pub settings: LedgerSettings,
}

/// When counting begins.
#[derive(Resource, Debug, Clone)]
pub struct LedgerSettings {
    /// Captured frames that reports leave out. Default 120.
    pub warmup_frames: u32,
}

impl Default for LedgerSettings {
    fn default() -> Self {
        Self { warmup_frames: 120 }
    }
}

/// The ledger's systems.
#[derive(SystemSet, Debug, Clone, PartialEq, Eq, Hash)]
pub enum LedgerSystems {
    /// In `First`: one more app frame.
    Tick,
    /// In `Last`: stage times are collected and accounts published.
    Publish,
}

/// How far the app is, and what stood in the books when warm-up ended.
#[derive(Resource, Debug)]
pub struct WarmUp {
    /// App frames since the start.
    pub app_frames: u64,
    /// App frames left out of reports, once warm-up is over.
    pub left_out: Option<u64>,
    /// The books when warm-up ended; the empty books until then.
    pub baseline: Snapshot,
    /// When counting began: the start of the app until warm-up is over.
    pub began: Instant,
    /// Physical memory held when counting began.
    pub resident: Option<Bytes>,
    last_tick: Option<Instant>,
}

impl Default for WarmUp {
    fn default() -> Self {
        Self {
            app_frames: 0,
            left_out: None,
            baseline: Snapshot::now(),
            began: Instant::now(),
            resident: resident(),
            last_tick: None,
        }
    }
}

impl Plugin for LedgerPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(self.settings.clone())
            .init_resource::<WarmUp>()
            .init_resource::<Timings>()
            .add_systems(First, tick.in_set(LedgerSystems::Tick))
            .add_systems(
                Last,
                // Stage times first, so that a report written in the same frame holds them.
                (collect_stage_times, publish_accounts).chain().in_set(LedgerSystems::Publish),
            );
    }
}

fn tick(mut warm_up: ResMut<WarmUp>, mut timings: ResMut<Timings>, settings: Res<LedgerSettings>) {
    let now = Instant::now();
    if let Some(last) = warm_up.last_tick.replace(now) {
        timings.record(TimedKind::AppFrame, "app", now - last);
    }
    warm_up.app_frames += 1;
    if warm_up.left_out.is_some() {
        return;
    }
    let captured =
        crate::accounts::FRAMES_CAPTURED.total() - warm_up.baseline.account(&crate::accounts::FRAMES_CAPTURED);
    if captured >= u64::from(settings.warmup_frames) && captured > 0 {
        warm_up.left_out = Some(warm_up.app_frames);
        warm_up.baseline = Snapshot::now();
        warm_up.began = now;
        warm_up.resident = resident();
        timings.clear();
    }
}
