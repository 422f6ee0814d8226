//! On the GPU, without an app around it.

use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bevy_freshet::inference::gpu::{Clock, GpuExecutor, GpuOptions, GpuPlan, GpuTraits};

use crate::{Asked, Subject, median};

struct Gpu {
    name: String,
    device: wgpu::Device,
    queue: wgpu::Queue,
    traits: GpuTraits,
}

pub fn measure(subject: &Subject, asked: &Asked) -> Result<serde_json::Value, String> {
    let gpu = gpu()?;
    let fail = |error: bevy_freshet::inference::gpu::GpuError| error.to_string();
    let options = GpuOptions { precision: asked.precision, ..GpuOptions::default() };
    let start = Instant::now();
    let plan = GpuPlan::new(&subject.plan, &subject.weights, &gpu.traits, &options).map_err(fail)?;
    let executor = GpuExecutor::build(&gpu.device, &gpu.queue, plan, &subject.weights, &mut |_| {}).map_err(fail)?;
    let build_ms = start.elapsed().as_secs_f64() * 1e3;
    let outputs = executor.run(&gpu.device, &gpu.queue, &subject.inputs(), &mut || {}).map_err(fail)?;
    let clock = Clock::of(gpu.traits.kind);
    let steps = executor.measure((&gpu.device, &gpu.queue, clock), &mut || {}).map_err(fail)?;
    let times = Times::of(&gpu, &executor, asked.runs)?;
    Ok(serde_json::json!({
        "net": subject.net.name,
        "executor": "gpu",
        "device": gpu.name,
        "precision": format!("{:?}", asked.precision).to_lowercase(),
        "f16": gpu.traits.features.contains(wgpu::Features::SHADER_F16),
        "matrix_units": gpu.traits.cooperative,
        "gpu_ms": times.device.map(median),
        "wall_ms": median(times.wall),
        "host_ms": median(times.host),
        "slowest_step_ms": steps.iter().max().map(|time| time.as_secs_f64() * 1e3),
        "build_ms": build_ms,
        "memory_bytes": executor.memory().total(),
        "apart": subject.apart(&outputs),
    }))
}

/// Milliseconds of each run.
struct Times {
    device: Option<Vec<f64>>,
    wall: Vec<f64>,
    host: Vec<f64>,
}

impl Times {
    fn of(gpu: &Gpu, executor: &GpuExecutor, runs: usize) -> Result<Self, String> {
        let Gpu { device, queue, traits, .. } = gpu;
        let has_clock =
            Clock::of(traits.kind) == Clock::Device && traits.features.contains(wgpu::Features::TIMESTAMP_QUERY);
        let stamps = has_clock.then(|| {
            let ty = wgpu::QueryType::Timestamp;
            device.create_query_set(&wgpu::QuerySetDescriptor { label: None, ty, count: 2 })
        });
        let buffer = |size, usage| {
            let descriptor = wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false };
            device.create_buffer(&descriptor)
        };
        let ticks = buffer(16, wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC);
        let bytes: u64 = (0..executor.slots().1).map(|index| executor.output(index).1.bytes).sum();
        let back = buffer(bytes + 16, wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
        let mut times = Self { device: has_clock.then(Vec::new), wall: Vec::new(), host: Vec::new() };
        let clocks_up = Instant::now();
        let mut run = 0;
        // The device is kept busy for half a second first, so that its clocks are up.
        while run < runs {
            let start = Instant::now();
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let timestamp_writes = stamps.as_ref().map(|query_set| wgpu::ComputePassTimestampWrites {
                query_set,
                beginning_of_pass_write_index: Some(0),
                end_of_pass_write_index: Some(1),
            });
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: None, timestamp_writes });
            executor.record(&mut pass, 0..executor.steps().len());
            drop(pass);
            let mut at = 16;
            for index in 0..executor.slots().1 {
                let (source, slot) = executor.output(index);
                encoder.copy_buffer_to_buffer(source, slot.offset, &back, at, slot.bytes);
                at += slot.bytes;
            }
            if let Some(stamps) = &stamps {
                encoder.resolve_query_set(stamps, 0..2, &ticks, 0);
                encoder.copy_buffer_to_buffer(&ticks, 0, &back, 0, 16);
            }
            encoder.map_buffer_on_submit(&back, wgpu::MapMode::Read, .., |_| {});
            queue.submit([encoder.finish()]);
            let host = start.elapsed();
            #[expect(clippy::disallowed_methods, reason = "a bench waits for what it measures")]
            let waited = device.poll(wgpu::PollType::wait_indefinitely());
            waited.map_err(|error| error.to_string())?;
            let read: Vec<u64> = bytemuck::pod_collect_to_vec(&back.slice(..16).get_mapped_range());
            let wall = start.elapsed();
            back.unmap();
            if clocks_up.elapsed().as_secs_f64() < 0.5 {
                continue;
            }
            run += 1;
            times.host.push(host.as_secs_f64() * 1e3);
            times.wall.push(wall.as_secs_f64() * 1e3);
            if let Some(device) = &mut times.device {
                let period = f64::from(queue.get_timestamp_period());
                device.push(read[1].saturating_sub(read[0]) as f64 * period / 1e6);
            }
        }
        Ok(times)
    }
}

/// The adapter that an app would get, with what nets can use of it.
fn gpu() -> Result<Gpu, String> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let preference = wgpu::PowerPreference::HighPerformance;
    let options = wgpu::RequestAdapterOptions { power_preference: preference, ..Default::default() };
    let adapter = ready(instance.request_adapter(&options)).ok_or("asking for an adapter takes time")?;
    let adapter = adapter.map_err(|error| error.to_string())?;
    let wanted =
        wgpu::Features::SHADER_F16 | wgpu::Features::TIMESTAMP_QUERY | wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX;
    let descriptor = wgpu::DeviceDescriptor {
        required_features: adapter.features() & wanted,
        required_limits: adapter.limits(),
        experimental_features: experimental(),
        ..Default::default()
    };
    let device = ready(adapter.request_device(&descriptor)).ok_or("asking for a device takes time")?;
    let (device, queue) = device.map_err(|error| error.to_string())?;
    let traits = GpuTraits::of(&adapter, &device);
    Ok(Gpu { name: adapter.get_info().name, device, queue, traits })
}

#[expect(unsafe_code, reason = "matrix units are behind this switch, as in Bevy, which turns it on")]
fn experimental() -> wgpu::ExperimentalFeatures {
    // SAFETY: of what is experimental, only matrix units are asked for, within what the adapter says that it offers.
    unsafe { wgpu::ExperimentalFeatures::enabled() }
}

/// The answer of a future that natively is there at once.
fn ready<T>(future: impl Future<Output = T>) -> Option<T> {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}
