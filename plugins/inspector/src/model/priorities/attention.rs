//! What the user does, what comes next, and what that costs: lines with their switches.

use std::time::Duration;

use freshet_priority::{Context, Knob, Skill};

use crate::model::{Section, Tone, text};

/// What is known of attention, forecast, budget and governor.
#[derive(Debug, Clone, Default)]
pub(crate) struct AttentionInput {
    pub(crate) context: Context,
    /// For how long.
    pub(crate) stood: Duration,
    pub(crate) forced: Option<Context>,
    pub(crate) changes: u64,
    pub(crate) forecast_on: bool,
    /// The best guess, whether it is acted upon or not.
    pub(crate) guess: Option<(Context, f32)>,
    /// Time until the user turns to it that is as likely to be exceeded as not.
    pub(crate) expected_in: Option<Duration>,
    /// Whether the guess makes anything more urgent.
    pub(crate) acted_upon: bool,
    pub(crate) skill: Skill,
    /// How long a turn may take.
    pub(crate) target: Duration,
    pub(crate) busy_p95: Option<Duration>,
    pub(crate) governor_on: bool,
    pub(crate) quality_changes: u64,
    pub(crate) knobs: Vec<KnobInput>,
}

/// A knob, and the reason of its last change.
#[derive(Debug, Clone)]
pub(crate) struct KnobInput {
    pub(crate) knob: Knob,
    pub(crate) last: Option<String>,
}

/// What a click asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// What the user does, by the user's own word; `None` is what the signals say.
    Attend(Option<Context>),
    /// Forecast on or off.
    Forecast(bool),
    /// Governor on or off.
    Govern(bool),
}

/// Something to click on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) text: &'static str,
    /// Whether it is so already.
    pub(crate) is_on: bool,
    pub(crate) ask: Ask,
}

/// One line.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Line {
    pub(crate) what: String,
    pub(crate) text: String,
    pub(crate) tone: Tone,
    pub(crate) choices: Vec<Choice>,
    /// Drawn as a bar: a share of 0 to 1.
    pub(crate) share: Option<f32>,
}

/// The lines, from top to bottom.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct AttentionModel {
    pub(crate) lines: Vec<Line>,
}

const OFFERED: [(&str, Option<Context>); 5] = [
    ("Neutral", Some(Context::Neutral)),
    ("Chat", Some(Context::Chat)),
    ("Call", Some(Context::Call)),
    ("Idle", Some(Context::Idle)),
    ("Follow signals", None),
];

pub(super) fn section(input: &AttentionInput) -> Section<AttentionModel> {
    let mut lines = vec![context(input), switches(input), forecast(input), skill(input), spared(input), frame(input)];
    lines.push(governor(input));
    lines.extend(input.knobs.iter().map(knob));
    let summary = format!("{}, {}", input.context, text::times(input.changes, "change", "changes"));
    Section { summary, tone: Tone::Dim, body: AttentionModel { lines } }
}

fn context(input: &AttentionInput) -> Line {
    let (how, tone) = match input.forced {
        Some(_) => ("forced", Tone::Busy),
        None => ("as the signals say", Tone::Plain),
    };
    Line {
        what: "context".into(),
        text: format!("{} for {}, {how}", input.context, text::seconds(input.stood)),
        tone,
        ..Default::default()
    }
}

fn switches(input: &AttentionInput) -> Line {
    let choice = |(text, context)| Choice { text, is_on: input.forced == context, ask: Ask::Attend(context) };
    Line { what: "attend to".into(), choices: OFFERED.map(choice).into(), ..Default::default() }
}

fn toggle(is_on: bool, ask: Ask) -> Vec<Choice> {
    vec![Choice { text: if is_on { "on" } else { "off" }, is_on, ask }]
}

fn forecast(input: &AttentionInput) -> Line {
    let (text, tone) = match input.guess {
        _ if !input.forecast_on => ("switched off".into(), Tone::Dim),
        None => ("nothing to go by yet".into(), Tone::Dim),
        Some((next, probability)) => {
            let expected = input.expected_in.map_or_else(String::new, |time| format!(" in {}", text::rough(time)));
            let (how, tone) = match input.acted_upon {
                true => ("acted upon", Tone::Good),
                false if input.skill.trusted => ("not sure enough", Tone::Plain),
                false => ("not trusted yet", Tone::Dim),
            };
            (format!("{next} {:.0} %{expected}, {how}", probability * 100.0), tone)
        }
    };
    let choices = toggle(input.forecast_on, Ask::Forecast(!input.forecast_on));
    Line { what: "forecast".into(), text, tone, choices, share: None }
}

fn skill(input: &AttentionInput) -> Line {
    let skill = &input.skill;
    let (text, tone) = match skill.predictions {
        0 => ("none scored yet".into(), Tone::Dim),
        scored => {
            let [hits, usual] = [skill.hit_rate, skill.baseline_hit_rate].map(|share| share * 100.0);
            let tone = if skill.gained_bits > 0.0 { Tone::Plain } else { Tone::Dim };
            let bits = skill.gained_bits;
            (format!("{hits:.0} % hits (usual {usual:.0} %), {bits:+.2} bits, {} scored", text::count(scored)), tone)
        }
    };
    Line { what: "skill".into(), text, tone, ..Default::default() }
}

fn spared(input: &AttentionInput) -> Line {
    let (saved, wasted) = (input.skill.saved, input.skill.wasted);
    let text = match (saved, wasted) {
        (Duration::ZERO, Duration::ZERO) => "nothing was done ahead yet".into(),
        _ => format!("{} of waiting, for {} of work that nobody wanted", text::age(saved), text::age(wasted)),
    };
    Line { what: "spared".into(), text, tone: Tone::Dim, ..Default::default() }
}

fn frame(input: &AttentionInput) -> Line {
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    let target = millis(input.target);
    let Some(busy) = input.busy_p95 else {
        let text = format!("of {target:.1} ms nothing yet");
        return Line { what: "frame".into(), text, tone: Tone::Dim, ..Default::default() };
    };
    let left = millis(input.target.saturating_sub(busy));
    let share = busy.as_secs_f64() / input.target.as_secs_f64().max(1e-9);
    Line {
        what: "frame".into(),
        text: format!("busy p95 {:.2} of {target:.1} ms, {left:.2} left", millis(busy)),
        tone: if share > 1.0 { Tone::Bad } else { Tone::Plain },
        share: Some(share.min(1.0) as f32),
        choices: Vec::new(),
    }
}

fn governor(input: &AttentionInput) -> Line {
    let lowered = input.knobs.iter().filter(|input| input.knob.position > 0).count();
    let changes = text::times(input.quality_changes, "change", "changes");
    let (text, tone) = match lowered {
        _ if !input.governor_on => ("switched off".into(), Tone::Dim),
        _ if input.knobs.is_empty() => ("nothing to give up: no knob".into(), Tone::Dim),
        0 => (format!("full quality, {changes}"), Tone::Good),
        _ => (
            format!("{lowered} of {} lowered, {changes}", text::times(input.knobs.len() as u64, "knob", "knobs")),
            Tone::Busy,
        ),
    };
    let choices = toggle(input.governor_on, Ask::Govern(!input.governor_on));
    Line { what: "governor".into(), text, tone, choices, share: None }
}

fn knob(input: &KnobInput) -> Line {
    let Knob { name, kind, steps, position } = input.knob;
    let kind = kind.name().replace('_', " ");
    let place = match position {
        0 => "full".to_owned(),
        _ => format!("{position} of {steps} down"),
    };
    let last = input.last.as_ref().map_or_else(String::new, |last| format!(": {last}"));
    Line {
        what: format!("  {name}"),
        text: format!("{kind} {place}{last}"),
        tone: if position > 0 { Tone::Busy } else { Tone::Dim },
        share: Some(1.0 - f32::from(position) / f32::from(steps.max(1))),
        choices: Vec::new(),
    }
}
