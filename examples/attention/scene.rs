//! The picture, the chat box, and a line on everything that goes on.

use bevy::prelude::*;
use bevy_freshet::prelude::*;

use crate::chat::Chat;
use crate::library::Library;
use crate::mind::Mind;

/// Without a window, a context stands for this many turns …
const STAY: u32 = 90;
/// … and one of these questions is asked in each.
const QUESTIONS: [&str; 5] = [
    "what happens to late results",
    "why is nothing allocated on the hot path",
    "how do I calibrate a camera",
    "what is a workload",
    "how does a frame get its results",
];

#[derive(Component)]
pub struct Told;

pub fn open(mut commands: Commands, mut pictures: LivePictures, options: Res<freshet_example::Options>) {
    let streams = freshet_example::open_sources(&mut commands, &options);
    for &stream in &streams {
        commands.want::<OpticalFlow>(stream, "attention example");
        commands.want::<Features>(stream, "attention example");
        commands.want::<Tracks>(stream, "attention example");
        commands.want::<LightEstimate>(stream, "attention example");
    }
    let Some(&stream) = streams.first() else { return };
    let picture = pictures.show(stream);
    commands.spawn((Camera2d, IsDefaultUiCamera, Background { fit: Fit::Cover, ..Background::new(picture) }));
    let node = Node {
        position_type: PositionType::Absolute,
        right: px(12),
        top: px(8),
        width: px(390),
        padding: UiRect::all(px(10)),
        ..default()
    };
    commands.spawn((
        Told,
        Text::new(""),
        TextFont::from_font_size(14.0),
        TextColor(Color::srgb(0.92, 0.94, 0.96)),
        BackgroundColor(Color::srgba(0.02, 0.03, 0.04, 0.82)),
        node,
    ));
}

/// Writes down what goes on. Without a window it also turns the keys.
pub fn tell(
    mut chat: ResMut<Chat>,
    (library, mind): (Res<Library>, Res<Mind>),
    mut attention: ResMut<Attention>,
    (forecast, budget): (Res<Forecast>, Res<FrameBudget>),
    options: Res<freshet_example::Options>,
    mut texts: Query<&mut Text, With<Told>>,
    mut turn: Local<u32>,
) {
    *turn += 1;
    if options.headless {
        pretend(*turn, &mut chat, &mut attention);
    }
    let Ok(mut text) = texts.single_mut() else { return };
    let next =
        forecast.next().map_or_else(String::new, |(next, sure)| format!(", {next} next ({:.0} %)", sure * 100.0));
    let passages = library.index.as_ref().map_or(0, |index| index.size().0);
    let likeness = mind.like.map_or_else(String::new, |(seq, _)| format!(", most like frame {seq}"));
    let model = mind.losses.map_or_else(String::new, |losses| {
        format!("loss {:.3} (same as last {:.3}, mean {:.3})", losses.model, losses.same_as_last, losses.mean)
    });
    let ahead = chat.ahead.tally();
    let answer = chat.answered.as_ref().map_or_else(String::new, |(question, answers, took)| {
        let lines: Vec<_> = answers.iter().map(|answer| format!("  {}", answer.snippet)).collect();
        format!("{question}?  ({:.1} ms)\n{}", took.as_secs_f64() * 1e3, lines.join("\n"))
    });
    text.0 = format!(
        "attention: {}{next}    frame: {:.1} of {:.1} ms\n\
         library: {passages} passages    moments: {} ({} forgotten, novelty {:.1}){likeness}\n\
         model: {} steps, {model}\n\
         answers ahead: {} ready, {} asked for, {} not\n\n{answer}\n\n> {}_\n1 chat  2 call  3 away  0 follow  F1 panel",
        attention.context(),
        budget.last_busy().as_secs_f64() * 1e3,
        budget.target.as_secs_f64() * 1e3,
        mind.moments.moments().len(),
        mind.moments.dropped(),
        mind.novelty,
        mind.model.steps(),
        chat.ahead.waiting(),
        ahead.hits,
        ahead.misses,
        chat.line,
    );
}

/// What a user might do.
fn pretend(turn: u32, chat: &mut Chat, attention: &mut Attention) {
    const CONTEXTS: [Context; 3] = [Context::Chat, Context::Call, Context::Idle];
    let (stay, into) = (turn / STAY, turn % STAY);
    if into == 0 {
        attention.force(Some(CONTEXTS[stay as usize % CONTEXTS.len()]));
    }
    if into == 10 {
        chat.ask(QUESTIONS[stay as usize % QUESTIONS.len()].to_owned());
    }
}
