//! The panel drawn by egui alone, without a GPU: where do its texts lie?

use bevy_egui::egui::epaint::TextShape;
use bevy_egui::egui::{RawInput, Rect, Shape, TextureId, pos2};
use freshet_frame::StreamState;

use super::*;
use crate::model::tests::{inputs, report, stats, stream};

const SCREEN: Rect = Rect { min: pos2(0.0, 0.0), max: pos2(1280.0, 1400.0) };

/// Texts with their places, after the layout has settled.
fn texts(context: &egui::Context, model: &PanelModel, settings: &InspectorSettings) -> Vec<(String, Rect)> {
    let textures = vec![Some(TextureId::User(0)); model.streams.body.len()];
    let mut texts = Vec::new();
    // Until nothing is on its way any more.
    for pass in 0..30 {
        let input = RawInput { screen_rect: Some(SCREEN), predicted_dt: 0.1, ..Default::default() };
        let output = context.run_ui(input, |ui| show(ui.ctx(), model, &textures, settings));
        for clipped in output.shapes.iter().filter(|_| pass == 29) {
            collect(&clipped.shape, clipped.clip_rect, &mut texts);
        }
        output.drop_without_applying_deltas();
    }
    texts
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
        for (index, (text, place)) in texts.iter().enumerate() {
            assert!(SCREEN.contains_rect(*place), "{text:?} at {place:?}");
            for (other, other_place) in &texts[..index] {
                let shared = place.shrink(1.0).intersect(other_place.shrink(1.0));
                assert!(shared.is_negative(), "{text:?} lies on {other:?}");
            }
        }
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
    let pos = header.center();
    let button = |pressed| egui::Event::PointerButton {
        pos,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers: egui::Modifiers::default(),
    };
    for event in [egui::Event::PointerMoved(pos), button(true), button(false), egui::Event::PointerGone] {
        let input = RawInput { screen_rect: Some(SCREEN), events: vec![event], ..Default::default() };
        context.run_ui(input, |ui| show(ui.ctx(), &model, &[], &settings)).drop_without_applying_deltas();
    }
    let folded = texts(&context, &model, &settings);
    assert!(folded.iter().all(|(text, _)| text != "down: metadata"), "its body is gone");
    assert!(folded.iter().any(|(text, _)| text == "clean"), "what it comes to is still there");
}
