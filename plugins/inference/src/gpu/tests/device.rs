//! A device for tests, and nets made of a few layers.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::super::*;
use crate::net::{DType, Net, NetDescription, Plan, TensorInfo, TensorSource, TensorView, Tensors};

/// Weights in memory.
#[derive(Default, Clone)]
pub(super) struct Weights(pub(super) HashMap<String, (Vec<usize>, Vec<f32>)>);

impl Weights {
    pub(super) fn with(mut self, name: &str, shape: &[usize], values: Vec<f32>) -> Self {
        assert_eq!(shape.iter().product::<usize>(), values.len());
        self.0.insert(name.to_owned(), (shape.to_vec(), values));
        self
    }
}

impl Tensors for Weights {
    fn info(&self, name: &str) -> Option<TensorInfo> {
        self.0.get(name).map(|(shape, _)| TensorInfo { dtype: DType::F32, shape: shape.clone() })
    }
}

impl TensorSource for Weights {
    fn view(&self, name: &str) -> Option<TensorView<'_>> {
        let (_, values) = self.0.get(name)?;
        Some(TensorView { info: self.info(name)?, bytes: bytemuck::cast_slice(values) })
    }
}

pub(super) struct Gpu {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) traits: GpuTraits,
}

fn block<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let mut future = std::pin::pin!(future);
    loop {
        if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}

/// One device for all tests.
pub(super) fn gpu() -> &'static Gpu {
    static GPU: OnceLock<Gpu> = OnceLock::new();
    GPU.get_or_init(|| {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.backends = wgpu::Backends::VULKAN;
        let instance = wgpu::Instance::new(descriptor);
        let adapter = block(instance.request_adapter(&wgpu::RequestAdapterOptions::default())).unwrap();
        let wanted = wgpu::Features::SHADER_F16 | wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX;
        let (device, queue) = block(adapter.request_device(&wgpu::DeviceDescriptor {
            required_features: adapter.features() & wanted,
            required_limits: adapter.limits(),
            experimental_features: experimental(),
            ..Default::default()
        }))
        .unwrap();
        let traits = GpuTraits::of(&adapter, &device);
        Gpu { device, queue, traits }
    })
}

#[expect(unsafe_code, reason = "matrix units are behind this switch")]
fn experimental() -> wgpu::ExperimentalFeatures {
    // SAFETY: of what is behind it, only matrix units are asked for, and tests look at what they make.
    unsafe { wgpu::ExperimentalFeatures::enabled() }
}

pub(super) fn net(text: &str, weights: &Weights) -> Net {
    Net::new(&NetDescription::parse(text).unwrap(), weights).unwrap()
}

/// A net of the given layers with inputs of these shapes; its last layer is the output.
pub(super) fn describe(inputs: &[(&str, &[usize])], layers: &str, output: &str) -> String {
    let inputs: Vec<String> =
        inputs.iter().map(|(name, shape)| format!(r#"{{"name": "{name}", "shape": {shape:?}}}"#)).collect();
    format!(
        r#"{{"version": 1, "name": "t", "inputs": [{}], "layers": [{layers}], "outputs": [{{"name": "y", "from": "{output}"}}]}}"#,
        inputs.join(", ")
    )
}

/// Runs a plan: all its outputs.
pub(super) fn run(
    plan: &Plan,
    weights: &dyn TensorSource,
    inputs: &[Vec<f32>],
    options: &GpuOptions,
) -> Result<Vec<Vec<f32>>, GpuError> {
    let Gpu { device, queue, traits } = gpu();
    let plan = GpuPlan::new(plan, weights, traits, options)?;
    let program = GpuExecutor::build(device, queue, plan, weights, &mut |_| {})?;
    let encoder = || device.create_command_encoder(&Default::default());
    let mut copies = encoder();
    for (index, values) in inputs.iter().enumerate() {
        let (buffer, slot) = program.input(index);
        let staging = wgpu::util::DeviceExt::create_buffer_init(
            device,
            &wgpu::util::BufferInitDescriptor {
                label: None,
                contents: bytemuck::cast_slice(values),
                usage: wgpu::BufferUsages::COPY_SRC,
            },
        );
        copies.copy_buffer_to_buffer(&staging, 0, buffer, slot.offset, slot.bytes);
    }
    queue.submit([copies.finish()]);
    // Two submissions: a run may be cut anywhere.
    let half = program.steps().len() / 2;
    for steps in [0..half, half..program.steps().len()] {
        let mut commands = encoder();
        program.record(&mut commands.begin_compute_pass(&Default::default()), steps);
        queue.submit([commands.finish()]);
    }
    Ok((0..program.slots().1).map(|index| read(&program, index)).collect())
}

#[expect(clippy::disallowed_methods, reason = "tests wait")]
fn read(program: &GpuExecutor, index: usize) -> Vec<f32> {
    let Gpu { device, queue, .. } = gpu();
    let (buffer, slot) = program.output(index);
    let target = device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: slot.bytes,
        usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    let mut commands = device.create_command_encoder(&Default::default());
    commands.copy_buffer_to_buffer(buffer, slot.offset, &target, 0, slot.bytes);
    queue.submit([commands.finish()]);
    target.map_async(wgpu::MapMode::Read, .., |result| result.unwrap());
    device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    bytemuck::pod_collect_to_vec(&target.get_mapped_range(..))
}

/// The greatest difference over the greatest number of the reference.
pub(super) fn difference(found: &[f32], wanted: &[f32]) -> f32 {
    assert_eq!(found.len(), wanted.len());
    let most = wanted.iter().fold(1e-6_f32, |most, value| most.max(value.abs()));
    let apart = |(a, b): (&f32, &f32)| if a == b { 0.0 } else { (a - b).abs() };
    found
        .iter()
        .zip(wanted)
        .map(apart)
        .fold(0.0_f32, |most, one| if one.is_nan() { f32::INFINITY } else { most.max(one) })
        / most
}

/// Numbers that look random: from -1 to 1.
pub(super) fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / 8_388_608.0 - 1.0
    };
    (0..count).map(|_| next()).collect()
}
