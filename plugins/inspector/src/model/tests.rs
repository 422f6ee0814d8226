//! Made-up figures, and what the panel says of them.

use std::time::Duration;

use bevy::ecs::entity::Entity;
use freshet_base::{DropReason, FrameFormat, PixelFormat};
use freshet_frame::{StreamState, StreamStats};
use freshet_ledger::{AdapterSummary, Percentiles, Report};

use super::ledger::LedgerRow;
use super::*;

/// A healthy run at 60 Hz.
pub(crate) fn report() -> Report {
    let mut report = Report::default();
    let times = |median| Percentiles { median, p95: median * 1.5, p99: median * 2.0 };
    report.adapter = Some(AdapterSummary {
        name: "llvmpipe (LLVM 15.0.6, 256 bits)".into(),
        backend: "vulkan".into(),
        kind: "cpu".into(),
        driver: "Mesa".into(),
    });
    report.app.frames = 600;
    report.app.seconds = 10.0;
    report.app.frame_ms = times(16.667);
    report.app.own_systems_ms = times(0.031);
    report.ledger.bytes_up = 300 * 614_400;
    report.ledger.bytes_down.metadata = 300 * 16;
    report.ledger.foreign_allocations = 36_000;
    report.ledger.frames.captured = 300;
    report.ledger.gpu_resident_bytes = 5 << 20;
    report.memory.resident_start_mib = Some(200.0);
    report.memory.resident_end_mib = Some(200.5);
    for (name, gpu) in [("convert", Some(0.5)), ("frame_code", Some(0.05)), ("upload", None), ("pyramid", Some(0.25))] {
        let stage = report.stages.entry(name).or_default();
        stage.runs = 300;
        stage.gpu_ms = gpu.map(times);
        stage.cpu_ms = Some(times(0.01));
    }
    report.ledger.attachments.entry("frame_code").or_default().made = 299;
    report.age_ms.insert("frame_code", times(31.0));
    report
}

pub(crate) fn stats() -> StreamStats {
    StreamStats {
        format: FrameFormat::new(640, 480, PixelFormat::Yuyv).ok(),
        captured: 300,
        completed: 299,
        newest_seq: Some(301),
        rate_hz: 29.97,
        ..Default::default()
    }
}

pub(crate) fn stream<'a>(state: &'a StreamState, stats: &'a StreamStats) -> StreamInput<'a> {
    StreamInput {
        stream: Entity::PLACEHOLDER,
        name: "synthetic:checker",
        state,
        stats,
        age: Duration::from_micros(12_345),
        wants: vec![("live_picture", &["live picture", "hud"]), ("frame_code", &["by hand"])],
        also_made: vec!["luma"],
    }
}

pub(crate) fn inputs<'a>(report: &'a Report, streams: Vec<StreamInput<'a>>) -> PanelInputs<'a> {
    let stage_order = vec!["convert", "pyramid", "frame_code"];
    PanelInputs { report, streams, stage_order, warming_up: false, recorded: None }
}

fn row<'a>(model: &'a PanelModel, what: &str) -> &'a LedgerRow {
    model.ledger.body.iter().flat_map(|group| &group.rows).find(|row| row.what == what).unwrap()
}

#[test]
fn a_healthy_run_is_clean() {
    let (report, stats) = (report(), stats());
    let model = panel_model(&inputs(&report, vec![stream(&StreamState::Streaming, &stats)]));

    let card = &model.streams.body[0];
    assert_eq!((card.state, card.tone, card.reason.as_deref()), ("streaming", Tone::Good, None));
    assert_eq!(
        [&card.format, &card.rate, &card.age, &card.dropped],
        ["640x480 YUYV", "29.97 Hz", "12.3 ms old", "none"]
    );
    let wants: Vec<_> = card.wants.iter().map(|want| (want.product, want.by.as_str())).collect();
    assert_eq!(wants, [("live_picture", "← live picture, hud"), ("frame_code", "← by hand"), ("luma", "← stages")]);
    assert_eq!(model.streams.summary, "1 of 1 streaming");

    assert_eq!((model.ledger.summary.as_str(), model.ledger.tone), ("clean", Tone::Good));
    for what in ["down: pixels", "hot-path allocations", "waits"] {
        assert_eq!(row(&model, what).tone, Tone::Good, "{what}");
    }
    assert_eq!(row(&model, "up: pictures").aside, "600.0 KiB");
    assert_eq!(row(&model, "down: metadata").aside, "16 B");
    assert_eq!(row(&model, "resident memory").aside, "+0.5 MiB");
    assert_eq!(model.app.summary, "16.67 ms, 60 Hz");
    assert_eq!(model.app.body.timings[1].median, "0.031");
}

#[test]
fn stages_stand_in_the_order_they_run_with_their_share_of_the_app_frame() {
    let report = report();
    let model = panel_model(&inputs(&report, Vec::new()));
    let names: Vec<_> = model.stages.body.iter().map(|row| row.name).collect();
    assert_eq!(names, ["upload", "convert", "pyramid", "frame_code"]);
    let upload = &model.stages.body[0];
    assert_eq!((upload.gpu_median.as_str(), upload.percent.as_str(), upload.share), ("–", "–", 0.0));
    // 0.5 ms in every second app frame of 16.667 ms.
    assert!((model.stages.body[1].share - 0.015).abs() < 1e-4);
    assert_eq!(model.stages.summary, "GPU 2.4 % of the frame");
}

#[test]
fn what_is_wrong_is_told_with_its_reason() {
    let (mut report, mut stats) = (report(), stats());
    report.ledger.bytes_down.pixels = 4096;
    report.ledger.waits.count = 2;
    report.ledger.attachments.entry("frame_code").or_default().skipped.extend([("late", 2), ("no_target", 5)]);
    stats.dropped[DropReason::Superseded as usize] = 3;
    stats.dropped[DropReason::Corrupt as usize] = 4;
    let lost = StreamState::Lost { reason: "camera:0 was unplugged".into() };
    let mut inputs = inputs(&report, vec![stream(&lost, &stats)]);
    inputs.recorded = Some(Recorded { written: 10, dropped: 1 });
    let model = panel_model(&inputs);

    let card = &model.streams.body[0];
    assert_eq!((card.tone, card.reason.as_deref()), (Tone::Bad, Some("camera:0 was unplugged")));
    assert_eq!((card.dropped.as_str(), card.drop_tone), ("4 corrupt, 3 superseded", Tone::Busy));
    assert_eq!((model.streams.summary.as_str(), model.streams.tone), ("0 of 1 streaming", Tone::Bad));
    assert_eq!((model.ledger.summary.as_str(), model.ledger.tone), ("2 not zero", Tone::Bad));
    assert_eq!(row(&model, "waits").tone, Tone::Bad);
    let attached = &model.attachments.body[0];
    assert_eq!((attached.skipped.as_str(), attached.reasons.as_deref()), ("7", Some("5 no_target, 2 late")));
    assert!(model.app.body.facts.contains(&("recording", "10 written, 1 dropped".into(), Tone::Bad)));
}

#[test]
fn before_the_end_of_warm_up_nothing_is_judged() {
    let mut report = report();
    report.ledger.hot_path_allocations = 50;
    let mut inputs = inputs(&report, Vec::new());
    inputs.warming_up = true;
    let model = panel_model(&inputs);
    assert_eq!((model.ledger.summary.as_str(), row(&model, "hot-path allocations").tone), ("warming up", Tone::Dim));
}

#[test]
fn without_a_counting_allocator_zero_is_not_claimed() {
    let mut report = report();
    report.ledger.foreign_allocations = 0;
    let model = panel_model(&inputs(&report, Vec::new()));
    let allocations = row(&model, "hot-path allocations");
    assert_eq!((allocations.total.as_str(), allocations.tone), ("not counted", Tone::Dim));
}

#[test]
fn an_app_without_books_has_an_empty_panel() {
    let model = panel_model(&inputs(&Report::default(), Vec::new()));
    assert!(model.streams.body.is_empty() && model.stages.body.is_empty() && model.attachments.body.is_empty());
    assert_eq!(model.app.summary, "–");
    assert_eq!(row(&model, "up: pictures").aside, "–");
}
