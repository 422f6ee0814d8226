//! A file of 2 GiB of weights is written, opened, read layer by layer and shared by two processes. Prints what each
//! costs: time, private memory, pages.
//!
//! ```text
//! cargo bench --workspace --bench mapped_weights [-- --layers 64]
//! ```
//!
//! A layer is 32 MiB. A page that two layers share counts for both. The file lies in the system's folder for temporary files (`TMPDIR`) and is removed at the end.

#![expect(clippy::print_stdout, reason = "this program is here to print")]
#![cfg_attr(not(target_os = "linux"), expect(unused, reason = "pages and memory are read from Linux's /proc"))]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bevy_freshet::inference::weights::{Residency, Weights};

const LAYER_SIDES: [usize; 2] = [2048, 4096];
const LAYER_BYTES: usize = LAYER_SIDES[0] * LAYER_SIDES[1] * 4;
/// Says that this process is the second one, and names the file.
const SECOND: &str = "--second-process";
/// Layers that both processes read.
const SHARED_LAYERS: usize = 8;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let argument = |flag: &str| std::env::args().skip_while(|argument| argument != flag).nth(1);
    if let Some(path) = argument(SECOND) {
        return second_process(Path::new(&path));
    }
    let layers = argument("--layers").and_then(|text| text.parse().ok()).unwrap_or(64).max(SHARED_LAYERS);
    let file = TempFile(std::env::temp_dir().join(format!("freshet-{}.safetensors", std::process::id())));
    let start = Instant::now();
    generate(&file.0, layers)?;
    println!("written      {} MiB in {:.1} s", (layers * LAYER_BYTES) >> 20, start.elapsed().as_secs_f64());
    // First: what an allocator keeps from earlier work would hide what opening takes.
    measure_memory(&file.0)?;
    measure_opening(&file.0)?;
    measure_layer(&file.0, layers)?;
    measure_sharing(&file.0)
}

/// Removed when this is dropped.
struct TempFile(PathBuf);

impl Drop for TempFile {
    fn drop(&mut self) {
        // Nothing is left to do if it is gone already.
        std::fs::remove_file(&self.0).unwrap_or_default();
    }
}

fn layer(index: usize) -> String {
    format!("layers.{index}.weight")
}

/// Writes layers of numbers between -0.5 and 0.5.
fn generate(path: &Path, layers: usize) -> io::Result<()> {
    let mut header = r#"{"__metadata__":{"about":"generated"}"#.to_owned();
    for index in 0..layers {
        let (name, begin) = (layer(index), index * LAYER_BYTES);
        let end = begin + LAYER_BYTES;
        let entry = format!(r#","{name}":{{"dtype":"F32","shape":{LAYER_SIDES:?},"data_offsets":[{begin},{end}]}}"#);
        header.push_str(&entry);
    }
    header.push('}');
    while !header.len().is_multiple_of(8) {
        header.push(' ');
    }
    let mut file = File::create(path)?;
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut block = vec![0_u8; 1 << 20];
    for _ in 0..layers * LAYER_BYTES / block.len() {
        for bytes in block.as_chunks_mut::<4>().0 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *bytes = ((state >> 40) as f32 / 16_777_216.0 - 0.5).to_le_bytes();
        }
        file.write_all(&block)?;
    }
    file.sync_all()
}

/// Moves a file out of memory. Only pages that nobody has mapped go.
fn evict(path: &Path) -> io::Result<()> {
    let input = format!("if={}", path.display());
    Command::new("dd").args([&input, "iflag=nocache", "count=0", "status=none"]).status().map(drop)
}

fn measure_opening(path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let time = || -> Result<Duration, Box<dyn std::error::Error>> {
        let start = Instant::now();
        let weights = Weights::open(path)?;
        let took = start.elapsed();
        drop(weights);
        Ok(took)
    };
    let mut cold = Vec::new();
    for _ in 0..21 {
        evict(path)?;
        cold.push(time()?);
    }
    let warm = (0..1001).map(|_| time()).collect::<Result<Vec<_>, _>>()?;
    println!("opened cold  {}", spread(cold));
    println!("opened warm  {}", spread(warm));
    Ok(())
}

fn spread(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let ms = |index: usize| times[index].as_secs_f64() * 1e3;
    let count = times.len();
    format!(
        "median {:.3} ms, p99 {:.3} ms, worst {:.3} ms of {count}",
        ms(count / 2),
        ms(count * 99 / 100),
        ms(count - 1)
    )
}

/// KiB under each name in one of this process' tables of memory.
fn table(text: &str) -> BTreeMap<String, i64> {
    let line = |line: &str| {
        let (name, rest) = line.split_once(':')?;
        Some((name.to_owned(), rest.trim().strip_suffix("kB")?.trim().parse().ok()?))
    };
    text.lines().filter_map(line).collect()
}

/// KiB of private memory of this process: dirty pages, and memory that belongs to no file.
fn private() -> io::Result<(i64, i64)> {
    let rollup = table(&std::fs::read_to_string("/proc/self/smaps_rollup")?);
    let status = table(&std::fs::read_to_string("/proc/self/status")?);
    Ok((rollup["Private_Dirty"], status["RssAnon"]))
}

fn measure_memory(path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    evict(path)?;
    private()?;
    let before = private()?;
    let weights = Weights::open(path)?;
    let opened = private()?;
    let sum = read(&weights, &layer(5))?;
    let after = private()?;
    println!(
        "private      opening: {} KiB dirty, {} KiB anonymous; and one layer read: {} KiB, {} KiB (sum {sum:.1})",
        opened.0 - before.0,
        opened.1 - before.1,
        after.0 - before.0,
        after.1 - before.1
    );
    Ok(())
}

fn read(weights: &Weights, name: &str) -> Result<f64, Box<dyn std::error::Error>> {
    let sum = weights.read(name, |view| {
        let floats = view.floats().into_iter();
        floats.map(|floats| (0..floats.len()).map(|index| f64::from(floats.get(index))).sum::<f64>()).sum()
    });
    Ok(sum?)
}

/// Pages of all layers but one, and of that one.
fn pages(
    weights: &Weights,
    layers: usize,
    chosen: usize,
) -> Result<(Residency, Residency), Box<dyn std::error::Error>> {
    let (mut one, mut others) = (Residency::default(), Residency::default());
    for index in 0..layers {
        let found = weights.residency(&layer(index))?.ok_or("this system does not tell which pages are in memory")?;
        let into = if index == chosen { &mut one } else { &mut others };
        into.pages += found.pages;
        into.cached += found.cached;
        into.mapped += found.mapped;
    }
    Ok((one, others))
}

fn measure_layer(path: &Path, layers: usize) -> Result<(), Box<dyn std::error::Error>> {
    let chosen = layers / 2;
    for kind in ["cold", "warm"] {
        if kind == "cold" {
            evict(path)?;
        } else {
            // Through a file and not a map: in memory, and in nobody's address space.
            io::copy(&mut File::open(path)?, &mut io::sink())?;
        }
        let weights = Weights::open(path)?;
        let (_, opened) = pages(&weights, layers, chosen)?;
        let start = Instant::now();
        read(&weights, &layer(chosen))?;
        let took = start.elapsed().as_secs_f64() * 1e3;
        let (one, others) = pages(&weights, layers, chosen)?;
        let from_disk = others.cached - opened.cached;
        println!(
            "one layer    {kind}: its {} pages: {} mapped; the others' {}: {from_disk} read from disk, {} mapped; {took:.1} ms",
            one.pages, one.mapped, others.pages, others.mapped
        );
    }
    Ok(())
}

/// What `/proc/self/smaps` says of the map of a file, in KiB.
fn map_memory(path: &Path) -> io::Result<String> {
    let smaps = std::fs::read_to_string("/proc/self/smaps")?;
    let name = path.display().to_string();
    let mut text = String::new();
    let lines = smaps.lines().skip_while(|line| !line.ends_with(&name)).skip(1);
    for (name, kib) in lines.take(22).filter_map(|line| line.split_once(':')) {
        if ["Rss", "Pss", "Shared_Clean", "Shared_Dirty", "Private_Clean", "Private_Dirty"].contains(&name) {
            // Writing into a `String` cannot fail.
            write!(text, "{name} {}  ", kib.trim()).unwrap_or_default();
        }
    }
    Ok(text)
}

fn read_shared(path: &Path) -> Result<Weights, Box<dyn std::error::Error>> {
    let weights = Weights::open(path)?;
    for index in 0..SHARED_LAYERS {
        read(&weights, &layer(index))?;
    }
    Ok(weights)
}

/// Reads, says so, waits until it is asked, and tells its memory.
fn second_process(path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let _weights = read_shared(path)?;
    println!("ready");
    io::stdin().read_exact(&mut [0])?;
    println!("{}", map_memory(path)?);
    Ok(())
}

fn measure_sharing(path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let _weights = read_shared(path)?;
    println!("sharing      alone          {}", map_memory(path)?);
    let mut second = Command::new(std::env::current_exe()?)
        .arg(SECOND)
        .arg(path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut answers = BufReader::new(second.stdout.take().ok_or("no output")?).lines();
    answers.next().ok_or("the second process failed")??;
    println!("             first of two   {}", map_memory(path)?);
    second.stdin.take().ok_or("no input")?.write_all(b"\n")?;
    println!("             second of two  {}", answers.next().ok_or("the second process failed")??);
    second.wait()?;
    Ok(())
}
