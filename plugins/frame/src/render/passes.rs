//! The dispatches of a stage, bound once and recorded for each frame.
//!
//! ```text
//!  group 0   what belongs to the stream      one bind group
//!  group 1   what belongs to the frame       one for each GPU slot
//!  group 2   what belongs to the one before  one for each GPU slot
//! ```

use bevy::log::warn;
use bevy::render::render_resource::{BindGroup, BufferInitDescriptor, PipelineCache};
use bevy::render::renderer::RenderDevice;
use freshet_base::Bytes;
use freshet_ledger::foreign;
use wgpu::{BindGroupEntry, BindingResource, BufferUsages};

use super::job::FrameJob;
use super::kernel::Kernel;
use super::outputs::PrepareContext;
use super::stage::StageBindings;
use crate::gpu::GpuBytes;

/// How many workgroups a pass has.
#[derive(Debug, Clone)]
pub enum Workgroups {
    /// Known when the stream's shape is.
    Fixed(u32, u32, u32),
    /// Three `u32` at this byte of a buffer, written on the GPU.
    Indirect(wgpu::Buffer, u64),
}

impl Workgroups {
    /// Enough of them, `side` x `side` each, to cover `width` x `height`.
    pub const fn covering(width: u32, height: u32, side: u32) -> Self {
        Self::Fixed(width.div_ceil(side), height.div_ceil(side), 1)
    }

    /// Enough of them, `threads` each, for `items`.
    pub const fn linear(items: u32, threads: u32) -> Self {
        Self::Fixed(items.div_ceil(threads), 1, 1)
    }
}

/// The dispatches of a stage for one stream, in order, with all they are bound to.
#[derive(Debug)]
pub struct Passes {
    passes: Vec<Pass>,
    _memory: GpuBytes,
}

#[derive(Debug)]
struct Pass {
    kernel: Kernel,
    workgroups: Workgroups,
    own: Option<BindGroup>,
    current: Vec<BindGroup>,
    previous: Vec<BindGroup>,
}

impl StageBindings for Passes {
    /// Those that read the frame before are left out when there is none.
    fn record(&self, frame: &FrameJob, cache: &PipelineCache, recorder: &mut wgpu::ComputePass<'_>) {
        for pass in &self.passes {
            pass.record(frame, cache, recorder);
        }
    }
}

impl Passes {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.passes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.passes.is_empty()
    }
}

impl Pass {
    fn record(&self, frame: &FrameJob, cache: &PipelineCache, recorder: &mut wgpu::ComputePass<'_>) {
        let Some(pipeline) = cache.get_compute_pipeline(self.kernel.id) else { return };
        let current = self.current.get(frame.slot);
        let previous = frame.previous_slot.and_then(|slot| self.previous.get(slot));
        if !self.previous.is_empty() && previous.is_none() {
            return;
        }
        recorder.set_pipeline(pipeline);
        for (index, group) in [(0, self.own.as_ref()), (1, current), (2, previous)] {
            if let Some(group) = group {
                recorder.set_bind_group(index, &**group, &[]);
            }
        }
        match &self.workgroups {
            Workgroups::Fixed(x, y, z) => recorder.dispatch_workgroups(*x, *y, *z),
            Workgroups::Indirect(buffer, offset) => recorder.dispatch_workgroups_indirect(buffer, *offset),
        }
    }
}

/// Makes [`Passes`]. From [`PrepareContext::passes`].
pub struct PassesBuilder<'a> {
    device: &'a RenderDevice,
    cache: &'a PipelineCache,
    slots: usize,
    passes: Vec<Pass>,
    bytes: u64,
    beyond: Option<(&'static str, u64)>,
}

impl<'a> PrepareContext<'a> {
    /// Begins a list of passes.
    pub fn passes(&self) -> PassesBuilder<'a> {
        PassesBuilder {
            device: self.device,
            cache: self.cache,
            slots: self.slots,
            passes: Vec::new(),
            bytes: 0,
            beyond: None,
        }
    }
}

impl PassesBuilder<'_> {
    /// A buffer of zeros that only this stage uses, held as long as the passes are.
    pub fn scratch(&mut self, label: &'static str, bytes: u64) -> wgpu::Buffer {
        let limits = self.device.limits();
        let most = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
        if bytes > most {
            self.beyond = Some((label, bytes));
        }
        let size = bytes.next_multiple_of(wgpu::COPY_BUFFER_ALIGNMENT).clamp(16, most);
        self.bytes += size;
        let descriptor = wgpu::BufferDescriptor {
            label: Some(label),
            size,
            usage: BufferUsages::STORAGE | BufferUsages::INDIRECT | BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        };
        foreign(|| self.device.wgpu_device().create_buffer(&descriptor))
    }

    /// Values that stay as they are, for `var<uniform>`.
    pub fn uniform(&mut self, label: &'static str, contents: &[u8]) -> wgpu::Buffer {
        self.filled(label, contents, BufferUsages::UNIFORM)
    }

    fn filled(&mut self, label: &'static str, contents: &[u8], usage: BufferUsages) -> wgpu::Buffer {
        self.bytes += contents.len() as u64;
        let descriptor = BufferInitDescriptor { label: Some(label), contents, usage };
        let buffer = foreign(|| self.device.create_buffer_with_data(&descriptor));
        wgpu::Buffer::clone(&buffer)
    }

    /// Adds a pass; bind its groups with the functions of what is returned.
    pub fn pass(&mut self, kernel: &Kernel, workgroups: Workgroups) -> PassBuilder<'_> {
        self.passes.push(Pass {
            kernel: kernel.clone(),
            workgroups,
            own: None,
            current: Vec::new(),
            previous: Vec::new(),
        });
        let pass = self.passes.len() - 1;
        PassBuilder { device: self.device, cache: self.cache, slots: self.slots, pass: &mut self.passes[pass] }
    }

    /// The list. `None`, with a warning, when the adapter cannot hold what was asked for: frames go on without the
    /// stage's products.
    pub fn finish(self) -> Option<Passes> {
        if let Some((label, bytes)) = self.beyond {
            let most = Bytes(self.device.limits().max_storage_buffer_binding_size);
            warn!("{label} would take {} for frames of this size; this adapter binds {most} at most", Bytes(bytes));
            return None;
        }
        Some(Passes { passes: self.passes, _memory: GpuBytes::hold(Bytes(self.bytes)) })
    }
}

/// Binds the groups of one pass.
pub struct PassBuilder<'a> {
    device: &'a RenderDevice,
    cache: &'a PipelineCache,
    slots: usize,
    pass: &'a mut Pass,
}

/// The number of a binding in its group, and what is bound there.
pub type Bound<'a> = (u32, BindingResource<'a>);

impl PassBuilder<'_> {
    /// Group 0: what belongs to the stream.
    pub fn own(self, bound: &[Bound<'_>]) -> Self {
        self.pass.own = self.group(0, bound);
        self
    }

    /// Group 1: what belongs to the frame in this GPU slot.
    pub fn current<'b, B: AsRef<[Bound<'b>]>>(self, bound: impl Fn(usize) -> B) -> Self {
        self.pass.current = (0..self.slots).filter_map(|slot| self.group(1, bound(slot).as_ref())).collect();
        self
    }

    /// Group 2: what belongs to the frame before, in this GPU slot. A pass that has such a group is left out for
    /// frames that have none before them.
    pub fn previous<'b, B: AsRef<[Bound<'b>]>>(self, bound: impl Fn(usize) -> B) -> Self {
        self.pass.previous = (0..self.slots).filter_map(|slot| self.group(2, bound(slot).as_ref())).collect();
        self
    }

    fn group(&self, index: u32, bound: &[Bound<'_>]) -> Option<BindGroup> {
        let layout = self.cache.get_compute_pipeline(self.pass.kernel.id)?.get_bind_group_layout(index);
        let entries: Vec<_> = bound
            .iter()
            .map(|(binding, resource)| BindGroupEntry { binding: *binding, resource: resource.clone() })
            .collect();
        Some(foreign(|| self.device.create_bind_group(self.pass.kernel.label, &layout.into(), &entries)))
    }
}
