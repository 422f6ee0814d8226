//! Models as tasks: AI beside the media, whose answers come back as components.
//!
//! ```text
//!  First                          Update, at the workload's level            worker pool
//!  ─────                          ───────────────────────────────            ───────────
//!  parts, answer ─► their frame   model at home, a frame waits?              warm_up, progress ─► ModelState
//!   or Latest, with its age         the model moves into its task ─────────► think(input)
//!  newest frame ─► look ─► Mailbox                                             checkpoint().await
//!   older ones: Skipped, why                                                   say(part).await ─► the answer grows
//!        ▲                                                                   the model moves home
//!        └───────────────────────────────────────────────────────────────────── answer
//! ```
//!
//! A [`Model`] belongs to a [`Workload`](freshet_priority::Workload), whose entity carries its [`ModelState`], its
//! [`ModelStats`], and its [`ModelControl`], by which the app steers it. It has an answer for frames of those streams
//! that want its product; wanting that wants what it needs, too.
//!
//! ```
//! # use bevy::prelude::*;
//! # use bevy::app::App;
//! # use freshet_base::{Attachment, FrameCode, FrameId, Product, Role};
//! # use freshet_inference::{AddModel, Model, ModelError, Silent, Thought};
//! # use freshet_priority::Workload;
//! /// Says whether a frame's number is even, and takes its time.
//! struct Parity;
//!
//! #[derive(Component, Clone, serde::Serialize)]
//! struct IsEven(bool);
//!
//! # impl Attachment for IsEven { const NAME: &'static str = "is_even"; }
//! # impl Product for IsEven { const NAME: &'static str = "is_even"; }
//! impl Model for Parity {
//!     type Needs = (FrameCode,);
//!     type Input = u32;
//!     type Output = IsEven;
//!     type Part = Silent;
//!
//!     async fn think(&mut self, seq: u32, thought: &Thought<Self>) -> Result<IsEven, ModelError> {
//!         for _step in 0..100 {
//!             thought.checkpoint().await?;
//!         }
//!         Ok(IsEven(seq % 2 == 0))
//!     }
//! }
//!
//! fn look(In(frame): In<FrameId>, codes: Query<&FrameCode>) -> Option<u32> {
//!     codes.get(frame.entity).ok()?.seq
//! }
//!
//! fn build(app: &mut App) {
//!     app.add_model(Workload::new("parity", Role::Perception), || Parity, look);
//! }
//! ```
//!
//! # What it costs
//!
//! In `First`, within the frame path: nothing is allocated and nothing waits, but for what the app's own `look`, and
//! cloning an answer, allocate. In `Update`, when a thought begins: the task, four allocations, as for each task of the
//! worker pool. A model that nobody wants is not even made.

mod add;
mod desk;
mod error;
mod mailbox;
mod recall;
mod seat;
mod start;
mod state;
mod tend;
mod thought;

use freshet_base::{Attachment, Product};
use freshet_frame::{Part, ProductTuple};

pub use add::AddModel;
pub use error::ModelError;
pub use mailbox::{Address, Letter, Mailbox};
pub use recall::{AddRecall, Recall};
pub use state::{ModelChanged, ModelControl, ModelOf, ModelState, ModelStats};
pub use thought::{Thought, WarmUp};

/// An AI model, or anything else that takes its time to answer, and is asked about one frame after another.
///
/// It lives on the worker threads: it is made there, gets ready there and thinks there, by itself. What it is to know of a
/// frame is taken on the main thread by the system that [`AddModel::add_model`] is given with it.
pub trait Model: Send + Sized + 'static {
    /// What is to be made of a frame so that it can be looked at: a tuple of products, `()` if nothing.
    type Needs: ProductTuple;
    /// What it is given of a frame: numbers and handles, no pixels.
    type Input: Send + 'static;
    /// What it answers with: it is attached to the frame that it is about.
    type Output: Attachment + Product;
    /// What it says on the way to an answer: [`Silent`] if nothing, [`Whole`](freshet_frame::Whole) if better and better
    /// answers, or something of one's own, words for example.
    type Part: Part<Self::Output>;

    /// Gets ready: opens its weights, fills its caches. It runs once, when an answer is first wanted, and has no deadline.
    /// Frames go on meanwhile, and note that the model is warming.
    ///
    /// # Errors
    ///
    /// When it cannot be made ready; the model has failed then, until the app has it rebuilt.
    fn warm_up(&mut self, warm_up: &WarmUp) -> impl Future<Output = Result<(), ModelError>> + Send {
        // The progress of what takes no time.
        warm_up.report(1.0);
        std::future::ready(Ok(()))
    }

    /// Answers for one frame. Have a checkpoint at least every few milliseconds: between layers, between tokens.
    ///
    /// It may be stopped at any checkpoint, and is asked about another frame next: what it keeps must bear that.
    ///
    /// # Errors
    ///
    /// When it was stopped, or there is no answer for this frame.
    fn think(
        &mut self,
        input: Self::Input,
        thought: &Thought<Self>,
    ) -> impl Future<Output = Result<Self::Output, ModelError>> + Send;
}

/// For models that say nothing on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silent {}

impl<T> Part<T> for Silent {
    const QUEUE: usize = 1;

    fn begin(&self) -> T {
        match *self {}
    }

    fn add_to(&self, _whole: &mut T) {
        match *self {}
    }
}
