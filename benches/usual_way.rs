//! The same 1080p YUYV stream shown in a sprite, (a) through Freshet and (b) the usual way: converted to RGBA on the CPU,
//! the bytes of an `Assets<Image>` replaced. CPU time per frame of the app's own threads and the capture thread, in one
//! run, turn by turn. A software rasteriser's threads are left out and named.
//!
//! ```text
//! cargo bench --workspace --bench usual_way [-- --frames 200 --rounds 3]
//! ```

#![expect(clippy::print_stdout, reason = "this program is here to print")]
#![cfg_attr(not(target_os = "linux"), expect(unused, reason = "CPU time per thread is read from Linux's /proc"))]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bevy::camera::RenderTarget;
use bevy::prelude::*;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use bevy::window::ExitCondition;
use bevy_freshet::base::{FrameFormat, PixelFormat};
use bevy_freshet::frame::{FrameStamp, port};
use bevy_freshet::prelude::*;

const WIDTH: u32 = 1920;
const HEIGHT: u32 = 1080;
const PERIOD: Duration = Duration::from_micros(33_333);

/// The app's own threads, by the start of their names (the kernel keeps 15 letters).
const OWN_THREADS: [&str; 7] =
    [MAIN_THREAD, "Compute Task", "Async Compute", "IO Task Pool", "capture", "freshet:", "RenderApp"];
/// The name given to the first thread here, so that threads that inherit the program's name are told from it.
const MAIN_THREAD: &str = "(main)";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// The scene alone.
    Bare,
    Freshet,
    Usual,
}

fn main() {
    let number = |flag: &str, default: u32| {
        let mut arguments = std::env::args().skip_while(|argument| argument != flag).skip(1);
        arguments.next().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (frames, rounds) = (number("--frames", 150), number("--rounds", 3));
    let mut costs: BTreeMap<Way, Vec<f64>> = BTreeMap::new();
    for round in 0..rounds {
        for way in [Way::Bare, Way::Freshet, Way::Usual] {
            let (cost_ms, shown, names) = measure(way, frames);
            let way_name = format!("{way:?}");
            println!("round {round}  {way_name:<8} {cost_ms:7.3} ms CPU per turn, {shown} of {frames} pictures shown");
            println!("         left out, per turn: {}", names.join(", "));
            costs.entry(way).or_default().push(cost_ms);
        }
    }
    let median = |way: Way| {
        let mut values = costs[&way].clone();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let (bare, freshet, usual) = (median(Way::Bare), median(Way::Freshet), median(Way::Usual));
    println!("above the bare scene's {bare:.3} ms: Freshet {:.3} ms, usual way {:.3} ms", freshet - bare, usual - bare);
    println!("ratio {:.3}", (freshet - bare) / (usual - bare));
}

/// Frames as a camera would deliver them.
fn native_frames() -> Vec<Vec<u8>> {
    let frame = |shift: u32| {
        let byte = move |place: u32| (place.wrapping_mul(31).wrapping_add(shift * 57) >> 3) as u8;
        (0..WIDTH * HEIGHT * 2).map(byte).collect()
    };
    (0..4).map(frame).collect()
}

/// CPU milliseconds per turn of the app, pictures shown, and the names of the threads that were left out.
fn measure(way: Way, frames: u32) -> (f64, u64, Vec<String>) {
    let mut app = App::new();
    app.add_plugins(
        DefaultPlugins
            .set(WindowPlugin { primary_window: None, exit_condition: ExitCondition::DontExit, ..default() })
            .disable::<bevy::winit::WinitPlugin>()
            .disable::<bevy::log::LogPlugin>(),
    );
    if way == Way::Freshet {
        app.add_plugins(FreshetPlugins);
    }
    app.finish();
    app.cleanup();
    let world = app.world_mut();
    let screen = Image::new_target_texture(64, 64, TextureFormat::Rgba8UnormSrgb, None);
    let screen = world.resource_mut::<Assets<Image>>().add(screen);
    world.spawn((Camera2d, RenderTarget::Image(screen.into())));
    let running = Arc::new(AtomicBool::new(true));
    let shown = match way {
        Way::Bare => None,
        Way::Freshet => Some(start_freshet(&mut app)),
        Way::Usual => {
            start_usual(&mut app, Arc::clone(&running));
            None
        }
    };
    // Shaders compile and buffers are made.
    turn(&mut app, 40);
    let captured =
        |app: &App| shown.map_or(0, |stream| app.world().get::<StreamStats>(stream).map_or(0, |it| it.captured));
    let replaced = |app: &App| app.world().get_resource::<Replaced>().map_or(0, |replaced| replaced.0);
    let (before, seen) = (cpu_nanos(), captured(&app) + replaced(&app));
    turn(&mut app, frames);
    let (after, seen) = (cpu_nanos(), captured(&app) + replaced(&app) - seen);
    running.store(false, Ordering::Relaxed);
    let spent = after
        .iter()
        .map(|(number, (name, nanos))| (name, nanos - before.get(number).map_or(0, |(_, nanos)| *nanos).min(*nanos)));
    let millis = |nanos: u64| nanos as f64 / 1e6 / f64::from(frames);
    let (mut own, mut left_out) = (0, BTreeMap::new());
    for (name, nanos) in spent {
        if is_ours(name) {
            own += nanos;
        } else {
            *left_out.entry(name.clone()).or_insert(0) += nanos;
        }
    }
    let left_out = left_out.iter().map(|(name, nanos)| format!("{name} {:.2} ms", millis(*nanos))).collect();
    (millis(own), seen, left_out)
}

/// Whether a thread belongs to the app: the main thread, Bevy's pools and render thread, a capture thread. What is left
/// are threads of the graphics driver, and of the app before, which is at rest.
fn is_ours(name: &str) -> bool {
    OWN_THREADS.iter().any(|own| name.starts_with(own))
}

fn turn(app: &mut App, frames: u32) {
    let start = Instant::now();
    for frame in 1..=frames {
        app.update();
        let due = PERIOD * frame;
        std::thread::sleep(due.saturating_sub(start.elapsed()));
    }
}

fn start_freshet(app: &mut App) -> Entity {
    let (capture, owner) = port(Pace::Real);
    let stream = app.world_mut().spawn((Stream::new("bench"), owner)).id();
    let show = app.world_mut().register_system(move |mut pictures: LivePictures, mut commands: Commands| {
        commands.spawn(Sprite::from_image(pictures.show(stream)));
    });
    app.world_mut().run_system(show).expect("the system runs");
    let format = FrameFormat::new(WIDTH, HEIGHT, PixelFormat::Yuyv).expect("a valid size");
    let frames = native_frames();
    let work = move || {
        for seq in 0.. {
            let stamp = FrameStamp { seq, captured: Timestamp::now(), format };
            let native = &frames[seq as usize % frames.len()];
            if capture.offer(stamp, |writer| writer.write_frame(native)).is_err()
                || !capture.rest_until(stamp.captured.after(PERIOD))
            {
                return;
            }
        }
    };
    std::thread::Builder::new().name("capture".into()).spawn(work).expect("a thread");
    stream
}

/// Pictures whose bytes were replaced.
#[derive(Resource, Default)]
struct Replaced(u64);

fn start_usual(app: &mut App, running: Arc<AtomicBool>) {
    let size = Extent3d { width: WIDTH, height: HEIGHT, depth_or_array_layers: 1 };
    let blank = Image::new_fill(size, TextureDimension::D2, &[0, 0, 0, 255], TextureFormat::Rgba8UnormSrgb, default());
    let image = app.world_mut().resource_mut::<Assets<Image>>().add(blank);
    app.world_mut().spawn(Sprite::from_image(image.clone()));
    let (sender, receiver) = std::sync::mpsc::sync_channel::<Vec<u8>>(2);
    let receiver = std::sync::Mutex::new(receiver);
    app.init_resource::<Replaced>().add_systems(
        Update,
        move |mut images: ResMut<Assets<Image>>, mut replaced: ResMut<Replaced>| {
            let newest = receiver.lock().ok().and_then(|receiver| receiver.try_iter().last());
            if let (Some(rgba), Some(mut image)) = (newest, images.get_mut(&image)) {
                image.data = Some(rgba);
                replaced.0 += 1;
            }
        },
    );
    let frames = native_frames();
    let work = move || {
        let start = Instant::now();
        for seq in 0_u32.. {
            if !running.load(Ordering::Relaxed)
                || sender.send(rgba_of_yuyv(&frames[seq as usize % frames.len()])).is_err()
            {
                return;
            }
            std::thread::sleep((PERIOD * (seq + 1)).saturating_sub(start.elapsed()));
        }
    };
    std::thread::Builder::new().name("capture".into()).spawn(work).expect("a thread");
}

/// The integer conversion that camera crates use (BT.601, limited range), a fresh buffer for each frame.
fn rgba_of_yuyv(native: &[u8]) -> Vec<u8> {
    let mut rgba = vec![255; native.len() * 2];
    for (pair, out) in native.chunks_exact(4).zip(rgba.chunks_exact_mut(8)) {
        let (d, e) = (i32::from(pair[1]) - 128, i32::from(pair[3]) - 128);
        for (luma, pixel) in [pair[0], pair[2]].into_iter().zip(out.chunks_exact_mut(4)) {
            let c = 298 * (i32::from(luma) - 16) + 128;
            pixel[0] = ((c + 409 * e) >> 8).clamp(0, 255) as u8;
            pixel[1] = ((c - 100 * d - 208 * e) >> 8).clamp(0, 255) as u8;
            pixel[2] = ((c + 516 * d) >> 8).clamp(0, 255) as u8;
        }
    }
    rgba
}

/// CPU time so far of each thread of this process, by number: its name and nanoseconds.
fn cpu_nanos() -> BTreeMap<u64, (String, u64)> {
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return BTreeMap::new() };
    let read = |path: std::path::PathBuf| std::fs::read_to_string(path).unwrap_or_default();
    let threads = tasks.flatten().filter_map(|task| {
        let number = task.file_name().to_str()?.parse().ok()?;
        let nanos = read(task.path().join("schedstat")).split_whitespace().next()?.parse().ok()?;
        let name = if number == u64::from(std::process::id()) {
            MAIN_THREAD.to_owned()
        } else {
            read(task.path().join("comm")).trim().to_owned()
        };
        Some((number, (name, nanos)))
    });
    threads.collect()
}
