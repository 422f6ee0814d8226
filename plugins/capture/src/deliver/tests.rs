//! Deliveries into an outlet that keeps them.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use freshet_base::{FrameFormat, PixelFormat};
use freshet_frame::FrameWriter;

use super::*;
use crate::source::Timing;

/// An outlet that takes every frame, up to a number, and keeps what it was told.
struct Kept {
    pace: Pace,
    close_after: usize,
    wanted_from_rest: u32,
    rests: Cell<u32>,
    taken: RefCell<Vec<(u64, Timestamp)>>,
    states: RefCell<Vec<StreamState>>,
    drops: RefCell<Vec<(DropReason, u64)>>,
}

impl Kept {
    fn new(pace: Pace, close_after: usize) -> Self {
        let (rests, taken) = (Cell::new(0), RefCell::default());
        Self {
            pace,
            close_after,
            wanted_from_rest: 0,
            rests,
            taken,
            states: RefCell::default(),
            drops: RefCell::default(),
        }
    }

    fn seqs(&self) -> Vec<u64> {
        self.taken.borrow().iter().map(|(seq, _)| *seq).collect()
    }

    fn last_state(&self) -> StreamState {
        self.states.borrow().last().unwrap().clone()
    }

    fn reason(&self) -> String {
        match self.last_state() {
            StreamState::Failed { reason } | StreamState::Lost { reason } => reason,
            state => panic!("{state:?}"),
        }
    }
}

impl Outlet for Kept {
    fn offer<E>(
        &self,
        stamp: FrameStamp,
        write: impl FnOnce(&mut FrameWriter<'_>) -> Result<(), E>,
    ) -> Result<Offer, E> {
        let mut memory = vec![0; stamp.format.bytes().0 as usize];
        write(&mut FrameWriter::memory(stamp.format, &mut memory).unwrap())?;
        self.taken.borrow_mut().push((stamp.seq, stamp.captured));
        Ok(Offer::Taken)
    }

    fn report(&self, state: StreamState) {
        self.states.borrow_mut().push(state);
    }

    fn count_drop(&self, reason: DropReason, frames: u64) {
        self.drops.borrow_mut().push((reason, frames));
    }

    fn pace(&self) -> Pace {
        self.pace
    }

    fn is_wanted(&self) -> bool {
        self.rests.get() >= self.wanted_from_rest
    }

    fn is_closing(&self) -> bool {
        self.taken.borrow().len() >= self.close_after
    }

    fn rest_until(&self, until: Timestamp) -> bool {
        std::thread::sleep(until.since(Timestamp::now()));
        true
    }

    fn rest(&self) {
        self.rests.set(self.rests.get() + 1);
    }
}

/// A source that follows a script, one letter a frame: `.` is intact, `x` is corrupt, `?` is not yet there, `-` comes
/// after two lost ones, `!` panics, `0` ends the source with an unplugged camera.
struct Script {
    letters: &'static [u8],
    place: usize,
    seq: u64,
    timing: Timing,
}

impl Script {
    fn capture(letters: &'static str, timing: Timing) -> Capture {
        Capture::custom("script", move || {
            Ok(Box::new(Script { letters: letters.as_bytes(), place: 0, seq: 0, timing }))
        })
    }
}

impl FrameSource for Script {
    fn info(&self) -> SourceInfo {
        SourceInfo { name: "script".into(), format: None, rate_hz: Some(100.0), timing: self.timing }
    }

    fn next(&mut self) -> Result<Next, SourceError> {
        let Some(letter) = self.letters.get(self.place) else { return Ok(Next::End) };
        self.place += 1;
        match letter {
            b'?' => return Ok(Next::Waiting),
            b'0' => return Err(SourceError::Unplugged { input: "script".into() }),
            b'!' => panic!("on purpose"),
            _ => {}
        }
        let lost_before = if *letter == b'-' { 2 } else { 0 };
        self.seq += lost_before;
        let frame = NextFrame::new(self.seq, FrameFormat::new(2, 2, PixelFormat::Gray8).unwrap());
        self.seq += 1;
        Ok(Next::Frame(NextFrame { lost_before, ..frame }))
    }

    fn write(&mut self, _out: &mut FrameWriter<'_>) -> Result<(), SourceError> {
        if self.letters[self.place - 1] == b'x' {
            return Err(SourceError::Frame { input: "script".into(), seq: self.seq - 1, source: "bad bytes".into() });
        }
        Ok(())
    }

    fn rewind(&mut self) -> Result<(), SourceError> {
        self.place = 0;
        Ok(())
    }
}

fn run_script(letters: &'static str, kept: Kept) -> Kept {
    run(&kept, &Script::capture(letters, Timing::Paced));
    kept
}

#[test]
fn a_source_opens_streams_and_ends() {
    let kept = run_script("...", Kept::new(Pace::Every, 99));
    assert_eq!(kept.seqs(), [0, 1, 2]);
    assert_eq!(*kept.states.borrow(), [StreamState::Opening, StreamState::Streaming, StreamState::Ended]);
}

#[test]
fn a_source_that_repeats_goes_on_until_it_is_closed() {
    let kept = Kept::new(Pace::Every, 7);
    run(&kept, &Script::capture("..", Timing::Paced).repeating());
    assert_eq!(kept.seqs(), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(kept.last_state(), StreamState::Streaming, "whoever closed it needs no report");
}

#[test]
fn corrupt_frames_are_counted_and_passed_over() {
    let kept = run_script(".x.-x", Kept::new(Pace::Every, 99));
    assert_eq!(kept.seqs(), [0, 2, 5]);
    let drops = [(DropReason::Corrupt, 1), (DropReason::Driver, 2), (DropReason::Corrupt, 1)];
    assert_eq!(*kept.drops.borrow(), drops);
    assert_eq!(kept.last_state(), StreamState::Ended);
}

#[test]
fn nothing_but_corrupt_frames_is_given_up() {
    let endless = Kept::new(Pace::Every, 99);
    run(&endless, &Script::capture(".xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", Timing::Paced));
    assert!(endless.reason().contains("30 corrupt frames in a row"), "{}", endless.reason());
    let short = Kept::new(Pace::Every, 99);
    run(&short, &Script::capture("xxx", Timing::Paced).repeating());
    assert!(short.reason().contains("3 corrupt frames") && short.reason().contains("bad bytes"), "{}", short.reason());
    let empty = Kept::new(Pace::Every, 99);
    run(&empty, &Script::capture("", Timing::Paced).repeating());
    assert!(empty.reason().contains("no frames"), "{}", empty.reason());
}

#[test]
fn a_panic_becomes_a_state() {
    let kept = run_script("..!", Kept::new(Pace::Every, 99));
    assert_eq!(kept.seqs(), [0, 1]);
    assert_eq!(kept.reason(), r#"cannot read "script": its decoder broke down: on purpose"#);
}

#[test]
fn a_camera_that_goes_away_is_lost() {
    let kept = Kept::new(Pace::Real, 99);
    run(&kept, &Script::capture(".?.0", Timing::Live));
    assert_eq!(kept.seqs(), [0, 1]);
    assert_eq!(kept.last_state(), StreamState::Lost { reason: r#""script" was unplugged"#.into() });
}

#[test]
fn frames_come_at_the_rate_of_their_source() {
    let kept = run_script("..........", Kept::new(Pace::Real, 99));
    let taken = kept.taken.borrow();
    let span = taken[9].1.since(taken[0].1).as_secs_f64();
    assert!((0.089..0.2).contains(&span), "{span}");
    let fast = Kept::new(Pace::Real, 99);
    run(&fast, &Script::capture("..........", Timing::Paced).with_rate(1000.0));
    let taken = fast.taken.borrow();
    assert!(taken[9].1.since(taken[0].1).as_secs_f64() < 0.08);
}

#[test]
fn a_file_that_nobody_wants_stands_still() {
    let kept = Kept { wanted_from_rest: 3, ..Kept::new(Pace::Real, 99) };
    let kept = run_script("..", kept);
    assert_eq!((kept.rests.get(), kept.seqs()), (3, vec![0, 1]));
}

#[test]
fn a_busy_camera_is_asked_again() {
    let asked = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&asked);
    let capture = Capture::custom("busy", move || match counted.fetch_add(1, Ordering::Relaxed) {
        0..2 => Err(SourceError::Busy { input: "busy".into() }),
        _ => Ok(Box::new(Script { letters: b".", place: 0, seq: 0, timing: Timing::Live })),
    });
    let kept = Kept::new(Pace::Real, 99);
    run(&kept, &capture);
    assert_eq!((asked.load(Ordering::Relaxed), kept.last_state()), (3, StreamState::Ended));
}
