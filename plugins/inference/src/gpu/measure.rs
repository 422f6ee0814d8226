//! What each step takes on this very device, and a net run once by itself: for warm-ups, tools and tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::error::GpuError;
use super::program::GpuExecutor;

/// Steps that are submitted together: few, so that frames find their place between.
const TOGETHER: usize = 4;

/// Runs of which the fastest counts; the one before them touches everything for the first time.
const ROUNDS: usize = 3;

/// Bytes that are read back only to know that all before is done.
const LEAST_READ: u64 = 16;

/// How long to wait for the device at most: longer than that, and it is lost.
const PATIENCE: Duration = Duration::from_secs(60);

/// By which clock steps are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The device's own.
    Device,
    /// The one on the wall.
    Wall,
}

impl Clock {
    /// The one to be trusted on this kind of device.
    pub const fn of(kind: wgpu::DeviceType) -> Self {
        match kind {
            wgpu::DeviceType::Cpu => Self::Wall,
            _ => Self::Device,
        }
    }
}

impl GpuExecutor {
    /// Runs the net by itself and answers with the outputs, one behind the other. For tools and tests: it waits, and calls `alive` again
    /// and again meanwhile.
    ///
    /// # Errors
    ///
    /// [`GpuError::Input`] when an input is of another size, [`GpuError::Device`] when the device is lost.
    pub fn run(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        inputs: &[&[f32]],
        alive: &mut dyn FnMut(),
    ) -> Result<Vec<Vec<f32>>, GpuError> {
        let (wanted, outputs) = self.slots();
        if inputs.len() != wanted {
            return Err(GpuError::Inputs { found: inputs.len(), wanted });
        }
        for (index, values) in inputs.iter().enumerate() {
            let (buffer, slot) = self.input(index);
            let bytes: &[u8] = bytemuck::cast_slice(values);
            if bytes.len() as u64 != slot.bytes {
                return Err(GpuError::Input { index, found: values.len(), wanted: slot.bytes as usize / 4 });
            }
            #[expect(clippy::disallowed_methods, reason = "a tool's input; on the frame path the crop writes it")]
            queue.write_buffer(buffer, slot.offset, bytes);
        }
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        self.record(&mut pass, 0..self.steps().len());
        drop(pass);
        let total: u64 = (0..outputs).map(|index| self.output(index).1.bytes).sum();
        let back = readback(device, total);
        let mut at = 0;
        for index in 0..outputs {
            let (buffer, slot) = self.output(index);
            encoder.copy_buffer_to_buffer(buffer, slot.offset, &back, at, slot.bytes);
            at += slot.bytes;
        }
        let bytes = read(device, queue, encoder, &back, alive)?;
        let mut at = 0;
        let mut taken = |index: usize| {
            let slot = self.output(index).1;
            let part = &bytes[at..at + slot.bytes as usize];
            at += slot.bytes as usize;
            bytemuck::pod_collect_to_vec(part)
        };
        Ok((0..outputs).map(&mut taken).collect())
    }

    /// What each step takes, with whatever lies in its inputs: the least of a few runs, by the device's own clock where it
    /// has one that can be trusted; else each step is submitted by itself and waited for. It waits, and calls `alive`
    /// meanwhile: for worker threads.
    ///
    /// # Errors
    ///
    /// [`GpuError::Device`] when the device is lost.
    pub fn measure(
        &self,
        (device, queue, clock): (&wgpu::Device, &wgpu::Queue, Clock),
        alive: &mut dyn FnMut(),
    ) -> Result<Vec<Duration>, GpuError> {
        let steps = self.steps().len();
        if steps == 0 {
            return Ok(Vec::new());
        }
        let mut least = vec![Duration::MAX; steps];
        for round in 0..=ROUNDS {
            let times = match clock == Clock::Device && device.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
                true => self.time_steps(device, queue, alive)?,
                false => self.time_waits(device, queue, alive)?,
            };
            for (least, time) in least.iter_mut().zip(times).filter(|_| round > 0) {
                *least = time.min(*least);
            }
        }
        Ok(least)
    }

    /// Times by timestamps: a pass for each step.
    fn time_steps(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        alive: &mut dyn FnMut(),
    ) -> Result<Vec<Duration>, GpuError> {
        let mut times = Vec::with_capacity(self.steps().len());
        let period = f64::from(queue.get_timestamp_period());
        let all: Vec<usize> = (0..self.steps().len()).collect();
        for some in all.chunks(TOGETHER) {
            let count = some.len() as u32 * 2;
            let stamps = device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("net times"),
                ty: wgpu::QueryType::Timestamp,
                count,
            });
            let resolved = device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("net times"),
                size: u64::from(count) * 8,
                usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            });
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            for (place, &step) in some.iter().enumerate() {
                let writes = wgpu::ComputePassTimestampWrites {
                    query_set: &stamps,
                    beginning_of_pass_write_index: Some(place as u32 * 2),
                    end_of_pass_write_index: Some(place as u32 * 2 + 1),
                };
                let timestamp_writes = Some(writes);
                let mut pass =
                    encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: None, timestamp_writes });
                self.record(&mut pass, step..step + 1);
            }
            encoder.resolve_query_set(&stamps, 0..count, &resolved, 0);
            let back = readback(device, resolved.size());
            encoder.copy_buffer_to_buffer(&resolved, 0, &back, 0, resolved.size());
            let bytes = read(device, queue, encoder, &back, alive)?;
            let ticks: Vec<u64> = bytemuck::pod_collect_to_vec(&bytes);
            // A clock that went back, as some do between passes, says nothing.
            let time = |pair: &[u64]| Duration::from_nanos((pair[1].saturating_sub(pair[0]) as f64 * period) as u64);
            times.extend(ticks.chunks_exact(2).map(time));
        }
        Ok(times)
    }

    /// Times by the clock on the wall, each step submitted by itself. Software adapters write a timestamp when they take a
    /// command in, and not when they have done it.
    fn time_waits(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        alive: &mut dyn FnMut(),
    ) -> Result<Vec<Duration>, GpuError> {
        let back = readback(device, LEAST_READ);
        let mut times = Vec::with_capacity(self.steps().len());
        for step in 0..self.steps().len() {
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            self.record(&mut pass, step..step + 1);
            drop(pass);
            encoder.copy_buffer_to_buffer(self.io(), 0, &back, 0, LEAST_READ);
            let start = Instant::now();
            read(device, queue, encoder, &back, alive)?;
            times.push(start.elapsed());
        }
        Ok(times)
    }
}

fn readback(device: &wgpu::Device, bytes: u64) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("net readback"),
        size: bytes,
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}

/// Submits, and waits until `buffer` can be read. It asks again and again instead of blocking inside the driver, so that
/// frames are not held up by its locks.
fn read(
    device: &wgpu::Device,
    queue: &wgpu::Queue,
    encoder: wgpu::CommandEncoder,
    buffer: &wgpu::Buffer,
    alive: &mut dyn FnMut(),
) -> Result<Vec<u8>, GpuError> {
    let lost = |reason: String| GpuError::Device { what: "a run of the net".to_owned(), reason };
    let state = Arc::new((AtomicBool::new(false), AtomicBool::new(false)));
    let arrived = Arc::clone(&state);
    encoder.map_buffer_on_submit(buffer, wgpu::MapMode::Read, .., move |mapped| {
        arrived.1.store(mapped.is_ok(), Ordering::Relaxed);
        arrived.0.store(true, Ordering::Release);
    });
    queue.submit([encoder.finish()]);
    let start = Instant::now();
    while !state.0.load(Ordering::Acquire) {
        #[expect(clippy::disallowed_methods, reason = "asks and does not wait; on a worker thread or in a tool")]
        let polled = device.poll(wgpu::PollType::Poll);
        polled.map_err(|cause| lost(cause.to_string()))?;
        if start.elapsed() > PATIENCE {
            return Err(lost(format!("it has not answered for {} s", PATIENCE.as_secs())));
        }
        alive();
        std::thread::sleep(Duration::from_micros(100));
    }
    if !state.1.load(Ordering::Relaxed) {
        return Err(lost("its buffers cannot be read".to_owned()));
    }
    let bytes = buffer.slice(..).get_mapped_range().to_vec();
    buffer.unmap();
    Ok(bytes)
}
