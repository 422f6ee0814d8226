//! How the models stand, in words.

use std::time::Instant;

use bevy::prelude::*;
use bevy_freshet::inference::{Model, ModelOf, ModelState, ModelStats};
use bevy_freshet::prelude::*;

use crate::calm::{Answer, Glance, Named, Ponder};
use crate::draw::{LATE, NAIVE, ON_TIME, Shown};

/// Answers that are listed.
const LISTED: usize = 4;
const PLAIN: Color = Color::srgb(0.92, 0.94, 0.96);
const FAINT: Color = Color::srgb(0.62, 0.66, 0.7);

/// A line of the panel, counted from above.
#[derive(Component)]
struct Line(usize);

/// The panel's lines, written anew in each turn.
#[derive(Resource, Default)]
struct Lines(Vec<(String, Color)>);

/// The answers of a model that came last, and those that were found on the wrong frame.
#[derive(Resource)]
struct Heard<M: Model> {
    answers: Vec<(u64, bool, u128)>,
    wrong: u64,
    ready_after: Option<f32>,
    begun: Option<Instant>,
    model: std::marker::PhantomData<fn() -> M>,
}

impl<M: Model> Default for Heard<M> {
    fn default() -> Self {
        Self { answers: Vec::new(), wrong: 0, ready_after: None, begun: None, model: std::marker::PhantomData }
    }
}

pub fn plugin(app: &mut App) {
    app.init_resource::<Lines>()
        .init_resource::<Heard<Ponder>>()
        .init_resource::<Heard<Glance>>()
        .add_systems(Startup, spawn)
        .add_systems(
            Update,
            (begin, hear::<Ponder>, tell::<Ponder>, hear::<Glance>, tell::<Glance>, end, write).chain(),
        );
}

fn spawn(mut commands: Commands) {
    let node = Node {
        position_type: PositionType::Absolute,
        right: px(10),
        top: px(10),
        width: px(425),
        padding: UiRect::all(px(9)),
        flex_direction: FlexDirection::Column,
        row_gap: px(2),
        ..default()
    };
    commands.spawn((node, BackgroundColor(Color::srgba(0.02, 0.03, 0.05, 0.86)))).with_children(|panel| {
        for index in 0..32 {
            panel.spawn((Line(index), Text::new(""), TextFont::from_font_size(12.0), TextColor(PLAIN)));
        }
    });
}

fn begin(mut lines: ResMut<Lines>, streams: Query<&StreamStats, With<Shown>>) {
    lines.0.clear();
    let Ok(stats) = streams.single() else { return };
    let text =
        format!("media   {:.1} Hz   {} frames, {} dropped", stats.rate_hz, stats.captured, stats.dropped_total());
    lines.0.push((text, PLAIN));
}

/// Takes note of the answers, and looks whether they are on the frames that they are about.
fn hear<M: Model + Named>(
    latest: Query<&Latest<Answer<M>>, Changed<Latest<Answer<M>>>>,
    frames: Query<(&Frame, &Answer<M>)>,
    models: Query<(&ModelState, &ModelStats), With<ModelOf<M>>>,
    mut heard: ResMut<Heard<M>>,
) {
    let wrong = |code: u32, seq: u64| u64::from(u64::from(code) != seq & u64::from(u32::MAX));
    heard.wrong += frames.iter().map(|(frame, answer)| wrong(answer.code, frame.seq)).sum::<u64>();
    let Ok((state, stats)) = models.single() else { return };
    match state {
        ModelState::Warming { .. } => drop(heard.begun.get_or_insert_with(Instant::now)),
        ModelState::Ready if heard.ready_after.is_none() => {
            heard.ready_after = Some(heard.begun.map_or(0.0, |begun| begun.elapsed().as_secs_f32()));
        }
        _ => {}
    }
    for latest in &latest {
        heard.wrong += wrong(latest.value.code, latest.frame.seq);
        // While it grows it is no answer yet.
        if stats.thinking_of.is_none_or(|(_, frame)| frame != latest.frame) {
            heard.answers.insert(0, (latest.frame.seq, latest.late, stats.last_age.as_millis()));
            heard.answers.truncate(LISTED);
        }
    }
}

fn tell<M: Model + Named>(
    models: Query<(&Workload, &ModelState, &ModelStats), With<ModelOf<M>>>,
    latest: Query<&Latest<Answer<M>>, With<Shown>>,
    heard: Res<Heard<M>>,
    mut lines: ResMut<Lines>,
) {
    let Ok((workload, state, stats)) = models.single() else { return };
    let lines = &mut lines.0;
    lines.push((String::new(), PLAIN));
    let took = workload.task_cost().mean().map_or(0.0, |mean| mean.as_secs_f64() * 1e3);
    let stands = match state {
        ModelState::Warming { progress } => {
            let full = (progress * 20.0) as usize;
            format!("warming  [{}{}] {:.0} %", "#".repeat(full), ".".repeat(20 - full), progress * 100.0)
        }
        ModelState::Failed { why } => format!("failed: {why}"),
        ModelState::Ready => format!(
            "ready after {:.1} s, thinks for {took:.0} ms, {}",
            heard.ready_after.unwrap_or_default(),
            workload.level()
        ),
        ModelState::Cold | ModelState::Suspended => state.name().to_owned(),
    };
    lines.push((format!("{}   {stands}", workload.name()), PLAIN));
    if let Some((_, frame)) = stats.thinking_of {
        let waits = stats.waiting.map_or_else(String::new, |frame| format!("; frame {} waits", frame.seq));
        lines.push((format!("   thinks of frame {}{waits}", frame.seq), FAINT));
    }
    for latest in latest.iter().filter(|latest| !latest.value.words.is_empty()) {
        lines.push((format!("   \"{}\"", latest.value.words), PLAIN));
    }
    for &(seq, late, age) in &heard.answers {
        let (how, color) = if late { ("late", LATE) } else { ("on its frame", ON_TIME) };
        lines.push((format!("   frame {seq}   {how}, {age} ms old"), color));
    }
    lines.push((format!("   answers: {} on their frames, {} late", stats.answered, stats.late), PLAIN));
    let reasons: Vec<_> = SkipReason::ALL
        .into_iter()
        .filter(|&reason| stats.skipped_for(reason) > 0)
        .map(|reason| format!("{} {}", stats.skipped_for(reason), reason.name()))
        .collect();
    lines.push((format!("   no answer: {}", reasons.join(", ")), FAINT));
    lines.push((format!("   wrong frames: {}; in flight: {} at most", heard.wrong, stats.most_in_flight), FAINT));
}

/// What the colours mean.
fn end(mut lines: ResMut<Lines>) {
    lines.0.extend([
        (String::new(), PLAIN),
        ("green: on its own frame".to_owned(), ON_TIME),
        ("amber: late, at its capture-time pose".to_owned(), LATE),
        ("white: where it would be drawn without".to_owned(), NAIVE),
    ]);
}

fn write(lines: Res<Lines>, mut texts: Query<(&Line, &mut Text, &mut TextColor, &mut Node)>) {
    for (line, mut text, mut color, mut node) in &mut texts {
        let (words, shade) = lines.0.get(line.0).map_or(("", PLAIN), |(text, color)| (text.as_str(), *color));
        let display = if line.0 < lines.0.len() { Display::Flex } else { Display::None };
        if text.0 != words {
            words.clone_into(&mut text.0);
        }
        color.set_if_neq(TextColor(shade));
        if node.display != display {
            node.display = display;
        }
    }
}
