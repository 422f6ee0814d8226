//! What a run is judged by, as JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use bevy::ecs::prelude::*;
use freshet_base::{DropReason, SkipReason};
use hdrhistogram::Histogram;
use serde::Serialize;

use crate::accounts::{
    CPU_COPIED, DOWN_EXPORT, DOWN_METADATA, DOWN_MODEL_INPUT, DOWN_NET_OUTPUTS, DOWN_PIXELS, FOREIGN_ALLOCATIONS,
    FOREIGN_WAITED_NANOS, FOREIGN_WAITS, FRAMES_CAPTURED, FRAMES_RECYCLED, GPU_RESIDENT, HOT_ALLOCATED,
    HOT_ALLOCATIONS, UPLOAD_PADDING, UPLOADED, WAITED_NANOS, WAITS, dropped,
};
use crate::plugin::WarmUp;
use crate::snapshot::Snapshot;
use crate::timings::{TimedKind, Timings};
use crate::usage::resident;

/// Which GPU did the work.
#[derive(Resource, Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct AdapterSummary {
    /// The adapter's own name.
    pub name: String,
    /// The graphics interface: `vulkan`, `metal`, ….
    pub backend: String,
    /// `discrete`, `integrated`, `cpu`, ….
    #[serde(rename = "type")]
    pub kind: String,
    /// The driver and its version.
    pub driver: String,
}

/// Median and tail of a duration, in milliseconds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Serialize)]
pub struct Percentiles {
    /// Half of the values are below.
    pub median: f64,
    /// 95 % of the values are below.
    pub p95: f64,
    /// 99 % of the values are below.
    pub p99: f64,
}

impl From<&Histogram<u64>> for Percentiles {
    fn from(histogram: &Histogram<u64>) -> Self {
        let millis = |quantile| {
            let nanos = histogram.value_at_quantile(quantile) as f64;
            (nanos / 1e2).round() / 1e4
        };
        Self { median: millis(0.5), p95: millis(0.95), p99: millis(0.99) }
    }
}

/// The app as a whole.
#[derive(Debug, Default, Clone, Serialize)]
pub struct AppReport {
    /// App frames counted.
    pub frames: u64,
    /// How long they took.
    pub seconds: f64,
    /// One turn of the app.
    pub frame_ms: Percentiles,
    /// This suite's own systems of the main world, on the CPU, per app frame.
    pub own_systems_ms: Percentiles,
}

/// Counts by name of a reason; reasons that did not occur are left out.
pub type ByReason = BTreeMap<&'static str, u64>;

/// Bytes that came back from the GPU, by purpose.
#[derive(Debug, Default, Clone, Serialize)]
pub struct BytesDown {
    /// Results.
    pub metadata: u64,
    /// Crops for models on the CPU.
    pub model_input: u64,
    /// Outputs of nets.
    pub net_outputs: u64,
    /// Pictures the user asked for.
    pub export: u64,
    /// Any other pixels.
    pub pixels: u64,
}

/// Times something on the frame path waited.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Waits {
    /// How often.
    pub count: u64,
    /// How long together.
    pub seconds: f64,
}

/// Frames, by what became of them.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Frames {
    /// Became frame entities.
    pub captured: u64,
    /// Dropped at the entrance.
    pub dropped: ByReason,
    /// Frame entities used again.
    pub recycled: u64,
}

/// One kind of attachment.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Attachments {
    /// Landed on their own frames.
    pub made: u64,
    /// Came after their frames were recycled.
    pub late: u64,
    /// Missing.
    pub skipped: ByReason,
}

/// The books since warm-up.
#[derive(Debug, Default, Clone, Serialize)]
pub struct LedgerReport {
    /// App frames left out.
    pub warmup_frames: u64,
    /// Picture bytes that went to the GPU.
    pub bytes_up: u64,
    /// Padding that went with them.
    pub bytes_up_padding: u64,
    /// What came back.
    pub bytes_down: BytesDown,
    /// Picture bytes copied within CPU memory.
    pub cpu_copies_bytes: u64,
    /// Heap allocations of our own on the frame path.
    pub hot_path_allocations: u64,
    /// Bytes of them.
    pub hot_path_allocated_bytes: u64,
    /// Heap allocations inside wgpu and Bevy, called from the frame path.
    pub foreign_allocations: u64,
    /// Waits on the frame path.
    pub waits: Waits,
    /// Waits of wgpu and Bevy for locks of their own, called from the frame path.
    pub foreign_waits: Waits,
    /// Frames.
    pub frames: Frames,
    /// Attachments by name.
    pub attachments: BTreeMap<&'static str, Attachments>,
    /// Bytes of GPU memory held by streams and stages now.
    pub gpu_resident_bytes: u64,
}

/// One stage.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Stage {
    /// How often it ran.
    pub runs: u64,
    /// On the GPU; missing where the adapter keeps no time.
    pub gpu_ms: Option<Percentiles>,
    /// Recording on the CPU.
    pub cpu_ms: Option<Percentiles>,
}

/// Physical memory of the process.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Memory {
    /// When counting began.
    pub resident_start_mib: Option<f64>,
    /// When the report was made.
    pub resident_end_mib: Option<f64>,
}

/// What a run is judged by. All counts are taken since warm-up.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Report {
    /// Which GPU did the work; missing without one.
    pub adapter: Option<AdapterSummary>,
    /// The app as a whole.
    pub app: AppReport,
    /// The books.
    pub ledger: LedgerReport,
    /// Stages by name.
    pub stages: BTreeMap<&'static str, Stage>,
    /// From capture to attachment, by name.
    pub age_ms: BTreeMap<&'static str, Percentiles>,
    /// Physical memory.
    pub memory: Memory,
    /// Versions of what ran.
    pub versions: BTreeMap<&'static str, &'static str>,
    /// What the app itself adds, see [`ReportExtra`].
    #[serde(flatten)]
    pub extra: BTreeMap<&'static str, serde_json::Value>,
}

/// What an app adds to its report, by key.
#[derive(Resource, Debug, Default, Clone)]
pub struct ReportExtra(pub BTreeMap<&'static str, serde_json::Value>);

impl Report {
    /// The report of an app that has a `LedgerPlugin`; an empty one of an app that has none.
    pub fn of(world: &World) -> Self {
        let (Some(warm_up), Some(timings)) = (world.get_resource::<WarmUp>(), world.get_resource::<Timings>()) else {
            return Self::default();
        };
        let books = Snapshot::now().since(&warm_up.baseline);
        let percentiles = |kind, name: &str| timings.get(kind, name).map(Percentiles::from);
        Self {
            adapter: world.get_resource::<AdapterSummary>().cloned(),
            app: AppReport {
                frames: warm_up.app_frames - warm_up.left_out.unwrap_or(0),
                seconds: warm_up.began.elapsed().as_secs_f64(),
                frame_ms: percentiles(TimedKind::AppFrame, "app").unwrap_or_default(),
                own_systems_ms: percentiles(TimedKind::OwnSystems, "main").unwrap_or_default(),
            },
            ledger: ledger_report(&books, warm_up.left_out.unwrap_or(0)),
            stages: books
                .stages()
                .map(|(name, runs)| {
                    let gpu_ms = percentiles(TimedKind::StageGpu, name);
                    (name, Stage { runs, gpu_ms, cpu_ms: percentiles(TimedKind::StageCpu, name) })
                })
                .collect(),
            age_ms: timings.of(TimedKind::Age).map(|(name, histogram)| (name, histogram.into())).collect(),
            memory: Memory {
                resident_start_mib: warm_up.resident.map(|held| held.mebibytes()),
                resident_end_mib: resident().map(|held| held.mebibytes()),
            },
            versions: [("freshet", env!("CARGO_PKG_VERSION")), ("bevy", "0.19")].into(),
            extra: world.get_resource::<ReportExtra>().map(|extra| extra.0.clone()).unwrap_or_default(),
        }
    }
}

fn ledger_report(books: &Snapshot, warmup_frames: u64) -> LedgerReport {
    let of = |account| books.account(account);
    LedgerReport {
        warmup_frames,
        bytes_up: of(&UPLOADED),
        bytes_up_padding: of(&UPLOAD_PADDING),
        bytes_down: BytesDown {
            metadata: of(&DOWN_METADATA),
            net_outputs: of(&DOWN_NET_OUTPUTS),
            model_input: of(&DOWN_MODEL_INPUT),
            export: of(&DOWN_EXPORT),
            pixels: of(&DOWN_PIXELS),
        },
        cpu_copies_bytes: of(&CPU_COPIED),
        hot_path_allocations: of(&HOT_ALLOCATIONS),
        hot_path_allocated_bytes: of(&HOT_ALLOCATED),
        foreign_allocations: of(&FOREIGN_ALLOCATIONS),
        waits: Waits { count: of(&WAITS), seconds: Duration::from_nanos(of(&WAITED_NANOS)).as_secs_f64() },
        foreign_waits: Waits {
            count: of(&FOREIGN_WAITS),
            seconds: Duration::from_nanos(of(&FOREIGN_WAITED_NANOS)).as_secs_f64(),
        },
        frames: Frames {
            captured: of(&FRAMES_CAPTURED),
            dropped: occurred(DropReason::ALL.map(|reason| (reason.name(), of(dropped(reason))))),
            recycled: of(&FRAMES_RECYCLED),
        },
        attachments: books
            .attachments()
            .map(|(name, (made, late, skipped))| {
                let by_reason = SkipReason::ALL.map(|reason| (reason.name(), skipped[reason as usize]));
                (name, Attachments { made, late, skipped: occurred(by_reason) })
            })
            .collect(),
        gpu_resident_bytes: GPU_RESIDENT.total(),
    }
}

fn occurred<const N: usize>(counts: [(&'static str, u64); N]) -> ByReason {
    counts.into_iter().filter(|&(_, count)| count > 0).collect()
}
