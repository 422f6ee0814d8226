//! The worker pools at a glance.

use freshet_base::Priority;
use freshet_priority::PoolStatistics;

use crate::model::{Section, Tone, text};

/// What is known of the pools.
#[derive(Debug, Clone, Default)]
pub(crate) struct PoolInput {
    pub(crate) statistics: PoolStatistics,
    /// Each class of workers: its name, its threads, and its priority in the operating system.
    pub(crate) classes: Vec<(&'static str, usize, Option<String>)>,
}

/// What is said of the pools.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct PoolModel {
    pub(crate) rows: Vec<PoolRow>,
    pub(crate) facts: Vec<(&'static str, String, Tone)>,
}

/// One level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PoolRow {
    pub(crate) level: Priority,
    pub(crate) figures: [(String, Tone); PoolModel::HEADS.len()],
}

impl PoolModel {
    /// What the figures of a row are.
    pub(crate) const HEADS: [&str; 8] =
        ["waiting", "running", "done", "expired", "refused", "stolen", "aged", "yields"];
}

pub(super) fn section(input: &PoolInput) -> Section<PoolModel> {
    let statistics = &input.statistics;
    let rows = Priority::ALL.map(|level| row(statistics, level));
    let mut facts: Vec<_> = input.classes.iter().map(class).collect();
    facts.push(stalls(statistics));
    let [running, waiting] = [
        statistics.levels.iter().map(|level| level.running).sum::<u64>(),
        statistics.levels.iter().map(|level| level.waiting).sum(),
    ];
    let summary = format!("{} running, {} waiting", text::count(running), text::count(waiting));
    Section { summary, tone: Tone::Dim, body: PoolModel { rows: rows.into(), facts } }
}

fn row(statistics: &PoolStatistics, level: Priority) -> PoolRow {
    let it = statistics.level(level);
    let tone = |number: u64, otherwise| if number == 0 { Tone::Dim } else { otherwise };
    let figure = |number: u64, otherwise| (text::count(number), tone(number, otherwise));
    PoolRow {
        level,
        figures: [
            figure(it.waiting, Tone::Plain),
            figure(it.running, Tone::Good),
            figure(it.finished, Tone::Plain),
            figure(it.expired, Tone::Busy),
            figure(it.refused, Tone::Bad),
            figure(it.stolen, Tone::Plain),
            figure(it.aged, Tone::Plain),
            figure(it.yields, Tone::Plain),
        ],
    }
}

fn class((name, threads, priority): &(&'static str, usize, Option<String>)) -> (&'static str, String, Tone) {
    let tone = match priority {
        Some(priority) if priority.starts_with("refused") => Tone::Bad,
        Some(_) => Tone::Plain,
        None => Tone::Dim,
    };
    let priority = priority.as_deref().unwrap_or("not asked yet");
    (*name, format!("{}, OS priority: {priority}", text::times(*threads as u64, "worker", "workers")), tone)
}

fn stalls(statistics: &PoolStatistics) -> (&'static str, String, Tone) {
    let lost = statistics.reports_lost + statistics.stall_reports_lost;
    let tone = if statistics.stalls + lost > 0 { Tone::Bad } else { Tone::Dim };
    let text = format!(
        "{}, {} substituted, {} lost",
        text::count(statistics.stalls),
        text::count(statistics.substitutions),
        text::times(lost, "report", "reports")
    );
    ("stalls", text, tone)
}
