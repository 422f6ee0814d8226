//! What the panel says, as plain data: figures in, texts and tones out.

mod app;
mod attachment;
mod gather;
mod ledger;
#[cfg(feature = "priority")]
pub(crate) mod priorities;
mod stage;
mod stream;
mod text;
#[cfg(feature = "priority")]
pub(crate) mod timeline;

use freshet_ledger::Report;

pub(crate) use app::{AppModel, TimingRow};
pub(crate) use attachment::AttachmentRow;
pub(crate) use gather::gather;
pub(crate) use ledger::LedgerGroup;
pub(crate) use stage::StageRow;
pub(crate) use stream::{StreamCard, StreamInput};

use crate::record::Recorded;

/// How a figure is meant, which is its colour.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// A figure.
    #[default]
    Plain,
    /// Beside the point.
    Dim,
    /// As it must be.
    Good,
    /// On its way.
    Busy,
    /// Not as it must be.
    Bad,
}

/// What the panel is made from.
pub(crate) struct PanelInputs<'a> {
    pub(crate) report: &'a Report,
    pub(crate) streams: Vec<StreamInput<'a>>,
    /// The stages in the order they run.
    pub(crate) stage_order: Vec<&'static str>,
    /// Whether the books still count from the start, warm-up included.
    pub(crate) warming_up: bool,
    pub(crate) recorded: Option<Recorded>,
}

/// One foldable part of the panel, with what it says while it is folded.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Section<T> {
    pub(crate) summary: String,
    pub(crate) tone: Tone,
    pub(crate) body: T,
}

/// Everything the panel says.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct PanelModel {
    pub(crate) streams: Section<Vec<StreamCard>>,
    pub(crate) stages: Section<Vec<StageRow>>,
    pub(crate) attachments: Section<Vec<AttachmentRow>>,
    pub(crate) ledger: Section<Vec<LedgerGroup>>,
    pub(crate) app: Section<AppModel>,
}

/// What the panel says about these figures.
pub(crate) fn panel_model(inputs: &PanelInputs<'_>) -> PanelModel {
    PanelModel {
        streams: stream::section(&inputs.streams),
        stages: stage::section(inputs.report, &inputs.stage_order),
        attachments: attachment::section(inputs.report),
        ledger: ledger::section(inputs.report, inputs.warming_up),
        app: app::section(inputs.report, inputs.warming_up, inputs.recorded),
    }
}

#[cfg(test)]
pub(crate) mod tests;
