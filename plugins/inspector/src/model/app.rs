//! The app at a glance.

use freshet_ledger::{Percentiles, Report};

use super::{Section, Tone, text};
use crate::record::Recorded;

/// What the panel says of the app.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct AppModel {
    pub(crate) timings: Vec<TimingRow>,
    pub(crate) facts: Vec<(&'static str, String, Tone)>,
}

/// One duration of the app, in milliseconds.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct TimingRow {
    pub(crate) what: &'static str,
    pub(crate) median: String,
    pub(crate) p95: String,
    pub(crate) p99: String,
}

pub(super) fn section(report: &Report, warming_up: bool, recorded: Option<Recorded>) -> Section<AppModel> {
    let app = &report.app;
    let counted = match warming_up {
        true => format!("{} frames, warm-up included", text::count(app.frames)),
        false => format!("{} frames in {:.1} s since warm-up", text::count(app.frames), app.seconds),
    };
    let mut facts = vec![("counted", counted, Tone::Dim)];
    if let Some(adapter) = &report.adapter {
        facts.push(("adapter", format!("{} ({}, {})", adapter.name, adapter.backend, adapter.kind), Tone::Dim));
    }
    if let Some(Recorded { written, dropped }) = recorded {
        let tone = if dropped == 0 { Tone::Plain } else { Tone::Bad };
        let text = format!("{} written, {} dropped", text::count(written), text::count(dropped));
        facts.push(("recording", text, tone));
    }
    let timings = vec![row("frame", &app.frame_ms), row("own systems", &app.own_systems_ms)];
    let summary = match app.frame_ms.median {
        median if median > 0.0 => format!("{median:.2} ms, {:.0} Hz", 1e3 / median),
        _ => "–".into(),
    };
    Section { summary, tone: Tone::Dim, body: AppModel { timings, facts } }
}

fn row(what: &'static str, time: &Percentiles) -> TimingRow {
    TimingRow { what, median: text::millis(time.median), p95: text::millis(time.p95), p99: text::millis(time.p99) }
}
