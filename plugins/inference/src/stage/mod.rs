//! Nets on the frame path: a region of the frame's own texture goes in, a component comes out.
//!
//! ```text
//!  main world, Last          render world                                    main world, First
//!  ────────────────          ─────────────────────────────────────────       ─────────────────
//!  frames let in, granted    crop, warp, normalise ─► steps of the net        read, attach to the
//!  regions of the streams      the live picture        all, or as many as     frame it began with
//!                                                      a slice of time holds
//!                                                        └─► output tensor ─► ResultRing
//! ```

mod collect;
mod crop;
mod elsewhere;
mod orders;
mod outputs;
mod plugin;
mod region;
mod render;
mod slice;
mod state;
mod warm;

pub use outputs::{NetOutputs, NetResult};
pub use plugin::NetPlugin;
pub use region::{InputFit, NetRegion, Region};
pub use slice::Slice;
pub use state::{NetReport, NetReports};
