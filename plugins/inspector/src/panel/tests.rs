//! The panel drawn by egui alone, without a GPU: where do its texts lie?

use bevy_egui::egui::epaint::TextShape;
use bevy_egui::egui::{RawInput, Rect, Shape, TextureId, pos2};
use freshet_frame::StreamState;
use freshet_ledger::Report;

use super::overview::Overview;
use super::*;
use crate::model::tests::{inputs, report, stats, stream};
use crate::model::{PanelModel, panel_model};

const SCREEN: Rect = Rect { min: pos2(0.0, 0.0), max: pos2(1280.0, 1400.0) };

/// Texts with their places, after the layout has settled.
fn texts(context: &egui::Context, model: &PanelModel, settings: &InspectorSettings) -> Vec<(String, Rect)> {
    texts_of(context, SCREEN, &mut overview(model), settings)
}

fn overview(model: &PanelModel) -> Tabs {
    let textures = vec![Some(TextureId::User(0)); model.streams.body.len()];
    Tabs::of(vec![Box::new(Overview { model: model.clone(), textures })])
}

/// The same of any tabs.
pub(super) fn texts_of(
    context: &egui::Context,
    screen: Rect,
    tabs: &mut Tabs,
    settings: &InspectorSettings,
) -> Vec<(String, Rect)> {
    let mut texts = Vec::new();
    // Until nothing is on its way any more.
    for pass in 0..30 {
        let input = RawInput { screen_rect: Some(screen), predicted_dt: 0.1, ..Default::default() };
        let output = context.run_ui(input, |ui| {
            show(ui.ctx(), tabs, settings);
        });
        for clipped in output.shapes.iter().filter(|_| pass == 29) {
            collect(&clipped.shape, clipped.clip_rect, &mut texts);
        }
        output.drop_without_applying_deltas();
    }
    texts
}

/// Clicks at a place, and answers with the tab that was clicked.
pub(super) fn click(
    context: &egui::Context,
    screen: Rect,
    tabs: &mut Tabs,
    settings: &InspectorSettings,
    pos: egui::Pos2,
) -> Option<&'static str> {
    let button = |pressed| egui::Event::PointerButton {
        pos,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers: egui::Modifiers::default(),
    };
    let mut clicked = None;
    for event in [egui::Event::PointerMoved(pos), button(true), button(false), egui::Event::PointerGone] {
        let input = RawInput { screen_rect: Some(screen), events: vec![event], ..Default::default() };
        let output = context.run_ui(input, |ui| clicked = clicked.or(show(ui.ctx(), tabs, settings)));
        output.drop_without_applying_deltas();
    }
    clicked
}

/// No text lies on another, or outside of the screen.
#[track_caller]
pub(super) fn assert_apart(texts: &[(String, Rect)], screen: Rect) {
    for (index, (text, place)) in texts.iter().enumerate() {
        assert!(screen.contains_rect(*place), "{text:?} at {place:?}");
        for (other, other_place) in &texts[..index] {
            let shared = place.shrink(1.0).intersect(other_place.shrink(1.0));
            assert!(shared.is_negative(), "{text:?} lies on {other:?}");
        }
    }
}

fn collect(shape: &Shape, clip: Rect, texts: &mut Vec<(String, Rect)>) {
    match shape {
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect(shape, clip, texts)),
        Shape::Text(TextShape { galley, pos, .. }) if !galley.text().is_empty() => {
            let place = galley.rect.translate(pos.to_vec2());
            assert!(clip.expand(0.5).contains_rect(place), "{:?} is clipped", galley.text());
            texts.push((galley.text().to_owned(), place));
        }
        _ => {}
    }
}

fn model(change: impl FnOnce(&mut Report)) -> PanelModel {
    let (mut report, stats) = (report(), stats());
    change(&mut report);
    let failed = StreamState::Failed { reason: "cannot open \"clip.mp4\": the file is truncated ".repeat(4) };
    let streams = vec![stream(&StreamState::Streaming, &stats), stream(&failed, &stats)];
    panel_model(&inputs(&report, streams))
}

#[test]
fn no_text_lies_on_another_or_outside_of_the_panel() {
    for width in [0.0, 460.0, 5000.0] {
        let settings = InspectorSettings { panel_width: width, ..Default::default() };
        let texts = texts(&egui::Context::default(), &model(|_| {}), &settings);
        assert!(texts.len() > 100, "{}", texts.len());
        assert_apart(&texts, SCREEN);
    }
}

#[test]
fn nothing_moves_when_figures_change() {
    let (context, settings) = (egui::Context::default(), InspectorSettings::default());
    let before = texts(&context, &model(|_| {}), &settings);
    let later = model(|report| {
        report.app.frames *= 1000;
        report.app.frame_ms.median *= 7.0;
        report.ledger.bytes_up *= 12_345;
        report.ledger.foreign_allocations *= 1000;
        report.ledger.waits.count = 1;
        report.ledger.attachments.entry("frame_code").or_default().late = 99;
        for stage in report.stages.values_mut() {
            stage.runs = 3_000_000;
        }
    });
    let after = texts(&context, &later, &settings);
    assert_eq!(before.len(), after.len());
    let mut changed = 0;
    for ((text, place), (new_text, new_place)) in before.iter().zip(&after) {
        let stays = |one: f32, other: f32| (one - other).abs() < 0.6;
        let holds_left = stays(place.left(), new_place.left());
        let holds_right = stays(place.right(), new_place.right());
        assert!(stays(place.top(), new_place.top()), "{text:?} moved down as {new_text:?}");
        assert!(holds_left || holds_right, "{text:?} moved aside as {new_text:?}");
        changed += usize::from(text != new_text);
    }
    assert!(changed > 10, "{changed}");
}

#[test]
fn a_section_is_folded_by_a_click_on_its_name() {
    let (context, settings, model) = (egui::Context::default(), InspectorSettings::default(), model(|_| {}));
    let open = texts(&context, &model, &settings);
    let (_, header) = open.iter().find(|(text, _)| text == "Ledger").unwrap();
    click(&context, SCREEN, &mut overview(&model), &settings, header.center());
    let folded = texts(&context, &model, &settings);
    assert!(folded.iter().all(|(text, _)| text != "down: metadata"), "its body is gone");
    assert!(folded.iter().any(|(text, _)| text == "clean"), "what it comes to is still there");
}

/// A tab with one word.
struct Word(&'static str);

impl tabs::Tab for Word {
    fn name(&self) -> &'static str {
        self.0
    }

    fn is_wanted(&self, world: &World) -> bool {
        self.0 != "Absent" || world.contains_resource::<InspectorSettings>()
    }

    fn refresh(&mut self, _: &World) {}

    fn show(&mut self, ui: &mut egui::Ui) {
        table::row(ui, &[table::Cell::name(&format!("in {}", self.0), crate::model::Tone::Plain)]);
    }
}

#[test]
fn a_click_on_a_tab_asks_for_it_and_one_that_has_nothing_to_show_is_not_there() {
    let context = egui::Context::default();
    let mut tabs = Tabs::of(vec![Box::new(Word("First")), Box::new(Word("Absent")), Box::new(Word("Last"))]);
    tabs.look(&World::new());
    let mut settings = InspectorSettings { tab: "Absent", ..Default::default() };
    let seen = |tabs: &mut Tabs, settings: &_| texts_of(&context, SCREEN, tabs, settings);
    let first = seen(&mut tabs, &settings);
    let words: Vec<_> = first.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(words, ["Freshet", "F1 hides", "First", "Last", "in First"]);
    let (_, last) = &first[3];
    settings.tab = click(&context, SCREEN, &mut tabs, &settings, last.center()).unwrap();
    assert!(seen(&mut tabs, &settings).iter().any(|(text, _)| text == "in Last"));
    let mut alone = Tabs::of(vec![Box::new(Word("First"))]);
    assert!(seen(&mut alone, &settings).iter().all(|(text, _)| text != "First"), "one tab needs no name");
}
