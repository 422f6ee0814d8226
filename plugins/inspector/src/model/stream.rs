//! One stream at a glance.

use std::time::Duration;

use bevy::ecs::entity::Entity;
use freshet_base::DropReason;
use freshet_frame::{StreamState, StreamStats};

use super::{Section, Tone, text};

/// What is known of a stream.
pub(crate) struct StreamInput<'a> {
    pub(crate) stream: Entity,
    pub(crate) name: &'a str,
    pub(crate) state: &'a StreamState,
    pub(crate) stats: &'a StreamStats,
    /// How old its newest frame is.
    pub(crate) age: Duration,
    /// Each wanted product, and who wants it.
    pub(crate) wants: Vec<(&'static str, &'a [&'static str])>,
    /// What is made only because something wanted is made from it.
    pub(crate) also_made: Vec<&'static str>,
}

/// What the panel says of a stream.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct StreamCard {
    /// `None` only in made-up cards.
    pub(crate) stream: Option<Entity>,
    pub(crate) name: String,
    pub(crate) state: &'static str,
    pub(crate) tone: Tone,
    /// Why it is lost or has failed.
    pub(crate) reason: Option<String>,
    pub(crate) format: String,
    /// Width by height of its pictures.
    pub(crate) aspect: f32,
    pub(crate) rate: String,
    pub(crate) captured: String,
    pub(crate) completed: String,
    /// Of its newest frame.
    pub(crate) age: String,
    pub(crate) dropped: String,
    pub(crate) drop_tone: Tone,
    pub(crate) wants: Vec<Want>,
}

/// A product that is made, and what for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Want {
    pub(crate) product: &'static str,
    pub(crate) by: String,
    pub(crate) tone: Tone,
}

pub(super) fn section(streams: &[StreamInput<'_>]) -> Section<Vec<StreamCard>> {
    let body: Vec<_> = streams.iter().map(card).collect();
    let streaming = body.iter().filter(|card| card.tone == Tone::Good).count();
    let tone = if body.iter().any(|card| card.tone == Tone::Bad) { Tone::Bad } else { Tone::Dim };
    Section { summary: format!("{streaming} of {} streaming", body.len()), tone, body }
}

fn card(input: &StreamInput<'_>) -> StreamCard {
    let StreamInput { stream, name, state, stats, age, .. } = *input;
    let (state, tone, reason) = say(state);
    let dropped = stats.dropped_total();
    let reasons = DropReason::ALL.map(|reason| (reason.name(), stats.dropped_for(reason)));
    StreamCard {
        stream: Some(stream),
        name: name.into(),
        state,
        tone,
        reason: reason.map(str::to_owned),
        format: stats.format.map_or_else(|| "no frame yet".into(), |format| format.to_string()),
        aspect: stats.format.map_or(4.0 / 3.0, |format| format.width as f32 / format.height as f32),
        rate: format!("{:.2} Hz", stats.rate_hz),
        captured: text::count(stats.captured),
        completed: text::count(stats.completed),
        age: stats.newest_seq.map_or_else(String::new, |_| format!("{} old", text::age(age))),
        dropped: if dropped == 0 { "none".into() } else { text::by_reason(reasons) },
        drop_tone: if dropped == 0 { Tone::Dim } else { Tone::Busy },
        wants: wants(input),
    }
}

fn say(state: &StreamState) -> (&'static str, Tone, Option<&str>) {
    match state {
        StreamState::Opening => ("opening", Tone::Busy, None),
        StreamState::Streaming => ("streaming", Tone::Good, None),
        StreamState::Lost { reason } => ("lost", Tone::Bad, Some(reason)),
        StreamState::Reconnecting => ("reconnecting", Tone::Busy, None),
        StreamState::Ended => ("ended", Tone::Dim, None),
        StreamState::Failed { reason } => ("failed", Tone::Bad, Some(reason)),
    }
}

fn wants(input: &StreamInput<'_>) -> Vec<Want> {
    if input.wants.is_empty() {
        return vec![Want { product: "nothing", by: "wanted: no stage runs".into(), tone: Tone::Dim }];
    }
    let wanted = input.wants.iter().map(|&(product, by)| Want {
        product,
        by: format!("← {}", by.join(", ")),
        tone: Tone::Plain,
    });
    let also = input.also_made.iter().map(|&product| Want { product, by: "← stages".into(), tone: Tone::Dim });
    wanted.chain(also).collect()
}
