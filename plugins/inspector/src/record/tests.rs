//! Recordings of made-up frames, without a GPU.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bevy::app::{App, AppExit};
use bevy::ecs::prelude::*;
use freshet_base::{FrameCode, FrameFormat, FrameId, PixelFormat, SkipReason, Timestamp};
use freshet_frame::{AttachExt, Frame, FrameOf, RetireHooks, Skipped, Stream};
use freshet_ledger::{CountingAllocator, HOT_ALLOCATIONS, hot};
use serde_json::{Value, json};

use super::order::SeqOrder;
use super::*;
use crate::error::RecordError;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// A file in memory that may be held shut.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    fn lines(&self) -> Vec<Value> {
        let bytes = self.0.lock().unwrap();
        let text = std::str::from_utf8(&bytes).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn seqs(&self) -> Vec<u64> {
        self.lines().iter().map(|line| line["seq"].as_u64().unwrap()).collect()
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file on a full disk.
struct Full;

impl Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::new(io::ErrorKind::StorageFull, "no space left"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn recorder(file: impl Write + Send + 'static, queue_lines: usize) -> Recorder {
    Recorder::start(PathBuf::from("test.jsonl"), file, queue_lines).unwrap()
}

/// A stream with a pool of frames that are recycled by hand, as its `FramePlugin` would.
struct Pool {
    app: App,
    stream: Entity,
    places: Vec<Entity>,
}

impl Pool {
    fn new(recorder: Recorder, places: usize) -> Self {
        let mut app = App::new();
        recorder.install(&mut app);
        let world = app.world_mut();
        let stream = world.spawn(Stream::new("door")).id();
        let places = (0..places).map(|_| world.spawn((FrameOf(stream), Skipped::default())).id()).collect();
        Self { app, stream, places }
    }

    /// Shows the frame in this place to the hooks, on the frame path, and puts another there.
    fn recycle(&mut self, place: usize, seq: u64) -> FrameId {
        let (world, entity, stream) = (self.app.world_mut(), self.places[place], self.stream);
        if world.get::<Frame>(entity).is_some() {
            for hook in world.resource::<RetireHooks>().0.clone() {
                hot(|| hook(world, entity));
            }
        }
        let format = FrameFormat::new(8, 8, PixelFormat::Gray8).unwrap();
        let frame = Frame { stream, seq, captured: Timestamp::from_nanos(1000 + seq), format };
        world.entity_mut(entity).insert((frame, Skipped::default())).remove::<FrameCode>();
        frame.id(entity)
    }

    fn attach(&mut self, frame: FrameId) {
        let code = FrameCode { seq: Some(frame.seq as u32), whole: true };
        self.app.world_mut().commands().attach(frame, code);
        self.app.world_mut().flush();
    }

    fn finish(&mut self) -> Recorded {
        flush_recording(self.app.world_mut()).unwrap()
    }
}

#[test]
fn a_line_holds_the_frame_and_what_was_on_it_when_it_was_recycled() {
    let file = Memory::default();
    let mut pool = Pool::new(recorder(file.clone(), 16), 2);
    let first = pool.recycle(0, 0);
    pool.attach(first);
    let second = pool.recycle(1, 1);
    pool.app.world_mut().commands().skip(second, "flow", SkipReason::OverBudget);
    pool.app.world_mut().flush();
    pool.recycle(0, 2);
    pool.recycle(1, 3);
    assert_eq!(pool.finish(), Recorded { written: 4, dropped: 0 });

    let lines = file.lines();
    let expected = json!({
        "stream": "door", "seq": 0, "captured_ns": 1000,
        "attachments": { "frame_code": { "seq": 0, "whole": true } }, "skipped": {},
    });
    assert_eq!(lines[0], expected);
    assert_eq!((&lines[1]["attachments"], &lines[1]["skipped"]), (&json!({}), &json!({ "flow": "over_budget" })));
    let text = String::from_utf8(file.0.lock().unwrap().clone()).unwrap();
    assert!(text.starts_with(r#"{"stream":"door","seq":0,"captured_ns":1000,"attachments":{"#), "{text}");
    assert_eq!(file.seqs(), [0, 1, 2, 3], "those alive at the end too");
}

#[test]
fn what_the_recorder_allocates_is_not_booked_on_the_frame_path() {
    let mut pool = Pool::new(recorder(io::sink(), 16), 1);
    let before = HOT_ALLOCATIONS.total();
    for seq in 0..100 {
        let frame = pool.recycle(0, seq);
        pool.attach(frame);
    }
    assert_eq!(HOT_ALLOCATIONS.total(), before);
    drop(hot(|| std::hint::black_box(Box::new(1))));
    assert_eq!(HOT_ALLOCATIONS.total(), before + 1, "if nothing is seen, nothing is counted");
}

#[test]
fn lines_stand_in_order_when_an_old_frame_is_kept_for_longer() {
    let file = Memory::default();
    let mut pool = Pool::new(recorder(file.clone(), 256), 3);
    for seq in 0..3 {
        pool.recycle(seq as usize, seq);
    }
    // Frame 0 is leased: places 1 and 2 are used again and again.
    for seq in 3..11 {
        pool.recycle(1 + seq as usize % 2, seq);
    }
    pool.recycle(0, 11);
    pool.finish();
    assert_eq!(file.seqs(), (0..12).collect::<Vec<_>>());
}

#[test]
fn a_frame_that_is_kept_for_too_long_is_written_as_it_is() {
    let file = Memory::default();
    let waiting = SeqOrder::<()>::MOST_WAITING as u64;
    let mut pool = Pool::new(recorder(file.clone(), 256), 3);
    let kept = pool.recycle(0, 0);
    pool.attach(kept);
    for seq in 1..waiting + 20 {
        pool.recycle(1 + seq as usize % 2, seq);
    }
    pool.recycle(0, waiting + 20);
    pool.finish();
    assert_eq!(file.seqs(), (0..=waiting + 20).collect::<Vec<_>>(), "each once, in order");
    assert_eq!(file.lines()[0]["attachments"]["frame_code"]["seq"], 0);
}

#[test]
fn lines_that_find_the_queue_full_are_counted() {
    let file = Memory::default();
    let mut pool = Pool::new(recorder(file.clone(), 2), 1);
    let shut = file.0.lock().unwrap();
    for seq in 0..=100 {
        pool.recycle(0, seq);
    }
    let dropped = pool.app.world().resource::<Recorder>().recorded().dropped;
    assert_eq!(dropped, 98, "two lines are on their way");
    drop(shut);
    let recorded = pool.finish();
    assert_eq!(recorded.written + recorded.dropped, 101, "nothing is missing without a count");
    let seqs = file.seqs();
    assert_eq!(seqs.len() as u64, recorded.written);
    assert!(seqs.is_sorted(), "{seqs:?}");
}

#[test]
fn a_full_disk_is_told_once_and_the_frames_are_counted() {
    let mut pool = Pool::new(recorder(Full, 256), 1);
    for seq in 0..10 {
        pool.recycle(0, seq);
    }
    let error = flush_recording(pool.app.world_mut()).unwrap_err();
    assert_eq!(error.one_line(), "cannot write the recording \"test.jsonl\": no space left");
    let recorded = flush_recording(pool.app.world_mut()).unwrap();
    assert_eq!(recorded, Recorded { written: 0, dropped: 10 });
}

#[test]
fn frames_of_a_stream_that_is_removed_are_recorded() {
    let file = Memory::default();
    let mut pool = Pool::new(recorder(file.clone(), 16), 3);
    for seq in 0..3 {
        pool.recycle(2 - seq as usize, seq);
    }
    pool.app.world_mut().despawn(pool.stream);
    assert_eq!(pool.finish().written, 3);
    assert_eq!(file.seqs(), [0, 1, 2]);
}

#[test]
fn the_recording_ends_when_the_app_exits() {
    let file = Memory::default();
    let mut pool = Pool::new(recorder(file.clone(), 16), 2);
    pool.recycle(0, 0);
    pool.recycle(1, 1);
    pool.app.update();
    assert!(file.seqs().is_empty());
    pool.app.world_mut().write_message(AppExit::Success);
    pool.app.update();
    assert_eq!(file.seqs(), [0, 1]);
    pool.recycle(0, 2);
    assert_eq!(pool.finish(), Recorded { written: 2, dropped: 0 }, "a frame after the end is nobody's");
}

#[test]
fn a_recorder_that_is_dropped_writes_what_it_has_taken_in() {
    let file = Memory::default();
    let mut pool = Pool::new(recorder(file.clone(), 16), 1);
    for seq in 0..3 {
        pool.recycle(0, seq);
    }
    drop(pool);
    assert_eq!(file.seqs(), [0, 1]);
}

#[test]
fn a_file_that_cannot_be_made_is_an_error_and_the_plugin_goes_without() {
    let path = Path::new("/no/such/folder/frames.jsonl");
    let error = Recorder::create(path).unwrap_err();
    assert!(matches!(error, RecordError::Create { .. }));
    assert!(error.one_line().starts_with("cannot create the recording \"/no/such/folder/frames.jsonl\": "));
    let mut app = App::new();
    app.add_plugins(RecorderPlugin { path: path.into() });
    app.update();
    assert_eq!(flush_recording(app.world_mut()).unwrap(), Recorded::default());
}
