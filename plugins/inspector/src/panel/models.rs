//! The tab of models: nets and what runs them, models and what they think about.

use std::time::Duration;

use bevy::ecs::query::QueryState;
use bevy::ecs::world::World;
use bevy_egui::egui::Ui;
use freshet_base::SkipReason;
use freshet_inference::{ModelState, ModelStats, NetReport, NetReports};
use freshet_priority::Workload;

use super::table::{self, Cell, row};
use super::tabs::Tab;
use crate::model::{Section, Tone};

const LABEL: f32 = 76.0;
const FIGURE: f32 = 64.0;

/// Nets and models.
#[derive(Debug, Default)]
pub(super) struct Models {
    nets: Section<Vec<ModelRow>>,
    models: Section<Vec<ModelRow>>,
}

/// What the tab says of a net or a model.
#[derive(Debug, Default, Clone, PartialEq)]
struct ModelRow {
    name: &'static str,
    status: String,
    tone: Tone,
    /// What, and how much.
    facts: Vec<(&'static str, String)>,
    progress: Option<f32>,
}

impl Tab for Models {
    fn name(&self) -> &'static str {
        "Models"
    }

    fn is_wanted(&self, world: &World) -> bool {
        let has_nets = world.get_resource::<NetReports>().is_some_and(|nets| nets.iter().next().is_some());
        has_nets || models(world).is_some_and(|mut models| models.iter(world).next().is_some())
    }

    fn refresh(&mut self, world: &World) {
        let nets = world.get_resource::<NetReports>().into_iter().flat_map(NetReports::iter);
        self.nets = section_of(nets.map(net_row).collect());
        let mut known = models(world);
        let models = known.iter_mut().flat_map(|models| models.iter(world));
        self.models =
            section_of(models.map(|(workload, state, stats)| model_row(workload.name(), state, stats)).collect());
    }

    fn show(&mut self, ui: &mut Ui) {
        for (name, section) in [("Nets", &self.nets), ("Models", &self.models)] {
            if !section.body.is_empty() {
                table::section(ui, name, section, |ui, rows| show_rows(ui, rows));
            }
        }
    }
}

fn show_rows(ui: &mut Ui, rows: &[ModelRow]) {
    for it in rows {
        row(ui, &[Cell::dot(it.tone), Cell::name(it.name, Tone::Plain).bright()]);
        match it.progress {
            Some(progress) => row(ui, &[Cell::text(&it.status, LABEL, it.tone), Cell::bar(progress, FIGURE)]),
            None => row(ui, &[Cell::text("", LABEL, Tone::Dim), Cell::name(&it.status, it.tone)]),
        }
        for (what, text) in &it.facts {
            row(ui, &[Cell::text(what, LABEL, Tone::Dim), Cell::name(text, Tone::Plain)]);
        }
    }
}

/// The models, in any order; `None` in an app that never had one.
fn models(world: &World) -> Option<QueryState<(&'static Workload, &'static ModelState, &'static ModelStats)>> {
    world.try_query()
}

fn section_of(rows: Vec<ModelRow>) -> Section<Vec<ModelRow>> {
    let ready = rows.iter().filter(|row| row.tone == Tone::Good).count();
    let tone = if rows.iter().any(|row| row.tone == Tone::Bad) { Tone::Bad } else { Tone::Dim };
    Section { summary: format!("{ready} of {} ready", rows.len()), tone, body: rows }
}

fn status(state: &ModelState) -> (String, Tone, Option<f32>) {
    match state {
        ModelState::Cold => ("cold: nobody wants it".to_owned(), Tone::Dim, None),
        ModelState::Warming { progress } => ("warming".to_owned(), Tone::Busy, Some(*progress)),
        ModelState::Ready => ("ready".to_owned(), Tone::Good, None),
        ModelState::Failed { why } => (why.to_string(), Tone::Bad, None),
        ModelState::Suspended => ("suspended".to_owned(), Tone::Dim, None),
    }
}

fn model_row(name: &'static str, state: &ModelState, stats: &ModelStats) -> ModelRow {
    let (status, tone, progress) = status(state);
    let millis = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    let mut facts = vec![
        ("begun", stats.begun.to_string()),
        ("answers", format!("{} on their frames, {} late", stats.answered, stats.late)),
        ("age", format!("{}, {} at most", millis(stats.last_age), millis(stats.oldest_age))),
        ("in flight", format!("{} at most", stats.most_in_flight)),
    ];
    let without = SkipReason::ALL.into_iter().map(|reason| (reason, stats.skipped_for(reason)));
    let without: Vec<String> = without
        .filter(|(_, frames)| *frames > 0)
        .map(|(reason, frames)| format!("{frames} {}", reason.name()))
        .collect();
    if !without.is_empty() {
        facts.push(("no answer", without.join(", ")));
    }
    ModelRow { name, status, tone, facts, progress }
}

fn net_row(net: &NetReport) -> ModelRow {
    let (status, tone, progress) = status(&net.status);
    let mut facts = Vec::new();
    if let Some(choice) = &net.choice {
        let millis = |time: Option<Duration>| time.map(|time| format!("{:.3} ms", time.as_secs_f64() * 1e3));
        facts.push(("executor", choice.executor.to_string()));
        facts.push(("why", choice.why.clone()));
        facts.extend(millis(choice.gpu).map(|time| ("on the GPU", time)));
        facts.extend(millis(choice.candle).map(|time| ("on candle", time)));
        facts.push(("input", format!("{} x {}", net.input_px[0], net.input_px[1])));
        if net.steps > 0 {
            facts.push(("steps", format!("{} in {} turns", net.steps, net.slices)));
        }
        facts.push(("begun", net.begun.to_string()));
    }
    ModelRow { name: net.name, status, tone, facts, progress }
}

#[cfg(test)]
mod tests {
    use super::*;
    use freshet_inference::{Choice, ExecutorKind};

    fn net(status: ModelState, choice: Option<Choice>) -> NetReport {
        NetReport { name: "class", status, choice, input_px: [224, 224], steps: 23, slices: 2, begun: 7 }
    }

    #[test]
    fn the_choice_of_executor_is_visible_with_its_reason() {
        let choice = Choice {
            executor: ExecutorKind::Candle,
            why: "`llvmpipe` is software".into(),
            gpu: None,
            candle: Some(Duration::from_micros(41_250)),
        };
        let row = net_row(&net(ModelState::Ready, Some(choice)));
        let said = |what: &str| row.facts.iter().find(|(name, _)| *name == what).map(|(_, text)| text.as_str());
        assert_eq!(said("executor"), Some("candle"));
        assert_eq!(said("why"), Some("`llvmpipe` is software"));
        assert_eq!(said("on candle"), Some("41.250 ms"));
        assert_eq!(said("on the GPU"), None);
        assert_eq!(said("steps"), Some("23 in 2 turns"));
    }

    #[test]
    fn a_model_says_what_it_answered_and_why_frames_go_without() {
        let mut stats = ModelStats { begun: 9, answered: 2, late: 5, most_in_flight: 2, ..ModelStats::default() };
        stats.skipped[SkipReason::Superseded as usize] = 31;
        let row = model_row("ponder", &ModelState::Ready, &stats);
        let said = |what: &str| row.facts.iter().find(|(name, _)| *name == what).map(|(_, text)| text.as_str());
        assert_eq!(said("answers"), Some("2 on their frames, 5 late"));
        assert_eq!(said("no answer"), Some("31 superseded"));
    }

    #[test]
    fn a_net_that_failed_says_why_and_one_that_warms_how_far_it_is() {
        let row = net_row(&net(ModelState::Failed { why: "no such file".into() }, None));
        assert_eq!((row.status.as_str(), row.tone), ("no such file", Tone::Bad));
        let row = net_row(&net(ModelState::Warming { progress: 0.4 }, None));
        assert_eq!((row.progress, row.tone), (Some(0.4), Tone::Busy));
    }
}
