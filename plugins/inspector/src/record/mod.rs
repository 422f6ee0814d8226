//! Frames as lines of a file, on a thread of its own.
//!
//! ```text
//!  retire hook ─► FrameLine ─► SeqOrder (per stream) ─► bounded queue ─► "freshet recorder" ─► FILE.jsonl
//!                 components    waits for older frames   full: dropped     serialises, writes
//!                 as values     that are still in use    and counted
//! ```

mod line;
mod order;
mod plugin;
mod recorder;

pub use plugin::{RecorderPlugin, flush_recording};
pub use recorder::{Recorded, Recorder};

#[cfg(test)]
mod tests;
