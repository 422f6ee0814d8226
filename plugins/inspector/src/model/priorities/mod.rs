//! What the tab of priorities says, as plain data: figures in, texts and tones out.

mod attention;
mod gather;
mod pool;
mod workload;

use std::time::Instant;

pub(crate) use attention::{Ask, AttentionInput, AttentionModel, Choice, KnobInput, Line};
pub(crate) use gather::{gather, window};
pub(crate) use pool::{PoolInput, PoolModel};
pub(crate) use workload::{Band, Memory, Moved, WorkloadInput, WorkloadRow};

use super::Section;

/// What the tab is made from.
pub(crate) struct PrioritiesInputs {
    pub(crate) now: Instant,
    pub(crate) attention: AttentionInput,
    pub(crate) workloads: Vec<WorkloadInput>,
    pub(crate) pool: PoolInput,
}

/// Everything the tab says, but for the timeline.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct PrioritiesModel {
    pub(crate) attention: Section<AttentionModel>,
    pub(crate) levels: Section<Vec<Band>>,
    pub(crate) pool: Section<PoolModel>,
}

/// What the tab says about these figures. `memory` knows where workloads were the last time.
pub(crate) fn priorities_model(inputs: &PrioritiesInputs, memory: &mut Memory) -> PrioritiesModel {
    PrioritiesModel {
        attention: attention::section(&inputs.attention),
        levels: workload::section(&inputs.workloads, memory, inputs.now),
        pool: pool::section(&inputs.pool),
    }
}

#[cfg(test)]
pub(crate) mod tests;
