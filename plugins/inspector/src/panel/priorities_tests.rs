//! The tab of priorities drawn by egui alone, without a GPU: where do its texts lie, and what do its buttons do?

use std::time::{Duration, Instant};

use bevy_egui::egui::{Rect, pos2};
use freshet_priority::{Attention, Context, Forecast, Governor, PriorityPlugin};

use super::priorities::Priorities;
use super::tabs::Tab;
use super::tests::{assert_apart, click, texts_of};
use super::*;
use crate::model::Section;
use crate::model::priorities::tests::{inputs, memory};
use crate::model::priorities::{PrioritiesModel, priorities_model};
use crate::model::timeline::{TimelineInput, TimelineModel, timeline_model};

fn model() -> PrioritiesModel {
    priorities_model(&inputs(), &mut memory())
}

fn timeline() -> Section<TimelineModel> {
    let body =
        timeline_model(&crate::model::priorities::tests::window(Instant::now() + Duration::from_secs(60)), 800.0);
    Section { summary: "a few".into(), body, ..Default::default() }
}

fn tabs() -> Tabs {
    let mut tab = Priorities::default();
    (tab.model, tab.timeline) = (model(), timeline());
    Tabs::of(vec![Box::new(tab)])
}

#[test]
fn no_text_lies_on_another_or_outside_of_the_panel() {
    for (width, least) in [(600.0, 120), (1000.0, 150), (1280.0, 200), (2500.0, 200)] {
        let screen = Rect { min: pos2(0.0, 0.0), max: pos2(width, 1600.0) };
        let texts = texts_of(&egui::Context::default(), screen, &mut tabs(), &InspectorSettings::default());
        assert!(texts.len() > least, "{} at {width}", texts.len());
        assert_apart(&texts, screen);
    }
    let mut many = Priorities::default();
    let input = crate::model::priorities::tests::window(Instant::now() + Duration::from_secs(60));
    many.timeline.body = timeline_model(&TimelineInput { workers: [8, 30], ..input }, 800.0);
    let screen = Rect { min: pos2(0.0, 0.0), max: pos2(1280.0, 1600.0) };
    let mut tabs = Tabs::of(vec![Box::new(many)]);
    let texts = texts_of(&egui::Context::default(), screen, &mut tabs, &InspectorSettings::default());
    assert_apart(&texts, screen);
    assert!(texts.iter().any(|(text, _)| text == "foreground 1"));
}

#[test]
fn buttons_force_contexts_and_switch_forecast_and_governor() {
    let screen = Rect { min: pos2(0.0, 0.0), max: pos2(1280.0, 1600.0) };
    let (context, settings) = (egui::Context::default(), InspectorSettings::default());
    let mut app = bevy::app::App::new();
    app.add_plugins((bevy::time::TimePlugin, PriorityPlugin::default()));
    app.update();
    let mut tabs = Tabs::of(vec![Box::<Priorities>::default()]);
    let mut press = |app: &mut bevy::app::App, text: &str, nth: usize| {
        app.update();
        tabs.shown("").unwrap().refresh(app.world());
        let texts = texts_of(&context, screen, &mut tabs, &settings);
        let (_, place) = texts.iter().filter(|(seen, _)| seen == text).nth(nth).unwrap();
        click(&context, screen, &mut tabs, &settings, place.center());
        tabs.shown("").unwrap().act(app.world_mut());
        app.update();
    };
    for (text, forced) in
        [("Chat", Context::Chat), ("Call", Context::Call), ("Idle", Context::Idle), ("Neutral", Context::Neutral)]
    {
        press(&mut app, text, 0);
        let attention = app.world().resource::<Attention>();
        assert_eq!((attention.forced(), attention.context()), (Some(forced), forced), "{text}");
    }
    press(&mut app, "Follow signals", 0);
    assert_eq!(app.world().resource::<Attention>().forced(), None);
    press(&mut app, "on", 0);
    let reason = app.world().resource::<Forecast>().plan(&[], 0.0).reason();
    assert_eq!(reason, Some(freshet_priority::Rest::Off));
    // Both say "off" by now, the forecast's first.
    press(&mut app, "off", 1);
    assert!(app.world().resource::<Governor>().enabled);
    press(&mut app, "on", 0);
    assert!(!app.world().resource::<Governor>().enabled);
}

#[test]
fn the_pointer_on_a_block_is_told_what_it_is() {
    let screen = Rect { min: pos2(0.0, 0.0), max: pos2(1280.0, 1600.0) };
    let (context, settings, mut tabs) = (egui::Context::default(), InspectorSettings::default(), tabs());
    let texts = texts_of(&context, screen, &mut tabs, &settings);
    let (_, lane) = texts.iter().find(|(text, _)| text == "foreground 1").unwrap();
    let mut told = Vec::new();
    for step in 1..60 {
        let pos = pos2(lane.right() + 20.0 * step as f32, lane.center().y);
        let events = vec![egui::Event::PointerMoved(pos)];
        let input = egui::RawInput { screen_rect: Some(screen), events, ..Default::default() };
        context
            .run_ui(input, |ui| {
                show(ui.ctx(), &mut tabs, &settings);
            })
            .drop_without_applying_deltas();
        let texts = texts_of(&context, screen, &mut tabs, &settings);
        told.extend(texts.into_iter().map(|(text, _)| text).filter(|text| text.contains("began")));
    }
    assert!(told.iter().any(|text| text.starts_with("embed, high\nbegan ")), "{told:?}");
}

#[test]
fn a_frozen_timeline_stays_while_the_rest_goes_on() {
    let screen = Rect { min: pos2(0.0, 0.0), max: pos2(1280.0, 1600.0) };
    let (context, settings) = (egui::Context::default(), InspectorSettings::default());
    let mut app = bevy::app::App::new();
    app.add_plugins((bevy::time::TimePlugin, PriorityPlugin::default()));
    app.update();
    let mut tab = Priorities::default();
    tab.refresh(app.world());
    tab.timeline = timeline();
    let kept = tab.timeline.clone();
    let mut tabs = Tabs::of(vec![Box::new(tab)]);
    let texts = texts_of(&context, screen, &mut tabs, &settings);
    let (_, place) = texts.iter().find(|(text, _)| text == "Freeze").unwrap();
    click(&context, screen, &mut tabs, &settings, place.center());
    app.world_mut().resource_mut::<Attention>().force(Some(Context::Call));
    app.update();
    tabs.shown("").unwrap().refresh(app.world());
    let texts = texts_of(&context, screen, &mut tabs, &settings);
    let has = |text: &str| texts.iter().any(|(seen, _)| seen.contains(text));
    assert!(has("Frozen") && has(&kept.summary) && has("call for"), "{texts:?}");
}
