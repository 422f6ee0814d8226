//! Cameras through V4L2.
//!
//! The `v4l` crate brings the definitions, the opened device and the listing of formats. Streaming is our own: `v4l`'s
//! stream lends a buffer only until it is asked again, queues a buffer twice after a timeout, and panics when a stream
//! cannot be stopped.

mod buffers;
mod color;
mod device;
mod list;
mod sequence;
mod source;

pub(super) use list::list;
pub(super) use source::open;
