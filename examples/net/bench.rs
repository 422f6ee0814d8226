//! The net on both executors, and what came of running it on frames.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use bevy_freshet::inference::cpu::{CandleExecutor, CandleOptions};
use bevy_freshet::inference::gpu::{Clock, GpuExecutor, GpuOptions, GpuPlan, GpuTraits};
use bevy_freshet::inference::net::{Net, Plan, Shape};
use bevy_freshet::inference::{Agreement, Precision, Weights, compare, require_finite};
use bevy_freshet::priority::TaskContext;
use freshet_example::one_line;

use crate::expected::Expected;

/// The GPU of the app.
pub struct Gpu {
    device: wgpu::Device,
    queue: wgpu::Queue,
    traits: GpuTraits,
    name: String,
}

impl Gpu {
    pub fn new(device: wgpu::Device, queue: wgpu::Queue, adapter: &wgpu::Adapter) -> Self {
        let traits = GpuTraits::of(adapter, &device);
        Self { device, queue, traits, name: adapter.get_info().name }
    }
}

/// A net, both executors, and what they did.
pub struct Bench {
    net: Net,
    weights: Weights,
    plan: Plan,
    precision: Precision,
    threads: NonZeroUsize,
    gpu: Option<Gpu>,
    executors: Option<(GpuExecutor, CandleExecutor)>,
    /// Least time of each step on the GPU, and on candle.
    times: Vec<[Duration; 2]>,
    /// The farthest apart that each output was.
    agreement: Vec<Agreement>,
    compared: u64,
    newest: Vec<f32>,
    expected: Option<Expected>,
    /// How far the GPU, and candle, are from what was expected, output by output.
    off: Vec<[Option<f32>; 2]>,
}

impl Bench {
    pub fn new(net: Net, weights: Weights, precision: Precision, threads: NonZeroUsize) -> Self {
        let plan = Plan::new(&net);
        Self {
            net,
            weights,
            plan,
            precision,
            threads,
            gpu: None,
            executors: None,
            times: Vec::new(),
            agreement: Vec::new(),
            compared: 0,
            newest: Vec::new(),
            expected: None,
            off: Vec::new(),
        }
    }

    /// Compares with this, too.
    pub fn expect(&mut self, expected: Expected) {
        self.expected = Some(expected);
    }

    /// Gives it the GPU to run on.
    pub fn give(&mut self, gpu: Gpu) {
        self.gpu = Some(gpu);
    }

    /// Runs both on an input, and makes them ready first. An error is one line.
    pub fn look_at(&mut self, values: Option<&[f32]>, context: &TaskContext) -> Result<(), String> {
        let Self { net, weights, plan, gpu, executors, .. } = self;
        let gpu = gpu.as_ref().ok_or("there is no GPU")?;
        if executors.is_none() {
            require_finite(weights, plan, || alive(context)).map_err(|error| one_line(&error))?;
            let options = GpuOptions { precision: self.precision, ..GpuOptions::default() };
            let planned = GpuPlan::new(plan, &*weights, &gpu.traits, &options).map_err(|error| one_line(&error))?;
            // It says that it is alive, and hears that it is unwanted only afterwards.
            let mut follow = |_| alive(context);
            let program = GpuExecutor::build(&gpu.device, &gpu.queue, planned, &*weights, &mut follow)
                .map_err(|error| one_line(&error))?;
            let options = CandleOptions { threads: self.threads, ..CandleOptions::default() };
            let candle = CandleExecutor::new(plan.clone(), Arc::new(weights.clone()), options)
                .map_err(|error| one_line(&error))?;
            *executors = Some((program, candle));
        }
        let Some((program, candle)) = executors else { return Ok(()) };
        let on_gpu = (&gpu.device, &gpu.queue, &*program);
        let mut follow = || alive(context);
        let given = self.expected.as_ref().map(|expected| &expected.inputs);
        let inputs: Vec<&[f32]> = match values {
            Some(values) => vec![values],
            None => given.into_iter().flatten().map(Vec::as_slice).collect(),
        };
        let made = compare(net, on_gpu, candle, &inputs, &mut follow).map_err(|error| one_line(&error))?;
        let clock = Clock::of(gpu.traits.kind);
        let gpu_steps =
            program.measure((&gpu.device, &gpu.queue, clock), &mut follow).map_err(|error| one_line(&error))?;
        if let Some(expected) = self.expected.as_ref().filter(|_| values.is_none()) {
            let pairs = made.on_gpu.iter().zip(&made.on_candle).enumerate();
            let off = |index, values: &Vec<f32>| expected.distance(index, values);
            self.off = pairs.map(|(index, (gpu, candle))| [off(index, gpu), off(index, candle)]).collect();
        }
        self.newest = made.on_gpu.into_iter().next().unwrap_or_default();
        let steps = gpu_steps.iter().zip(&made.candle_steps).map(|(gpu, candle)| [*gpu, *candle]);
        if self.times.is_empty() {
            self.times = steps.collect();
            self.agreement = made.outputs;
        } else {
            for (known, new) in self.times.iter_mut().zip(steps) {
                *known = [known[0].min(new[0]), known[1].min(new[1])];
            }
            for (known, new) in self.agreement.iter_mut().zip(made.outputs) {
                if new.error > known.error || new.error.is_nan() {
                    *known = new;
                }
            }
        }
        self.compared += 1;
        Ok(())
    }

    /// Frames that were compared.
    pub fn compared(&self) -> u64 {
        self.compared
    }

    /// The first output of the newest frame.
    pub fn newest_output(&self) -> Option<(Shape, &[f32])> {
        let output = self.net.outputs.first().filter(|_| !self.newest.is_empty())?;
        Some((output.shape, &self.newest))
    }

    fn totals(&self) -> [f64; 2] {
        [0, 1].map(|which| millis(self.times.iter().map(|times| times[which]).sum()))
    }

    /// What the screen says.
    pub fn summary(&self) -> String {
        let name = &self.net.name;
        if self.compared == 0 {
            return format!("{name}: both executors are being made ready");
        }
        let [gpu, candle] = self.totals();
        let worst = self.agreement.iter().map(|one| one.error).fold(0.0, f32::max);
        format!(
            "{name}: {} layers in {} steps\n{} frames compared, at most {worst:.1e} apart\nGPU {gpu:.3} ms   candle {candle:.3} ms",
            self.net.layers.len(),
            self.plan.steps.len(),
            self.compared
        )
    }

    /// The table that is printed.
    pub fn table(&self) -> String {
        let [gpu, candle] = self.totals();
        let adapter = self.gpu.as_ref().map_or("", |gpu| &gpu.name);
        let mut text = format!(
            "net `{}` of {}: {} layers in {} steps, {} frames\n\n{:<44} {:>20} {:>10} {:>10}\n",
            self.net.name,
            self.weights.file(),
            self.net.layers.len(),
            self.plan.steps.len(),
            self.compared,
            "step (least time, ms)",
            "makes",
            "gpu",
            "candle",
        );
        let mut line = |name: &str, shape: &str, gpu: f64, candle: f64| {
            text += &format!("{:<44} {shape:>20} {gpu:>10.4} {candle:>10.4}\n", shortened(name, 44));
        };
        for (step, times) in self.plan.steps.iter().zip(&self.times) {
            line(&step.name, &self.plan.shape(step.output).to_string(), millis(times[0]), millis(times[1]));
        }
        line("all", "", gpu, candle);
        text += &format!("\n{:<44} {:>20} {:>12} {:>12}\n", "output", "extents", "largest", "apart");
        for (index, one) in self.agreement.iter().enumerate() {
            let (name, shape) = (shortened(&one.name, 44), one.shape.to_string());
            text += &format!("{name:<44} {shape:>20} {:>12.4} {:>12.2e}", one.largest, one.error);
            for (who, off) in ["gpu", "candle"].iter().zip(self.off.get(index).into_iter().flatten()) {
                if let Some(off) = off {
                    text += &format!("   {who} {off:.2e} off");
                }
            }
            text.push('\n');
        }
        let apart = "apart, off: the largest difference as a part of the largest number";
        text += &format!("\ngpu: `{adapter}`; threads of candle: {}; {apart}", self.threads);
        text
    }
}

/// Tells the watch over the workers that the task is alive; that it is unwanted it hears afterwards.
fn alive(context: &TaskContext) {
    let _is_unwanted = context.should_stop();
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A name, cut in its middle where it is too long.
fn shortened(name: &str, most: usize) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= most {
        return name.to_owned();
    }
    let (head, tail) = (most / 2 - 1, most / 2 - 1);
    letters[..head].iter().chain(&['…']).chain(&letters[letters.len() - tail..]).collect()
}
