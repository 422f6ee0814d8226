//! What stages make on the GPU, kept for each stream.

use bevy::ecs::prelude::*;
use bevy::render::renderer::RenderDevice;
use freshet_base::{Bytes, FrameFormat};
use freshet_ledger::foreign;

use super::job::{FrameJob, FrameJobs};
use crate::demand::{Pipeline, Products};
use crate::gpu::GpuBytes;
use crate::readback::MetadataLayout;

/// Render frames for which a product or a stream may be unwanted before its memory is freed.
const LINGER_FRAMES: u32 = 30;

/// A texture and the view of all of it.
#[derive(Debug, Clone)]
pub struct SlotTexture {
    /// The texture.
    pub texture: wgpu::Texture,
    /// All its levels.
    pub view: wgpu::TextureView,
}

/// The shape of a product's textures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextureShape {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Levels of half the size each.
    pub levels: u32,
    /// How texels are stored.
    pub format: wgpu::TextureFormat,
    /// Another format in which it is sampled, if any.
    pub sampled_as: Option<wgpu::TextureFormat>,
    /// Whether each frame of the pool has its own, or the stream has one that is overwritten.
    pub per_frame: bool,
}

/// The size of a product's buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BufferShape {
    /// Bytes of each; zeros at first.
    pub bytes: u64,
    /// Whether each frame of the pool has its own, or the stream has one that lasts from frame to frame.
    pub per_frame: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum OutputShape {
    Texture(TextureShape),
    Buffer(BufferShape),
    /// Bytes of each, and a number that asks for new ones when it changes.
    Set(Vec<u64>, u64),
}

#[derive(Debug)]
struct Output {
    shape: OutputShape,
    textures: Vec<SlotTexture>,
    buffers: Vec<wgpu::Buffer>,
    /// Grows each time the textures are made anew.
    version: u64,
    unwanted: u32,
    _memory: GpuBytes,
}

/// What one stream holds on the GPU.
#[derive(Debug)]
pub struct StreamGpu {
    pub(crate) stream: Entity,
    pub(crate) format: FrameFormat,
    /// Grows when the stream's shape changes and everything is made anew.
    pub(crate) epoch: u64,
    pub(crate) native: wgpu::Buffer,
    pub(crate) metadata: wgpu::Buffer,
    slots: usize,
    outputs: Vec<Option<Output>>,
    unwanted: u32,
    _memory: GpuBytes,
}

/// What all streams hold on the GPU, in the render world.
#[derive(Resource, Debug, Default)]
pub struct StreamsGpu {
    streams: Vec<StreamGpu>,
    versions: u64,
}

impl StreamsGpu {
    /// What a stream holds, if it holds anything.
    pub fn get(&self, stream: Entity) -> Option<&StreamGpu> {
        self.streams.iter().find(|one| one.stream == stream)
    }

    pub(crate) fn get_mut(&mut self, stream: Entity) -> Option<(&mut StreamGpu, &mut u64)> {
        let found = self.streams.iter_mut().find(|one| one.stream == stream)?;
        Some((found, &mut self.versions))
    }

    /// The streams that hold anything.
    pub fn iter(&self) -> impl Iterator<Item = (Entity, &StreamGpu)> {
        self.streams.iter().map(|one| (one.stream, one))
    }

    /// Makes or replaces the buffers that a frame is uploaded into.
    pub(crate) fn fit(&mut self, device: &RenderDevice, job: &FrameJob, metadata_bytes: u64) {
        let fits = |one: &StreamGpu| one.format == job.format && one.slots == job.slots;
        let place = self.streams.iter().position(|one| one.stream == job.stream);
        if place.is_some_and(|place| fits(&self.streams[place])) {
            return;
        }
        self.versions += 1;
        let made = StreamGpu::new(device, job, metadata_bytes, self.versions);
        match place {
            Some(place) => self.streams[place] = made,
            None => self.streams.push(made),
        }
    }

    /// Frees what nobody has wanted for a while, and all of the streams that are gone.
    pub(crate) fn release(&mut self, jobs: &FrameJobs) {
        self.streams.retain_mut(|one| {
            let Some(&(_, wanted)) = jobs.demands.iter().find(|(stream, _)| *stream == one.stream) else {
                return false;
            };
            one.unwanted = if wanted.is_empty() { one.unwanted + 1 } else { 0 };
            for (index, output) in one.outputs.iter_mut().enumerate() {
                let Some(held) = output else { continue };
                held.unwanted = if wanted.bits() >> index & 1 == 1 { 0 } else { held.unwanted + 1 };
                if held.unwanted > LINGER_FRAMES {
                    *output = None;
                }
            }
            one.unwanted <= LINGER_FRAMES
        });
    }

    pub(crate) fn clear(&mut self) {
        self.streams.clear();
    }
}

impl StreamGpu {
    fn new(device: &RenderDevice, job: &FrameJob, metadata_bytes: u64, epoch: u64) -> Self {
        let bytes = crate::port::UploadRing::slot_bytes(&job.format).0;
        let buffer = |label, size, usage| {
            let descriptor = wgpu::BufferDescriptor { label: Some(label), size, usage, mapped_at_creation: false };
            device.wgpu_device().create_buffer(&descriptor)
        };
        let storage = wgpu::BufferUsages::STORAGE;
        Self {
            stream: job.stream,
            format: job.format,
            epoch,
            native: buffer("freshet:native", bytes, storage | wgpu::BufferUsages::COPY_DST),
            metadata: buffer("freshet:metadata", metadata_bytes, storage | wgpu::BufferUsages::COPY_SRC),
            slots: job.slots,
            outputs: Vec::new(),
            unwanted: 0,
            _memory: GpuBytes::hold(Bytes(bytes + metadata_bytes)),
        }
    }

    /// The textures of a product (one per GPU slot, or a single one), if it is made for this stream.
    pub fn textures(&self, product: Products) -> Option<&[SlotTexture]> {
        let output = self.outputs.get(product.indices().next()?)?.as_ref()?;
        Some(&output.textures)
    }

    /// The buffers of a product (one per GPU slot, or a single one), if it is made for this stream.
    pub fn buffers(&self, product: Products) -> Option<&[wgpu::Buffer]> {
        let output = self.outputs.get(product.indices().next()?)?.as_ref()?;
        Some(&output.buffers)
    }

    /// A number that changes when the textures of any of these products are made anew.
    pub fn version(&self, products: Products) -> u64 {
        let held = products.indices().filter_map(|index| self.outputs.get(index)?.as_ref());
        // The highest changes when one is made, their number when one is freed.
        held.fold(0, |all, output| (all >> 6).max(output.version) << 6 | ((all & 63) + 1))
    }

    /// The shape of the stream's frames.
    pub fn format(&self) -> FrameFormat {
        self.format
    }

    fn make(&mut self, device: &RenderDevice, product: Products, shape: OutputShape, versions: &mut u64) {
        let Some(index) = product.indices().next() else { return };
        if self.outputs.len() <= index {
            self.outputs.resize_with(index + 1, || None);
        }
        let place = &mut self.outputs[index];
        if place.as_ref().is_some_and(|held| held.shape == shape) {
            return;
        }
        *versions += 1;
        let bytes = shape.bytes();
        let count = if shape.per_frame() { self.slots } else { 1 };
        let (mut textures, mut buffers) = (Vec::new(), Vec::new());
        match shape {
            OutputShape::Texture(ref shape) => textures.extend((0..count).map(|_| foreign(|| shape.create(device)))),
            OutputShape::Buffer(ref shape) => buffers.extend((0..count).map(|_| foreign(|| shape.create(device)))),
            OutputShape::Set(ref sizes, _) => {
                buffers.extend(sizes.iter().map(|&bytes| foreign(|| BufferShape::lasting(bytes).create(device))));
            }
        }
        let memory = GpuBytes::hold(Bytes(bytes * count as u64));
        *place = Some(Output { shape, textures, buffers, version: *versions, unwanted: 0, _memory: memory });
    }
}

impl OutputShape {
    fn per_frame(&self) -> bool {
        match self {
            Self::Texture(shape) => shape.per_frame,
            Self::Buffer(shape) => shape.per_frame,
            Self::Set(..) => false,
        }
    }

    fn bytes(&self) -> u64 {
        match self {
            Self::Texture(shape) => shape.bytes(),
            Self::Buffer(shape) => shape.bytes,
            Self::Set(sizes, _) => sizes.iter().sum(),
        }
    }
}

impl BufferShape {
    /// A buffer for each frame of the pool.
    pub const fn per_frame(bytes: u64) -> Self {
        Self { bytes, per_frame: true }
    }

    /// One for the stream, which lasts from frame to frame.
    pub const fn lasting(bytes: u64) -> Self {
        Self { bytes, per_frame: false }
    }

    fn create(&self, device: &RenderDevice) -> wgpu::Buffer {
        use wgpu::BufferUsages as Usages;
        device.wgpu_device().create_buffer(&wgpu::BufferDescriptor {
            label: Some("freshet:product"),
            size: self.bytes.next_multiple_of(wgpu::COPY_BUFFER_ALIGNMENT),
            usage: Usages::STORAGE | Usages::INDIRECT | Usages::COPY_SRC | Usages::COPY_DST,
            mapped_at_creation: false,
        })
    }
}

impl TextureShape {
    /// A texture of the size of a stream's frames for each frame of its pool, in one level.
    pub const fn per_frame(format: &FrameFormat, texels: wgpu::TextureFormat) -> Self {
        let FrameFormat { width, height, .. } = *format;
        Self { width, height, levels: 1, format: texels, sampled_as: None, per_frame: true }
    }

    /// One texture for the stream instead of one for each frame.
    #[must_use]
    pub const fn single(self) -> Self {
        Self { per_frame: false, ..self }
    }

    /// Size of a level.
    pub const fn level_size(&self, level: u32) -> (u32, u32) {
        const fn half(side: u32, level: u32) -> u32 {
            if side >> level == 0 { 1 } else { side >> level }
        }
        (half(self.width, level), half(self.height, level))
    }

    fn bytes(&self) -> u64 {
        let texel = u64::from(self.format.block_copy_size(None).unwrap_or(4));
        let texels = |level| {
            let (width, height) = self.level_size(level);
            u64::from(width) * u64::from(height)
        };
        (0..self.levels).map(texels).sum::<u64>() * texel
    }

    fn create(&self, device: &RenderDevice) -> SlotTexture {
        use wgpu::TextureUsages as Usages;
        let texture = device.wgpu_device().create_texture(&wgpu::TextureDescriptor {
            label: Some("freshet:product"),
            size: wgpu::Extent3d { width: self.width, height: self.height, depth_or_array_layers: 1 },
            mip_level_count: self.levels,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: self.format,
            usage: Usages::STORAGE_BINDING | Usages::TEXTURE_BINDING | Usages::COPY_SRC | Usages::COPY_DST,
            view_formats: self.sampled_as.as_slice(),
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        SlotTexture { texture, view }
    }
}

/// What a stage may reach while it prepares its bindings for a stream.
pub struct PrepareContext<'a> {
    /// The device.
    pub device: &'a RenderDevice,
    /// Compiled pipelines and their layouts.
    pub cache: &'a bevy::render::render_resource::PipelineCache,
    /// What is to be made for the stream.
    pub wanted: Products,
    /// GPU slots of the stream.
    pub slots: usize,
    pub(crate) pipeline: &'a Pipeline,
    pub(crate) layout: &'a MetadataLayout,
    pub(crate) stream: &'a mut StreamGpu,
    pub(crate) versions: &'a mut u64,
}

impl PrepareContext<'_> {
    /// The shape of the stream's frames.
    pub fn format(&self) -> FrameFormat {
        self.stream.format
    }

    /// The frame's native bytes, packed tightly, as `array<u32>`.
    pub fn native(&self) -> &wgpu::Buffer {
        &self.stream.native
    }

    /// Whether this product is to be made.
    pub fn wants<P: freshet_base::Product>(&self) -> bool {
        let product = self.pipeline.find::<P>();
        !product.is_empty() && self.wanted.contains(product)
    }

    /// The textures of an input. `None` when no stage makes it for this stream.
    pub fn input<P: freshet_base::Product>(&self) -> Option<&[SlotTexture]> {
        self.stream.textures(self.pipeline.find::<P>())
    }

    /// Makes the textures of an output, or keeps those that are there in this shape.
    pub fn output<P: freshet_base::Product>(&mut self, shape: TextureShape) -> &[SlotTexture] {
        let product = self.pipeline.find::<P>();
        self.stream.make(self.device, product, OutputShape::Texture(shape), self.versions);
        self.stream.textures(product).unwrap_or(&[])
    }

    /// Makes several buffers of these sizes for an output, which last from frame to frame, or keeps those that are there.
    /// They are made anew, with zeros, when `version` changes.
    pub fn output_set<P: freshet_base::Product>(&mut self, bytes: &[u64], version: u64) -> &[wgpu::Buffer] {
        let product = self.pipeline.find::<P>();
        self.stream.make(self.device, product, OutputShape::Set(bytes.to_vec(), version), self.versions);
        self.stream.buffers(product).unwrap_or(&[])
    }

    /// The buffers of an input. `None` when no stage makes it for this stream.
    pub fn input_buffers<P: freshet_base::Product>(&self) -> Option<&[wgpu::Buffer]> {
        self.stream.buffers(self.pipeline.find::<P>())
    }

    /// Makes the buffers of an output, or keeps those that are there in this shape, with what is in them.
    pub fn output_buffers<P: freshet_base::Product>(&mut self, shape: BufferShape) -> &[wgpu::Buffer] {
        let product = self.pipeline.find::<P>();
        self.stream.make(self.device, product, OutputShape::Buffer(shape), self.versions);
        self.stream.buffers(product).unwrap_or(&[])
    }

    /// Where the stage writes what is read back. `None` when it declared nothing to read back.
    pub fn metadata<P: freshet_base::Product>(&self) -> Option<wgpu::BufferBinding<'_>> {
        let product = self.pipeline.find::<P>();
        let section = self.layout.sections().iter().find(|section| section.product == product)?;
        let size = std::num::NonZeroU64::new(section.bytes);
        Some(wgpu::BufferBinding { buffer: &self.stream.metadata, offset: section.offset, size })
    }
}
