//! The path on the CPU: kernels of this crate on slices. Values lie in one piece of memory, weights where they are mapped.

mod attention;
mod conv;
mod conv_transpose;
mod elements;
mod gather;
mod linear;
mod lines;
mod norms;
mod pad;
mod prepare;
mod resize;
mod sliding;
mod views;
mod weight;

use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::ExecutorError;
use super::kernels::Instructions;
use super::team::Team;
use crate::net::{Arena, Placement, Plan, Shape, Step, Storage, TensorSource, ValueId};

use lines::Lines;
use weight::Weight;

/// Places of values are multiples of so many elements: a line of the cache.
const ALIGN: usize = 16;

/// Below so many multiplications a step is not worth another thread.
const FEW: usize = 40_000;

/// One step, prepared.
trait Kernel: Debug + Send + Sync {
    fn run(&self, call: Call<'_>) -> Result<(), ExecutorError>;

    /// Its name, for inspectors.
    fn name(&self) -> &'static str;

    /// Elements for padded inputs, which all threads share.
    fn padded(&self) -> usize {
        0
    }

    /// Elements for each thread alone.
    fn buffer(&self) -> usize {
        0
    }

    /// Bytes of weights that it holds.
    fn copied_bytes(&self) -> usize {
        0
    }
}

/// What a step reads and writes.
struct Call<'a> {
    team: &'a mut Team,
    instructions: Instructions,
    source: &'a dyn TensorSource,
    /// Name of the step.
    layer: &'a str,
    inputs: Vec<(&'a [f32], Shape)>,
    add: Option<&'a [f32]>,
    out: &'a mut [f32],
    shape: Shape,
    padded: &'a mut [f32],
    buffers: &'a [Mutex<Lines>],
}

/// The buffer of a thread.
fn buffer(buffers: &[Mutex<Lines>], thread: usize) -> MutexGuard<'_, Lines> {
    // What a panic has left in it is overwritten before it is read.
    buffers[thread].lock().unwrap_or_else(PoisonError::into_inner)
}

/// A plan on the CPU.
#[derive(Debug)]
pub(super) struct Own {
    team: Team,
    instructions: Instructions,
    source: Source,
    kernels: Vec<Box<dyn Kernel>>,
    constants: Vec<Option<Weight>>,
    arena: Arena,
    values: Lines,
    padded: Lines,
    buffers: Vec<Mutex<Lines>>,
}

/// Where weights lie.
struct Source(Arc<dyn TensorSource + Send + Sync>);

impl Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a source of tensors")
    }
}

impl Own {
    pub(super) fn new(
        plan: &Plan,
        source: Arc<dyn TensorSource + Send + Sync>,
        threads: usize,
        instructions: Instructions,
    ) -> Result<Self, ExecutorError> {
        let team = Team::new(threads).map_err(|source| ExecutorError::Threads { threads, source })?;
        let kernels = plan
            .steps
            .iter()
            .map(|step| prepare::kernel(plan, step, &*source, threads))
            .collect::<Result<Vec<_>, _>>()?;
        let constant = |value: &crate::net::Value| match &value.storage {
            Storage::Constant(name) => Weight::new(&value.name, name, &*source).map(Some),
            _ => Ok(None),
        };
        let constants = plan.values.iter().map(constant).collect::<Result<_, _>>()?;
        let arena = plan.arena(ALIGN);
        let most = |of: fn(&dyn Kernel) -> usize| kernels.iter().map(|kernel| of(&**kernel)).max().unwrap_or(0);
        let (padded, buffer) = (most(|kernel| kernel.padded()), most(|kernel| kernel.buffer()));
        Ok(Self {
            team,
            instructions,
            values: Lines::zeros(arena.elements),
            padded: Lines::zeros(padded),
            buffers: (0..threads).map(|_| Mutex::new(Lines::zeros(buffer))).collect(),
            source: Source(source),
            kernels,
            constants,
            arena,
        })
    }

    pub(super) fn copied_bytes(&self) -> usize {
        let constants = self.constants.iter().flatten().map(Weight::copied_bytes);
        self.kernels.iter().map(|kernel| kernel.copied_bytes()).chain(constants).sum()
    }

    /// Bytes of values, padded inputs and threads' buffers.
    pub(super) fn working_bytes(&self) -> usize {
        let buffers = self.buffers.len() * buffer(&self.buffers, 0).len();
        (self.values.len() + self.padded.len() + buffers) * size_of::<f32>()
    }

    pub(super) fn step_kinds(&self) -> impl Iterator<Item = &'static str> {
        self.kernels.iter().map(|kernel| kernel.name())
    }

    pub(super) fn begin(&mut self, inputs: &[&[f32]]) {
        for (input, place) in inputs.iter().zip(&self.arena.places) {
            if let Some(Placement { offset, elements }) = *place {
                self.values[offset..offset + elements].copy_from_slice(input);
            }
        }
    }

    pub(super) fn step(&mut self, plan: &Plan, index: usize) -> Result<(), ExecutorError> {
        let step = &plan.steps[index];
        let place = self.place(plan, step.output, step)?;
        let (before, rest) = self.values.split_at_mut(place.offset);
        let (out, after) = rest.split_at_mut(place.elements);
        let (before, after): (&[f32], &[f32]) = (before, after);
        let read = |value: ValueId| -> Result<&[f32], ExecutorError> {
            let held = plan.held(value);
            if let Some(weight) = &self.constants[held.0] {
                return weight.get(&step.name, &*self.source.0);
            }
            let Some(Placement { offset, elements }) = self.arena.places[held.0] else {
                return Err(ExecutorError::NotReady);
            };
            if offset + elements <= place.offset {
                Ok(&before[offset..offset + elements])
            } else {
                let start = offset - place.offset - place.elements;
                Ok(&after[start..start + elements])
            }
        };
        let inputs = step
            .inputs
            .iter()
            .map(|&input| Ok((read(input)?, plan.shape(input))))
            .collect::<Result<_, ExecutorError>>()?;
        let add = step.epilogue.add.map(read).transpose()?;
        self.kernels[index].run(Call {
            team: &mut self.team,
            instructions: self.instructions,
            source: &*self.source.0,
            layer: &step.name,
            inputs,
            add,
            out,
            shape: plan.shape(step.output),
            padded: &mut self.padded,
            buffers: &self.buffers,
        })
    }

    fn place(&self, plan: &Plan, value: ValueId, step: &Step) -> Result<Placement, ExecutorError> {
        self.arena.places[plan.held(value).0].ok_or_else(|| ExecutorError::missing(&step.name, "result"))
    }

    /// A value, where it lies.
    pub(super) fn output(&self, plan: &Plan, value: ValueId) -> Result<&[f32], ExecutorError> {
        let held = plan.held(value);
        if let Some(weight) = &self.constants[held.0] {
            return weight.get(&plan.values[value.0].name, &*self.source.0);
        }
        let Placement { offset, elements } = self.arena.places[held.0].ok_or(ExecutorError::NotReady)?;
        Ok(&self.values[offset..offset + elements])
    }
}
