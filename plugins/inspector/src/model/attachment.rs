//! One kind of attachment at a glance.

use freshet_ledger::Report;

use super::{Section, Tone, text};

/// What the panel says of a kind of attachment.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct AttachmentRow {
    pub(crate) name: &'static str,
    pub(crate) made: String,
    pub(crate) late: String,
    pub(crate) late_tone: Tone,
    pub(crate) skipped: String,
    pub(crate) skipped_tone: Tone,
    /// Why they are missing; `None` when none is.
    pub(crate) reasons: Option<String>,
    pub(crate) age_median: String,
    pub(crate) age_p95: String,
}

pub(super) fn section(report: &Report) -> Section<Vec<AttachmentRow>> {
    let tenths = |millis| format!("{millis:.1}");
    let tone = |number| if number == 0 { Tone::Dim } else { Tone::Busy };
    let body = report.ledger.attachments.iter().map(|(name, it)| {
        let skipped: u64 = it.skipped.values().sum();
        let age = report.age_ms.get(name);
        AttachmentRow {
            name,
            made: text::count(it.made),
            late: text::count(it.late),
            late_tone: tone(it.late),
            skipped: text::count(skipped),
            skipped_tone: tone(skipped),
            reasons: (skipped > 0).then(|| text::by_reason(it.skipped.iter().map(|(reason, count)| (*reason, *count)))),
            age_median: text::measured(age.map(|age| age.median), tenths),
            age_p95: text::measured(age.map(|age| age.p95), tenths),
        }
    });
    let body: Vec<_> = body.collect();
    let made: u64 = report.ledger.attachments.values().map(|it| it.made).sum();
    Section { summary: format!("{} made", text::count(made)), tone: Tone::Dim, body }
}
