//! The database on the GPU.

use bytemuck::{Pod, Zeroable};
use freshet_base::Bytes;
use freshet_frame::GpuBytes;
use freshet_ledger::foreign;
use wgpu::util::DeviceExt;
use wgpu::{Buffer, BufferUsages, Device};

use super::database::TargetDatabase;
use super::template::Template;

/// The shaders' `Target`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Pod, Zeroable)]
pub(crate) struct GpuTarget {
    pub(crate) width: f32,
    pub(crate) height: f32,
    pub(crate) first: u32,
    pub(crate) count: u32,
    pub(crate) template_first: u32,
    pub(crate) template_width: u32,
    pub(crate) template_height: u32,
    pub(crate) template_levels: u32,
    pub(crate) pixels_per_template_pixel: f32,
    pub(crate) score: f32,
    pub(crate) pad: [u32; 6],
}

/// The database in buffers that the stages read. A number that is not in use has a target without size.
#[derive(Debug)]
pub(crate) struct TargetBuffers {
    pub(crate) targets: Buffer,
    pub(crate) points: Buffer,
    pub(crate) descriptors: Buffer,
    pub(crate) retrieval: Buffer,
    pub(crate) retrieval_points: Buffer,
    pub(crate) templates: Buffer,
    pub(crate) blocks: Buffer,
    /// Numbers in use and those between them.
    pub(crate) count: u32,
    /// Most descriptors of a target.
    pub(crate) most_descriptors: u32,
    _memory: GpuBytes,
}

/// The database laid out as the shaders read it.
#[derive(Debug, Default)]
struct Packed {
    targets: Vec<GpuTarget>,
    points: Vec<[f32; 4]>,
    descriptors: Vec<[u32; 8]>,
    retrieval: Vec<[u32; 8]>,
    retrieval_points: Vec<[f32; 4]>,
    templates: Vec<u32>,
    blocks: Vec<u32>,
}

impl Packed {
    fn new(database: &TargetDatabase) -> Self {
        let mut packed = Self::default();
        for place in database.places() {
            let blocks_first = packed.blocks.len();
            packed.blocks.resize(blocks_first + Template::LEVELS * Template::BLOCKS, 0);
            let retrieval_end = packed.retrieval.len() + super::EnrolledTarget::RETRIEVAL;
            if let Some(target) = place {
                let template = target.template();
                packed.targets.push(GpuTarget {
                    width: target.width() as f32,
                    height: target.height() as f32,
                    first: packed.descriptors.len() as u32,
                    count: target.descriptors().len() as u32,
                    template_first: packed.templates.len() as u32,
                    template_width: template.width(),
                    template_height: template.height(),
                    template_levels: template.levels(),
                    pixels_per_template_pixel: template.pixels_per_texel(),
                    score: target.score(),
                    pad: [0; 6],
                });
                packed.points.extend_from_slice(target.points());
                packed.descriptors.extend_from_slice(target.descriptors());
                packed.retrieval.extend_from_slice(target.retrieval());
                packed.retrieval_points.extend_from_slice(target.retrieval_points());
                packed.templates.extend_from_slice(template.words());
                for (level, blocks) in template.blocks().iter().enumerate() {
                    let first = blocks_first + level * Template::BLOCKS;
                    packed.blocks[first..first + Template::BLOCKS].copy_from_slice(blocks);
                }
            } else {
                packed.targets.push(GpuTarget::default());
            }
            packed.retrieval.resize(retrieval_end, [0; 8]);
            packed.retrieval_points.resize(retrieval_end, [0.0; 4]);
        }
        packed
    }
}

impl TargetBuffers {
    pub(crate) fn new(device: &Device, database: &TargetDatabase) -> Self {
        let packed = Packed::new(database);
        let mut held = 0;
        let mut buffer = |label, contents: &[u8]| {
            // An empty database still has something to bind.
            let empty = [0_u8; 256];
            let contents = if contents.is_empty() { &empty } else { contents };
            held += contents.len() as u64;
            let usage = BufferUsages::STORAGE;
            let descriptor = wgpu::util::BufferInitDescriptor { label: Some(label), contents, usage };
            foreign(|| device.create_buffer_init(&descriptor))
        };
        let most = packed.targets.iter().map(|target| target.count).max().unwrap_or(0);
        Self {
            targets: buffer("freshet:targets", bytemuck::cast_slice(&packed.targets)),
            points: buffer("freshet:target points", bytemuck::cast_slice(&packed.points)),
            descriptors: buffer("freshet:target descriptors", bytemuck::cast_slice(&packed.descriptors)),
            retrieval: buffer("freshet:target retrieval", bytemuck::cast_slice(&packed.retrieval)),
            retrieval_points: buffer("freshet:retrieval points", bytemuck::cast_slice(&packed.retrieval_points)),
            templates: buffer("freshet:target templates", bytemuck::cast_slice(&packed.templates)),
            blocks: buffer("freshet:target blocks", bytemuck::cast_slice(&packed.blocks)),
            count: packed.targets.len() as u32,
            most_descriptors: most,
            _memory: GpuBytes::hold(Bytes(held)),
        }
    }
}
