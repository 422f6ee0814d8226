//! From the steps of a net to dispatches of kernels.

mod gather;
mod map;
mod product;
mod window;

use super::error::GpuError;
use super::header::Header;
use super::kernels::Kernel;
use super::pack::{Aux, AuxJob, Layout, WeightJob};
use super::places::{ALIGN, Place, Places, Space, place};
use super::plan::{Dispatch, GpuMemory, GpuPlan, GpuStep, PlacesUniform, Shaders, Slot, offset};
use super::tile::Tile;
use super::traits::{Cooperative, GpuOptions, GpuTraits};
use crate::net::{Activation, Op, Plan, Shape, Step, Storage, Tensors, ValueId};

/// Invocations of a workgroup of simple kernels.
const THREADS: u32 = 128;

/// Operations of a step: some hundred times those of the largest layers of known nets.
const MOST_WORK: u128 = 1 << 44;

/// Elements that one invocation may go over.
const MOST_TURNS: u128 = 1 << 26;

/// Most workgroups along one axis of a dispatch, at least, of any device.
const ROW: u32 = 65_535;

pub(super) fn lower(
    plan: &Plan,
    tensors: &dyn Tensors,
    traits: &GpuTraits,
    options: &GpuOptions,
) -> Result<GpuPlan, GpuError> {
    let half = options.half(traits)?;
    let mut lowering = Lowering {
        plan,
        tensors,
        limit: traits.limits.max_storage_buffer_binding_size.min(traits.limits.max_buffer_size),
        rows: traits.limits.max_compute_workgroups_per_dimension.min(ROW),
        align: traits.limits.min_uniform_buffer_offset_alignment.max(32),
        places: place(plan),
        half,
        matrix_units: half
            && traits.cooperative
            && traits.subgroup == Some(32)
            && traits.limits.max_compute_workgroup_storage_size >= 32 << 10
            && options.cooperative == Cooperative::Auto,
        wanted: options.wanted(traits),
        threads: traits.limits.max_compute_invocations_per_workgroup.min(traits.limits.max_compute_workgroup_size_x),
        memory: traits.limits.max_compute_workgroup_storage_size,
        tile: options.tile,
        at: 0,
        dispatches: Vec::new(),
        shaders: Shaders::default(),
        steps: Vec::with_capacity(plan.steps.len()),
        weights: Vec::new(),
        shards: Vec::new(),
        aux: Vec::new(),
        aux_elements: 0,
        scratch: 0,
    };
    lowering.constants()?;
    for (at, step) in plan.steps.iter().enumerate() {
        lowering.at = at;
        lowering.step(step)?;
    }
    lowering.constant_outputs()?;
    lowering.done()
}

/// What is known while a net is laid out.
pub(super) struct Lowering<'a> {
    plan: &'a Plan,
    tensors: &'a dyn Tensors,
    /// Bytes of a buffer that can be bound.
    limit: u64,
    /// Workgroups along one axis.
    rows: u32,
    /// Bytes from the places of one dispatch to those of the next.
    align: u32,
    places: Places,
    half: bool,
    matrix_units: bool,
    wanted: u32,
    /// Invocations of a workgroup at most.
    threads: u32,
    /// Bytes of workgroup memory at most.
    memory: u32,
    tile: Option<Tile>,
    /// The step that is laid out.
    at: usize,
    dispatches: Vec<Dispatch>,
    shaders: Shaders,
    steps: Vec<GpuStep>,
    weights: Vec<WeightJob>,
    /// Elements of each buffer of weights.
    shards: Vec<usize>,
    aux: Vec<AuxJob>,
    aux_elements: usize,
    scratch: usize,
}

/// What a step costs.
struct Cost {
    kernel: Kernel,
    tile: Option<Tile>,
    /// Operations for each element of the result.
    each: usize,
}

impl Cost {
    fn simple(kernel: Kernel, each: usize) -> Self {
        Self { kernel, tile: None, each }
    }
}

impl Lowering<'_> {
    fn step(&mut self, step: &Step) -> Result<(), GpuError> {
        let first = self.dispatches.len();
        let cost = match &step.op {
            Op::Conv2d { .. } | Op::ConvTranspose2d { .. } => self.conv(step)?,
            Op::Linear { .. } => self.linear(step)?,
            Op::Matmul { transpose_b } => self.matmul(step, *transpose_b)?,
            Op::MaxPool2d { .. } | Op::AvgPool2d { .. } => self.pool(step)?,
            Op::Resize { .. } => self.resize(step)?,
            Op::GlobalAvgPool2d {} | Op::Mean(_) | Op::Sum(_) | Op::MaxOver(_) => self.reduce(step)?,
            Op::Softmax { .. } | Op::LogSoftmax { .. } | Op::L2Normalize { .. } => self.along(step)?,
            Op::LayerNorm { .. } | Op::GroupNorm { .. } | Op::RmsNorm { .. } => self.norm(step)?,
            Op::Attention { .. } => self.attention(step)?,
            Op::Embedding { weight } => self.embedding(step, weight)?,
            _ => self.map(step)?,
        };
        let elements = self.shape(step.output).elements() as u128;
        let work = elements * cost.each as u128;
        if work > MOST_WORK {
            return Err(GpuError::TooMuchWork { step: step.name.clone(), work, most: MOST_WORK });
        }
        let element = self.element();
        let values: usize = self.plan.reads(step).map(|value| self.shape(value).elements()).sum();
        let weights: usize =
            self.weights.iter().filter(|job| job.step == self.at).map(|job| job.elements).sum::<usize>();
        self.steps.push(GpuStep {
            name: step.name.clone(),
            kernel: cost.kernel,
            tile: cost.tile,
            workgroups: self.dispatches.get(first).map_or(0, |one| one.groups[0] * one.groups[1]),
            flops: work as u64,
            bytes: ((values + weights + elements as usize) * element) as u64,
            dispatches: first..self.dispatches.len(),
        });
        Ok(())
    }

    fn element(&self) -> usize {
        if self.half { 2 } else { 4 }
    }

    fn shape(&self, value: ValueId) -> Shape {
        self.plan.shape(value)
    }

    fn unsupported(&self, reason: impl Into<String>) -> GpuError {
        let step = self.plan.steps.get(self.at).map_or_else(String::new, |step| step.name.clone());
        GpuError::Unsupported { step, reason: reason.into() }
    }

    fn tensor_shape(&self, tensor: &str) -> Result<Vec<usize>, GpuError> {
        let step = self.plan.steps.get(self.at).map_or_else(String::new, |step| step.name.clone());
        let info = self.tensors.info(tensor);
        info.map(|info| info.shape).ok_or_else(|| GpuError::Missing { step, tensor: tensor.to_owned() })
    }

    /// Where a value lies: aliases resolved.
    fn place(&self, value: ValueId) -> Result<Place, GpuError> {
        self.places.places[self.plan.held(value).0].ok_or_else(|| self.unsupported("reads what nothing makes"))
    }

    /// Refuses what goes over too many elements one by one.
    fn turns(&self, turns: usize) -> Result<(), GpuError> {
        if turns as u128 > MOST_TURNS {
            let step = self.plan.steps[self.at].name.clone();
            return Err(GpuError::TooMuchWork { step, work: turns as u128, most: MOST_TURNS });
        }
        Ok(())
    }

    /// Constants become small weights.
    fn constants(&mut self) -> Result<(), GpuError> {
        for (index, value) in self.plan.values.iter().enumerate() {
            if let Storage::Constant(tensor) = &value.storage {
                let offset = self.aux(Aux::Tensor(tensor.clone()), value.shape.elements())?;
                self.places.places[index] = Some(Place { space: Space::Aux, offset });
            }
        }
        Ok(())
    }

    /// Room among the small weights.
    fn aux(&mut self, what: Aux, elements: usize) -> Result<u32, GpuError> {
        if let Some(known) =
            self.aux.iter().find(|job| job.what == what && (job.step == self.at || matches!(what, Aux::Tensor(_))))
        {
            return Ok(known.offset as u32);
        }
        let offset = self.aux_elements;
        self.aux_elements += elements.next_multiple_of(ALIGN);
        self.fits("small weights and constants", self.aux_elements as u64 * 4)?;
        self.aux.push(AuxJob { step: self.at, offset, elements, what });
        Ok(offset as u32)
    }

    /// Room among the weights: which buffer, and the first element.
    fn weight(&mut self, tensor: &str, layout: Layout, elements: usize) -> Result<(usize, u32), GpuError> {
        let room = elements.next_multiple_of(ALIGN);
        self.fits(&format!("tensor `{tensor}`"), (room * self.element()) as u64)?;
        let most = (self.limit / self.element() as u64) as usize;
        let shard = match self.shards.last() {
            Some(&used) if used + room <= most => self.shards.len() - 1,
            _ => {
                self.shards.push(0);
                self.shards.len() - 1
            }
        };
        let offset = self.shards[shard];
        self.shards[shard] += room;
        self.weights.push(WeightJob { step: self.at, tensor: tensor.to_owned(), layout, shard, offset, elements });
        Ok((shard, offset as u32))
    }

    fn fits(&self, what: &str, bytes: u64) -> Result<(), GpuError> {
        if bytes > self.limit {
            return Err(GpuError::TooLarge { what: what.to_owned(), bytes, limit: self.limit });
        }
        Ok(())
    }

    /// Where the result of a step goes, and what is done to each of its elements.
    fn finish(&mut self, step: &Step, header: &mut Header) -> Result<PlacesUniform, GpuError> {
        let out = self.place(step.output)?;
        let mut places = PlacesUniform { out: out.offset, ..Default::default() };
        header.set("OUT_SPACE", out.space as u32);
        if let Some(add) = step.epilogue.add {
            let add = self.place(add)?;
            header.set("HAS_ADD", true).set("ADD_SPACE", add.space as u32);
            places.add = add.offset;
        }
        if let Activation::Op(op) = &step.epilogue.activation {
            let shape = self.shape(step.output);
            places.slope = self.activation(op, shape, header)?;
        }
        Ok(places)
    }

    /// Tells the kernel what is done to each element; where the slopes lie, if there are any.
    fn activation(&mut self, op: &Op, shape: Shape, header: &mut Header) -> Result<u32, GpuError> {
        let (code, low, high) = match op {
            Op::Relu {} => (1_u32, 0.0, 0.0),
            Op::Silu {} => (2, 0.0, 0.0),
            Op::Gelu {} => (3, 0.0, 0.0),
            Op::GeluTanh {} => (4, 0.0, 0.0),
            Op::Sigmoid {} => (5, 0.0, 0.0),
            Op::Tanh {} => (6, 0.0, 0.0),
            Op::HardSigmoid {} => (7, 0.0, 0.0),
            Op::HardSwish {} => (8, 0.0, 0.0),
            Op::Mish {} => (9, 0.0, 0.0),
            Op::Exp {} => (10, 0.0, 0.0),
            Op::Sqrt {} => (11, 0.0, 0.0),
            Op::Abs {} => (12, 0.0, 0.0),
            Op::Neg {} => (13, 0.0, 0.0),
            Op::Erf {} => (14, 0.0, 0.0),
            Op::Clip { min: Some(min), max: None } => (15, *min, 0.0),
            Op::Clip { min: None, max: Some(max) } => (16, 0.0, *max),
            Op::Clip { min: Some(min), max: Some(max) } => (17, *min, *max),
            Op::LeakyRelu { slope } => (18, *slope, 0.0),
            Op::Elu { alpha } => (19, *alpha, 0.0),
            Op::Prelu { slope } => {
                let count = self.tensor_shape(slope)?.iter().product();
                let (inner, _) = channels(shape);
                header.set("CHANNEL_INNER", inner).set("CHANNELS", count);
                header.set("ACTIVATION", 20_u32);
                return self.aux(Aux::Tensor(slope.clone()), count);
            }
            _ => (0, 0.0, 0.0),
        };
        header.set("ACTIVATION", code);
        self.number(header, "LOW", low)?;
        self.number(header, "HIGH", high)?;
        Ok(0)
    }

    /// A parameter as a constant: texts of kernels have no infinities.
    fn number(&self, header: &mut Header, name: &'static str, value: f32) -> Result<(), GpuError> {
        if !value.is_finite() {
            return Err(self.unsupported(format!("the parameter {value} is not finite")));
        }
        header.set(name, value);
        Ok(())
    }

    /// A dispatch of `workgroups` workgroups of `threads` invocations, in rows that the device takes.
    fn dispatch(
        &mut self,
        kernel: Kernel,
        mut header: Header,
        places: PlacesUniform,
        (workgroups, threads, shard): (usize, u32, usize),
    ) -> Result<(), GpuError> {
        let rows = self.rows as usize;
        let x = workgroups.min(rows);
        let y = workgroups.div_ceil(x.max(1));
        if y > rows {
            return Err(self.unsupported(format!("{workgroups} workgroups are more than the device takes")));
        }
        header.set("WORKGROUPS", workgroups).set("GRID_X", x).set("THREADS", threads);
        let shader = self.shaders.add(kernel, header.source(kernel, self.half));
        self.dispatches.push(Dispatch { shader, groups: [x as u32, y as u32], places, shard });
        Ok(())
    }

    /// The same, with an invocation for each of `total` elements.
    fn dispatch_each(
        &mut self,
        kernel: Kernel,
        mut header: Header,
        places: PlacesUniform,
        (total, shard): (usize, usize),
    ) -> Result<(), GpuError> {
        header.set("TOTAL", total);
        self.dispatch(kernel, header, places, (total.div_ceil(THREADS as usize), THREADS, shard))
    }

    /// Outputs that are weights are copied.
    fn constant_outputs(&mut self) -> Result<(), GpuError> {
        let outputs = self.plan.outputs.clone();
        for output in outputs {
            let held = self.plan.held(output);
            let Some(Place { space: Space::Aux, offset: from }) = self.places.places[held.0] else { continue };
            let (elements, first) = (self.shape(held).elements(), self.dispatches.len());
            let out = Place { space: Space::Io, offset: self.places.io as u32 };
            self.places.io += elements.next_multiple_of(ALIGN);
            let mut header = Header::new();
            header.set("A_SPACE", Space::Aux as u32).set("OUT_SPACE", Space::Io as u32);
            map::copy(&mut header, elements);
            let places = PlacesUniform { a: from, out: out.offset, ..Default::default() };
            self.dispatch_each(Kernel::Map, header, places, (elements, 0))?;
            self.places.places[held.0] = Some(out);
            self.steps.push(GpuStep {
                name: self.plan.values[output.0].name.clone(),
                kernel: Kernel::Map,
                tile: None,
                workgroups: 1,
                flops: 0,
                bytes: elements as u64 * 8,
                dispatches: first..self.dispatches.len(),
            });
        }
        Ok(())
    }

    fn done(self) -> Result<GpuPlan, GpuError> {
        let element = self.element() as u64;
        let memory = GpuMemory {
            weights: self.shards.iter().map(|&elements| elements as u64 * element).collect(),
            aux: self.aux_elements as u64 * 4,
            arena: self.places.arena as u64 * element,
            io: self.places.io as u64 * 4,
            scratch: self.scratch as u64 * 4,
            places: self.dispatches.len() as u64 * u64::from(self.align),
        };
        self.fits("memory for values between steps", memory.arena)?;
        self.fits("memory for inputs and outputs", memory.io)?;
        self.fits("memory for split sums", memory.scratch)?;
        let slot = |value: ValueId| Slot {
            offset: u64::from(offset(self.places.places[self.plan.held(value).0])) * 4,
            bytes: self.plan.shape(value).elements() as u64 * 4,
        };
        Ok(GpuPlan {
            half: self.half,
            steps: self.steps,
            inputs: (0..self.plan.inputs).map(|index| slot(ValueId(index))).collect(),
            outputs: self.plan.outputs.iter().map(|&output| slot(output)).collect(),
            memory,
            dispatches: self.dispatches,
            shaders: self.shaders.list,
            weights: self.weights,
            aux: self.aux,
            plan: self.plan.clone(),
        })
    }
}

/// Elements within a channel (axis 1), and how many channels there are.
fn channels(shape: Shape) -> (usize, usize) {
    if shape.rank() < 2 {
        (1, 1)
    } else {
        (shape.axes()[2..].iter().map(|&axis| axis as usize).product(), shape.axis(1))
    }
}
