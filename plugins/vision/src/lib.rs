//! Vision on the GPU, on the frame's own texture.
//!
//! ```text
//!  native bytes ─► convert ─► luma ─┬─► pyramid ─┬─► flow ──────┬─► tracks
//!                     │             │            ├─► features ──┘
//!                     │             │            │       └─► match ─► pose ─┐
//!                     │             │            └─────────────────► align ─┴─► TargetSightings
//!                     │             └─► frame_code
//!                     └─► live picture ─► light · flow_picture · feature_picture
//! ```
//!
//! Each stage is a folder in [`stages`]: `mod.rs` says what it is and answers the seven questions, `prepare.rs` lists
//! its passes for a stream, shaders do the work. `cargo xtask new-stage NAME` makes such a folder; adding its
//! `StagePlugin` to the app is all it takes. Beside them: the [`camera`] model, [`calibrate`] for pictures of a
//! chessboard, and [`targets`], the pictures that `match` and `align` know.
//!
//! # The seven questions
//!
//! 1. **Resources:** per stage, see [`stages`]; nothing for what nobody wants.
//! 2. **Handles:** stages read and write textures of GPU slots.
//! 3. **Pool or allocation:** all made when a stream's shape or demand changes.
//! 4. **Blocking:** none.
//! 5. **Priority:** [`Stage::ROLE`](freshet_frame::Stage::ROLE): `convert` is what is seen, the others perception; within
//!    a GPU budget, in the order of their levels. With feature `priority` the governor may lower cadence, flow preset and
//!    number of points; frames then carry `Degraded`.
//! 6. **Attach or return:** results of at most a few hundred bytes are attached.
//! 7. **Bottleneck:** memory bandwidth of the GPU.

pub mod calibrate;
pub mod camera;
mod plugin;
#[cfg(feature = "priority")]
mod quality;
pub mod stages;
pub mod targets;

pub use plugin::VisionPlugin;
