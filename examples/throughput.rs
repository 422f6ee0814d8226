//! How fast frames flow: GPU time of each stage, bytes, share of the adapter's copy bandwidth, age of results. No window.
//!
//! `--set stages=all` wants flow, features, tracks and light, too, `--set stages=chain` what leads from native bytes to
//! the poses of the `--target`s; `--set flow=fast|balanced|accurate`; `--set copies=N` keeps a GPU busy.

#![expect(clippy::print_stdout, reason = "this program is here to print")]

use std::path::PathBuf;
use std::sync::Arc;

use bevy::prelude::*;
use bevy::render::diagnostic::{DiagnosticsRecorder, RecordDiagnostics};
use bevy::render::renderer::{RenderAdapterInfo, RenderDevice, RenderGraph, RenderGraphSystems};
use bevy::render::{RenderApp, RenderStartup};
use bevy_freshet::base::Bytes;
use bevy_freshet::frame::{FrameEncoder, FrameGraphSystems};
use bevy_freshet::ledger::{Report, ReportExtra, stage};
use bevy_freshet::prelude::*;
use bevy_freshet::vision::stages::flow::FlowSettings;
use bevy_freshet::vision::targets::{EnrolledTarget, TargetDatabase};
use serde_json::json;

/// The name under which stages' products are wanted.
const CONSUMER: &str = "throughput";

fn main() -> AppExit {
    let mut example = freshet_example::Example::with_settings(
        "throughput",
        "synthetic:checker",
        &["copies", "stages", "flow", "--target"],
    );
    example.options.headless = true;
    if !matches!(example.options.setting("stages"), None | Some("base" | "all" | "chain")) {
        freshet_example::fail("--set stages: it is base, all or chain");
    }
    let preset = example.options.flow_preset("flow");
    let targets = learn(&example.options.target_pictures(None));
    App::new()
        .insert_resource(FlowSettings { preset })
        .insert_resource(targets)
        .add_plugins(example)
        .init_resource::<Codes>()
        .init_resource::<ReportExtra>()
        .add_plugins(CopyProbe)
        .add_systems(Startup, open)
        .add_systems(Update, check_codes)
        .add_systems(Last, summarise)
        .run()
}

/// The targets' pictures, learnt before anything is measured.
fn learn(paths: &[PathBuf]) -> TargetDatabase {
    let mut database = TargetDatabase::default();
    for path in paths {
        let refuse = |error: &dyn std::fmt::Display| -> ! {
            freshet_example::fail(&format!("--target {}: {error}", path.display()))
        };
        let picture = image::open(path).unwrap_or_else(|error| refuse(&error)).into_luma8();
        let (width, height) = picture.dimensions();
        let target = EnrolledTarget::enrol(&picture, width, height).unwrap_or_else(|error| refuse(&error));
        if let Err(error) = database.insert(Arc::new(target)) {
            refuse(&error);
        }
    }
    database
}

fn open(mut commands: Commands, options: Res<freshet_example::Options>) {
    for stream in freshet_example::open_sources(&mut commands, &options) {
        if options.setting("stages") == Some("chain") {
            commands.want::<OpticalFlow>(stream, CONSUMER);
            commands.want::<TargetSightings>(stream, CONSUMER);
            continue;
        }
        commands.want::<LivePicture>(stream, CONSUMER);
        commands.want::<Pyramid>(stream, CONSUMER);
        commands.want::<FrameCode>(stream, CONSUMER);
        if options.setting("stages") == Some("all") {
            commands.want::<OpticalFlow>(stream, CONSUMER);
            commands.want::<Features>(stream, CONSUMER);
            commands.want::<Tracks>(stream, CONSUMER);
            commands.want::<LightEstimate>(stream, CONSUMER);
            commands.want::<TargetSightings>(stream, CONSUMER);
        }
    }
}

/// The frame codes that came back: each must be the number of the frame it is on.
#[derive(Resource, Debug, Default)]
struct Codes {
    right: u64,
    wrong: u64,
    /// The picture holds no code: sources other than synthetic ones.
    none: u64,
}

fn check_codes(frames: Query<(&Frame, &FrameCode), Changed<FrameCode>>, mut codes: ResMut<Codes>) {
    for (frame, code) in &frames {
        match code.seq {
            Some(seq) if code.whole && seq == frame.seq as u32 => codes.right += 1,
            Some(_) => codes.wrong += 1,
            None => codes.none += 1,
        }
    }
}

/// Copies between two buffers in every frame, beside the stages and timed as they are: the adapter's own measure, at
/// the clocks of this very run.
struct CopyProbe;

#[derive(Resource)]
struct ProbeBuffers {
    from: wgpu::Buffer,
    to: wgpu::Buffer,
}

/// Under this name the copies are timed.
const PROBE: &str = "copy_probe";

impl Plugin for CopyProbe {
    fn build(&self, app: &mut App) {
        stage(PROBE);
        let copies = probe_copies(app.world().resource());
        let Some(render_app) = app.get_sub_app_mut(RenderApp) else { return };
        render_app.insert_resource(ProbeCopies(copies)).add_systems(RenderStartup, make_probe).add_systems(
            RenderGraph,
            copy.after(FrameGraphSystems::Stages).before(FrameGraphSystems::Finish).in_set(RenderGraphSystems::Render),
        );
    }
}

/// Copies in each frame: `--set copies=N`, default 1. Many keep a GPU busy, and so at the clocks it has under load.
fn probe_copies(options: &freshet_example::Options) -> u32 {
    options.setting("copies").map_or(1, |copies| {
        let copies = copies.parse().ok().filter(|copies| (1..=1000).contains(copies));
        copies.unwrap_or_else(|| freshet_example::fail("--set copies=N: a number from 1 to 1000 is wanted"))
    })
}

#[derive(Resource)]
struct ProbeCopies(u32);

/// Bytes of a copy: more than caches hold where the adapter is a GPU, little where it is the CPU.
fn probe_bytes(kind: &str) -> u64 {
    if kind == "cpu" { 4 << 20 } else { 128 << 20 }
}

fn make_probe(device: Res<RenderDevice>, adapter: Res<RenderAdapterInfo>, mut commands: Commands) {
    let kind = if adapter.device_type == wgpu::DeviceType::Cpu { "cpu" } else { "gpu" };
    let buffer = || {
        device.wgpu_device().create_buffer(&wgpu::BufferDescriptor {
            label: Some("throughput:copy"),
            size: probe_bytes(kind).min(device.limits().max_buffer_size),
            usage: wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    };
    commands.insert_resource(ProbeBuffers { from: buffer(), to: buffer() });
}

fn copy(
    probe: Res<ProbeBuffers>,
    copies: Res<ProbeCopies>,
    mut encoder: ResMut<FrameEncoder>,
    recorder: Option<Res<DiagnosticsRecorder>>,
) {
    let Some(encoder) = encoder.get() else { return };
    let recorder = recorder.as_deref();
    let span = recorder.time_span(encoder, "freshet/copy_probe");
    for _ in 0..copies.0 {
        encoder.copy_buffer_to_buffer(&probe.from, 0, &probe.to, 0, probe.from.size());
    }
    span.end(encoder);
    stage(PROBE).ran();
}

/// Adds to the report what this example is about, once the app is about to end.
fn summarise(world: &mut World, mut seen_exit: Local<bool>) {
    if *seen_exit || !world.resource::<freshet_example::Closing>().0 {
        return;
    }
    *seen_exit = true;
    let codes = world.resource::<Codes>();
    let codes = json!({ "right": codes.right, "wrong": codes.wrong, "none": codes.none });
    let report = Report::of(world);
    let kind = report.adapter.as_ref().map_or("cpu", |adapter| adapter.kind.as_str());
    let bytes = 2 * probe_bytes(kind) * u64::from(probe_copies(world.resource()));
    let mut formats = world.query::<&StreamStats>();
    let format = formats.iter(world).find_map(|stats| stats.format);
    let median = |stage: &str| report.stages.get(stage).and_then(|stage| Some(stage.gpu_ms?.median));
    let bandwidth = median(PROBE).map_or(f64::NAN, |ms| bytes as f64 / (ms / 1e3));
    let convert_and_pyramid = median("convert").zip(median("pyramid")).map(|(convert, pyramid)| convert + pyramid);
    let mut extra = world.resource_mut::<ReportExtra>();
    extra.0.insert("codes", codes.clone());
    extra.0.insert("copy_bandwidth_gb_per_s", json!(bandwidth / 1e9));
    println!("codes         {codes}");
    println!("copies        {:.1} GB/s, read and written", bandwidth / 1e9);
    if let (Some(format), Some(ms)) = (format, convert_and_pyramid) {
        let moved = bytes_moved(&format);
        let share = moved.0 as f64 / (ms / 1e3) / bandwidth;
        println!(
            "stages        convert + pyramid {ms:.4} ms for {moved} moved: {:.1} % of copy bandwidth",
            share * 100.0
        );
        extra.0.insert("convert_and_pyramid", json!({ "gpu_ms": ms, "bytes_moved": moved.0, "share": share }));
    }
}

/// The fewest bytes that converting and halving must move: native bytes in, picture and luma out, luma in, levels out.
fn bytes_moved(format: &bevy_freshet::base::FrameFormat) -> Bytes {
    let pixels = u64::from(format.width) * u64::from(format.height);
    Bytes(format.bytes().0 + 4 * pixels + pixels + pixels + pixels / 3)
}
