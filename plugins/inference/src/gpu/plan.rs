//! A net laid out for a GPU: which kernel makes what, with which tiles, and where everything lies.

use std::collections::HashMap;
use std::ops::Range;

use super::error::GpuError;
use super::kernels::Kernel;
use super::lower;
use super::pack::{AuxJob, WeightJob};
use super::places::Place;
use super::tile::Tile;
use super::traits::{GpuOptions, GpuTraits};
use crate::net::{Plan, Tensors};

/// A net laid out for a GPU. Pure: no device is asked.
#[derive(Debug, Clone)]
pub struct GpuPlan {
    /// Whether values between steps are stored as `f16`.
    pub half: bool,
    /// What is done, in order.
    pub steps: Vec<GpuStep>,
    /// Where inputs lie.
    pub inputs: Vec<Slot>,
    /// Where outputs lie.
    pub outputs: Vec<Slot>,
    /// Memory that it takes.
    pub memory: GpuMemory,
    pub(super) dispatches: Vec<Dispatch>,
    pub(super) shaders: Vec<Shader>,
    pub(super) weights: Vec<WeightJob>,
    pub(super) aux: Vec<AuxJob>,
    pub(super) plan: Plan,
}

/// A step of a net on a GPU.
#[derive(Debug, Clone, PartialEq)]
pub struct GpuStep {
    /// Names of the layers that it does, joined by `+`.
    pub name: String,
    /// What makes most of it.
    pub kernel: Kernel,
    /// How it is cut, if it is a product.
    pub tile: Option<Tile>,
    /// Workgroups of its first dispatch.
    pub workgroups: u32,
    /// Floating-point operations.
    pub flops: u64,
    /// Bytes read and written at least: operands, weights and result, each once.
    pub bytes: u64,
    /// Which of the dispatches are its own.
    pub dispatches: Range<usize>,
}

/// Where an input or output lies among [`GpuExecutor::io`](super::GpuExecutor::io): `f32`, row-major, closely packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Its first byte, a multiple of 256.
    pub offset: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// Bytes of device memory, by use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GpuMemory {
    /// Weights, in buffers that the device can bind.
    pub weights: Vec<u64>,
    /// Small weights and constants.
    pub aux: u64,
    /// Values between steps.
    pub arena: u64,
    /// Inputs and outputs.
    pub io: u64,
    /// Sums of products whose k is split.
    pub scratch: u64,
    /// Places of each dispatch.
    pub places: u64,
}

impl GpuMemory {
    /// All of it.
    pub fn total(&self) -> u64 {
        self.weights.iter().sum::<u64>() + self.aux + self.arena + self.io + self.scratch + self.places
    }
}

/// A kernel with its constants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shader {
    pub(super) kernel: Kernel,
    pub(super) source: String,
}

/// One dispatch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dispatch {
    pub(super) shader: usize,
    pub(super) groups: [u32; 2],
    pub(super) places: PlacesUniform,
    /// Which of the buffers of weights.
    pub(super) shard: usize,
}

/// As `Places` in `common.wgsl`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct PlacesUniform {
    pub(super) a: u32,
    pub(super) b: u32,
    pub(super) add: u32,
    pub(super) out: u32,
    pub(super) weight: u32,
    pub(super) shift: u32,
    pub(super) slope: u32,
    pub(super) scratch: u32,
}

impl GpuPlan {
    /// Lays a net out. Reads no weight: only their shapes.
    ///
    /// # Errors
    ///
    /// [`GpuError::TooLarge`] when a value, a tensor or all values together do not fit what the device can bind,
    /// [`GpuError::TooMuchWork`], [`GpuError::Unsupported`] for what no kernel takes, [`GpuError::Missing`] for tensors
    /// that are gone, [`GpuError::Feature`] when the options ask for what the device lacks.
    pub fn new(plan: &Plan, tensors: &dyn Tensors, traits: &GpuTraits, options: &GpuOptions) -> Result<Self, GpuError> {
        lower::lower(plan, tensors, traits, options)
    }

    /// Floating-point operations of the whole net.
    pub fn flops(&self) -> u64 {
        self.steps.iter().map(|step| step.flops).sum()
    }

    /// Bytes that its steps read and write at least.
    pub fn bytes(&self) -> u64 {
        self.steps.iter().map(|step| step.bytes).sum()
    }

    /// Texts of all its kernels, each once.
    pub fn sources(&self) -> impl Iterator<Item = (Kernel, &str)> {
        self.shaders.iter().map(|shader| (shader.kernel, shader.source.as_str()))
    }
}

/// Kernels with their constants, each once.
#[derive(Default)]
pub(super) struct Shaders {
    pub(super) list: Vec<Shader>,
    known: HashMap<String, usize>,
}

impl Shaders {
    pub(super) fn add(&mut self, kernel: Kernel, source: String) -> usize {
        if let Some(&index) = self.known.get(&source) {
            return index;
        }
        let index = self.list.len();
        self.known.insert(source.clone(), index);
        self.list.push(Shader { kernel, source });
        index
    }
}

/// Where an operand lies that may be no value at all.
pub(super) fn offset(place: Option<Place>) -> u32 {
    place.map_or(0, |place| place.offset)
}
