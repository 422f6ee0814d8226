//! What net files take, on the GPU and on the CPU: one JSON line for each and each executor.
//!
//! ```text
//! cargo bench --workspace --bench nets -- FILE.safetensors... [--only gpu|cpu|candle] [--f32] [--threads N] [--runs N]
//! ```
//!
//! `gpu`: median times of a run: the device's own clock, from the first command to the result on the CPU, and of the host's
//! part (recording and submitting). `cpu`: our kernels on `--threads` (2). `candle`: candle's own. Beside a file `NET.safetensors`
//! lies `NET.io.safetensors` with inputs and what must come out, or numbers from 0 to 1 go in and nothing is compared.
//! `benches/peers` runs `PyTorch` and ONNX Runtime on the same nets.

#![expect(clippy::print_stdout, reason = "this program is here to print")]

mod on_cpu;
mod on_gpu;

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::ExitCode;

use bevy_freshet::inference::cpu::Kernels;
use bevy_freshet::inference::net::{Net, Plan, TensorSource};
use bevy_freshet::inference::{Precision, Weights, distance, open_net};

#[global_allocator]
static ALLOCATOR: bevy_freshet::ledger::CountingAllocator = bevy_freshet::ledger::CountingAllocator;

/// What is asked for.
struct Asked {
    precision: Precision,
    threads: NonZeroUsize,
    runs: usize,
}

/// A net, what goes in, and what must come out.
struct Subject {
    net: Net,
    plan: Plan,
    weights: Weights,
    inputs: Vec<Vec<f32>>,
    expected: Option<Vec<Vec<f32>>>,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let word = |flag: &str| words.iter().skip_while(|word| *word != flag).nth(1).map(String::as_str);
    let files: Vec<&String> = words.iter().take_while(|word| !word.starts_with("--")).collect();
    let threads = word("--threads").map_or(NonZeroUsize::new(2), |text| text.parse().ok());
    let runs = word("--runs").map_or(Some(200), |text| text.parse().ok().filter(|&runs| runs > 0));
    let only = word("--only");
    let (Some(threads), Some(runs), false) = (threads, runs, files.is_empty()) else {
        println!("usage: nets FILE.safetensors... [--only gpu|cpu|candle] [--f32] [--threads N] [--runs N]");
        return ExitCode::from(2);
    };
    let precision = if words.iter().any(|word| word == "--f32") { Precision::F32 } else { Precision::Auto };
    let asked = Asked { precision, threads, runs };
    for file in files {
        let done = open(Path::new(file)).and_then(|subject| measure(&subject, &asked, only));
        if let Err(why) = done {
            println!("{file}: {why}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

fn measure(subject: &Subject, asked: &Asked, only: Option<&str>) -> Result<(), String> {
    let is_asked = |name: &str| only.is_none_or(|only| only == name);
    if is_asked("gpu") {
        println!("{}", on_gpu::measure(subject, asked)?);
    }
    if is_asked("cpu") {
        println!("{}", on_cpu::measure(subject, asked, Kernels::Own)?);
    }
    if is_asked("candle") {
        println!("{}", on_cpu::measure(subject, asked, Kernels::Candle)?);
    }
    Ok(())
}

fn open(path: &Path) -> Result<Subject, String> {
    let weights = Weights::open(path).map_err(|error| error.to_string())?;
    let net = open_net(&weights).map_err(|error| format!("{error}: {}", causes(&error)))?;
    let beside = Weights::open(&path.with_extension("io.safetensors")).ok();
    let read = |name: String| Some(TensorSource::view(beside.as_ref()?, &name)?.to_f32().into_owned());
    // The same numbers in each run: those of a linear congruential generator.
    let mut state = 1_u32;
    let mut number = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1_u32 << 24) as f32
    };
    let mut made = |elements: usize| (0..elements).map(|_| number()).collect();
    let inputs = net
        .inputs
        .iter()
        .map(|input| read(format!("input:{}", input.name)).unwrap_or_else(|| made(input.shape.elements())));
    let inputs = inputs.collect();
    let expected = net.outputs.iter().map(|output| read(format!("output:{}", output.name))).collect();
    Ok(Subject { plan: Plan::new(&net), net, weights, inputs, expected })
}

impl Subject {
    /// What goes in, borrowed.
    fn inputs(&self) -> Vec<&[f32]> {
        self.inputs.iter().map(Vec::as_slice).collect()
    }

    /// How far the farthest output is from what was expected, as JSON.
    fn apart(&self, outputs: &[Vec<f32>]) -> serde_json::Value {
        let Some(expected) = &self.expected else { return serde_json::Value::Null };
        let apart = outputs.iter().zip(expected).map(|(found, wanted)| distance(found, wanted).0);
        serde_json::json!(apart.fold(0.0, f32::max))
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(String::new, |cause| format!("{cause} {}", causes(cause)))
}

/// The middle one, in milliseconds; 0 of none.
fn median(mut millis: Vec<f64>) -> f64 {
    millis.sort_by(f64::total_cmp);
    millis.get(millis.len() / 2).copied().unwrap_or_default()
}

/// The least one, in milliseconds.
fn least(millis: &[f64]) -> f64 {
    millis.iter().copied().fold(f64::INFINITY, f64::min)
}
