//! A slow model beside 60 Hz media: what the media feel of it, and where its answers land.
//!
//! ```text
//! cargo bench --workspace --bench thoughts -- [--frames N] [--alone N] [--model-ms N] [--level NAME]
//! ```
//!
//! The app lets one frame in each turn, 60 turns a second: 640x480, its number in its pixels, read back by the GPU. In one run, in
//! alternating blocks of 250 turns, the model is wanted (`--frames` in all, default 20,000) and not (`--alone`, default as
//! many). It takes `--model-ms` (300) of computing a thought, at the level `--level` (low).

#![expect(clippy::print_stdout, reason = "this program is here to print")]

#[path = "../priorities/figures.rs"]
mod figures;
mod media;
mod model;

use std::process::ExitCode;
use std::time::Duration;

use bevy_freshet::base::{Bytes, Priority, SkipReason};
use bevy_freshet::inference::ModelStats;
use bevy_freshet::ledger::{HOT_ALLOCATIONS, WAITS, resident};
use bevy_freshet::priority::WorkerPool;

use figures::Figures;
use media::{Checked, Media};

#[global_allocator]
static ALLOCATOR: bevy_freshet::ledger::CountingAllocator = bevy_freshet::ledger::CountingAllocator;

/// Turns in a block.
const BLOCK: usize = 250;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let word = |flag: &str| words.iter().skip_while(|word| *word != flag).nth(1);
    let number = |flag: &str, default: usize| word(flag).map_or(Some(default), |text| text.parse().ok());
    let level = word("--level").map_or("low", String::as_str);
    let level = Priority::ALL.into_iter().find(|it| it.name() == level);
    let (Some(frames), Some(model_ms), Some(level)) = (number("--frames", 20_000), number("--model-ms", 300), level)
    else {
        println!("numbers are wanted after --frames, --alone and --model-ms, and a level after --level");
        return ExitCode::from(2);
    };
    let alone = number("--alone", frames).unwrap_or(frames);
    let mut media = Media::new(Duration::from_millis(model_ms as u64), level);
    // One block of each, in which everything is made that is made once.
    drop(media.run(BLOCK, true));
    drop(media.run(BLOCK, false));
    media.forget();
    let start = Start::now();
    let mut periods: [Figures; 2] = Default::default();
    let counts = [alone, frames];
    // Whichever is further from its end goes next.
    while let Some(next) = (0..2)
        .filter(|&way| periods[way].len() < counts[way])
        .min_by(|&a, &b| (periods[a].len() * counts[b]).cmp(&(periods[b].len() * counts[a])))
    {
        for period in media.run(BLOCK, next == 1) {
            periods[next].push(period);
        }
    }
    println!("a model of {model_ms} ms at {level}, {} cores, {}", cores(), media.adapter());
    tell_periods(&mut periods);
    tell_answers(&mut media);
    start.tell();
    ExitCode::SUCCESS
}

fn tell_periods([alone, beside]: &mut [Figures; 2]) {
    println!("{:<24} {:>8} {:>9} {:>9} {:>9} {:>9}", "media period, ms", "frames", "median", "p99", "p99.9", "max");
    let row = |name: &str, figures: &mut Figures| {
        let row = figures.row();
        let [median, p99, p999, max] = row;
        println!("{name:<24} {:>8} {median:>9.3} {p99:>9.3} {p999:>9.3} {max:>9.3}", figures.len());
        row
    };
    let (alone, beside) = (row("without the model", alone), row("beside the model", beside));
    println!("ratio: median {:.4}, p99 {:.4}", beside[0] / alone[0], beside[1] / alone[1]);
}

fn tell_answers(media: &mut Media) {
    let stats = media.stats();
    let ModelStats { begun, answered, late, overdue, most_in_flight, .. } = stats;
    println!("thoughts: {begun} begun, {answered} on their own frame, {late} on Latest, {overdue} overdue");
    println!("in flight and waiting: {most_in_flight} at most; thoughts at once: {} at most", model::most_at_once());
    let skipped = SkipReason::ALL.into_iter().filter(|&reason| stats.skipped_for(reason) > 0);
    let skipped: Vec<_> = skipped.map(|reason| format!("{} {}", stats.skipped_for(reason), reason.name())).collect();
    println!("frames without an answer: {}", skipped.join(", "));
    let mut checked = media.checked();
    let Checked { on_frames, on_latest, wrong, age_error, ages, captured, dropped, codes, .. } = &mut *checked;
    println!("media: {captured} frames, {codes} codes read, {dropped} dropped");
    println!("looks at answers: {on_frames} on frames, {on_latest} on Latest; wrong frames: {wrong}");
    println!("age error: {:.3} ms at most", age_error.as_secs_f64() * 1e3);
    let [median, p99, _, max] = ages.row();
    println!("age of answers: {median:.1} ms median, {p99:.1} p99, {max:.1} at most");
    let levels = media.app().world().resource::<WorkerPool>().statistics().levels;
    let alive = levels.iter().map(|it| it.spawned - it.finished - it.expired - it.cancelled - it.panicked).sum::<u64>();
    println!("tasks alive at the end: {alive}");
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The books when measuring began.
struct Start {
    memory: Bytes,
    allocations: u64,
    waits: u64,
}

impl Start {
    fn now() -> Self {
        let (allocations, waits) = (HOT_ALLOCATIONS.total(), WAITS.total());
        Self { memory: resident().unwrap_or_default(), allocations, waits }
    }

    fn tell(&self) {
        let now = Self::now();
        println!("memory: {} at the start, {} at the end", self.memory, now.memory);
        let (allocations, waits) = (now.allocations - self.allocations, now.waits - self.waits);
        println!("on the frame path: {allocations} allocations, {waits} waits");
    }
}
