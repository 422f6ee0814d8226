//! A net file on both executors: do they agree, and what does each step take?
//!
//! `--set net=FILE.safetensors` (default: the bundled `edges`), `--set precision=auto|f32|f16`, `--set threads=N`. The
//! net's input is cut from the frames of any `--source`. Prints the agreement for each output and the time of each step.
//! `--set io=FILE.safetensors` takes inputs from there instead, and says how far both are from the outputs there.

#![expect(clippy::print_stdout, reason = "this program is here to print")]

mod bench;
mod expected;
mod eyes;
mod heat;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bevy::prelude::*;
use bevy::render::renderer::{RenderAdapter, RenderDevice, RenderQueue};
use bevy::tasks::futures::check_ready;
use bevy_freshet::base::Role;
use bevy_freshet::inference::{ExecutorChoice, Precision, Weights, open_net};
use bevy_freshet::prelude::*;
use bevy_freshet::priority::{Task, TaskFailure};
use freshet_example::{Closing, Complaint, UnderWay, fail, one_line};

use bench::{Bench, Gpu};
use expected::Expected;
use eyes::Eyes;
use heat::Heat;

/// The workload of the comparisons.
const WORK: &str = "compare executors";

fn main() -> AppExit {
    let keys = ["net", "precision", "threads", "io"];
    let example = freshet_example::Example::with_settings("net", "assets/media/clip.avi", &keys);
    let options = &example.options;
    let file = options.setting("net").map_or_else(bundled, PathBuf::from);
    let weights = Weights::open(&file).unwrap_or_else(|error| fail(&one_line(&error)));
    let net = open_net(&weights).unwrap_or_else(|error| fail(&one_line(&error)));
    let precision = match options.setting("precision") {
        None | Some("auto") => Precision::Auto,
        Some("f32") => Precision::F32,
        Some("f16") => Precision::F16,
        Some(other) => fail(&format!("--set precision={other}: it is auto, f32 or f16")),
    };
    let threads = options.setting("threads").unwrap_or("1");
    let most = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads: NonZeroUsize = match threads.parse() {
        Ok(count) if NonZeroUsize::get(count) <= most => count,
        _ => fail(&format!("--set threads={threads}: a number from 1 to {most} is wanted, as many as there are cores")),
    };
    let io = options.setting("io").map(|path| Expected::open(path.as_ref(), &net).unwrap_or_else(|why| fail(&why)));
    let eyes = eyes::net(&net);
    if eyes.is_none() && io.is_none() {
        fail(&format!("{}: the net has no single input that is a picture; nothing of a frame fits it", file.display()));
    }
    let given = Given(io.is_some());
    let mut bench = Bench::new(net, weights, precision, threads);
    if let Some(io) = io {
        bench.expect(io);
    }
    let mut app = App::new();
    app.add_plugins(example);
    if let Some(eyes) = eyes {
        app.add_plugins(NetPlugin::<Eyes>::new(eyes).executor(ExecutorChoice::Candle));
    }
    app.insert_resource(Subject(Some(bench)))
        .insert_resource(given)
        .init_resource::<Work>()
        .add_systems(Startup, open)
        // It ends with a table, so it ends when there is one.
        .insert_resource(UnderWay(true))
        .add_systems(Update, (take, look, tell, print).chain())
        .run()
}

/// The net of fixed weights that is in the repository.
fn bundled() -> PathBuf {
    let file = freshet_example::assets().join("models/edges/model.safetensors");
    // Without the way that leads to the examples' folder and out of it again.
    file.canonicalize().unwrap_or(file)
}

/// What is compared, until the work begins.
#[derive(Resource)]
struct Subject(Option<Bench>);

/// Whether inputs are given, so that no frame is looked at.
#[derive(Resource)]
struct Given(bool);

/// A comparison under way.
type Comparing = Task<Result<Result<(), String>, TaskFailure>>;

/// What is under way, and what came of it.
#[derive(Resource, Default)]
struct Work {
    bench: Option<Arc<Mutex<Bench>>>,
    task: Option<Comparing>,
    newest: u64,
}

impl Work {
    /// Looks at the bench, unless it is being worked on.
    fn bench(&self) -> Option<std::sync::MutexGuard<'_, Bench>> {
        self.bench.as_ref()?.try_lock().ok()
    }
}

fn open(mut commands: Commands, mut pictures: LivePictures, given: Res<Given>, options: Res<freshet_example::Options>) {
    commands.spawn(Workload::new(WORK, Role::Other("example")));
    if given.0 {
        return;
    }
    let streams = freshet_example::open_sources(&mut commands, &options);
    let Some(&stream) = streams.first() else { return };
    commands.want::<Eyes>(stream, "net example");
    let picture = pictures.show(stream);
    commands.spawn((Camera2d, IsDefaultUiCamera, Background { fit: Fit::Stretch, ..Background::new(picture) }));
    commands.spawn((
        Text::new(""),
        TextFont::from_font_size(15.0),
        TextColor(Color::WHITE),
        BackgroundColor(Color::srgba(0.0, 0.0, 0.0, 0.6)),
        Node { position_type: PositionType::Absolute, left: px(12), top: px(8), padding: px(8).all(), ..default() },
    ));
}

/// Compares on the newest crop, when nothing is under way.
fn look(
    mut work: ResMut<Work>,
    mut subject: ResMut<Subject>,
    seen: Query<&Latest<Eyes>>,
    tasks: Tasks,
    closing: Res<Closing>,
    (device, queue, adapter): (Option<Res<RenderDevice>>, Option<Res<RenderQueue>>, Option<Res<RenderAdapter>>),
    (mut complaint, given): (ResMut<Complaint>, Res<Given>),
) {
    let latest = seen.iter().find(|latest| latest.frame.seq >= work.newest);
    if latest.is_none() && !given.0 {
        return;
    }
    let is_enough = closing.0 && work.bench().is_some_and(|bench| bench.compared() > 0);
    if work.task.is_some() || is_enough {
        return;
    }
    if let Some(mut bench) = subject.0.take() {
        let (Some(device), Some(queue), Some(adapter)) = (device, queue, adapter) else {
            complaint.say("there is no graphics adapter to compare with");
            return;
        };
        let (device, queue) = (device.wgpu_device().clone(), wgpu::Queue::clone(&queue.0));
        bench.give(Gpu::new(device, queue, &adapter));
        work.bench = Some(Arc::new(Mutex::new(bench)));
    }
    let Some(bench) = work.bench.clone() else { return };
    work.newest = latest.map_or(0, |latest| latest.frame.seq + 1);
    let values = latest.map(|latest| Arc::clone(&latest.value.values));
    let task = tasks.spawn(WORK, move |context| async move {
        context.checkpoint().await?;
        let mut bench = bench.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(bench.look_at(values.as_deref(), &context))
    });
    match task {
        Ok(task) => work.task = Some(task),
        Err(refused) => complaint.say(&one_line(&refused)),
    }
}

/// Takes what a comparison came to.
fn take(mut work: ResMut<Work>, given: Res<Given>, mut complaint: ResMut<Complaint>, mut exit: MessageWriter<AppExit>) {
    let Some(ended) = work.task.as_mut().and_then(check_ready) else { return };
    work.task = None;
    let why = match ended {
        Ok(Ok(())) if given.0 => {
            if let Some(bench) = work.bench() {
                println!("{}", bench.table());
            }
            exit.write(AppExit::Success);
            return;
        }
        Ok(Ok(())) => return,
        Ok(Err(why)) => why,
        Err(failure) => failure.to_string(),
    };
    complaint.say(&why);
    exit.write(AppExit::from_code(2));
}

/// Says on the screen what came of it so far, and draws an output that is a picture.
fn tell(
    work: Res<Work>,
    mut texts: Query<&mut Text>,
    mut heat: Local<Heat>,
    mut commands: Commands,
    images: ResMut<Assets<Image>>,
) {
    let Some(bench) = work.bench() else { return };
    if let Ok(mut text) = texts.single_mut() {
        text.set_if_neq(Text::new(bench.summary()));
    }
    heat.show(bench.newest_output(), &mut commands, images);
}

/// Prints the table when the run is over.
fn print(
    closing: Res<Closing>,
    work: Res<Work>,
    mut under_way: ResMut<UnderWay>,
    nets: Option<Res<NetReports>>,
    mut complaint: ResMut<Complaint>,
) {
    let eyes = nets.as_ref().and_then(|nets| nets.get(<Eyes as Product>::NAME)).map(|net| &net.status);
    if let Some(ModelState::Failed { why }) = eyes
        && under_way.0
    {
        complaint.say(&format!("nothing can be cut from the frames for this net: {why}"));
        under_way.0 = false;
    }
    if !closing.0 || !under_way.0 || work.task.is_some() {
        return;
    }
    if let Some(bench) = work.bench().filter(|bench| bench.compared() > 0) {
        println!("{}", bench.table());
        under_way.0 = false;
    }
}
