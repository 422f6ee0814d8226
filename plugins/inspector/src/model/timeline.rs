//! The last seconds as rectangles, whatever their number.
//!
//! ```text
//!  spans, by start ─► lane and row ─► wider than a pixel ─► a block of its own
//!                                └──► narrower ──────────► one block per pixel column, row and level
//!  more than may be drawn ─► again, with pixels twice as wide
//! ```

use std::collections::HashMap;
use std::time::{Duration, Instant};

use freshet_base::Priority;
use freshet_priority::{Context, Lane, Outcome, Span};

use super::text;

/// How far the timeline looks back.
pub(crate) const WINDOW: Duration = Duration::from_secs(5);
/// Rectangles that are drawn at most.
pub(crate) const MOST_BLOCKS: usize = 2000;
/// Rows of a worker's lane: what began while something else was under way lies below it.
const DEPTHS: usize = 3;

/// What the timeline is made from.
#[derive(Debug, Clone)]
pub(crate) struct TimelineInput {
    /// Those that ended, and then those that run.
    pub(crate) spans: Vec<Span>,
    /// How many of them ended.
    pub(crate) ended: usize,
    /// Foreground and background threads.
    pub(crate) workers: [usize; 2],
    /// When the user turned to what.
    pub(crate) turns: Vec<(Instant, Context)>,
    pub(crate) now: Instant,
}

/// The last seconds. Places are shares of [`WINDOW`]: 0 is the oldest, 1 is now.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct TimelineModel {
    pub(crate) lanes: Vec<LaneModel>,
    pub(crate) marks: Vec<(f32, &'static str)>,
    /// Runs and tasks within the window, and those of them that missed their deadlines.
    pub(crate) runs: usize,
    pub(crate) missed: usize,
}

/// One thread.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LaneModel {
    pub(crate) title: String,
    /// Its blocks lie in this many rows beside each other; else below each other.
    pub(crate) rows: usize,
    /// In the order in which they are drawn.
    pub(crate) blocks: Vec<Block>,
}

/// One rectangle: a run, or several that are too short to be told apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Block {
    pub(crate) level: Priority,
    /// On the main thread that of its level; on a worker, how many it interrupts.
    pub(crate) row: usize,
    pub(crate) start: f32,
    pub(crate) end: f32,
    /// Of the longest.
    pub(crate) name: &'static str,
    pub(crate) runs: u32,
    /// How long, together.
    pub(crate) took: Duration,
    /// How long the longest took.
    longest: Duration,
    pub(crate) missed: bool,
    /// Whether one panicked.
    pub(crate) panicked: bool,
    /// Whether it goes on.
    pub(crate) is_running: bool,
}

impl Block {
    /// What there is to say of it.
    pub(crate) fn tell(&self) -> String {
        let millis = self.took.as_secs_f64() * 1e3;
        let ago = text::age(WINDOW.mul_f32((1.0 - self.start).clamp(0.0, 1.0)));
        let what = match self.runs {
            1 => format!("{}, {}", self.name, self.level),
            runs => format!("{runs} runs, {}, most of it {}", self.level, self.name),
        };
        let state = if self.is_running { ", running" } else { "" };
        let missed = if self.missed { ", deadline missed" } else { "" };
        let panicked = if self.panicked { ", panicked" } else { "" };
        format!("{what}\nbegan {ago} ago, {} ms{state}{missed}{panicked}", text::millis(millis))
    }
}

/// The picture of these spans where the window is `pixels` wide.
pub(crate) fn timeline_model(input: &TimelineInput, pixels: f32) -> TimelineModel {
    let placed = place(input);
    let mut grain = 1.0 / pixels.clamp(16.0, 16_384.0);
    let mut lanes = blocks(input, &placed, grain);
    while count(&lanes) > MOST_BLOCKS && grain < 0.1 {
        grain *= 2.0;
        lanes = blocks(input, &placed, grain);
    }
    // Still too many, and each of them wide: the newest are drawn.
    let mut over = count(&lanes).saturating_sub(MOST_BLOCKS);
    for lane in &mut lanes {
        let cut = over.min(lane.blocks.len());
        lane.blocks.drain(..cut);
        over -= cut;
    }
    let marks = input.turns.iter().map(|&(at, context)| (share(at, input.now), context.name()));
    TimelineModel {
        lanes,
        marks: marks.filter(|(at, _)| *at > 0.0).collect(),
        runs: placed.len(),
        missed: placed.iter().filter(|span| span.missed).count(),
    }
}

fn count(lanes: &[LaneModel]) -> usize {
    lanes.iter().map(|lane| lane.blocks.len()).sum()
}

/// A moment's place in the window.
fn share(at: Instant, now: Instant) -> f32 {
    let ago = now.saturating_duration_since(at).as_secs_f32() / WINDOW.as_secs_f32();
    (1.0 - ago).clamp(0.0, 1.0)
}

/// A span that knows its lane and row.
#[derive(Debug, Clone, Copy)]
struct Placed {
    lane: usize,
    block: Block,
    missed: bool,
}

/// Lane, row and extent of each span, by start.
fn place(input: &TimelineInput) -> Vec<Placed> {
    let lanes = 1 + input.workers.iter().sum::<usize>();
    let oldest = input.now.checked_sub(WINDOW);
    let spans = input.spans.iter().enumerate().filter(|(_, span)| oldest.is_none_or(|oldest| span.end > oldest));
    let mut spans: Vec<_> = spans.collect();
    spans.sort_by_key(|(_, span)| (span.start, std::cmp::Reverse(span.end)));
    let mut under_way: Vec<Vec<Instant>> = vec![Vec::new(); lanes];
    spans
        .into_iter()
        .map(|(index, span)| {
            let lane = match span.lane {
                Lane::Main => 0,
                Lane::Worker(worker) => (1 + usize::from(worker)).min(lanes - 1),
            };
            let row = match span.lane {
                Lane::Main => span.level.index(),
                Lane::Worker(_) => depth(&mut under_way[lane], span),
            };
            let took = span.end.saturating_duration_since(span.start);
            let block = Block {
                level: span.level,
                row,
                start: share(span.start, input.now),
                end: share(span.end, input.now),
                name: span.name,
                runs: 1,
                took,
                longest: took,
                missed: span.missed,
                panicked: span.outcome == Outcome::Panicked,
                is_running: index >= input.ended,
            };
            Placed { lane, block, missed: span.missed }
        })
        .collect()
}

/// How many tasks of a worker this one interrupts.
fn depth(under_way: &mut Vec<Instant>, span: &Span) -> usize {
    under_way.retain(|end| *end > span.start);
    under_way.push(span.end);
    (under_way.len() - 1).min(DEPTHS - 1)
}

fn blocks(input: &TimelineInput, placed: &[Placed], grain: f32) -> Vec<LaneModel> {
    let mut lanes: Vec<_> =
        titles(input.workers).map(|(title, rows)| LaneModel { title, rows, blocks: Vec::new() }).collect();
    let mut narrow: HashMap<(usize, usize, Priority), usize> = HashMap::new();
    for &Placed { lane, block, .. } in placed {
        let blocks = &mut lanes[lane].blocks;
        if block.end - block.start >= grain {
            blocks.push(block);
            continue;
        }
        let column = (block.start / grain).floor();
        let (start, end) = (column * grain, ((column + 1.0) * grain).min(1.0));
        let held = narrow.get(&(lane, block.row, block.level)).copied().filter(|&at| blocks[at].start == start);
        match held {
            Some(at) => join(&mut blocks[at], &block),
            None => {
                narrow.insert((lane, block.row, block.level), blocks.len());
                blocks.push(Block { start, end, ..block });
            }
        }
    }
    lanes
}

fn join(held: &mut Block, new: &Block) {
    if new.longest > held.longest {
        (held.name, held.longest) = (new.name, new.longest);
    }
    held.runs += new.runs;
    held.took += new.took;
    held.missed |= new.missed;
    held.panicked |= new.panicked;
    held.is_running |= new.is_running;
}

/// The lanes, in order: the main thread, with a row for each level, and the workers.
fn titles(workers: [usize; 2]) -> impl Iterator<Item = (String, usize)> {
    let class = |name: &'static str, count: usize| (0..count).map(move |index| (format!("{name} {}", index + 1), 1));
    let main = std::iter::once(("main".to_owned(), Priority::ALL.len()));
    main.chain(class("foreground", workers[0])).chain(class("background", workers[1]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bevy::ecs::entity::Entity;
    use proptest::prelude::*;

    fn span(now: Instant, lane: Lane, level: Priority, ago_micros: u64, micros: u64) -> Span {
        let start = now - Duration::from_micros(ago_micros);
        Span {
            workload: Entity::PLACEHOLDER,
            name: level.name(),
            level,
            lane,
            start,
            end: start + Duration::from_micros(micros),
            outcome: Outcome::Finished,
            missed: false,
        }
    }

    fn input(now: Instant, spans: Vec<Span>) -> TimelineInput {
        TimelineInput { ended: spans.len(), spans, workers: [1, 2], turns: Vec::new(), now }
    }

    fn now() -> Instant {
        Instant::now() + Duration::from_secs(3600)
    }

    #[test]
    fn what_is_narrower_than_a_pixel_is_one_block_with_the_others_of_its_pixel() {
        let now = now();
        // 1000 pixels: 5 ms each.
        let mut spans: Vec<_> =
            (0..4).map(|index| span(now, Lane::Main, Priority::High, 2_004_000 - index * 1000, 100)).collect();
        spans[2].missed = true;
        (spans[3].name, spans[3].end) = ("longest", spans[3].end + Duration::from_micros(200));
        spans.push(span(now, Lane::Main, Priority::Low, 2_000_500, 100));
        spans.push(span(now, Lane::Main, Priority::High, 1_000_000, 50_000));
        let model = timeline_model(&input(now, spans), 1000.0);
        let main = &model.lanes[0];
        let told: Vec<_> = main.blocks.iter().map(|it| (it.level, it.runs, it.name, it.missed)).collect();
        assert_eq!(
            told,
            [
                (Priority::High, 4, "longest", true),
                (Priority::Low, 1, "low", false),
                (Priority::High, 1, "high", false)
            ]
        );
        assert!(main.blocks[0].tell().contains("4 runs, high, most of it longest"), "{}", main.blocks[0].tell());
        assert!((main.blocks[2].end - main.blocks[2].start - 0.01).abs() < 1e-4);
        assert_eq!((model.runs, model.missed), (6, 1));
    }

    #[test]
    fn each_worker_has_a_lane_and_what_it_interrupts_lies_above() {
        let now = now();
        let spans = vec![
            span(now, Lane::Worker(1), Priority::Low, 3_000_000, 2_000_000),
            span(now, Lane::Worker(1), Priority::Idle, 2_000_000, 100_000),
            span(now, Lane::Worker(0), Priority::High, 2_000_000, 100_000),
            span(now, Lane::Worker(9), Priority::Low, 500_000, 500_000),
        ];
        let model = timeline_model(&TimelineInput { ended: 3, ..input(now, spans) }, 800.0);
        let titles: Vec<_> = model.lanes.iter().map(|lane| lane.title.as_str()).collect();
        assert_eq!(titles, ["main", "foreground 1", "background 1", "background 2"]);
        let rows = |lane: usize| model.lanes[lane].blocks.iter().map(|block| block.row).collect::<Vec<_>>();
        assert_eq!((rows(1), rows(2), rows(3)), (vec![0], vec![0, 1], vec![0]));
        let open = &model.lanes[3].blocks[0];
        assert!(open.is_running && open.tell().contains("running") && open.end == 1.0, "{open:?}");
    }

    #[test]
    fn contexts_are_marked_while_they_are_in_the_window() {
        let now = now();
        let turns = vec![(now - WINDOW * 2, Context::Chat), (now - WINDOW / 2, Context::Call)];
        let model = timeline_model(&TimelineInput { turns, ..input(now, Vec::new()) }, 800.0);
        assert_eq!(model.marks, [(0.5, "call")]);
    }

    proptest! {
        /// However many spans there are and wherever they lie: few blocks, all within the window, nothing left out that
        /// was not too much, and no missed deadline without a mark.
        #[test]
        fn blocks_are_few_and_tell_of_all_spans(
            made in prop::collection::vec((0_usize..4, 0_usize..5, 0_u64..6_000_000, 0_u64..300_000, any::<bool>()), 0..3000),
            pixels in 1_f32..4000.0,
        ) {
            let now = now();
            let lane = |lane: usize| if lane == 0 { Lane::Main } else { Lane::Worker(lane as u16 - 1) };
            let spans = made.iter().map(|&(at, level, ago, micros, missed)| Span {
                missed,
                ..span(now, lane(at), Priority::from_index(level), ago, micros.min(ago) / if ago % 3 == 0 { 100 } else { 1 })
            });
            let input = input(now, spans.collect());
            let model = timeline_model(&input, pixels);
            let blocks: Vec<_> = model.lanes.iter().flat_map(|lane| &lane.blocks).collect();
            prop_assert!(blocks.len() <= MOST_BLOCKS);
            for block in &blocks {
                prop_assert!(0.0 <= block.start && block.start <= block.end && block.end <= 1.0, "{block:?}");
            }
            let told: u32 = blocks.iter().map(|block| block.runs).sum();
            if blocks.len() < MOST_BLOCKS {
                prop_assert_eq!(told as usize, model.runs);
                prop_assert_eq!(blocks.iter().any(|block| block.missed), model.missed > 0);
            }
        }
    }
}
