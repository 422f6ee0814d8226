//! The tab of models: nets, whether they can run, where, and why there.

use std::time::Duration;

use bevy::ecs::world::World;
use bevy_egui::egui::Ui;
use freshet_inference::{ModelState, NetReport, NetReports};

use super::table::{self, Cell, row};
use super::tabs::Tab;
use crate::model::{Section, Tone};

const LABEL: f32 = 76.0;
const FIGURE: f32 = 64.0;

/// Nets and what runs them.
#[derive(Debug, Default)]
pub(super) struct Models {
    nets: Section<Vec<NetRow>>,
}

/// What the tab says of a net.
#[derive(Debug, Default, Clone, PartialEq)]
struct NetRow {
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
        world.get_resource::<NetReports>().is_some_and(|nets| nets.iter().next().is_some())
    }

    fn refresh(&mut self, world: &World) {
        let Some(nets) = world.get_resource::<NetReports>() else { return };
        let rows: Vec<NetRow> = nets.iter().map(net_row).collect();
        let ready = nets.iter().filter(|net| net.status == ModelState::Ready).count();
        let summary = format!("{ready} of {} ready", rows.len());
        let tone = if rows.iter().any(|row| row.tone == Tone::Bad) { Tone::Bad } else { Tone::Dim };
        self.nets = Section { summary, tone, body: rows };
    }

    fn show(&mut self, ui: &mut Ui) {
        table::section(ui, "Nets", &self.nets, |ui, nets| {
            for net in nets {
                row(ui, &[Cell::dot(net.tone), Cell::name(net.name, Tone::Plain).bright()]);
                match net.progress {
                    Some(progress) => row(ui, &[Cell::text(&net.status, LABEL, net.tone), Cell::bar(progress, FIGURE)]),
                    None => row(ui, &[Cell::text("", LABEL, Tone::Dim), Cell::name(&net.status, net.tone)]),
                }
                for (what, text) in &net.facts {
                    row(ui, &[Cell::text(what, LABEL, Tone::Dim), Cell::name(text, Tone::Plain)]);
                }
            }
        });
    }
}

fn net_row(net: &NetReport) -> NetRow {
    let (status, tone, progress) = match &net.status {
        ModelState::Cold => ("cold: nobody wants it".to_owned(), Tone::Dim, None),
        ModelState::Warming { progress } => ("warming".to_owned(), Tone::Busy, Some(*progress)),
        ModelState::Ready => ("ready".to_owned(), Tone::Good, None),
        ModelState::Failed { why } => (why.to_string(), Tone::Bad, None),
        ModelState::Suspended => ("suspended".to_owned(), Tone::Dim, None),
    };
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
    NetRow { name: net.name, status, tone, facts, progress }
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
    fn a_net_that_failed_says_why_and_one_that_warms_how_far_it_is() {
        let row = net_row(&net(ModelState::Failed { why: "no such file".into() }, None));
        assert_eq!((row.status.as_str(), row.tone), ("no such file", Tone::Bad));
        let row = net_row(&net(ModelState::Warming { progress: 0.4 }, None));
        assert_eq!((row.progress, row.tone), (Some(0.4), Tone::Busy));
    }
}
