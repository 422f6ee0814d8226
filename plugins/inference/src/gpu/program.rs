//! A net on a device: pipelines, buffers, and recording.

use std::ops::Range;

use super::error::GpuError;
use super::plan::{GpuMemory, GpuPlan, GpuStep, PlacesUniform, Slot};
use super::shader::{checked, module};
use super::upload::Upload;
use crate::net::TensorSource;

/// Least size of a buffer: empty ones cannot be bound.
const LEAST: u64 = 256;

/// A net on a device, ready to run.
pub struct GpuExecutor {
    pipelines: Vec<wgpu::ComputePipeline>,
    /// One for each buffer of weights.
    groups: Vec<wgpu::BindGroup>,
    io: wgpu::Buffer,
    dispatches: Vec<Recorded>,
    steps: Vec<GpuStep>,
    inputs: Vec<Slot>,
    outputs: Vec<Slot>,
    memory: GpuMemory,
}

/// A dispatch, as it is recorded.
struct Recorded {
    pipeline: u32,
    group: u32,
    /// Where its places lie among all.
    places: u32,
    groups: [u32; 2],
}

impl GpuExecutor {
    /// Compiles the kernels, makes all buffers and fills them with weights. Takes seconds: for a worker thread. Weights
    /// go through a ring of two staging buffers, each a submission of its own, so that frames find their place between.
    ///
    /// `progress` hears from 0.0 to 1.0.
    ///
    /// # Errors
    ///
    /// [`GpuError::Device`] when the device refuses a kernel or memory, [`GpuError::Missing`] when a tensor is gone.
    pub fn build(
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        plan: GpuPlan,
        source: &dyn TensorSource,
        progress: &mut dyn FnMut(f32),
    ) -> Result<Self, GpuError> {
        let layout = bind_layout(device);
        let work = (plan.shaders.len() + plan.weights.len()).max(1) as f32;
        let mut done = 0;
        let mut step = |count: usize| {
            done += count;
            progress(done as f32 / work);
        };
        let pipelines = pipelines(device, &plan, &layout, &mut || step(1))?;
        let buffers = checked(device, "memory for a net", || Buffers::new(device, &plan.memory))?;
        let mut upload = Upload::new(device, queue)?;
        for job in &plan.weights {
            let bytes = job.bytes(plan.half);
            let offset = (job.offset * if plan.half { 2 } else { 4 }) as u64;
            upload.piece(&buffers.weights[job.shard], offset, bytes, |write| {
                job.pack(&plan.plan, plan.half, source, write)
            })?;
            step(1);
        }
        for job in &plan.aux {
            let values = job.values(&plan.plan, source)?;
            let bytes: &[u8] = bytemuck::cast_slice(&values);
            upload.piece(&buffers.aux, job.offset as u64 * 4, bytes.len(), |write| {
                write(0, bytes);
                Ok(())
            })?;
        }
        let align = device.limits().min_uniform_buffer_offset_alignment.max(32);
        if !plan.dispatches.is_empty() {
            upload.piece(&buffers.places, 0, plan.dispatches.len() * align as usize, |write| {
                for (index, dispatch) in plan.dispatches.iter().enumerate() {
                    write(index * align as usize, bytemuck::bytes_of(&dispatch.places));
                }
                Ok(())
            })?;
        }
        upload.finish()?;
        let groups = checked(device, "the bindings of a net", || buffers.groups(device, &layout))?;
        let recorded = |(index, one): (usize, &super::plan::Dispatch)| Recorded {
            pipeline: one.shader as u32,
            group: one.shard as u32,
            places: index as u32 * align,
            groups: one.groups,
        };
        let dispatches = plan.dispatches.iter().enumerate().map(recorded).collect();
        let GpuPlan { steps, inputs, outputs, memory, .. } = plan;
        Ok(Self { pipelines, groups, io: buffers.io, dispatches, steps, inputs, outputs, memory })
    }

    /// The buffer in which all inputs and outputs lie (`STORAGE | COPY_SRC | COPY_DST`).
    pub fn io(&self) -> &wgpu::Buffer {
        &self.io
    }

    /// Where an input lies within [`GpuExecutor::io`]: `f32`, row-major, `[N, C, H, W]` for pictures. Steps do not change
    /// it: what is written once stays.
    pub fn input(&self, index: usize) -> (&wgpu::Buffer, Slot) {
        (&self.io, self.inputs[index])
    }

    /// Where an output lies, as [`GpuExecutor::input`]. It holds until the next run makes it again.
    pub fn output(&self, index: usize) -> (&wgpu::Buffer, Slot) {
        (&self.io, self.outputs[index])
    }

    /// How many inputs and outputs there are.
    pub fn slots(&self) -> (usize, usize) {
        (self.inputs.len(), self.outputs.len())
    }

    /// What it does, in order.
    pub fn steps(&self) -> &[GpuStep] {
        &self.steps
    }

    /// Device memory that it holds.
    pub fn memory(&self) -> &GpuMemory {
        &self.memory
    }

    /// How many pipelines it has.
    pub fn pipelines(&self) -> usize {
        self.pipelines.len()
    }

    /// Records some of the steps. Between any two a run can be cut, over passes, submissions and frames: all that lasts
    /// lies in buffers of its own.
    pub fn record(&self, pass: &mut wgpu::ComputePass<'_>, steps: Range<usize>) {
        let mut pipeline = u32::MAX;
        for step in &self.steps[steps] {
            for one in &self.dispatches[step.dispatches.clone()] {
                if pipeline != one.pipeline {
                    pipeline = one.pipeline;
                    pass.set_pipeline(&self.pipelines[pipeline as usize]);
                }
                pass.set_bind_group(0, &self.groups[one.group as usize], &[one.places]);
                pass.dispatch_workgroups(one.groups[0], one.groups[1], 1);
            }
        }
    }
}

/// The layout that all kernels share. The numbers are those in `common.wgsl`.
fn bind_layout(device: &wgpu::Device) -> wgpu::BindGroupLayout {
    let buffer = |binding, ty, has_dynamic_offset| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset, min_binding_size: None },
        count: None,
    };
    let storage = |read_only| wgpu::BufferBindingType::Storage { read_only };
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("net"),
        entries: &[
            buffer(0, storage(false), false),
            buffer(1, storage(false), false),
            buffer(2, storage(false), false),
            buffer(3, storage(true), false),
            buffer(4, storage(true), false),
            buffer(5, wgpu::BufferBindingType::Uniform, true),
        ],
    })
}

fn pipelines(
    device: &wgpu::Device,
    plan: &GpuPlan,
    layout: &wgpu::BindGroupLayout,
    step: &mut dyn FnMut(),
) -> Result<Vec<wgpu::ComputePipeline>, GpuError> {
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some("net"),
        bind_group_layouts: &[Some(layout)],
        immediate_size: 0,
    });
    let mut made = Vec::with_capacity(plan.shaders.len());
    for shader in &plan.shaders {
        let name = shader.kernel.name();
        let pipeline = checked(device, &format!("the kernel `{name}`"), || {
            let module = module(device, shader);
            device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(name),
                layout: Some(&layout),
                module: &module,
                entry_point: Some("main"),
                compilation_options: wgpu::PipelineCompilationOptions {
                    // Kernels write workgroup memory before they read it.
                    zero_initialize_workgroup_memory: false,
                    ..Default::default()
                },
                cache: None,
            })
        })?;
        made.push(pipeline);
        step();
    }
    Ok(made)
}

struct Buffers {
    arena: wgpu::Buffer,
    io: wgpu::Buffer,
    scratch: wgpu::Buffer,
    weights: Vec<wgpu::Buffer>,
    aux: wgpu::Buffer,
    places: wgpu::Buffer,
}

impl Buffers {
    fn new(device: &wgpu::Device, memory: &GpuMemory) -> Self {
        let buffer = |label, size: u64, usage| {
            let size = size.max(LEAST).next_multiple_of(16);
            device.create_buffer(&wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: false })
        };
        let storage = wgpu::BufferUsages::STORAGE;
        let filled = storage | wgpu::BufferUsages::COPY_DST;
        let mut weights: Vec<_> = memory.weights.iter().map(|&size| buffer("net weights", size, filled)).collect();
        if weights.is_empty() {
            weights.push(buffer("net weights", 0, filled));
        }
        Self {
            arena: buffer("net values", memory.arena, storage),
            io: buffer("net inputs and outputs", memory.io, filled | wgpu::BufferUsages::COPY_SRC),
            scratch: buffer("net sums", memory.scratch, storage),
            weights,
            aux: buffer("net small weights", memory.aux, filled),
            places: buffer("net places", memory.places, wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST),
        }
    }

    fn groups(&self, device: &wgpu::Device, layout: &wgpu::BindGroupLayout) -> Vec<wgpu::BindGroup> {
        let places = wgpu::BufferBinding {
            buffer: &self.places,
            offset: 0,
            size: wgpu::BufferSize::new(size_of::<PlacesUniform>() as u64),
        };
        let group = |weights| {
            device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some("net"),
                layout,
                entries: &[
                    entry(0, &self.arena),
                    entry(1, &self.io),
                    entry(2, &self.scratch),
                    entry(3, weights),
                    entry(4, &self.aux),
                    wgpu::BindGroupEntry { binding: 5, resource: wgpu::BindingResource::Buffer(places.clone()) },
                ],
            })
        };
        self.weights.iter().map(group).collect()
    }
}

fn entry(binding: u32, buffer: &wgpu::Buffer) -> wgpu::BindGroupEntry<'_> {
    wgpu::BindGroupEntry {
        binding,
        resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer, offset: 0, size: None }),
    }
}
