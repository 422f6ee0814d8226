//! The books: every byte that crosses, every allocation, every wait, every frame and result that was made or lost.
//!
//! ```text
//!  any thread ── Account::add ──► statics (relaxed atomics: no lock, no allocation)
//!  app frame ───────────────────► Timings (fixed histograms)
//!                                     │ Snapshot, less the one taken after warm-up
//!                                     ▼
//!             Report ──► JSON · a table at exit · Bevy's DiagnosticsStore, under `freshet/…`
//! ```
//!
//! An account is a static: depositing costs one atomic addition and works on any thread, in an audio callback too.
//! Heap allocations are counted where a program installs [`CountingAllocator`]; work on the frame path runs inside
//! [`hot`], and calls into wgpu and Bevy inside [`foreign`], so that the two are booked apart.
//!
//! # The seven questions
//!
//! 1. **Resources:** some 200 atomics; one histogram of about 20 KiB for each thing that is timed.
//! 2. **Handles:** accounts are `&'static`.
//! 3. **Pool or allocation:** deposits never allocate; a histogram is made when its name is first seen, during warm-up.
//! 4. **Blocking:** deposits never wait. [`wait`] is the one way to block, and it books the time.
//! 5. **Priority:** one small system in `First`; nothing depends on it.
//! 6. **Attach or return:** figures go to `DiagnosticsStore` and to [`Report`].
//! 7. **Bottleneck:** none measured; a deposit takes about a nanosecond.

mod account;
mod accounts;
mod alloc;
mod diagnostics;
mod plugin;
mod report;
mod snapshot;
mod table;
mod tally;
mod timings;
mod usage;

pub use account::Account;
pub use accounts::{
    CPU_COPIED, CPU_RESIDENT, DOWN_EXPORT, DOWN_METADATA, DOWN_MODEL_INPUT, DOWN_NET_OUTPUTS, DOWN_PIXELS,
    FOREIGN_ALLOCATIONS, FOREIGN_WAITED_NANOS, FOREIGN_WAITS, FRAMES_CAPTURED, FRAMES_RECYCLED, GPU_RESIDENT,
    HOT_ALLOCATED, HOT_ALLOCATIONS, UPLOAD_PADDING, UPLOADED, WAITED_NANOS, WAITS, WEIGHTS_COPIED, WEIGHTS_UPLOADED,
    all, dropped,
};
pub use alloc::{CountingAllocator, Scope, foreign, hot, scoped};
pub use plugin::{LedgerPlugin, LedgerSettings, LedgerSystems, WarmUp};
pub use report::{AdapterSummary, AppReport, LedgerReport, Percentiles, Report, ReportExtra};
pub use snapshot::Snapshot;
pub use table::Table;
pub use tally::{AttachmentTally, StageTally, attachment, stage};
pub use timings::{TimedKind, Timings};
pub use usage::{resident, wait};
