//! Frames as lines of a file, written by a thread of its own.
//!
//! ```text
//!  retire hook ─► FrameLine ─► SeqOrder (per stream) ─► queue ─► "freshet recorder" ─► FILE.jsonl
//!                   │ JSON      waits for older frames           looks every 10 ms
//!                   │           that are still in use                  │
//!                   └◄──────────────── buffers ◄───────────────────────┘
//!                    none left: the line is dropped and counted
//! ```
//!
//! The two threads exchange buffers of a fixed number and nothing else: neither wakes the other, neither frees what the
//! other allocated, so the frame path meets no lock, not even the allocator's.

mod line;
mod order;
mod plugin;
mod recorder;
mod writer;

pub use plugin::{RecorderPlugin, flush_recording};
pub use recorder::{Recorded, Recorder};

#[cfg(test)]
mod tests;
