//! Nets and models.

mod choice;
mod compare;
pub mod cpu;
mod error;
pub mod gpu;
mod model;
pub mod net;
mod open;
mod stage;
pub mod weights;

pub use choice::{Choice, ExecutorChoice, ExecutorKind};
pub use compare::{Agreement, CompareError, Comparison, compare, distance};
pub use error::InferenceError;
pub use model::{
    AddModel, AddRecall, Address, Letter, Mailbox, Model, ModelChanged, ModelControl, ModelError, ModelOf, ModelState,
    ModelStats, Recall, Silent, Thought, WarmUp,
};
pub use open::open_net;
pub use stage::{InputFit, NetOutputs, NetPlugin, NetRegion, NetReport, NetReports, NetResult, Region, Slice};
pub use weights::{ModelSource, Weights};

/// What most users of this crate need.
pub mod prelude {
    pub use crate::{
        AddModel, AddRecall, InputFit, Model, ModelControl, ModelError, ModelSource, ModelState, ModelStats, NetOutputs,
        NetPlugin, NetRegion, NetReports, NetResult, Recall, Region, Thought, WarmUp,
    };
}
