//! What the tab says of a schedule: figures in, texts and colours' shares out.

use super::layout::Point;
use super::live::{Figures, Live};
use super::model::{Node, ScheduleModel};
use super::view::View;

/// A name is cut to this many characters; the whole of it is told under the pointer.
const LONGEST_NAME: usize = 36;
/// The width of a character and what is left free at both sides together, in logical pixels.
const CHARACTER: f32 = 7.0;
const SIDES: f32 = 18.0;
/// Two lines of text.
const BOX_HEIGHT: f32 = 36.0;
/// Names shorter than this have boxes as wide as if they had it, for the figures.
const SHORTEST_NAME: usize = 10;

/// One box.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct BoxText {
    pub(crate) title: String,
    /// The mean of a run, with its unit; empty when it has not been timed.
    pub(crate) time: String,
    /// Its share of the schedule's time as a colour: 0 none, 1 all of it; 1 % is 0.1 and 10 % is 0.32.
    pub(crate) heat: f32,
    /// Whether a search passes it by.
    pub(crate) dimmed: bool,
    pub(crate) exclusive: bool,
    pub(crate) ours: bool,
}

/// A schedule's name in the list.
pub(crate) fn entry(schedule: &ScheduleModel) -> String {
    let ours = schedule.nodes.iter().filter(|node| node.ours).count();
    let all = schedule.nodes.len();
    let ScheduleModel { world, label, .. } = schedule;
    if ours == 0 { format!("{world} · {label} ({all})") } else { format!("{world} · {label} ({all}, {ours} ours)") }
}

/// What all of it comes to.
pub(crate) fn summary(schedule: &ScheduleModel, view: &View, live: &Live) -> String {
    let systems = format!("{} of {} systems", view.nodes.len(), schedule.nodes.len());
    match live.rate_hz() {
        rate if rate > 0.0 => format!("{} CPU per run · {rate:.1} runs/s · {systems}", millis(live.total_ms())),
        _ => systems,
    }
}

/// The boxes of what is shown, in the order of the view.
pub(crate) fn boxes(schedule: &ScheduleModel, view: &View, live: &Live, search: &str) -> Vec<BoxText> {
    let figures = live.figures();
    let text = |&place: &usize| {
        let node = &schedule.nodes[place];
        let figures = figures.get(place).copied().unwrap_or_default();
        BoxText {
            title: cut(&node.short),
            time: figures.mean_ms.map_or_else(String::new, millis),
            heat: heat(figures.share),
            dimmed: !node.matches(search),
            exclusive: node.exclusive,
            ours: node.ours,
        }
    };
    view.nodes.iter().map(text).collect()
}

/// All that is known of a system, as names and texts.
pub(crate) fn details(node: &Node, figures: Option<&Figures>) -> Vec<(&'static str, String)> {
    let mut lines = vec![("system", node.name.clone())];
    if !node.sets.is_empty() {
        lines.push(("in", node.sets.join(", ")));
    }
    if !node.conditions.is_empty() {
        lines.push(("runs if", node.conditions.join(", ")));
    }
    if node.exclusive {
        lines.push(("world", "to itself; a schedule that it runs is within its time".into()));
    }
    match figures {
        _ if node.meter.is_none() => lines.push(("time", "not timed".into())),
        Some(Figures { mean_ms: Some(mean), longest_ms, rate_hz, share }) => {
            lines.push(("time", format!("{} mean, {} longest in 5 s", millis(*mean), millis(*longest_ms))));
            lines.push(("runs", format!("{rate_hz:.1} per second, {:.1} % of the schedule", share * 100.0)));
        }
        _ => lines.push(("time", "has not run since".into())),
    }
    lines
}

/// The size of a system's box.
pub(crate) fn box_size(node: &Node) -> Point {
    let characters = cut(&node.short).chars().count().max(SHORTEST_NAME);
    [characters as f32 * CHARACTER + SIDES, BOX_HEIGHT]
}

/// A share of 0 to 1 as a colour's place: small shares are told apart, too.
pub(crate) fn heat(share: f64) -> f32 {
    share.clamp(0.0, 1.0).sqrt() as f32
}

fn cut(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    name.chars().take(LONGEST_NAME - 1).chain(['…']).collect()
}

fn millis(ms: f64) -> String {
    match ms {
        ms if ms < 0.1 => format!("{:.1} µs", ms * 1e3),
        ms if ms < 100.0 => format!("{ms:.3} ms"),
        ms => format!("{ms:.0} ms"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::model::WorldName;
    use super::super::timed::Meter;
    use super::*;

    fn schedule() -> ScheduleModel {
        let meter = Arc::new(Meter::default());
        let timed = Node::new("freshet_frame::admit::admit_frames".into(), "admit_frames".into())
            .in_sets(BTreeSet::from(["Dispatch".into()]))
            .run_if(vec!["is_open".into()])
            .exclusive(true)
            .metered(Some(meter));
        let other = Node::new("bevy_time::time_system".into(), "x".repeat(50));
        ScheduleModel { world: WorldName::Main, label: "First".into(), nodes: vec![timed, other], edges: vec![(0, 1)] }
    }

    fn live(schedule: &ScheduleModel) -> Live {
        let mut live = Live::default();
        live.refresh(schedule, Duration::ZERO);
        for _ in 0..10 {
            schedule.nodes[0].meter.as_ref().unwrap().add(Duration::from_micros(42));
        }
        live.refresh(schedule, Duration::from_millis(100));
        live
    }

    #[test]
    fn boxes_say_the_name_and_the_mean_and_a_search_dims_the_others() {
        let schedule = schedule();
        let view = View::new(&schedule, false, |node| box_size(&schedule.nodes[node]));
        let boxes = boxes(&schedule, &view, &live(&schedule), "frames");
        assert_eq!((boxes[0].title.as_str(), boxes[0].time.as_str()), ("admit_frames", "42.0 µs"));
        assert_eq!((boxes[0].heat, boxes[0].dimmed, boxes[0].exclusive, boxes[0].ours), (1.0, false, true, true));
        assert_eq!((boxes[1].time.as_str(), boxes[1].dimmed, boxes[1].ours), ("", true, false));
        assert_eq!(boxes[1].title.chars().count(), LONGEST_NAME);
    }

    #[test]
    fn the_first_line_says_what_it_comes_to() {
        let schedule = schedule();
        let view = View::new(&schedule, true, |_| [1.0; 2]);
        assert_eq!(entry(&schedule), "main · First (2, 1 ours)");
        assert_eq!(summary(&schedule, &view, &Live::default()), "1 of 2 systems");
        let told = summary(&schedule, &view, &live(&schedule));
        assert_eq!(told, "42.0 µs CPU per run · 100.0 runs/s · 1 of 2 systems");
    }

    #[test]
    fn under_the_pointer_all_is_told() {
        let schedule = schedule();
        let live = live(&schedule);
        let lines = details(&schedule.nodes[0], live.figures().first());
        let lines: Vec<_> = lines.iter().map(|(what, text)| format!("{what}: {text}")).collect();
        assert_eq!(
            lines,
            [
                "system: freshet_frame::admit::admit_frames",
                "in: Dispatch",
                "runs if: is_open",
                "world: to itself; a schedule that it runs is within its time",
                "time: 42.0 µs mean, 42.0 µs longest in 5 s",
                "runs: 100.0 per second, 100.0 % of the schedule",
            ]
        );
        assert_eq!(details(&schedule.nodes[1], None)[1], ("time", "not timed".into()));
        assert_eq!(details(&schedule.nodes[0], None).last(), Some(&("time", "has not run since".into())));
    }

    #[test]
    fn one_percent_can_be_seen() {
        assert_eq!([0.0, 0.01, 1.0, 7.0].map(heat), [0.0, 0.1, 1.0, 1.0]);
    }
}
