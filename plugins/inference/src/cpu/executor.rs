//! Runs a plan step by step.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::Arc;

use candle_core::DType;

use super::error::ExecutorError;
use super::generic::Generic;
use super::kernels::Instructions;
use super::options::{CandleDevice, CandleOptions, Kernels};
use super::own::Own;
use crate::net::{Plan, TensorSource};
use crate::precision::Precision;

/// A net ready to run on a device of candle: on the CPU by kernels of this crate, elsewhere by candle's operations.
///
/// An executor holds its values' memory and its threads; a run allocates none of either. Only what is documented reaches
/// beyond it: candle's kernels ask `RAYON_NUM_THREADS` before each product of matrices, and read `/proc/cpuinfo` where
/// that is not set.
#[derive(Debug)]
pub struct CandleExecutor {
    plan: Plan,
    path: Path,
    /// The step that is next, while a run is under way.
    next: Option<usize>,
}

#[derive(Debug)]
enum Path {
    Own(Own),
    Generic { net: Generic, pool: rayon::ThreadPool },
}

/// What a net made, in the order of its outputs; borrowed from the executor.
#[derive(Debug, Clone)]
pub struct Outputs<'a>(Vec<Cow<'a, [f32]>>);

impl Outputs<'_> {
    /// Elements of an output, row-major. Empty beyond the last.
    pub fn get(&self, index: usize) -> &[f32] {
        self.0.get(index).map_or(&[], |values| values)
    }

    /// Elements of each output.
    pub fn iter(&self) -> impl Iterator<Item = &[f32]> {
        self.0.iter().map(|values| &**values)
    }
}

impl CandleExecutor {
    /// Prepares a net to run: copies what has to be copied, starts threads.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::Tensor`] when a tensor is gone since the net was checked; [`ExecutorError::Device`],
    /// [`ExecutorError::Threads`] when those cannot be had.
    pub fn new(
        plan: Plan,
        source: Arc<dyn TensorSource + Send + Sync>,
        options: CandleOptions,
    ) -> Result<Self, ExecutorError> {
        let dtype = match (options.precision, options.device) {
            (Precision::Auto | Precision::F32, _) => DType::F32,
            (Precision::F16, CandleDevice::Cpu) => return Err(ExecutorError::Precision),
            (Precision::F16, _) => DType::F16,
        };
        let threads = options.threads.get();
        let path = if options.device == CandleDevice::Cpu && options.kernels == Kernels::Own {
            Path::Own(Own::new(&plan, source, threads, Instructions::detect())?)
        } else {
            let net = Generic::new(&plan, &*source, options.device.open()?, dtype)?;
            Path::Generic { net, pool: pool(threads)? }
        };
        Ok(Self { plan, path, next: None })
    }

    /// The plan that is run.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Bytes of weights that are held in memory of this executor's own, or its device's; the others are read where they
    /// are mapped.
    pub fn copied_bytes(&self) -> usize {
        match &self.path {
            Path::Own(net) => net.copied_bytes(),
            Path::Generic { net, .. } => net.copied_bytes(),
        }
    }

    /// Bytes of memory for values and what kernels keep on the way. 0 where candle allocates them as it goes.
    pub fn working_bytes(&self) -> usize {
        match &self.path {
            Path::Own(net) => net.working_bytes(),
            Path::Generic { .. } => 0,
        }
    }

    /// What does each step: a kernel of this crate, or `candle`.
    pub fn step_kinds(&self) -> Vec<&'static str> {
        match &self.path {
            Path::Own(net) => net.step_kinds().collect(),
            Path::Generic { .. } => vec!["candle"; self.plan.steps.len()],
        }
    }

    /// Runs the net. `checkpoint` is asked before each step, with its index, whether to go on.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::Inputs`] and [`ExecutorError::Input`] when inputs do not fit, [`ExecutorError::Stopped`] when
    /// `checkpoint` says so; others when a layer fails.
    pub fn run(
        &mut self,
        inputs: &[&[f32]],
        checkpoint: &mut dyn FnMut(usize) -> ControlFlow<()>,
    ) -> Result<Outputs<'_>, ExecutorError> {
        self.begin(inputs)?;
        while let Some(step) = self.next_step() {
            if checkpoint(step).is_break() {
                self.next = None;
                return Err(ExecutorError::Stopped { layer: self.plan.steps[step].name.clone() });
            }
            self.step()?;
        }
        self.finish()
    }

    /// Begins a run, and gives up one that is under way.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::Inputs`] and [`ExecutorError::Input`] when inputs do not fit.
    pub fn begin(&mut self, inputs: &[&[f32]]) -> Result<(), ExecutorError> {
        self.next = None;
        if inputs.len() != self.plan.inputs {
            return Err(ExecutorError::Inputs { found: inputs.len(), needed: self.plan.inputs });
        }
        for (input, value) in inputs.iter().zip(&self.plan.values) {
            let needed = value.shape.elements();
            if input.len() != needed {
                return Err(ExecutorError::Input { name: value.name.clone(), found: input.len(), needed });
            }
        }
        match &mut self.path {
            Path::Own(net) => net.begin(inputs),
            Path::Generic { net, .. } => {
                let candle = |source| ExecutorError::Candle { layer: "input".to_owned(), source };
                net.begin(&self.plan, inputs).map_err(candle)?;
            }
        }
        self.next = Some(0);
        Ok(())
    }

    /// The step that [`CandleExecutor::step`] does next. `None` when none is left, or no run is under way.
    pub fn next_step(&self) -> Option<usize> {
        self.next.filter(|&next| next < self.plan.steps.len())
    }

    /// Does one step of a run.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::NotReady`] when none is left; others when a layer fails, which ends the run.
    pub fn step(&mut self) -> Result<(), ExecutorError> {
        let index = self.next_step().ok_or(ExecutorError::NotReady)?;
        self.next = None;
        match &mut self.path {
            Path::Own(net) => net.step(&self.plan, index)?,
            Path::Generic { net, pool } => {
                let candle = |source| ExecutorError::Candle { layer: self.plan.steps[index].name.clone(), source };
                pool.install(|| net.step(&self.plan, index)).map_err(candle)?;
            }
        }
        self.next = Some(index + 1);
        Ok(())
    }

    /// What a run made, once all its steps are done.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::NotReady`] when steps are left, or no run is under way.
    pub fn finish(&mut self) -> Result<Outputs<'_>, ExecutorError> {
        if self.next.take() != Some(self.plan.steps.len()) {
            return Err(ExecutorError::NotReady);
        }
        let outputs = self.plan.outputs.iter().map(|&output| match &self.path {
            Path::Own(net) => Ok(Cow::Borrowed(net.output(&self.plan, output)?)),
            Path::Generic { net, .. } => {
                let layer = || self.plan.values[output.0].name.clone();
                let candle = |source| ExecutorError::Candle { layer: layer(), source };
                Ok(Cow::Owned(net.output(&self.plan, output).map_err(candle)?))
            }
        });
        Ok(Outputs(outputs.collect::<Result<_, ExecutorError>>()?))
    }
}

/// Threads for candle's kernels.
fn pool(threads: usize) -> Result<rayon::ThreadPool, ExecutorError> {
    let named = rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|index| format!("net {index}"));
    named.build().map_err(|cause| ExecutorError::Threads { threads, source: std::io::Error::other(cause) })
}
