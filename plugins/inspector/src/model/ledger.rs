//! The books at a glance.

use freshet_base::Bytes;
use freshet_ledger::Report;

use super::{Section, Tone, text};

/// One line of the books.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct LedgerRow {
    pub(crate) what: &'static str,
    pub(crate) total: String,
    /// What the group's last heading says.
    pub(crate) aside: String,
    pub(crate) tone: Tone,
}

/// Lines of the books under common headings.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct LedgerGroup {
    pub(crate) heads: [&'static str; 3],
    pub(crate) rows: Vec<LedgerRow>,
}

pub(super) fn section(report: &Report, warming_up: bool) -> Section<Vec<LedgerGroup>> {
    let zero = must_be_zero(report, warming_up);
    let broken = zero.iter().filter(|row| row.tone == Tone::Bad).count();
    let (summary, tone) = match broken {
        _ if warming_up => ("warming up".into(), Tone::Busy),
        0 => ("clean".into(), Tone::Good),
        _ => (format!("{broken} not zero"), Tone::Bad),
    };
    let body = vec![
        LedgerGroup { heads: ["must be zero", "", ""], rows: zero },
        LedgerGroup { heads: ["crossed", "total", "per frame"], rows: crossings(report) },
        LedgerGroup { heads: ["held", "now", "since warm-up"], rows: held(report) },
    ];
    Section { summary, tone, body }
}

fn crossings(report: &Report) -> Vec<LedgerRow> {
    let ledger = &report.ledger;
    let frames = ledger.frames.captured;
    let bytes = |what, amount: u64| LedgerRow {
        what,
        total: Bytes(amount).to_string(),
        aside: amount.checked_div(frames).map_or_else(|| "–".into(), |each| Bytes(each).to_string()),
        tone: if amount == 0 { Tone::Dim } else { Tone::Plain },
    };
    vec![
        bytes("up: pictures", ledger.bytes_up),
        bytes("up: padding", ledger.bytes_up_padding),
        bytes("down: metadata", ledger.bytes_down.metadata),
        bytes("down: net outputs", ledger.bytes_down.net_outputs),
        bytes("down: model input", ledger.bytes_down.model_input),
        bytes("down: export", ledger.bytes_down.export),
        bytes("CPU copies", ledger.cpu_copies_bytes),
        LedgerRow {
            what: "allocations in wgpu, Bevy",
            total: text::count(ledger.foreign_allocations),
            aside: ledger.foreign_allocations.checked_div(frames).map_or_else(|| "–".into(), text::count),
            tone: Tone::Dim,
        },
        LedgerRow {
            what: "waits in wgpu, Bevy",
            total: text::count(ledger.foreign_waits.count),
            aside: format!("{} ms", text::millis(ledger.foreign_waits.seconds * 1e3)),
            tone: Tone::Dim,
        },
    ]
}

/// The rows that are zero as long as the suite keeps its word.
fn must_be_zero(report: &Report, warming_up: bool) -> Vec<LedgerRow> {
    let ledger = &report.ledger;
    let tone = |number: u64| match number {
        _ if warming_up => Tone::Dim,
        0 => Tone::Good,
        _ => Tone::Bad,
    };
    // wgpu allocates for every frame. Where not even that is seen, the program has no counting allocator.
    let counted = ledger.foreign_allocations > 0 || ledger.hot_path_allocations > 0;
    let allocations = if counted {
        LedgerRow {
            what: "hot-path allocations",
            total: text::count(ledger.hot_path_allocations),
            aside: Bytes(ledger.hot_path_allocated_bytes).to_string(),
            tone: tone(ledger.hot_path_allocations),
        }
    } else {
        LedgerRow { what: "hot-path allocations", total: "not counted".into(), aside: String::new(), tone: Tone::Dim }
    };
    let (waits, waited) = (ledger.waits.count, ledger.waits.seconds * 1e3);
    let pixels = ledger.bytes_down.pixels;
    vec![
        LedgerRow { what: "down: pixels", total: Bytes(pixels).to_string(), aside: String::new(), tone: tone(pixels) },
        allocations,
        LedgerRow {
            what: "waits",
            total: text::count(waits),
            aside: format!("{} ms", text::millis(waited)),
            tone: tone(waits),
        },
    ]
}

fn held(report: &Report) -> Vec<LedgerRow> {
    let memory = &report.memory;
    let change = memory.resident_end_mib.zip(memory.resident_start_mib).map(|(end, start)| end - start);
    let gpu = Bytes(report.ledger.gpu_resident_bytes).to_string();
    vec![
        LedgerRow { what: "held on the GPU", total: gpu, aside: String::new(), tone: Tone::Plain },
        LedgerRow {
            what: "resident memory",
            total: memory.resident_end_mib.map_or_else(|| "unknown".into(), |mib| format!("{mib:.1} MiB")),
            aside: change.map_or_else(String::new, |mib| format!("{mib:+.1} MiB")),
            tone: Tone::Plain,
        },
    ]
}
