//! The tab drawn by egui alone, without a GPU.

use std::time::Duration;

use bevy_egui::egui::epaint::TextShape;
use bevy_egui::egui::{Context, Event, Modifiers, MouseWheelUnit, PointerButton, RawInput, TouchPhase};

use super::*;
use crate::schedule::tests::{book, run};

const SCREEN: Rect = Rect { min: Pos2::ZERO, max: pos2(1100.0, 640.0) };

/// Draws once and gives the texts with their places and what they are clipped to.
fn draw(
    context: &Context,
    tab: &mut ScheduleTab,
    book: &Schedulebook,
    events: Vec<Event>,
) -> Vec<(String, Rect, Rect)> {
    let input = RawInput { screen_rect: Some(SCREEN), predicted_dt: 0.1, events, ..Default::default() };
    let output = context.run_ui(input, |ui| show(ui, tab, book));
    let mut texts = Vec::new();
    for clipped in &output.shapes {
        collect(&clipped.shape, clipped.clip_rect, &mut texts);
    }
    output.drop_without_applying_deltas();
    texts
}

fn collect(shape: &Shape, clip: Rect, texts: &mut Vec<(String, Rect, Rect)>) {
    match shape {
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect(shape, clip, texts)),
        Shape::Text(TextShape { galley, pos, .. }) if !galley.text().is_empty() => {
            texts.push((galley.text().to_owned(), galley.rect.translate(pos.to_vec2()), clip));
        }
        _ => {}
    }
}

/// Draws until the layout has settled.
fn settled(context: &Context, tab: &mut ScheduleTab, book: &Schedulebook) -> Vec<(String, Rect, Rect)> {
    (0..4).map(|_| draw(context, tab, book, Vec::new())).last().unwrap()
}

fn place_of(texts: &[(String, Rect, Rect)], text: &str) -> Rect {
    texts.iter().find(|(it, ..)| it == text).unwrap_or_else(|| panic!("no {text:?} in {texts:?}")).1
}

fn click(context: &Context, tab: &mut ScheduleTab, book: &Schedulebook, pos: Pos2) {
    let button = |pressed| Event::PointerButton {
        pos,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::default(),
    };
    for event in [Event::PointerMoved(pos), button(true), button(false), Event::PointerGone] {
        draw(context, tab, book, vec![event]);
    }
}

#[test]
fn every_text_is_on_the_screen_and_on_no_other() {
    let (context, mut tab, book) = (Context::default(), ScheduleTab::default(), book());
    tab.ours_only = false;
    settled(&context, &mut tab, &book);
    run(&book);
    std::thread::sleep(Duration::from_millis(110));
    let texts = settled(&context, &mut tab, &book);
    assert!(texts.iter().any(|(text, ..)| text.ends_with(" µs")), "{texts:?}");
    for (at, (text, place, clip)) in texts.iter().enumerate() {
        assert!(clip.expand(0.5).contains_rect(*place), "{text:?} at {place:?} is clipped by {clip:?}");
        for (other, other_place, _) in &texts[..at] {
            let shared = place.shrink(1.0).intersect(other_place.shrink(1.0));
            assert!(shared.is_negative(), "{text:?} lies on {other:?}");
        }
    }
}

#[test]
fn names_fit_their_boxes_at_every_scale() {
    let (context, book) = (Context::default(), book());
    for scale in [0.5, 0.8, 1.0, 1.7, 3.0] {
        let mut tab = ScheduleTab::default();
        tab.ours_only = false;
        settled(&context, &mut tab, &book);
        tab.camera = Camera { scale, shift: [5.0; 2] };
        let texts = draw(&context, &mut tab, &book, Vec::new());
        let (schedule, view, _) = tab.shown().unwrap();
        for (&node, size) in view.nodes.iter().zip(&view.sizes) {
            let Some((_, place, _)) = texts.iter().find(|(text, ..)| *text == schedule.nodes[node].short) else {
                continue;
            };
            assert!(place.width() + 10.0 * scale < size[0] * scale, "{place:?} in {size:?} at {scale}");
        }
    }
}

#[test]
fn the_filter_hides_what_is_not_ours() {
    let (context, mut tab, book) = (Context::default(), ScheduleTab::default(), book());
    let texts = settled(&context, &mut tab, &book);
    assert!(texts.iter().any(|(text, ..)| text == "admit_frames"));
    assert!(texts.iter().all(|(text, ..)| text != "time_system"));
    click(&context, &mut tab, &book, place_of(&texts, "this suite").center());
    let texts = settled(&context, &mut tab, &book);
    assert!(texts.iter().any(|(text, ..)| text == "time_system"), "{texts:?}");
}

#[test]
fn under_the_pointer_a_system_tells_its_path() {
    let (context, mut tab, book) = (Context::default(), ScheduleTab::default(), book());
    let texts = settled(&context, &mut tab, &book);
    let pos = place_of(&texts, "admit_frames").center();
    let moved = |by: f32| vec![Event::PointerMoved(pos + vec2(by, 0.0))];
    draw(&context, &mut tab, &book, moved(0.0));
    let texts = (0..20).map(|_| draw(&context, &mut tab, &book, Vec::new())).last().unwrap();
    assert!(texts.iter().any(|(text, ..)| text.contains("freshet_frame::admit::admit_frames")), "{texts:?}");
}

#[test]
fn the_wheel_scales_and_dragging_moves() {
    let (context, mut tab, book) = (Context::default(), ScheduleTab::default(), book());
    settled(&context, &mut tab, &book);
    let before = tab.camera;
    let middle = SCREEN.center();
    draw(&context, &mut tab, &book, vec![Event::PointerMoved(middle)]);
    let wheel = Event::MouseWheel {
        unit: MouseWheelUnit::Point,
        delta: vec2(0.0, 60.0),
        phase: TouchPhase::Move,
        modifiers: Modifiers::default(),
    };
    draw(&context, &mut tab, &book, vec![wheel]);
    settled(&context, &mut tab, &book);
    assert!(tab.camera.scale > before.scale, "{:?}", tab.camera);

    let shift = tab.camera.shift;
    let button = |pos, pressed| Event::PointerButton {
        pos,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::default(),
    };
    draw(&context, &mut tab, &book, vec![button(middle, true)]);
    for step in 1..5 {
        draw(&context, &mut tab, &book, vec![Event::PointerMoved(middle + vec2(step as f32 * 10.0, 5.0))]);
    }
    draw(&context, &mut tab, &book, vec![button(middle + vec2(40.0, 5.0), false)]);
    let moved = [tab.camera.shift[0] - shift[0], tab.camera.shift[1] - shift[1]];
    assert!((moved[0] - 40.0).abs() < 0.1 && (moved[1] - 5.0).abs() < 0.1, "{moved:?}");
}

#[test]
fn a_world_without_schedules_is_told_so() {
    let (context, mut tab) = (Context::default(), ScheduleTab::default());
    let texts = settled(&context, &mut tab, &Schedulebook::default());
    assert!(texts.iter().any(|(text, ..)| text == "no schedule has been measured"));
}

#[test]
fn a_line_is_clipped_to_what_is_seen() {
    let seen = Rect::from_min_max(pos2(0.0, 0.0), pos2(10.0, 10.0));
    assert_eq!(clipped(pos2(-5.0, 5.0), pos2(25.0, 5.0), seen), Some([pos2(0.0, 5.0), pos2(10.0, 5.0)]));
    assert_eq!(clipped(pos2(2.0, 3.0), pos2(4.0, 6.0), seen), Some([pos2(2.0, 3.0), pos2(4.0, 6.0)]));
    assert_eq!(clipped(pos2(-5.0, 0.0), pos2(0.0, 20.0), seen), None);
}

#[test]
fn hotter_is_redder() {
    let red = |share: f64| f32::from(color(heat(share)).r()) - f32::from(color(heat(share)).b());
    let reds = [0.0, 0.01, 0.1, 0.5, 1.0].map(red);
    assert!(reds.windows(2).all(|pair| pair[0] < pair[1]), "{reds:?}");
}
